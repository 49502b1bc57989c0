"""The crossmatch job: tile by tile it gives the pairs of the whole sky, and real dwarfs meet themselves."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import functions as F

from tasni_spark.core.arguments import Request
from tasni_spark.core.compare import compare
from tasni_spark.core.errors import ConfigError, DataError
from tasni_spark.core.lake import Lake
from tasni_spark.core.spec import Ref
from tasni_spark.crossmatch import footprints, frames

from .conftest import brute, offset, vectors

pytestmark = pytest.mark.spark
SURVEYS = Path(__file__).resolve().parents[1] / "data" / "surveys"


@pytest.fixture(scope="module")
def sky_lake(spark: Any, job: Callable[..., Any], hard_sky: Any, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The hard sky as a lake of many small tiles."""
    folder = tmp_path_factory.mktemp("sky")
    lake = Lake(spark, str(folder / "lake"))
    for name, side in zip(("left", "right"), hard_sky, strict=True):
        (folder / name).mkdir()
        side.drop(columns=["x", "y", "z"]).to_parquet(folder / name / "a.parquet", index=False)
    job("tiling", lake, survey=str(SURVEYS / "left.toml"), input=str(folder / "left"), rows_per_tile=1500)
    for name in ("left", "right"):
        job("ingest", lake, survey=str(SURVEYS / f"{name}.toml"), input=str(folder / name))
    job("density", lake, surveys=["right"])
    return lake


@pytest.mark.parametrize(
    ("engine", "how", "checkpoint"),
    [
        ("auto", "nearest", 4000),
        ("tiles", "symmetric", 1_000_000),
        ("sql", "nearest", 6000),
    ],
)
def test_tiles_give_the_pairs_of_the_whole_sky(
    sky_lake: Lake, job: Callable[..., Any], hard_sky: Any, engine: str, how: str, checkpoint: int
) -> None:
    request = Request(sets=(f"run.checkpoint_rows={checkpoint}",))
    record = job("crossmatch", sky_lake, left="left", rights=["right"], how=how, engine=engine, request=request)
    assert record["facts"]["engine"] == ("tiles" if engine == "auto" else engine)
    assert (record["groups"]["crossmatch"] > 1) == (checkpoint < 10_000)
    found = sky_lake.read(Ref("matches")).toPandas()
    truth = brute(*hard_sky, 5.0)
    if how == "all":
        assert len(found) == len(truth)
        assert set(zip(found["left_id"], found["right_id"], strict=True)) == set(
            zip(truth["left_id"], truth["right_id"], strict=True)
        )
    else:
        best = (
            truth.assign(sep=truth["sep_arcsec"].round(9))
            .sort_values(["left_id", "sep", "right_id"])
            .groupby("left_id")
            .first()
        )
        if how == "symmetric":
            back = (
                truth.assign(sep=truth["sep_arcsec"].round(9))
                .sort_values(["right_id", "sep", "left_id"])
                .groupby("right_id")
                .first()
            )
            best = best[back.loc[best["right_id"], "left_id"].to_numpy() == best.index]
        assert found.set_index("left_id")["right_id"].sort_index().to_dict() == best["right_id"].to_dict()
    told = sky_lake.read(Ref("match_tiles")).toPandas()
    assert told["n_left"].sum() == len(hard_sky[0])
    assert told["n_matched"].sum() == found["left_id"].nunique()
    assert told["n_pairs"].sum() == len(found)
    assert (told["radius_arcsec"] == 5.0).all()


def test_some_tiles_only(sky_lake: Lake, job: Callable[..., Any]) -> None:
    job("crossmatch", sky_lake, left="left", rights=["right"])
    before = sky_lake.read(Ref("matches"), sky_lake.version(Ref("matches"))).count()
    record = job("crossmatch", sky_lake, left="left", rights=["right"], request=Request(tiles="cone:0,90,1"))
    assert 0 < record["rows"]["matches"] < before
    assert sky_lake.read(Ref("matches")).count() == before


def test_chance_follows_the_density(sky_lake: Lake, job: Callable[..., Any]) -> None:
    """p_chance = 1 - exp(-pi sep^2 rho), rho from the counts of the cell around."""
    job("crossmatch", sky_lake, left="left", rights=["right"])
    cells = sky_lake.read(Ref("density")).toPandas()
    assert cells["n"].sum() == 100_000
    order = int(cells["order"].iloc[0])
    rows = sky_lake.read(Ref("matches")).join(
        sky_lake.read(sky_lake.ref("left")).select(F.col("id").alias("left_id"), "hpx29"), "left_id"
    )
    got = rows.toPandas()
    rho = cells.set_index("cell")["n"] / (41252.96124941928 * 3600**2 / (12 * 4**order))
    want = 1 - np.exp(-np.pi * got["sep_arcsec"] ** 2 * rho.loc[got["hpx29"].to_numpy() >> 2 * (29 - order)].to_numpy())
    assert np.abs(got["p_chance"] - want).max() < 1e-9
    assert got["p_chance"].max() > 0.005


def test_a_lake_without_the_left_survey_is_refused(spark: Any, job: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no table left_positions: run the job that writes it"):
        job("crossmatch", Lake(spark, str(tmp_path / "lake")), left="left", rights=["right"])


def test_a_survey_that_is_not_loaded_is_not_matched(sky_lake: Lake, job: Callable[..., Any]) -> None:
    job("crossmatch", sky_lake, left="left", rights=["right", "elsewhere"])
    assert sky_lake.read(Ref("match_tiles")).where("right_survey = 'elsewhere'").count() == 0


def test_real_dwarfs(spark: Any, job: Callable[..., Any], real: Path, tmp_path: Path) -> None:
    """2MASS (1999) and Gaia (2016): of 1,255 pairs 639 are met without motion, 1,217 with it; none is lost."""
    lake, raw = Lake(spark, str(tmp_path / "lake")), real / "brown_dwarfs"
    job("tiling", lake, survey=str(SURVEYS / "bd_2mass.toml"), input=str(raw / "bd_2mass.parquet"), rows_per_tile=300)
    for name, file, rows in (("bd_2mass", "bd_2mass.parquet", 2177), ("bd_gaia", "bd_gaia_edr3.parquet", 1265)):
        record = job("ingest", lake, survey=str(SURVEYS / f"{name}.toml"), input=str(raw / file))
        assert record["rows"][name] == rows
    job("density", lake, surveys=["bd_gaia"])
    left = lake.read(lake.ref("bd_2mass")).select(F.col("id").alias("left_id"), "source").toPandas()
    right = lake.read(lake.ref("bd_gaia")).select(F.col("id").alias("right_id"), "db_names_2", "pmra").toPandas()
    truth = left.merge(right, left_on="source", right_on="db_names_2")
    assert len(truth) == 1255

    def true_pairs(snr: float, engine: str = "tiles") -> pd.DataFrame:
        job("crossmatch", lake, left="bd_2mass", rights=["bd_gaia"], motion_snr=snr, engine=engine)
        return lake.read(Ref("matches")).toPandas().merge(truth, on=["left_id", "right_id"])

    still, moved = true_pairs(1e9), true_pairs(5.0)
    for engine in ("sql", "sedona"):
        assert set(true_pairs(5.0, engine)["left_id"]) == set(moved["left_id"])
    assert len(still) == 639
    assert abs(len(moved) - 1217) <= 2
    assert set(still["source"]) <= set(moved["source"])
    lost = truth[~truth["source"].isin(moved["source"])]
    assert "2MASS J01070426+2435279" in set(lost["source"])
    assert truth["pmra"].isna().sum() == 129
    beyond_3_arcsec = {"2MASSJ14442067-2019222", "2MASS J18000116-1559235"}
    explained = set(truth[truth["pmra"].isna()]["source"]) | beyond_3_arcsec | {"2MASS J01070426+2435279"}
    assert set(lost["source"]) <= explained


def test_quality_is_measured(sky_lake: Lake, job: Callable[..., Any], hard_sky: Any) -> None:
    """Against brute force, for the middle shift; errors that are half of what they are said to be."""
    job("crossmatch", sky_lake, left="left", rights=["right"], how="all")
    job("xmatch_qa", sky_lake, left="left", rights=["right"], request=Request(sets=("run.checkpoint_rows=6000",)))
    rows = sky_lake.read(Ref("xmatch_qa")).toPandas()
    left, right = hard_sky
    assert rows["n_left"].sum() == len(left)
    assert rows["n_pairs"].sum() == sky_lake.read(Ref("matches")).where("rank = 1").count()
    turn = np.radians(30 / 3600) / np.maximum(np.hypot(left["x"], left["y"]), 1e-3)
    x, y = (left["x"] * np.cos(turn) - left["y"] * np.sin(turn), left["x"] * np.sin(turn) + left["y"] * np.cos(turn))
    met = brute(left.assign(x=x, y=y), right, 5.0)["left_id"].nunique()
    assert abs(np.sum(rows["n_shifted"].tolist(), axis=0)[1] - met) <= 1
    separations = np.sum(rows["separations"].tolist(), axis=0)
    assert separations.sum() == rows["n_pairs"].sum()
    best = brute(left, right, 5.0).groupby("left_id")["sep_arcsec"].min() / np.sqrt(2)
    assert np.abs(separations - np.bincount(np.minimum(best / 0.1, 49).astype(int), minlength=50)).sum() <= 4
    pairs = sky_lake.read(Ref("matches")).where("rank = 1").toPandas()
    a, b = left.set_index("id").loc[pairs["left_id"]], right.set_index("id").loc[pairs["right_id"]]
    north = pd.Series(3600 * (b["dec"].to_numpy() - a["dec"].to_numpy())).groupby(pairs["tile"]).median()
    assert np.abs(rows.set_index("tile")["north_arcsec"] - north).max() < 0.2


def test_all_engines_write_the_same_table(sky_lake: Lake, job: Callable[..., Any]) -> None:
    """With all that may be asked for at once: frames aligned, the k nearest, within sigmas, weighed by their errors."""
    asked = {"how": "all", "k": 20, "sigmas": 3.0, "score": True, "frames": "xmatch_qa"}
    written = []
    for engine in ("sql", "tiles", "sedona"):
        job("crossmatch", sky_lake, left="left", rights=["right"], engine=engine, **asked)
        written.append(sky_lake.version(Ref("matches")))
    first, *others = (sky_lake.read(Ref("matches"), version) for version in written)
    for other in others:
        found = compare(first, other, ["left_id", "right_id"], relative=1e-9)
        assert found.is_equal, str(found)
        assert found.rows[0] > 30_000
    rows = first.toPandas()
    measured = sky_lake.read(Ref("xmatch_qa")).where(f"n_pairs >= {frames.LEAST_PAIRS}").toPandas().set_index("tile")
    right = sky_lake.read(Ref("right_positions")).toPandas().set_index("id").loc[rows["right_id"]]
    left = sky_lake.read(Ref("left_positions")).toPandas().set_index("id").loc[rows["left_id"]]
    moved = measured.reindex(right["tile"])[["east_arcsec", "north_arcsec"]].fillna(0.0).to_numpy()
    assert 0.1 < np.abs(moved).max() < 3
    place = vectors(*offset(right["ra"].to_numpy(), right["dec"].to_numpy(), *-moved.T))
    chord = np.linalg.norm(left[["x", "y", "z"]].to_numpy() - place, axis=1)
    assert np.abs(np.degrees(2 * np.arcsin(chord / 2)) * 3600 - rows["sep_arcsec"]).max() < 1e-6
    assert rows["rank"].max() == 20 < rows["n_neighbours"].max()
    assert 4 < rows["sep_arcsec"].max() <= 3 * np.sqrt(2.0)  # both errors are 1 arcsec
    assert np.allclose(rows["score"], rows["sep_arcsec"] ** 2 / 2)
    assert rows["p_match"].between(0, 1).all()
    assert rows.nsmallest(1000, "score")["p_match"].mean() > rows.nlargest(1000, "score")["p_match"].mean() + 0.02


def test_a_run_s_name_is_used_once(sky_lake: Lake, job: Callable[..., Any]) -> None:
    """A second run under the name of the first would find its groups done, whatever has changed since."""
    once = Request(run_id="once")
    job("crossmatch", sky_lake, left="left", rights=["right"], request=once)
    with pytest.raises(
        ConfigError, match=r"run once: crossmatch-left has been run under this name: give --resume once"
    ):
        job("crossmatch", sky_lake, left="left", rights=["right"], how="all", request=once)


def test_another_left_survey_does_not_stand_in_the_way_of_resuming(sky_lake: Lake, job: Callable[..., Any]) -> None:
    asked = {"left": "left", "rights": ["right"], "engine": "tiles"}
    job("crossmatch", sky_lake, **asked, request=Request(run_id="first"))
    job("crossmatch", sky_lake, left="right", rights=["left"], engine="tiles")
    assert job("crossmatch", sky_lake, **asked, request=Request(resume="first"))["state"] == "done"


def test_sources_in_fields_and_in_error_ellipses(
    sky_lake: Lake, job: Callable[..., Any], hard_sky: Any, tmp_path: Path
) -> None:
    """A field of 2 x 2 deg on the seam; the error ellipses of a survey at 3 sigma."""
    ra, dec = hard_sky[0]["ra"].to_numpy(), hard_sky[0]["dec"].to_numpy()
    ring = [[359.0, -1.0], [1.0, -1.0], [1.0, 1.0], [359.0, 1.0], [359.0, -1.0]]
    fields = tmp_path / "fields.geojson"
    feature = {"properties": {"name": "seam"}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    fields.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    record = job("footprints", sky_lake, survey="left", shapes=str(fields))
    assert record["rows"]["shapes"] == 1
    assert record["rows"]["footprints"] == ((abs((ra + 180) % 360 - 180) < 1) & (abs(dec) < 1)).sum() > 600
    survey = (SURVEYS / "right.toml").read_text().replace('name = "right"', 'name = "radio"')
    survey = survey.replace("error_arcsec = 1.0", 'error_arcsec = 1.0\nellipse = ["maj", "min", "turn"]')
    columns = "".join(
        f'{c} = {{ unit = "{unit}", doc = "Ellipse" }}\n'
        for c, unit in (("maj", "arcsec"), ("min", "arcsec"), ("turn", "deg"))
    )
    (tmp_path / "radio.toml").write_text(survey + columns)
    (tmp_path / "radio").mkdir()
    rows = pd.DataFrame(
        {
            "id": [1, 2],
            "ra": [266.4, 0.0],
            "dec": [-28.9, -90.0],
            "epoch": 2010.0,
            "maj": [24.0, 12.0],
            "min": [6.0, 12.0],
            "turn": [90.0, 0.0],
        }
    )
    rows.assign(
        **dict.fromkeys(("pmra_masyr", "pmdec_masyr", "pmra_error_masyr", "pmdec_error_masyr"), np.nan)
    ).to_parquet(tmp_path / "radio" / "a.parquet", index=False)
    job("ingest", sky_lake, survey=str(tmp_path / "radio.toml"), input=str(tmp_path / "radio"))
    job("footprints", sky_lake, survey="left", ellipses="radio")
    found = sky_lake.read(Ref("footprints")).groupBy("collection", "name").count().toPandas()
    n = {(r["collection"], r["name"]): r["count"] for _, r in found.iterrows()}
    assert set(n) == {("fields", "seam"), ("radio", "1"), ("radio", "2")}
    assert n["radio", "1"] > 100
    assert n["radio", "2"] == (dec < -90 + 0.01).sum()


def test_a_file_of_ellipses(tmp_path: Path) -> None:
    (tmp_path / "fields.csv").write_text("# two of them\nname,ra,dec,a,b,angle\nwest,266.4,-28.9,0.02,0.005,90\n")
    (shape,) = footprints.read(str(tmp_path / "fields.csv"))
    assert shape == ("west", 266.4, -28.9, 0.02, 0.02, 0.005, 90.0, None)
    (tmp_path / "bad.csv").write_text("name,ra,dec,a,b\nx,0,0,1,1\n")
    with pytest.raises(DataError, match=r"bad.csv: no column angle"):
        footprints.read(str(tmp_path / "bad.csv"))
    (tmp_path / "worse.csv").write_text("name,ra,dec,a,b,angle\nx,0,0,one,1,0\n")
    with pytest.raises(DataError, match=r"worse.csv: ellipse x: .*expected five numbers"):
        footprints.read(str(tmp_path / "worse.csv"))
    with pytest.raises(DataError, match=r"none.csv: cannot be read"):
        footprints.read(str(tmp_path / "none.csv"))
