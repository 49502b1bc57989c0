"""The page as text: what it says of made-up facts, and that a known object's row says why."""

from __future__ import annotations

import dataclasses
import html
import re
from typing import Any

import numpy as np
import pytest
from scipy.stats import beta

from tasni_spark.report.facts import MAP_ORDER, Facts, Flow, ReportConfig
from tasni_spark.report.fades import Fades
from tasni_spark.report.page import kept, render, worth

pytestmark = pytest.mark.slow

BANDS = {
    f"w{b}{k}": v for b, m in zip("123", (17.0, 14.5, 12.4), strict=True) for k, v in (("mpro", m), ("sigmpro", 0.1))
}


def known(name: str, spt: str | None, distance: float, **failed: list[str]) -> dict[str, Any]:
    heat = {
        "temperature_k": 400.0,
        "temperature_error_k": 10.0,
        "distance_if_dwarf_pc": distance,
        "dwarf_log_ratio": 1.5,
    }
    parallax = 438.9 if spt else None
    cuts = {s: (names, []) for s, names in failed.items()}
    about = {"name": name, "spt": spt, "parallax_mas": parallax, "is_nearer": distance < 2.28, "cuts": cuts}
    return BANDS | heat | about


@pytest.fixture(scope="module")
def facts() -> Facts:
    steps = [
        {"step": 0, "cut": "all", "n_in": 4137, "n_pass": 4137, "n_fail": 0, "n_unknown": 0, "n_fail_all": 0},
        {"step": 1, "cut": "w1_w2", "n_in": 4137, "n_pass": 3, "n_fail": 4130, "n_unknown": 4, "n_fail_all": 4130},
    ]
    steps = [s | {"n_fail_only": 0, "expected_lost": None} for s in steps]
    row = BANDS | {"id": 7, "designation": None, "ra": 10.0, "dec": -5.0, "unknown": ["w1_w2"], "flags": ["saturated"]}
    row |= {"is_complete": False, "p_veto": 0.0, "temperature_k": 300.0, "distance_if_dwarf_pc": 0.4}
    row |= {"dwarf_log_ratio": 2.0, "recall": 0.5, "expected_false_positives": 1.5, "rank": 1, "w3sigmpro": None}
    objects = [
        known("WISE 0855", "Y4", 1.1, old=["w1_snr"], cold_dwarf=[]),
        known("J143046.35-025927.8", None, 0.28, old=[], cold_dwarf=["w2_w3"]),
    ]
    return Facts(
        flows=[Flow("cold_dwarf", "list", steps, 7, 3)],
        candidates={("cold_dwarf", "list"): [row]},
        recall={},
        surveys=[],
        versions={"verdicts": 3},
        sky=np.ones(12 * 4**MAP_ORDER, np.int64),
        known=objects,
        listed={"n": 4137, "nearer": 2590, "farthest_pc": 7.5, "n_known": 0, "unobserved": {"panstarrs1": 1650}},
    )


def words(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_it_opens_with_the_answer_in_words(facts: Facts) -> None:
    page = render(facts, ReportConfig(left="list", is_list=True), "r")
    answer = words(page[page.index("The answer") : page.index("Where it looked")])
    assert "2,590 of them would lie nearer than 2.28 pc" in answer
    assert "None of them is a cold dwarf known from elsewhere" in answer
    assert "1,650 were never observed by panstarrs1" in answer
    assert "w1_w2 is unknown for 4 of 4,137" in answer
    assert "Of the 1 known dwarfs put to the same cuts, old keeps 0, cold_dwarf keeps 1." in answer


def test_known_objects_say_which_cuts_they_fail(facts: Facts) -> None:
    page = render(facts, ReportConfig(left="list"), "r")
    rows = {words(r)[:9]: words(r) for r in re.findall(r"<tr>.*?</tr>", page[page.index('id="known"') :], re.DOTALL)}
    assert rows["WISE 0855"].endswith("1.10 2.28 +1.5 w1_snr none")
    assert rows["J143046.3"].endswith("0.28 +1.5 none w2_w3")
    assert "<strong>0.28</strong>" in page


def test_kept_counts_each_kind(facts: Facts) -> None:
    assert kept(facts.known) == {
        "known dwarfs": {"old": (0, 1), "cold_dwarf": (1, 1)},
        "published sources": {"old": (1, 1), "cold_dwarf": (0, 1)},
    }


def test_worth_divides_by_what_was_planted_and_by_what_was_kept() -> None:
    planted = [{"class": "cold_dwarf", "n": 200, "kept": 80}, {"class": "agn", "n": 9000, "kept": 20}]
    found = worth(planted, "cold_dwarf")
    assert found["recall"][:2] == (80, 200)
    assert found["purity"][:2] == (80, 100)
    assert found["purity"][2:] == pytest.approx(tuple(beta.ppf([0.158655, 0.841345], 80.5, 20.5)), abs=1e-4)
    assert "purity" not in worth([{"class": "cold_dwarf", "n": 5, "kept": 0}], "cold_dwarf")


def test_fades_say_what_is_claimed_and_why_the_rest_is_not(facts: Facts) -> None:
    row = {"id": 7, "name": "J1", "verdict": "uncalibrated", "is_claim": False, "reasons_against": ["may_be_drift"]}
    row |= {f"{b}_{n}_mag_per_yr": 0.0123 for b in ("w1", "w2") for n in ("slope", "sigma_slope", "slope_subtracted")}
    row |= {"w1_log10_q": -3.2, "w2_log10_q": None}
    verdicts = [
        {"verdict": "both_bands", "is_claim": True, "n": 3, "fading": 2, "brightening": 1},
        {"verdict": "no_trend", "is_claim": False, "n": 97, "fading": 50, "brightening": 47},
    ]
    trials = [
        {"slope_bin": s, "w2_bin": w, "n": 20, "n_claimed": k, "n_right": k}
        for s, w, k in ((-6, 24, 3), (-4, 24, 19), (-6, 28, 0), (None, 24, 1))
    ]
    counts = [{"class": "fading", "n": 2, "n_null": 0.4, "probability": 0.97}]
    planted = {"kind": "linear", "n": 4, "able": 3, "fading": 2, "brightening": 0, "classes": {"fading": 1234}}
    fades = Fades(verdicts, 480, 0, 0.005, 0.0047, [row], [planted], counts, trials, 14.21)
    page = render(dataclasses.replace(facts, fades=fades), ReportConfig(left="list"), "r")
    said = words(page[page.index('id="fades"') : page.index("What each cut cost")])
    assert "3 of the 100 light curves of list in neowise may be claimed" in said
    assert "over 480 tests: 0.03 of them false" in said
    assert "+5.0 mmag/yr in W1 and +4.7 mmag/yr in W2" in said
    assert "J1 uncalibrated +12.3 ± 12.3 +12.3 -3.2 +12.3 ± 12.3 +12.3 may_be_drift" in said
    assert "Of 20 curves in which nothing fades" in said
    assert "No source fainter than W2 = 14.2" in said
    assert "fading 2 0.4 0.97" in said
    assert "planted fading linear 1,234" in said
    assert 'alt="Completeness" src="data:image/png' in page
    assert 'id="fades"' not in render(facts, ReportConfig(left="list"), "r")
