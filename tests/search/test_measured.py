"""Photometry by UCD, limits as limits, temperature of the published objects."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from tasni_spark.ingest.survey import load
from tasni_spark.search.measured import flags, measures, thermal_flags, warm

REFERENCE = Path(__file__).resolve().parents[2] / "conf" / "reference"


def fields(survey: str) -> list[Any]:
    return list(load(survey).tables(tiled=True)[0].columns)


def known(file: str, name: str) -> dict[str, Any]:
    lines = [line for line in (REFERENCE / file).read_text().splitlines() if not line.startswith("#")]
    row = next(r for r in csv.DictReader(lines) if name in r["name"])
    wise = [f"w{b}{c}mpro" for b in "1234" for c in ("", "sig")]
    return row | {n: float(row[n]) if row[n] else None for n in wise}


def test_limits_are_those_whose_error_is_null() -> None:
    row = known("y_dwarfs.csv", "J182831.08")
    told = {m.column: m for m in measures("allwise", fields("allwise"), row)}
    assert {n: (m.value, m.error, m.is_limit) for n, m in told.items()} == {
        "w1mpro": (18.248, None, True),
        "w2mpro": (14.353, 0.045, False),
        "w3mpro": (12.444, 0.338, False),
        "w4mpro": (8.505, None, True),
    }
    assert {m.unit for m in told.values()} == {"mag"}


def test_a_column_without_errors_is_no_limit() -> None:
    row = {"w1mpro": 15.0, "w1sigmpro": 0.1, "w1mpro_pm": 15.1, "w2mpro": 14.0, "w2sigmpro": None}
    told = measures("catwise2020", fields("catwise2020"), row)
    assert [(m.column, m.error, m.is_limit) for m in told] == [
        ("w1mpro", 0.1, False),
        ("w1mpro_pm", None, False),
        ("w2mpro", None, True),
    ]
    assert [m.unit for m in measures("nvss", fields("nvss"), {"s1400": 5.0, "e_s1400": 0.5})] == ["mJy"]


def test_flags() -> None:
    row = {"ph_qual": "AAUU", "cc_flags": "0000", "w1sat": 0.0, "w1mpro": 12.0, "moon_lev": None}
    found = flags(fields("allwise"), row)
    assert {n: v for n, (v, _) in found.items()} == {"w1sat": 0.0, "cc_flags": "0000", "ph_qual": "AAUU"}
    assert "limit" in found["ph_qual"][1]


def test_the_first_orphan_would_be_nearer_than_any_dwarf() -> None:
    heat = warm(known("fading_orphans.csv", "J143046.35"))
    assert heat is not None
    assert heat["distance_if_dwarf_pc"] == pytest.approx(0.28, abs=0.01)
    assert "nearer_than_any_dwarf" in thermal_flags(heat["thermal_flags"])
    assert warm({"w1": 3.0}) is None


def test_a_missing_number_is_none_and_not_nan() -> None:
    heat = warm({"w2mpro": 15.0, "w2sigmpro": 0.1})
    assert heat is not None
    assert heat["temperature_k"] is None
    assert "no_fit" in thermal_flags(heat["thermal_flags"])
