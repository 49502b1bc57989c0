"""Examples under `sql`, on the demo's lake, against pandas and others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.timeseries import LombScargle
from mocpy import MOC
from pyspark.sql import functions as F

from tasni_spark.variability import suite
from tasni_spark.variability.periods import detrended
from tasni_spark.variability.visits import W2
from tests.sql.files import SQL, TIER5, text

FIELD = ((340.0, 75.0), (340.0, -5.0), (20.0, -10.0), (25.0, 70.0))
"""Corners of a field over RA 0 and far up: its sides bulge."""

PARAMETERS: dict[str, dict[str, Any]] = {
    "anomaly_score": {},
    "candidates_near": {"ra": 80.9, "dec": -69.8, "radius_deg": 90},
    "chance_matches": {"right_survey": "catwise2020", "p_min": 1e-5},
    "colour_magnitude": {"bin_mag": 0.5},
    "cone": {"t": "gaia_dr3_positions", "ra": 0, "dec": 89.5, "radius_deg": 20},
    "coverage_fraction": {},
    "cutflow_side_by_side": {"survey": "allwise", "a": "tasni_2025", "b": "tasni_2025_as_run"},
    "light_curve": {"radius_arcsec": 3},  # ra, dec: see the fixture
    "lost_to_one_cut": {"cut_set": "tasni_2025"},
    "match_two": {"a": "allwise_positions", "b": "twomass_positions", "radius_arcsec": 2},
    "official_neighbours": {},  # official: see the fixture
    "polygon": {"t": "gaia_dr3_positions"}
    | {f"{axis}{k + 1}": v[n] for k, v in enumerate(FIELD) for n, axis in ((0, "ra"), (1, "dec"))},
    "recall_by_class": {"cut_set": "tasni_2025"},
    "rejects_by_reason": {},
    "unmatched": {"t": "allwise_positions", "left_survey": "allwise", "right_survey": "panstarrs1"},
    "steepest": {"least_visits": 12},
}


@pytest.fixture(scope="module")
def monitored(named: Any) -> dict[str, float]:
    """The position of the source with the most single exposures."""
    counts = named.table("neowise").where("allwise_cntr IS NOT NULL").groupBy("allwise_cntr").count()
    first = counts.orderBy(F.desc("count"), "allwise_cntr").first()
    source = named.table("allwise").where(F.col("cntr") == first["allwise_cntr"]).first()
    return {"ra": source["ra"], "dec": source["dec"]}


@pytest.fixture(scope="module")
def official(named: Any, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The truth about the mock sky in the form of Gaia's table of AllWISE neighbours; one row names a wrong source."""
    folder = tmp_path_factory.mktemp("official")
    rows = named.sql(
        "SELECT t.gaia_source_id AS source_id, w.designation AS original_ext_source_id, 0.1D AS angular_distance "
        "FROM mock_truth AS t JOIN allwise AS w ON t.cntr = w.cntr WHERE t.gaia_source_id IS NOT NULL"
    ).toPandas()
    rows.loc[0, "source_id"] = rows.loc[1, "source_id"]
    rows.to_parquet(folder / "part.parquet")
    rows.attrs["table"] = f"parquet.`{folder}`"
    return rows


@pytest.fixture(scope="module")
def ask(named: Any, monitored: dict[str, float], official: pd.DataFrame) -> Callable[..., pd.DataFrame]:
    """The answer of an example to its parameters in the table above."""
    found = {"light_curve": monitored, "official_neighbours": {"official": official.attrs["table"]}}

    def answer(name: str) -> pd.DataFrame:
        given = PARAMETERS[name] | found.get(name, {})
        return named.sql(text("examples", name), args=given or None).toPandas()

    return answer


def pandas(spark: Any, table: str, *columns: str) -> pd.DataFrame:
    return spark.table(table).select(*columns).toPandas()


def sep_deg(rows: pd.DataFrame, ra: float, dec: float) -> np.ndarray:
    """By the cross product, unlike the SQL."""

    def vector(a: Any, d: Any) -> np.ndarray:
        a, d = np.radians(a), np.radians(d)
        return np.stack([np.cos(a) * np.cos(d), np.sin(a) * np.cos(d), np.sin(d) + 0 * a], -1)

    u, v = vector(rows["ra"].to_numpy(), rows["dec"].to_numpy()), vector(ra, dec)
    return np.degrees(np.arctan2(np.linalg.norm(np.cross(u, v), axis=1), u @ v))


def test_every_example_has_parameters_here() -> None:
    assert set(PARAMETERS) == {p.stem for p in (SQL / "examples").glob("*.sql")}


@pytest.mark.spark
def test_cone_over_the_pole(ask: Any, named: Any) -> None:
    rows, given = ask("cone"), PARAMETERS["cone"]
    stars = pandas(named, given["t"], "id", "ra", "dec")
    stars["sep"] = sep_deg(stars, given["ra"], given["dec"])
    inside = stars[stars["sep"] <= given["radius_deg"]].sort_values("sep")
    assert len(rows) > 20
    assert rows["id"].tolist() == inside["id"].tolist()
    assert rows["sep_arcsec"].to_numpy() == pytest.approx(3600 * inside["sep"].to_numpy(), rel=1e-9)


@pytest.mark.spark
def test_polygon_over_the_seam(ask: Any, named: Any) -> None:
    rows = ask("polygon")
    stars = pandas(named, "gaia_dr3_positions", "id", "ra", "dec").sort_values("id")
    corners = SkyCoord(FIELD, unit="deg")
    inside = MOC.from_polygon_skycoord(corners, max_depth=14).contains_lonlat(
        stars["ra"].to_numpy() * u.deg, stars["dec"].to_numpy() * u.deg
    )
    assert 500 < inside.sum() < len(stars) / 2
    strange = set(rows["id"]) ^ set(stars["id"][inside])
    assert len(strange) <= 3  # cells of 13 arcsec along the sides
    assert rows["id"].is_monotonic_increasing


@pytest.mark.spark
def test_matches_against_an_official_table(ask: Any, official: pd.DataFrame) -> None:
    found = ask("official_neighbours").set_index("outcome")["n"]
    assert found.sum() == len(official)
    assert found["another Gaia source"] >= 1
    assert found["the same"] > 0.99 * len(official)


@pytest.mark.spark
def test_two_tables_are_matched_as_by_the_job(ask: Any, named: Any) -> None:
    """2MASS has no motions, so that the job's pairs are those of the places as stored."""
    rows = ask("match_two")
    stored = named.table("matches").where("left_survey = 'allwise' AND right_survey = 'twomass'")
    pairs = stored.select("left_id", "right_id", "sep_arcsec", "n_neighbours").toPandas().sort_values("left_id")
    assert len(pairs) > 1000
    assert rows["left_id"].tolist() == pairs["left_id"].tolist()
    assert rows["right_id"].tolist() == pairs["right_id"].tolist()
    assert rows["n_neighbours"].tolist() == pairs["n_neighbours"].tolist()
    assert np.abs(rows["sep_arcsec"].to_numpy() - pairs["sep_arcsec"].to_numpy()).max() < 1e-6


@pytest.mark.spark
def test_unmatched_is_nothing_there_or_not_observed(ask: Any, named: Any) -> None:
    rows = ask("unmatched")
    matched = named.table("matches").where("left_survey = 'allwise' AND right_survey = 'panstarrs1'")
    ids = {r["left_id"] for r in matched.select("left_id").distinct().collect()}
    assert len(rows) == named.table("allwise").count() - len(ids) > 1000
    assert not set(rows["id"]) & ids
    by_state = rows.groupby("state")["dec"]
    assert set(by_state.groups) == {"nothing there", "not observed"}
    assert by_state.max()["not observed"] < -29.9  # the edge of Pan-STARRS1, in cells
    assert by_state.min()["nothing there"] > -30.1


@pytest.mark.spark
def test_candidates_near(ask: Any, named: Any) -> None:
    rows, given = ask("candidates_near"), PARAMETERS["candidates_near"]
    kept = pandas(named, "candidates", "designation", "cut_set", "ra", "dec")
    near = kept[sep_deg(kept, given["ra"], given["dec"]) <= given["radius_deg"]]
    assert 0 < len(rows) < len(kept)
    assert sorted(zip(rows["designation"], rows["cut_set"], strict=True)) == sorted(
        zip(near["designation"], near["cut_set"], strict=True)
    )
    assert rows["sep_deg"].is_monotonic_increasing
    assert rows.loc[rows["cut_set"] == "tasni_2025", "glat_deg"].abs().min() > 5


@pytest.mark.spark
def test_cutflow_side_by_side(ask: Any, named: Any) -> None:
    rows = ask("cutflow_side_by_side").set_index("cut")
    assert rows.loc["all", ["a_in", "b_in"]].tolist() == [named.table("allwise").count()] * 2
    assert rows.index[rows["a_step"].isna()].tolist() == ["w3_snr", "w4_snr"]
    assert rows["b_step"].notna().all()
    flags = pandas(named, "allwise", "ph_qual")["ph_qual"]
    assert rows.loc["ph_qual", "a_fail"] == (~flags.str.match("[AB][AB]")).sum() > 0


@pytest.mark.spark
def test_lost_to_one_cut(ask: Any, named: Any) -> None:
    rows = ask("lost_to_one_cut")
    flow = pandas(named, "v_cutflow", "survey", "cut_set", "cut", "n_fail_only")
    flow = flow[(flow["survey"] == "allwise") & (flow["cut_set"] == "tasni_2025") & (flow["n_fail_only"] > 0)]
    assert rows.groupby("cut").size().to_dict() == dict(zip(flow["cut"], flow["n_fail_only"], strict=True))
    assert (rows.loc[rows["cut"] == "w1_w2", "w1_w2"] <= 1.5).all()
    assert (rows.loc[rows["cut"] != "w1_w2", "w1_w2"].dropna() > 1.5).all()


@pytest.mark.spark
def test_coverage_fraction(ask: Any) -> None:
    rows = ask("coverage_fraction").set_index("survey")
    assert rows.loc["gaia_dr3", "fraction"] == 1.0
    for survey, dec in (("panstarrs1", -30), ("nvss", -40)):
        part = (1 - np.sin(np.radians(dec))) / 2
        assert rows.loc[survey, "fraction"] == pytest.approx(part, abs=1e-3)
        assert rows.loc[survey, "area_deg2"] == pytest.approx(41252.96 * part, rel=2e-3)


@pytest.mark.spark
def test_chance_matches(ask: Any, named: Any) -> None:
    rows, given = ask("chance_matches"), PARAMETERS["chance_matches"]
    pairs = pandas(named, "matches", "right_survey", "right_id", "rank", "p_chance")
    doubtful = pairs[(pairs["right_survey"] == given["right_survey"]) & (pairs["p_chance"] >= given["p_min"])]
    assert len(rows) > 0
    assert sorted(rows["right_id"]) == sorted(doubtful.loc[doubtful["rank"] == 1, "right_id"])
    assert rows["p_chance"].is_monotonic_decreasing


@pytest.mark.spark
def test_colour_magnitude(ask: Any, named: Any) -> None:
    rows = ask("colour_magnitude")
    stars = pandas(named, "allwise", "w1mpro", "w2mpro", "w1sigmpro", "w2sigmpro").dropna()
    bins = zip(
        np.floor((stars["w1mpro"] - stars["w2mpro"]) / 0.5) / 2, np.floor(stars["w2mpro"] / 0.5) / 2, strict=True
    )
    counts = pd.Series(list(bins)).value_counts().to_dict()
    assert len(counts) > 20
    assert dict(zip(zip(rows["w1_w2_from"], rows["w2_from"], strict=True), rows["n"], strict=True)) == counts


@pytest.mark.spark
def test_light_curve(ask: Any, named: Any, monitored: dict[str, float]) -> None:
    rows = ask("light_curve")
    seen = pandas(named, "neowise", "ra", "dec", "mjd", "w2mpro", "qual_frame", "cc_flags")
    good = seen[(sep_deg(seen, **monitored) <= 3 / 3600) & (seen["qual_frame"] > 0) & seen["cc_flags"].str.match("00")]
    assert len(rows) > 10
    assert rows["mjd"].tolist() == sorted(good["mjd"])
    assert rows["w2mpro"].sum() == pytest.approx(good["w2mpro"].sum())
    assert rows["epoch"].between(2010, 2025).all()


@pytest.mark.spark
def test_steepest(ask: Any, named: Any) -> None:
    """The functions of SQL say of a light curve what the kernels say of its arrays, and the periodogram astropy."""
    rows = ask("steepest")
    assert rows["log10_p"].is_monotonic_increasing
    assert (rows["n_visits"] >= 12).all()
    one = named.table("lightcurves").where(F.col("id") == int(rows["id"][0])).toPandas().iloc[0]
    t, m, e = (np.asarray(one[c], float) for c in ("mjd", "w2_mag", "w2_error"))
    whole = suite.statistics([0, len(t)], t, m, e, W2)
    for name in ("slope_mag_per_yr", "log10_p", "stetson_j", "sf2_8yr"):
        assert rows[name][0] == pytest.approx(whole[name][0], rel=1e-12), name
    asked = "SELECT lomb_scargle(mjd, w2_mag, w2_error) AS p FROM lightcurves WHERE id = :id"
    peak = named.sql(asked, args={"id": int(rows["id"][0])}).first()["p"]
    use = np.isfinite(m * e)
    flat = detrended(t, m, e)[use]
    power = LombScargle(t[use], flat, e[use]).power(1 / peak["period_d"])
    assert peak["power"] == pytest.approx(power, abs=1e-6)
    assert 0 < peak["window"] < 1
    empty = named.sql("SELECT visit_trend(array(), array(), array()).n_visits, stetson_j(NULL, NULL, NULL)")
    assert empty.first()[0] == 0


@pytest.mark.spark
def test_recall_by_class(ask: Any, named: Any) -> None:
    rows = ask("recall_by_class").set_index("class")
    kept = pandas(named, "candidates", "cut_set", "id").query("cut_set == 'tasni_2025'")["id"]
    planted = pandas(named, "mock_truth", "id", "class")
    assert rows["n"].to_dict() == planted["class"].value_counts().to_dict()
    of_kept = planted[planted["id"].isin(kept)]["class"].value_counts()
    assert rows.loc[rows["n_kept"] > 0, "n_kept"].to_dict() == of_kept.to_dict()
    assert rows.index[0] == "cold_dwarf"


@pytest.mark.spark
def test_rejects_by_reason(ask: Any) -> None:
    rows = ask("rejects_by_reason").query("survey == 'made_up'")
    assert rows[["reason", "n", "n_files"]].to_numpy().tolist() == [["ra is 400", 2, 1], ["no id", 1, 1]]


@pytest.mark.spark
def test_anomaly_score(ask: Any) -> None:
    rows = ask("anomaly_score")
    assert rows["designation"].tolist() == [row[0] for row in TIER5]
    assert rows["score"].tolist() == pytest.approx([row[-1] for row in TIER5], rel=1e-5)


@pytest.mark.spark
def test_anomaly_score_of_all_that_was_published(real: Path, named: Any) -> None:
    before = named.table("allwise_tier5")
    named.read.parquet(str(real / "wise" / "allwise_tier5.parquet")).createOrReplaceTempView("allwise_tier5")
    try:
        rows = named.sql(text("examples", "anomaly_score")).toPandas()
    finally:
        before.createOrReplaceTempView("allwise_tier5")
    assert len(rows) == 4137
    assert ((rows["score"] - rows["published"]).abs() <= 1e-5 * rows["published"].abs()).all()
