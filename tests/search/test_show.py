"""The page of a mock star, of a candidate and of an empty place, against what was planted and against the view."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord

from tasni_spark.core.errors import DataError
from tasni_spark.core.work import Inputs
from tasni_spark.search.find import find
from tasni_spark.search.show import Page, open_tables, page

pytestmark = pytest.mark.spark
VIEWED = ("survey", "verdict", "radius_arcsec", "sep_arcsec", "p_chance")


@pytest.fixture(scope="module")
def inputs(demo_lake: Any) -> Inputs:
    return open_tables(demo_lake)


def by_survey(found: Page) -> dict[str, Any]:
    return {s.survey: s for s in found.sights}


def test_a_moving_star_by_name(demo_lake: Any, inputs: Inputs) -> None:
    """Its counterpart in Gaia is the one that was planted, and it stands where astropy moves the planted position."""
    star = demo_lake.spark.sql(
        "SELECT a.id, a.designation, t.ra, t.dec, t.pmra, t.pmdec, t.parallax, t.gaia_source_id FROM mock_truth t "
        "JOIN allwise a USING (id, tile) JOIN gaia_dr3 g ON g.source_id = t.gaia_source_id "
        "WHERE t.class = 'star' AND t.nvss_name IS NULL ORDER BY abs(t.pmra) + abs(t.pmdec) DESC LIMIT 1"
    ).first()
    found = page(inputs, f"WISEA {star['designation']}")
    assert (found.anchor.survey, found.anchor.id, found.name) == ("allwise", star["id"], star["designation"])
    assert "allwise" in found.synthetic
    gaia = by_survey(found)["gaia_dr3"]
    assert (gaia.verdict, gaia.id) == ("matched", star["gaia_source_id"])
    assert gaia.sep_arcsec == pytest.approx(gaia.nearest_arcsec, abs=2e-3)
    assert found.anchor.motion_from
    planted = SkyCoord(star["ra"] * u.deg, star["dec"] * u.deg)
    years = 2016.0 - 2010.5589
    moved = planted.spherical_offsets_by(star["pmra"] * years * u.mas, star["pmdec"] * years * u.mas)
    expected = SkyCoord(gaia.expected_ra * u.deg, gaia.expected_dec * u.deg)
    still = SkyCoord(found.anchor.ra * u.deg, found.anchor.dec * u.deg)
    assert expected.separation(moved).arcsec < 0.5 < still.separation(moved).arcsec
    seen = {m.column: m for m in found.photometry if m.survey == "allwise"}
    assert {"w1mpro", "w2mpro"} <= set(seen)
    assert set(found.cuts) == {"tasni_2025", "tasni_2025_as_run", "cold_dwarf"}


def test_the_page_and_the_view_say_the_same(demo_lake: Any, inputs: Inputs) -> None:
    """The verdicts of a candidate and its cuts, by look-ups and by SQL."""
    of_set = "cut_set = 'tasni_2025' AND survey = 'allwise'"
    cards = demo_lake.spark.table("v_candidate_card").where(of_set).orderBy("dec").collect()
    kept = demo_lake.spark.table("candidates").where(of_set).count()
    assert len(cards) == kept
    states = {s["verdict"] for c in cards for s in c["sights"]}
    assert {"matched", "nothing there", "not observed"} <= states
    for card in (cards[0], cards[-1]):
        found = page(inputs, str(card["id"]))
        told = {s.survey: tuple(getattr(s, n) for n in VIEWED) for s in found.sights if s.by == "crossmatch"}
        viewed = {s["survey"]: tuple(s[n] for n in VIEWED) for s in card["sights"]}
        assert told == viewed
        assert len(told) == 5
        asked = [line.value for line in found.cuts["tasni_2025"][1] if line.cut in ("no_panstarrs1", "no_nvss")]
        said = {s.survey: s.verdict for s in found.sights}
        assert all(a.startswith(f"{n}: {said[n]}") for a, n in zip(asked, ("panstarrs1", "nvss"), strict=True))
        failed = {c: sum(line.verdict == "FAIL" for line in lines) for c, (_, lines) in found.cuts.items()}
        assert failed == {j["cut_set"]: j["n_failed"] for j in card["judged"]}
        assert failed["tasni_2025"] == 0
        assert found.thermal is not None
        assert found.thermal_from == "table thermal"
        for name in ("temperature_k", "distance_if_dwarf_pc", "colour_distance_pc", "thermal_flags"):
            assert card[name] == found.thermal[name]


@pytest.fixture(scope="module")
def hole(demo_lake: Any) -> tuple[float, float]:
    """A place south of Pan-STARRS1 and NVSS that has no source of any survey within 3 arcmin, by brute force."""
    frames = [
        demo_lake.read(demo_lake.ref(f"{s}_positions")).where("dec < -45").select("ra", "dec").toPandas()
        for s in ("allwise", "gaia_dr3", "twomass", "panstarrs1", "catwise2020", "nvss", "mock_truth")
    ]
    known = pd.concat(frames)
    sky = SkyCoord(known["ra"].to_numpy() * u.deg, known["dec"].to_numpy() * u.deg)
    rng = np.random.default_rng(1)
    for ra, dec in zip(rng.uniform(0, 360, 50), rng.uniform(-70, -50, 50), strict=True):
        if sky.separation(SkyCoord(ra * u.deg, dec * u.deg)).min().arcmin > 3:
            return float(ra), float(dec)
    raise AssertionError("no empty place")


def test_an_empty_place(inputs: Inputs, hole: tuple[float, float]) -> None:
    ra, dec = hole
    found = page(inputs, f"{ra},{dec}")
    assert found.anchor.survey == ""
    said = {s.survey: s.verdict for s in found.sights}
    assert {n: said[n] for n in ("allwise", "gaia_dr3", "twomass", "catwise2020")} == dict.fromkeys(
        ("allwise", "gaia_dr3", "twomass", "catwise2020"), "nothing there"
    )
    assert said["panstarrs1"] == said["nvss"] == "not observed"
    assert said["mock_truth"] == "its footprint is not known"
    assert all(s.n_near == 0 and s.id is None for s in found.sights)
    assert (found.photometry, found.cuts, found.thermal) == ((), {}, None)
    with pytest.raises(DataError, match=r"no source 'nobody' in any survey: give a name that tells its position"):
        page(inputs, "nobody")


def test_a_place_is_the_nearest_source(demo_lake: Any, inputs: Inputs) -> None:
    row = demo_lake.spark.sql("SELECT id, ra, dec FROM allwise_positions ORDER BY id LIMIT 1").first()
    near = f"{row['ra']},{min(row['dec'] + 3 / 3600, 90)}"
    assert find(inputs, ["allwise"], near)[1].first()["id"] == row["id"]


def test_a_known_object(inputs: Inputs) -> None:
    """WISE 0855 is no mock source: it is found in a list, where it moves, and its page says what nobody looked for."""
    found = page(inputs, "WISE 0855-0714")
    assert found.name == "WISE J085510.83-071442.5"
    assert found.anchor.survey not in found.synthetic
    assert found.anchor.parallax_mas == pytest.approx(438.9)
    said = by_survey(found)
    years = 2010.5589 - 2014.0
    assert said["allwise"].expected_dec == pytest.approx(-7.244431 + 0.6793 * years / 3600, abs=1e-5)
    assert said["nvss"].verdict == "nothing there"
    assert [m.is_limit for m in found.photometry if m.column == "w1mpro"] == [False]
    kept = {cut_set for cut_set, (_, lines) in found.cuts.items() if not any(n.verdict == "FAIL" for n in lines)}
    assert kept == {"cold_dwarf"}
