"""What `tasni show`, `tasni runs` and `tasni doctor` print, on made-up facts."""

from __future__ import annotations

import pytest

from tasni_spark.cli.doctor import gpu_state
from tasni_spark.cli.show import heading, heat, measure, place, sight
from tasni_spark.search.measured import Measure, warm
from tasni_spark.search.near import Anchor
from tasni_spark.search.show import Page
from tasni_spark.search.sights import Sight

EMPTY = Anchor("", None, 20, 5, 10.0, 45.0)
MOVER = Anchor("y", 7, 20, 5, 133.787057, -7.244431, 2014.0, -8118.9, 679.3, 438.9, "y")


def test_limits_are_marked_as_limits() -> None:
    assert measure(Measure("allwise", "w1mpro", 18.248, None, "mag", True))[2:4] == ("> 18.248", "limit, 95%")
    assert measure(Measure("nvss", "s1400", 2.5, None, "mJy", True))[2] == "< 2.500"
    assert measure(Measure("allwise", "w2mpro", 14.353, 0.045, "mag", False))[2:] == ("14.353", "0.045", "mag")


def test_each_verdict_is_told_with_what_it_rests_on() -> None:
    matched = Sight("gaia_dr3", "matched", "crossmatch", 3.0, 0.123, 2.3e-5, 0.123, 2, 9, 2016.0, 10.0, -45.0)
    told = sight(matched)
    assert told[1] == "matched within 3 arcsec"
    assert told[3:7] == ("0.12", "2.3e-05", "0.12", "2")
    assert told[7:] == ("2016.00", "10.000000", "-45.000000", "")
    assert sight(Sight("nvss", "nothing there", "now", 15.0))[1] == "nothing there within 15 arcsec"
    assert sight(Sight("nvss", "not observed", "now", 15.0))[1:4] == ("not observed", "now", "")
    moved = Sight("twomass", "nothing there", "now", 2.0, expected_epoch=2000.0, expected_ra=1.0, expected_dec=2.0)
    assert sight(moved)[7:] == ("2000.00", "", "", "1.000000, +2.000000")
    assert [sight(moved, made_up)[0] for made_up in (("nvss",), ("twomass",))] == ["twomass", "twomass (SYNTHETIC)"]


def test_heading_says_empty_and_synthetic() -> None:
    assert heading(Page(EMPTY, "", (), ())).startswith("Nothing at 10.000000, 45.000000")
    assert heading(Page(MOVER, "WISE J0855", ("y",), ())) == "y WISE J0855 7 (SYNTHETIC)"
    assert heading(Page(MOVER, "WISE J0855", ("allwise",), ())) == "y WISE J0855 7"


def test_place_in_two_frames() -> None:
    lines = place(MOVER)
    assert "08:55:08.89 -07:14:39.95" in lines[0]  # SIMBAD: 08 55 10.83 -07 14 42.5 in 2010.3, moved
    assert "at 2014.0000" in lines[0]
    assert "-8118.9, 679.3 mas/yr, parallax 438.9 mas, as in y" in lines[1]
    assert len(place(EMPTY)) == 1


def test_temperature_in_words() -> None:
    bands = {"w1mpro": 13.997, "w2mpro": 10.629, "w3mpro": 6.104, "w4mpro": 4.495}
    errors = {"w1sigmpro": 0.026, "w2sigmpro": 0.020, "w3sigmpro": 0.015, "w4sigmpro": 0.024}
    lines = heat(warm(bands | errors))
    assert "0.27 pc by its solid angle" in lines[1]
    assert "nearest Y dwarf known is at 2.28 pc" in lines[1]
    assert "nearer_than_any_dwarf" in lines[2]
    assert "at most" not in lines[1]
    assert "at most" in heat(warm(bands | errors | {"w1mpro": 18.0, "w1sigmpro": None}))[1]
    assert heat(warm({"w2mpro": 15.0, "w2sigmpro": 0.1})) == ["no fit: fewer than two bands measured"]
    assert heat(None) == []


@pytest.mark.parametrize(
    ("devices", "jar", "told"),
    [
        ([], "", "no GPU: jobs run on the CPU; no RAPIDS jar"),
        ([], "rapids-4-spark.jar", "no GPU: jobs run on the CPU; rapids-4-spark.jar is not used"),
        (["GPU 0: H200"], "", "GPU 0: H200; no RAPIDS jar, so Spark does not use it: run 'make jars-gpu'"),
        (["GPU 0: H200"], "rapids-4-spark.jar", "GPU 0: H200; rapids-4-spark.jar"),
    ],
)
def test_a_gpu_is_a_state_and_not_a_fault(devices: list[str], jar: str, told: str) -> None:
    assert gpu_state(devices, jar) == told
