"""Two catalogues of one sky, as raw Parquet: the Galactic plane, both poles and the seam, or one crowded field.

Six in ten sources of the left catalogue have a counterpart half an arcsecond away in the right one; the others of the
right one are unrelated. Made in chunks, so that sizes are limited by the disk.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import astropy.units as u
import numpy as np
import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq
from astropy.coordinates import Latitude, Longitude, SkyCoord
from cdshealpix.nested import lonlat_to_healpix

from tasni_spark.sky.tiling import COUNT_ORDER

CHUNK = 1_000_000
MATCHED = 0.6
EPOCHS = {"left": 2010.5, "right": 2010.5, "moving": 2016.0}
"""Surveys of the lake; the third is the second with proper motions."""
MAGNITUDES = tuple(f"m{k}" for k in range(6))
MOTION = ("pmra_masyr", "pmdec_masyr", "pmra_error_masyr", "pmdec_error_masyr")
COLUMNS = (
    "\n".join(
        f'{c} = {{ unit = "{unit}", doc = "{doc}" }}'
        for c, unit, doc in (
            ("ra", "deg", "Right ascension"),
            ("dec", "deg", "Declination"),
            *((m, "mag", "Magnitude") for m in MAGNITUDES),
            *((m, "mas / yr", "Motion or its error") for m in MOTION),
        )
    )
    + "\n"
)


def definition(name: str, year: float, *, moves: bool) -> str:
    """The TOML of one side."""
    motion = "[motion]\n" + "".join(f'{m.removesuffix("_masyr")} = "{m}"\n' for m in MOTION)
    return (
        f'name = "{name}"\ntitle = "Made up"\nkey = ["id"]\nmatch_radius_arcsec = 3.0\n[position]\n'
        f"error_arcsec = 0.3\n[epoch]\nyear = {year}\n{motion if moves else ''}[columns]\n"
        f'id = {{ type = "bigint", doc = "Identifier" }}\n{COLUMNS}'
    )


def make(folder: Path, rows: int, *, is_field: bool = False, seed: int = 5) -> None:
    """Write `left` and `right`, twice as many, and how many left sources each cell of the sky holds."""
    for side in ("left", "right"):
        (folder / side).mkdir(parents=True)
    one = partial(_chunk, folder, is_field=is_field, seed=seed)
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        held = sum(pool.map(one, itertools.count(), _chunks(rows)), np.zeros(12 * 4**COUNT_ORDER, np.int64))
    np.save(folder / "held.npy", held)


def _chunk(folder: Path, k: int, n: int, *, is_field: bool, seed: int) -> np.ndarray:
    """One file of each catalogue, and its left sources in each cell."""
    rng = np.random.default_rng([seed, k])
    ra, dec = _field(rng, n) if is_field else _sky(rng, n)
    cells = lonlat_to_healpix(Longitude(ra * u.deg), Latitude(dec * u.deg), COUNT_ORDER).astype(np.int64)
    _write(folder / "left" / f"{k:03}.parquet", rng, k * CHUNK, ra, dec)
    met = rng.random(n) < MATCHED
    more = 2 * n - int(met.sum())
    near = _displaced(rng, ra[met], dec[met], 0.5)
    far = _field(rng, more) if is_field else _sky(rng, more)
    order = rng.permutation(2 * n)
    both = [np.concatenate(c)[order] for c in zip(near, far, strict=True)]
    _write(folder / "right" / f"{k:03}.parquet", rng, 10**12 + 2 * k * CHUNK, *both)
    return np.bincount(cells, minlength=12 * 4**COUNT_ORDER)


def _chunks(rows: int) -> Iterator[int]:
    for first in range(0, rows, CHUNK):
        yield min(CHUNK, rows - first)


def _sky(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Half everywhere, nearly half along the plane and in the bulge, the rest at the poles and at the seam."""
    kind = rng.choice(5, n, p=(0.55, 0.3, 0.12, 0.02, 0.01))
    ra, dec = rng.uniform(0, 360, n), np.degrees(np.arcsin(rng.uniform(-1, 1, n)))
    plane = (kind == 1) | (kind == 2)
    longitude = np.where(kind == 1, rng.uniform(0, 360, n), rng.normal(0, 12, n))[plane] % 360
    latitude = np.clip(rng.laplace(0, 5, n)[plane], -89, 89)
    there = SkyCoord(l=longitude * u.deg, b=latitude * u.deg, frame="galactic").icrs
    ra[plane], dec[plane] = there.ra.deg, there.dec.deg
    cap = kind == 3
    dec[cap] = (np.sign(dec) * (90 - np.degrees(np.arccos(1 - rng.random(n) * 1.5e-4))))[cap]
    seam = kind == 4
    ra[seam] = (rng.normal(0, 0.01, n) % 360)[seam]
    return ra, dec


def _field(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Ten square degrees on the plane."""
    side = np.sqrt(10.0)
    longitude, latitude = 45 + rng.uniform(-side / 2, side / 2, n), rng.uniform(-side / 2, side / 2, n)
    there = SkyCoord(l=longitude * u.deg, b=latitude * u.deg, frame="galactic").icrs
    return there.ra.deg, there.dec.deg


def _displaced(
    rng: np.random.Generator, ra: np.ndarray, dec: np.ndarray, arcsec: float
) -> tuple[np.ndarray, np.ndarray]:
    """Directions with an error of so much in either coordinate, right at the poles too."""
    a, d = np.radians(ra), np.radians(dec)
    east, north = rng.normal(0, np.radians(arcsec / 3600), (2, len(ra)))
    x = np.cos(a) * np.cos(d) - np.sin(a) * east - np.cos(a) * np.sin(d) * north
    y = np.sin(a) * np.cos(d) + np.cos(a) * east - np.sin(a) * np.sin(d) * north
    z = np.sin(d) + np.cos(d) * north
    return np.degrees(np.arctan2(y, x)) % 360, np.degrees(np.arctan2(z, np.hypot(x, y)))


def _write(path: Path, rng: np.random.Generator, first: int, ra: np.ndarray, dec: np.ndarray) -> None:
    n = len(ra)
    fast = np.where(rng.random(n) < 1e-3, 400.0, 8.0)
    reals = {m: rng.uniform(10, 20, n).astype(np.float32) for m in MAGNITUDES}
    reals |= dict(zip(MOTION, (*rng.normal(0, fast, (2, n)), *np.full((2, n), 0.5)), strict=True))
    pq.write_table(pa.table({"id": np.arange(first, first + n), "ra": ra, "dec": dec, **reals}), path)


def prepare(folder: Path, surveys: Sequence[str]) -> None:
    """Positions tables from raw files, and a tiling where there is none."""
    import pandas as pd
    from pyspark.sql import functions as F

    from tasni_spark.core.lake import Lake
    from tasni_spark.core.session import session
    from tasni_spark.ingest import raw
    from tasni_spark.ingest.rows import located, narrow
    from tasni_spark.ingest.survey import load
    from tasni_spark.sky.tiling import balanced, span
    from tasni_spark.tables.sky import TILING
    from tasni_spark.tables.survey import positions

    spark = session("local", "bench")
    lake, held = Lake(spark, str(folder / "lake")), balanced(np.load(folder / "held.npy"), 1_000_000)
    tiles = [4 ** (order + 1) + pixel for order, pixel, _ in held]
    if not lake.exists(TILING.ref):
        rows = [(t, o, p, *span(t), n, "left") for t, (o, p, n) in zip(tiles, held, strict=True)]
        lake.create(TILING)
        lake.replace(spark.createDataFrame(pd.DataFrame(rows, columns=list(TILING.names))), TILING, {}, transaction="t")
    for name in surveys:
        path = folder / f"{name}.toml"
        path.write_text(definition(name, EPOCHS[name], moves=name == "moving"))
        survey, files = load(str(path)), folder / ("left" if name == "left" else "right")
        rows = spark.read.parquet(str(files)).withColumn(raw.BAD, F.array().cast("array<string>"))
        table = positions(name)
        lake.create(table)
        size = pads.dataset(files).count_rows()
        made = narrow(located(rows, survey, tiles).where("reason IS NULL"), survey)
        lake.replace(made, table, {}, transaction=name, parts=-(-size // 1_000_000))
        lake.publish(table.but(name=name), {"survey": name, "match_radius_arcsec": survey.match_radius_arcsec})
