"""The feature dictionary and the job that follows it, against the raw files and against itself as a referee would."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata

from tasni_spark.tables.features import FEATURES, GROUPS, HASH, KNOWN
from tasni_spark.tables.features.spec import ROLES, UNITS
from tasni_spark.tables.features.statistical import N_STRATA

NAME = re.compile(r"^[a-z]+__[a-z0-9_]+__[a-z0-9_]+__[a-z0-9]+$")


def test_names_say_group_quantity_band_and_unit() -> None:
    assert len(FEATURES) >= 500
    for f in FEATURES.values():
        assert NAME.match(f.name), f.name
        group, quantity, band, unit = f.name.split("__")
        assert (group, quantity, band) == (f.group, f.quantity, f.band)
        assert u.Unit(UNITS[unit]) == u.Unit(f.unit)
        assert f.role in ROLES
        assert f.doc
        assert f.null
        assert f.inputs, f.name


def test_formulas_know_every_word() -> None:
    functions = (
        "abs acos asin bit_count coalesce cos degrees exp greatest least length ln log10 lower nullif pow radians "
    )
    functions += "replace sign sin sqrt substring cast int bigint"
    for f in (*(f.formula for f in FEATURES.values()), *KNOWN.symbols.values()):
        words = set(re.findall(r"\b[a-z_][a-z0-9_]*\b", re.sub(r"'[^']*'", "", f)))
        assert words <= {*KNOWN.raw, *KNOWN.symbols, *functions.split()}, f


def test_lineage_reaches_the_catalogues() -> None:
    inputs = FEATURES["kinematic__reduced__w2__mag"].inputs
    assert set(inputs) == {"source.w2mpro", "source.w2sigmpro", "catwise2020.pmra", "catwise2020.pmdec"}
    assert "source.glat" not in KNOWN.inputs("m_w1 - m_w2")
    position = {"source.ra", "source.dec", "source.glon", "source.glat"}
    for f in FEATURES.values():
        assert f.role == "stratum" or not set(f.inputs) & position, f.name


@pytest.fixture(scope="module")
def extracted(demo_lake: Any, features: dict[str, Any]) -> tuple[pd.DataFrame, dict[str, Any]]:
    rows = demo_lake.read(demo_lake.ref("features")).where("survey = 'allwise'").toPandas()
    return rows.sort_values("id", ignore_index=True), features


SPARK = pytest.mark.spark


@SPARK
def test_every_source_has_features_and_every_null_group_a_cause(
    extracted: tuple[pd.DataFrame, dict[str, Any]], demo_lake: Any
) -> None:
    rows, record = extracted
    assert len(rows) == demo_lake.read(demo_lake.ref("allwise")).count() == record["rows"]["features"]
    assert rows["id"].is_unique
    assert not [f for f in record["facts"] if f.startswith("null for want of")]
    assert rows["stratum"].between(0, N_STRATA - 1).all()


@SPARK
def test_values_are_those_of_the_published_columns(
    extracted: tuple[pd.DataFrame, dict[str, Any]], mock_sky: Path
) -> None:
    files = sorted((mock_sky / "allwise").rglob("*.parquet"))
    names = ["cntr", "glat", "cc_flags", "w1rchi2", "w2rchi2"]
    names += [f"w{k}{c}" for k in range(1, 5) for c in ("mpro", "sigmpro")]
    raw = pd.concat([pd.read_parquet(f, columns=names) for f in files]).sort_values("cntr", ignore_index=True)
    got, _ = extracted
    assert raw["cntr"].tolist() == got["id"].tolist()
    mag = {k: raw[f"w{k}mpro"].where(raw[f"w{k}sigmpro"] > 0) for k in range(1, 5)}
    power = {
        k: jy * 1e-26 * 2.99792458e14 / um * 10 ** (-0.4 * mag[k])
        for k, jy, um in ((1, 309.54, 3.3526), (2, 171.787, 4.6028), (3, 31.674, 11.5608), (4, 8.363, 22.0883))
    }
    share = {k: p / sum(power.values()) for k, p in power.items()}
    x, y = mag[2] - mag[3], mag[1] - mag[2]
    want = {
        "photometric__colour__w1_w2__mag": y,
        "photometric__colour_least__w1_w2__mag": raw["w1mpro"].where(raw["w1sigmpro"].isna()) - mag[2],
        "photometric__curvature__w1_w2_w3__mag": mag[1] - 2 * mag[2] + mag[3],
        "photometric__share__w2__none": share[2],
        "photometric__entropy__wise__none": -sum(s * np.log(s) for s in share.values()),
        "photometric__rchi2_ratio__w1_w2__none": np.log(raw["w1rchi2"] / raw["w2rchi2"]),
        "photometric__distance_from_border__dwarf_t__mag": (y - 0.96 * x + 0.96) / np.hypot(1, 0.96),
        "photometric__contaminated__w2__none": (raw["cc_flags"].str[1] != "0").astype(float),
        "spatial__latitude__galactic__deg": raw["glat"].abs(),
    }
    for name, values in want.items():
        assert np.allclose(got[name], values.astype(float), rtol=2e-5, atol=2e-5, equal_nan=True), name
        assert got[name].notna().sum() > 10, name


@SPARK
def test_no_feature_is_another_one_or_says_nothing(extracted: tuple[pd.DataFrame, dict[str, Any]]) -> None:
    rows, _ = extracted
    here = list(FEATURES)
    values = rows[here].to_numpy(np.float64)
    assert not np.isinf(values).any()
    known = ~np.isnan(values)
    flat = [n for k, n in enumerate(here) if len(np.unique(values[known[:, k], k])) < 2]
    assert flat == []
    for k, n in enumerate(here):
        if limits := FEATURES[n].range:
            inside = values[known[:, k], k]
            assert limits[0] - 1e-4 <= inside.min() <= inside.max() <= limits[1] + 1e-4, n
    assert duplicates(values, here) == []
    assert set(GROUPS) == {f.group for f in FEATURES.values()}
    assert len(HASH) == 16


def duplicates(values: np.ndarray, names: list[str]) -> list[tuple[str, str]]:
    """Pairs whose |Spearman| is 1 where both are known and at least as many rows as the scarcer has by half."""
    known = ~np.isnan(values)
    filled = np.stack([rankdata(np.where(known[:, k], values[:, k], -1e30)) for k in range(len(names))])
    close = np.abs(np.corrcoef(filled + 1e-9 * np.arange(values.shape[0])))
    found = []
    for a, b in np.argwhere(np.triu(close > 0.8, 1)):
        both = known[:, a] & known[:, b]
        if both.sum() < 30 or both.sum() < 0.5 * min(known[:, a].sum(), known[:, b].sum()):
            continue
        one, other = rankdata(values[both, a]), rankdata(values[both, b])
        if one.std() and other.std() and abs(np.corrcoef(one, other)[0, 1]) > 0.999999:
            found.append((names[a], names[b]))
    return found


@SPARK
def test_z_is_measured_against_the_stratum(extracted: tuple[pd.DataFrame, dict[str, Any]]) -> None:
    rows, _ = extracted
    colour, z = rows["photometric__colour__w1_w2__mag"], rows["statistical__z__w1_w2__none"]
    full = [s for s, part in colour.groupby(rows["stratum"]) if part.notna().sum() > 200]
    assert len(full) > 3
    for s in full:
        mine, of = colour[rows["stratum"] == s].dropna(), z[rows["stratum"] == s].dropna()
        assert abs(of.median()) < 0.1
        assert np.quantile(of, [0.16, 0.84]) == pytest.approx([-1, 1], abs=0.15)
        assert len(mine) == len(of)
