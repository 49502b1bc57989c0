"""A search of the mock sky against the same cuts in pandas, on the raw files; vetoes against brute force."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from scipy.spatial import cKDTree

from tasni_spark.core.work import Inputs
from tasni_spark.photometry.magnitudes import is_blend_suspect
from tasni_spark.search import why
from tasni_spark.search.cuts import load as load_cuts
from tasni_spark.search.find import find
from tasni_spark.search.search import SearchConfig

pytestmark = pytest.mark.spark
COLUMNS = [
    "cntr",
    "ra",
    "dec",
    "ph_qual",
    "cc_flags",
    "ext_flg",
    "w1mpro",
    "w2mpro",
    "w1snr",
    "w2snr",
    "w3snr",
    "w4snr",
]
NEEDS = ["tiling", "coverage", "density", "matches", "match_tiles", "allwise", "verdicts"]


@pytest.fixture(scope="module")
def raw(mock_sky: Path) -> pd.DataFrame:
    """The published AllWISE rows."""
    files = sorted((mock_sky / "allwise").rglob("*.parquet"))
    rows = pd.concat([pd.read_parquet(f, columns=COLUMNS) for f in files], ignore_index=True)
    rows["glat"] = SkyCoord(rows["ra"].to_numpy() * u.deg, rows["dec"].to_numpy() * u.deg).galactic.b.deg
    return rows


def photometric(raw: pd.DataFrame) -> dict[str, tuple[pd.Series, pd.Series]]:
    """For each cut of tasni_2025 that needs AllWISE alone: which rows fail it, and for which it is unknown."""
    colour = raw["w1mpro"] - raw["w2mpro"]
    rules = {
        "ph_qual": (~raw["ph_qual"].str.match("[AB][AB]", na=False), raw["ph_qual"]),
        "cc_flags": (raw["cc_flags"] != "0000", raw["cc_flags"]),
        "point_source": (raw["ext_flg"] != 0, raw["ext_flg"]),
        "w1_snr": (~(raw["w1snr"] >= 5), raw["w1snr"]),
        "w2_snr": (~(raw["w2snr"] >= 5), raw["w2snr"]),
        "off_plane": (raw["glat"].abs() <= 5, raw["glat"]),
        "w1_w2": (~(colour > 1.5), colour),
    }
    return {name: (fails & value.notna(), value.isna()) for name, (fails, value) in rules.items()}


def test_photometric_cuts_are_those_of_pandas(demo_lake: Any, raw: pd.DataFrame) -> None:
    flow = demo_lake.spark.sql(
        "SELECT * FROM v_cutflow WHERE cut_set = 'tasni_2025' AND survey = 'allwise' ORDER BY step"
    ).toPandas()
    assert flow["n_in"].iloc[0] == len(raw)
    reached = pd.Series(True, index=raw.index)
    for cut, (fails, unknown) in photometric(raw).items():
        row = flow[flow["cut"] == cut].iloc[0]
        got = row[["n_in", "n_fail", "n_unknown", "n_fail_all"]].astype(int).tolist()
        want = [reached.sum(), (reached & fails).sum(), (reached & unknown).sum(), fails.sum()]
        assert got == [int(w) for w in want], cut
        reached &= ~fails
    assert flow["n_fail"].sum() > 10_000
    assert (flow["n_in"] == flow["n_pass"] + flow["n_fail"] + flow["n_unknown"]).all()


def unit(ra: Any, dec: Any) -> np.ndarray:
    a, d = np.radians(np.asarray(ra, float)), np.radians(np.asarray(dec, float))
    return np.stack([np.cos(a) * np.cos(d), np.sin(a) * np.cos(d), np.sin(d)], 1)


@pytest.mark.parametrize(
    ("survey", "files", "radius", "south"),
    [("nvss", "nvss/nvss.csv", 15.0, -40.0), ("panstarrs1", "panstarrs1", 2.0, -30.0)],
)
def test_vetoes_have_three_values(
    demo_lake: Any, mock_sky: Path, raw: pd.DataFrame, survey: str, files: str, radius: float, south: float
) -> None:
    """Matched wherever a source lies within the radius; unknown, and never clear, south of the footprint."""
    from tasni_spark.ingest.survey import load

    where = load(survey).position
    path = mock_sky / files
    other = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    column = {c.lower(): c for c in other.columns}
    names = load(survey).columns
    ra, dec = (
        next(column[n.lower()] for n in (role, *names[role].names) if n.lower() in column)
        for role in (where.ra, where.dec)
    )
    tree = cKDTree(unit(other[ra], other[dec]))
    distance, _ = tree.query(unit(raw["ra"], raw["dec"]))
    near = np.degrees(2 * np.arcsin(np.minimum(distance, 2) / 2)) * 3600 <= radius
    rows = demo_lake.spark.sql(
        "SELECT a.cntr, v.failed, v.unknown, a.pmra FROM verdicts v JOIN allwise a USING (id, tile) "
        "WHERE v.cut_set = 'tasni_2025' AND v.survey = 'allwise'"
    ).toPandas()
    step = demo_lake.spark.sql(
        f"SELECT first(step) FROM cutflow WHERE cut_set = 'tasni_2025' AND cut = 'no_{survey}'"
    ).first()[0]
    bit = 1 << (step - 1)
    got = raw.assign(near=near).merge(rows, on="cntr")
    fails, unknown = (got["failed"] & bit) != 0, (got["unknown"] & bit) != 0
    # Pan-STARRS1 and NVSS have no motions here, so a match is a match of the published places.
    assert (fails == got["near"]).mean() > 0.999
    border = np.abs(got["dec"] - south) < 0.05
    assert (unknown == (~fails & (got["dec"] < south)))[~border].all()
    assert unknown.sum() > 1000
    assert fails.sum() > 0


def test_candidates_are_the_sources_that_fail_nothing(demo_lake: Any) -> None:
    count = demo_lake.spark.sql("SELECT cut_set, count(*) AS n FROM verdicts WHERE failed = 0 GROUP BY cut_set")
    kept = demo_lake.spark.sql("SELECT cut_set, count(*) AS n FROM candidates GROUP BY cut_set")
    assert sorted(map(tuple, count.collect())) == sorted(map(tuple, kept.collect()))
    assert demo_lake.spark.sql("SELECT * FROM candidates WHERE is_complete <> (size(unknown) = 0)").isEmpty()


def test_most_planted_dwarfs_that_pass_the_colour_cut_are_kept(demo_lake: Any) -> None:
    found = demo_lake.spark.sql(
        "SELECT t.class, count(*) AS n, count(c.id) AS kept FROM mock_truth t "
        "LEFT JOIN (SELECT * FROM candidates WHERE cut_set = 'tasni_2025') c USING (id, tile) GROUP BY t.class"
    ).toPandas()
    by_class = found.set_index("class")
    assert by_class.loc["cold_dwarf", "kept"] > 0
    assert by_class.loc["star", "kept"] / by_class.loc["star", "n"] < 0.001


def test_why_tells_every_cut_with_its_verdict(demo_lake: Any) -> None:
    inputs = Inputs.latest(demo_lake, NEEDS)
    kept = demo_lake.spark.sql("SELECT id FROM candidates WHERE cut_set = 'tasni_2025' LIMIT 1").first()["id"]
    _, lines = why.explain(inputs, SearchConfig(), find(inputs, ["allwise"], str(kept))[1])["tasni_2025"]
    assert len(lines) == 11
    assert not [line for line in lines if line.verdict == "FAIL"]
    lost = demo_lake.spark.sql(
        "SELECT a.designation FROM verdicts v JOIN allwise a USING (id, tile) "
        "WHERE cut_set = 'tasni_2025' AND failed & 1 <> 0 LIMIT 1"
    ).first()[0]
    about, lines = why.explain(inputs, SearchConfig(), find(inputs, ["allwise"], lost)[1])["tasni_2025"]
    assert about["is_synthetic"]
    assert {line.cut: line.verdict for line in lines}["ph_qual"] == "FAIL"


def test_a_survey_that_is_not_loaded_is_unknown(demo_lake: Any) -> None:
    """Every row of a veto is unknown, and none is clear, where the survey's sources were never sought."""
    inputs = Inputs.latest(demo_lake, [n for n in NEEDS if n not in ("matches", "match_tiles")])
    kept = demo_lake.spark.sql("SELECT id FROM candidates WHERE cut_set = 'tasni_2025' LIMIT 1").first()["id"]
    _, lines = why.explain(inputs, SearchConfig(), find(inputs, ["allwise"], str(kept))[1])["tasni_2025"]
    assert {line.verdict for line in lines if line.cut.startswith("no_")} == {"unknown"}


def test_the_report_stands_alone_and_says_synthetic(demo_lake: Any) -> None:
    page = (Path(demo_lake.root).parent / "report.html").read_text()
    assert "SYNTHETIC" in page
    assert "tasni_2025" in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_a_blend_is_suspected_where_the_deeper_survey_has_it_brighter(demo_lake: Any) -> None:
    flag = [f.id for f in load_cuts("cold_dwarf").flags].index("blend_suspect")
    rows = demo_lake.spark.sql(
        "SELECT v.flagged, a.w1mpro, a.w2mpro, c.w1mpro AS c1, c.w2mpro AS c2 FROM verdicts v "
        "JOIN allwise a USING (id, tile) "
        "LEFT JOIN (SELECT * FROM matches WHERE left_survey = 'allwise' AND right_survey = 'catwise2020' "
        "AND rank = 1 AND sep_arcsec <= 3) m ON v.id = m.left_id "
        "LEFT JOIN catwise2020 c ON m.right_id = c.id "
        "WHERE v.cut_set = 'cold_dwarf' AND v.survey = 'allwise'"
    ).toPandas()
    raised = (rows["flagged"].to_numpy() >> flag & 1).astype(bool)
    fainter = [is_blend_suspect(rows[f"w{b}mpro"], rows[f"c{b}"]) for b in (1, 2)]
    assert (raised == (fainter[0] | fainter[1])).all()
    assert 10 < raised.sum() < len(raised) / 10
