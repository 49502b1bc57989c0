"""Light curves through the jobs: the 100 real ones, and those of the mock sky, whose truth is known."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import functions as F
from scipy.spatial import cKDTree

from tasni_spark.core.arguments import Request
from tasni_spark.core.compare import compare
from tasni_spark.core.lake import Lake
from tasni_spark.core.spec import Ref
from tasni_spark.tables.light_curves import FLAGS
from tasni_spark.tables.trends import TESTS
from tasni_spark.variability import ensemble as ens
from tasni_spark.variability import fdr
from tasni_spark.variability.discoveries import with_q

pytestmark = pytest.mark.spark
FADERS = {"J231029.40-060547.3": 21, "J193547.43+601201.5": 12, "J143046.35-025927.8": 22}


def unit(ra: Any, dec: Any) -> np.ndarray:
    a, d = np.radians(np.asarray(ra, float)), np.radians(np.asarray(dec, float))
    return np.stack([np.cos(a) * np.cos(d), np.sin(a) * np.cos(d), np.sin(d)], 1)


def read(file: Path, columns: list[str]) -> pd.DataFrame:
    """Columns of a file; whole numbers with nulls stay whole."""
    return pd.read_parquet(file, columns=columns, dtype_backend="numpy_nullable")


@pytest.fixture(scope="module")
def real_run(published: Lake, job: Callable[..., Any], real: Path) -> Any:
    """The exposures of 100 of the published sources, in many small tiles, and the lake that holds them."""
    lake = published
    job("ingest", lake, survey="neowise_tier5", input=str(real / "wise" / "neowise_epochs.parquet"))
    record = job("lightcurves", lake, survey="neowise_tier5", left="allwise_tier5")
    for name in ("variability", "trends"):
        job(name, lake, survey="neowise_tier5", left="allwise_tier5")
    return lake, record


def test_real_curves(real_run: tuple[Lake, dict[str, Any]], real: Path) -> None:
    lake, record = real_run
    raw = pd.read_parquet(real / "wise" / "neowise_epochs.parquet")
    got = lake.read(Ref("lightcurves")).toPandas()
    assert record["facts"]["detections"]["n_given"] == len(raw) == got["n_exposures"].sum() == 38_700
    assert {"moon", "artefact", "fit"} < set(record["facts"]["flags never set, for want of values"])
    assert "frame" not in record["facts"]["flags never set, for want of values"]
    assert record["facts"]["no association by the archive"] == "no detection has allwise_cntr"
    assert (len(got), int(got["is_truncated"].sum())) == (100, 36)
    assert (got["n_exposures"] == 500).equals(got["is_truncated"])
    for name in ("w1", "w2"):
        mag, error, flags = (np.concatenate(got[f"{name}_{c}"].to_list()) for c in ("mag", "error", "flags"))
        is_limit = (flags & FLAGS["limit"][0]) > 0
        assert int((is_limit & np.isfinite(mag.astype(float))).sum()) == {"w1": 171, "w2": 27}[name]
        assert (is_limit == np.isnan(error.astype(float))).all()
        assert ((flags & FLAGS["frame"][0]) > 0).sum() == (raw["qual_frame"] < 5).sum()
    names = lake.read(lake.ref("allwise_tier5")).select("id", "designation").toPandas().set_index("id")["designation"]
    want = {k: np.sort(g["mjd"].to_numpy()) for k, g in raw.groupby("designation")}
    for row in got.itertuples():
        np.testing.assert_array_equal(row.mjd, want[names[row.id]])


def test_real_statistics_and_verdicts(real_run: tuple[Lake, dict[str, Any]]) -> None:
    """The facts of the sample, through the jobs; only whole light curves of eight years may carry a claim."""
    lake, _ = real_run
    names = lake.read(lake.ref("allwise_tier5")).select("id", "designation").toPandas().set_index("id")["designation"]
    found = lake.read(Ref("variability")).toPandas()
    assert len(found) == 200
    assert found["rms_mag"].notna().all()
    w1, w2 = (found[found["band"] == b].set_index(found[found["band"] == b]["id"].map(names)) for b in ("w1", "w2"))
    visits = lake.read(Ref("visits")).where("band = 'w1'").toPandas()
    n_visits = dict(zip(visits["id"].map(names), visits["mjd"].map(len), strict=True))
    assert {name: n_visits[name] for name in FADERS} == FADERS
    for band, slope, tolerance in ((w1, 49.8, 2.0), (w2, 30.7, 1.5)):
        assert band["slope_mag_per_yr"]["J231029.40-060547.3"] * 1e3 == pytest.approx(slope, abs=tolerance)
    assert found["n_limits"].sum() > 0

    trends = lake.read(Ref("trends")).toPandas().set_index("id")
    whole = lake.read(Ref("lightcurves")).select("id", "is_truncated").toPandas().set_index("id")["is_truncated"]
    truncated = trends[whole.reindex(trends.index)]
    assert (len(truncated), set(truncated["verdict"]), int(truncated["is_claim"].sum())) == (36, {"truncated"}, 0)
    assert all("truncated" in reasons for reasons in truncated["reasons_against"])
    assert (w2["span_yr"][~whole.reindex(w2["id"]).to_numpy()] >= 8).sum() == 64
    assert 0 < trends["is_claim"].sum() <= 64
    p = trends[[f"{t}_log10_p" for t in TESTS]].to_numpy(float)
    q = trends[[f"{t}_log10_q" for t in TESTS]].to_numpy(float)
    assert (trends["n_tests"] == np.isfinite(p).sum()).all()
    np.testing.assert_allclose(q.ravel(), fdr.log10_q(p.ravel()), atol=1e-12)
    drift = trends[["w1_drift_mag_per_yr", "w2_drift_mag_per_yr"]].iloc[0].to_numpy(float) * 1e3
    assert (np.abs(drift - 5) < 3).all(), "the sample as a whole fades by about 5 mmag/yr"
    assert all("uncalibrated" in reasons for reasons in trends["reasons_against"])


def test_both_transports_write_the_same_rows(real_run: tuple[Lake, dict[str, Any]], job: Callable[..., Any]) -> None:
    lake, _ = real_run
    tables = ("variability", "visits", "trend_tests")
    before = {t: lake.version(Ref(t)) for t in tables}
    record = job("variability", lake, survey="neowise_tier5", left="allwise_tier5", transport="spark")
    assert record["rows"] == {"variability": 200, "visits": 200, "trend_tests": 100}
    for t in tables:
        key = ["id"] if t == "trend_tests" else ["id", "band"]
        found = compare(lake.read(Ref(t), before[t]), lake.read(Ref(t)), key)
        assert found.is_equal, f"{t}: {found}"
        assert found.rows[0] >= 100


@pytest.mark.parametrize("rows_per_part", [10_000, 300])
def test_false_discovery_rate_in_parts_is_that_of_the_whole(spark: Any, rows_per_part: int) -> None:
    rng = np.random.default_rng(5)
    p = np.concatenate([np.log10(rng.random(4000)), rng.uniform(-12, -3, 150), np.repeat(-1.5, 500), [-300.0]])
    rows = spark.createDataFrame(pd.DataFrame({"id": np.arange(len(p)), "log10_p": p})).repartition(3)
    found, tests = with_q(rows, rows_per_part)
    got = found.toPandas().set_index("id").sort_index()
    assert tests == len(p)
    np.testing.assert_allclose(got["log10_q"], fdr.log10_q(p), atol=1e-12)
    assert found.rdd.getNumPartitions() > (1 if rows_per_part == 300 else 0)


@pytest.fixture(scope="module")
def nested(demo_lake: Any) -> pd.DataFrame:
    return demo_lake.read(Ref("lightcurves")).toPandas().set_index("id")


def test_mock_curves_are_those_of_brute_force(demo_lake: Any, mock_sky: Path, nested: pd.DataFrame) -> None:
    """Each detection belongs to the nearest source within 3 arcsec."""
    columns = ["cntr", "ra", "dec", "mjd", "w2mpro", "allwise_cntr"]
    shots = pd.concat([read(f, columns) for f in sorted((mock_sky / "neowise").rglob("*.parquet")) if f.is_file()])
    left = pd.concat([read(f, columns[:3]) for f in sorted((mock_sky / "allwise").rglob("*.parquet")) if f.is_file()])
    distance, at = cKDTree(unit(left["ra"], left["dec"])).query(unit(shots["ra"], shots["dec"]))
    within = 2 * np.degrees(np.arcsin(distance / 2)) * 3600 <= 3.0
    shots = shots.assign(source=np.where(within, left["cntr"].to_numpy()[at], -1))
    mine = shots[shots["source"] >= 0]
    counts = mine.groupby("source").size()
    assert (nested["n_exposures"] + nested["n_duplicates"]).to_dict() == counts.to_dict()
    archive = shots["allwise_cntr"].dropna().astype("int64").value_counts()
    assert nested["n_archive"].to_dict() == archive.reindex(nested.index, fill_value=0).to_dict()
    longest = nested["n_exposures"].where(nested["n_duplicates"] == 0).idxmax()
    g = mine[mine["source"] == longest].sort_values("mjd")
    np.testing.assert_array_equal(nested["mjd"][longest], g["mjd"].to_numpy(float))
    np.testing.assert_allclose(nested["w2_mag"][longest].astype(float), g["w2mpro"].to_numpy(float), rtol=1e-6)
    assert all((np.diff(t) > 0).all() for t in nested["mjd"])
    tiles = demo_lake.read(Ref("lightcurve_tiles")).toPandas()
    assert tiles["n_detections"].sum() == len(shots)
    assert tiles["n_given"].sum() == len(mine)
    assert tiles["n_sources"].sum() == len(left)


def test_published_files_give_the_same_without_a_table_between(
    demo_lake: Any, mock_sky: Path, job: Callable[..., Any]
) -> None:
    before = {t: demo_lake.version(Ref(t)) for t in ("lightcurves", "lightcurve_tiles")}
    record = job("lightcurves", demo_lake, input=str(mock_sky / "neowise"))
    for t, version in before.items():
        assert demo_lake.version(Ref(t)) > version
        one, other = demo_lake.read(Ref(t), version), demo_lake.read(Ref(t))
        found = compare(one, other, ["tile"] if t == "lightcurve_tiles" else ["id"])
        assert found.is_equal, f"{t}: {found}"
    assert record["facts"]["detections"]["n_detections"] == demo_lake.read(demo_lake.ref("neowise")).count()


def test_planted_trends(demo_lake: Any, nested: pd.DataFrame) -> None:
    """Of what fades or brightens by more than 15 mmag/yr most is claimed, with its sign, and little else is."""
    truth = demo_lake.read(demo_lake.ref("mock_truth")).toPandas().set_index("cntr")
    found = demo_lake.read(Ref("trends")).toPandas().set_index("id").join(truth, rsuffix="_truth")
    assert len(found) == len(nested)
    planted = found["slope_mag_per_yr"].abs() >= 0.015
    able = planted & ~found["verdict"].isin(["blended", "moving", "saturated", "too_short"])
    assert able.sum() >= 4
    assert found["is_claim"][able].mean() >= 0.6
    claims = found[found["is_claim"] & found["slope_mag_per_yr"].notna()]
    assert (np.sign(claims["slope_mag_per_yr"]) == claims["sign"]).all()
    constant = found["variability"].isna()
    assert constant.sum() > 100
    assert found["is_claim"][constant].mean() < 0.01


def test_control_stars(demo_lake: Any, job: Callable[..., Any]) -> None:
    """A drift of the job is that of a plain loop over the stars of its bin, and trends are measured against it."""
    job("trends", demo_lake, least_controls=8, cell_order=5)
    got = demo_lake.read(Ref("ensemble")).toPandas()
    assert (got["n_controls"] >= 8).all()
    assert len(got) > 20
    one = got.sort_values(["n_controls", "cell", "half_year"]).iloc[-1]
    visits = demo_lake.read(Ref("visits")).where(F.col("band") == one["band"]).toPandas()
    visits = visits[visits["hpx29"].to_numpy(np.int64) >> 48 == one["cell"]]
    fits = demo_lake.read(Ref("variability")).where(F.col("band") == one["band"]).toPandas().set_index("id")
    stars, d, w = 0, [], []
    for row in visits.itertuples():
        fit = fits.loc[row.id]
        m, e, n, t = (np.asarray(v, float) for v in (row.mag, row.error, row.n_used, row.mjd))
        use = np.isfinite(m)
        if not use.any() or np.floor(row.colour_mag / 0.5) != one["colour_bin"]:
            continue
        mean = np.average(m[use], weights=e[use] ** -2)
        if np.floor(mean / 0.5) != one["mag_bin"] or not fit["rchi2_line"] <= 3:
            continue
        if not (fit["span_yr"] >= 8 and fit["n_visits"] >= 6):
            continue
        half = ens.half_year(t, np.full(len(t), one["cell"]), 5)
        fine = use & (half == one["half_year"]) & (n >= 3) & (np.abs(m - mean) <= 0.3)
        stars += bool(fine.any())
        d += (m[fine] - mean).tolist()
        w += (e[fine] ** -2).tolist()
    assert stars == one["n_controls"] <= len(d)
    assert np.average(d, weights=w) == pytest.approx(one["drift_mag"], abs=1e-12)
    trends = demo_lake.read(Ref("trends")).toPandas()
    calibrated = trends[trends["w2_n_controls"] > 0]
    assert 0 < len(calibrated) < len(trends)
    assert calibrated["w2_subtracted_log10_p"].isna().all()
    assert (calibrated["w2_slope_mag_per_yr"] != calibrated["w2_slope_raw_mag_per_yr"]).all()
    assert all("calibrated" in r for r in calibrated["reasons_for"][calibrated["w1_n_controls"] > 0])


@pytest.mark.chaos
def test_a_killed_run_resumes_to_the_same_light_curves(demo_lake: Any, job: Callable[..., Any]) -> None:
    before = {t: demo_lake.version(Ref(t)) for t in ("lightcurves", "lightcurve_tiles")}
    sets = ("run.checkpoint_rows=5000", "run.spark='short'")
    command = [sys.executable, "-m", "tests.chaos.driver", "lightcurves", "--lake", demo_lake.root, "--run-id", "dead"]
    faults = os.environ | {"TASNI_KILL": "lightcurves:1:after"}
    dead = subprocess.run(
        [*command, *(f"--set={s}" for s in sets)], env=faults, start_new_session=True, check=False, capture_output=True
    )
    assert dead.returncode == -signal.SIGKILL
    record = job("lightcurves", demo_lake, request=Request(resume="dead", sets=sets))
    assert record["groups"]["lightcurves"] > 2
    for t, version in before.items():
        assert demo_lake.version(Ref(t)) > version + 2
        found = compare(
            demo_lake.read(Ref(t), version), demo_lake.read(Ref(t)), ["tile"] if t == "lightcurve_tiles" else ["id"]
        )
        assert found.is_equal, f"{t}: {found}"
        assert found.rows[0] > 0
