"""Two small skies with a known answer, and positions tables made of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tasni_spark.tables.survey import positions


def sphere(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.uniform(0, 360, n), np.degrees(np.arcsin(rng.uniform(-1, 1, n)))


def vectors(ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
    a, d = np.radians(ra), np.radians(dec)
    return np.stack([np.cos(a) * np.cos(d), np.sin(a) * np.cos(d), np.sin(d)], 1)


def offset(ra: np.ndarray, dec: np.ndarray, east: np.ndarray, north: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Directions displaced in the tangent plane, in arcsec: right at the poles and at the seam."""
    v, a, d = vectors(ra, dec), np.radians(ra), np.radians(dec)
    p = np.stack([-np.sin(a), np.cos(a), np.zeros_like(a)], 1)
    q = np.stack([-np.cos(a) * np.sin(d), -np.sin(a) * np.sin(d), np.cos(d)], 1)
    w = v + np.radians(east / 3600)[:, None] * p + np.radians(north / 3600)[:, None] * q
    w /= np.linalg.norm(w, axis=1)[:, None]
    return np.degrees(np.arctan2(w[:, 1], w[:, 0])) % 360, np.degrees(np.arctan2(w[:, 2], np.hypot(w[:, 0], w[:, 1])))


def table(ra: np.ndarray, dec: np.ndarray, epoch: Any = 2010.0, first: int = 0, **columns: Any) -> pd.DataFrame:
    """A positions table without tiles and pixels."""
    v = vectors(ra, dec)
    df = pd.DataFrame(
        {"id": np.arange(first, first + len(ra)), "ra": ra, "dec": dec, "x": v[:, 0], "y": v[:, 1], "z": v[:, 2]}
    )
    for name in ("pmra_masyr", "pmdec_masyr", "pmra_error_masyr", "pmdec_error_masyr"):
        df[name] = columns.get(name, np.nan)
    return df.assign(epoch=epoch)


def brute(left: pd.DataFrame, right: pd.DataFrame, radius: float) -> pd.DataFrame:
    """All pairs within a radius: every left row against every right one, moved to the left row's epoch."""
    at = left[["x", "y", "z"]].to_numpy()
    place, limit = right[["x", "y", "z"]].to_numpy(), (2 * np.sin(np.radians(radius / 3600) / 2)) ** 2
    a, d = np.radians(right["ra"].to_numpy()), np.radians(right["dec"].to_numpy())
    p = np.stack([-np.sin(a), np.cos(a), np.zeros_like(a)], 1)
    q = np.stack([-np.cos(a) * np.sin(d), -np.sin(a) * np.sin(d), np.cos(d)], 1)
    motion = np.nan_to_num(right[["pmra_masyr", "pmdec_masyr"]].to_numpy()) * np.radians(1 / 3.6e6)
    rate = motion[:, :1] * p + motion[:, 1:] * q
    parts = []
    for epoch in left["epoch"].drop_duplicates():
        then = place + rate * np.nan_to_num(epoch - right["epoch"].to_numpy())[:, None]
        then /= np.linalg.norm(then, axis=1)[:, None]
        mine = np.flatnonzero((left["epoch"] == epoch) | (left["epoch"].isna() & np.isnan(epoch)))
        for block in np.array_split(mine, max(1, len(mine) // 200)):
            i, j = np.nonzero(at[block] @ then.T >= 1 - limit / 2 - 1e-14)
            c2 = ((at[block][i] - then[j]) ** 2).sum(1)
            ok = c2 <= limit
            sep = np.degrees(2 * np.arcsin(np.sqrt(c2[ok]) / 2)) * 3600
            ids = (left["id"].to_numpy()[block][i[ok]], right["id"].to_numpy()[j[ok]])
            parts.append(pd.DataFrame({"left_id": ids[0], "right_id": ids[1], "sep_arcsec": sep}))
    return pd.concat(parts)


@pytest.fixture(scope="session")
def hard_sky() -> tuple[pd.DataFrame, pd.DataFrame]:
    """10,000 against 100,000: an even sky, both poles, the seam, a crowd, duplicates, exact ties."""
    rng = np.random.default_rng(42)
    ra, dec = sphere(rng, 6000)
    parts = [(ra, dec)]
    for centre in ((0.0, 90.0), (0.0, -90.0), (0.0, 0.0), (359.9999, 41.81), (45.0, 0.0), (266.4, -28.9)):
        e, n = rng.normal(0, 30, (2, 650))
        parts.append(offset(np.full(650, centre[0]), np.full(650, centre[1]), e, n))
    ra, dec = (np.concatenate(x) for x in zip(*parts, strict=True))
    ra, dec = np.append(ra, np.full(100, 12.5)), np.append(dec, np.full(100, 12.5))
    left = table(ra, dec)
    e, n = rng.normal(0, 2.5, (2, len(left)))
    near = offset(ra, dec, e, n)
    far = sphere(rng, 100_000 - 2 * len(left) - 200)
    crowd = offset(np.full(len(left), 266.4), np.full(len(left), -28.9), *rng.normal(0, 40, (2, len(left))))
    ties = (np.full(200, 12.5), np.full(200, 12.5))
    r = [np.concatenate(x) for x in zip(near, far, crowd, ties, strict=True)]
    order = rng.permutation(len(r[0]))
    right = table(r[0][order], r[1][order], first=5_000_000)
    return left, right


@pytest.fixture(scope="session")
def as_positions(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A pandas positions table as a DataFrame."""
    columns = [c.name for c in positions("any").columns]

    def make(df: pd.DataFrame) -> Any:
        path = tmp_path_factory.mktemp("positions") / "rows.parquet"
        df.to_parquet(path, index=False)
        frame = spark.read.parquet(str(path))
        return frame.select(*[c for c in columns if c in frame.columns], "epoch") if "epoch" not in columns else frame

    return make
