"""What may be claimed, and what may not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tasni_spark.core.config import build
from tasni_spark.variability.verdicts import AGAINST, FOR, VERDICTS, VerdictConfig, judge, spelled

BAND: dict[str, float] = {
    "mean_mag": 13.0,
    "n_visits": 21,
    "span_yr": 10.5,
    "slope_mag_per_yr": 0.03,
    "sigma_slope_mag_per_yr": 0.002,
    "log10_q": -8.0,
    "log10_q_subtracted": -6.0,
    "n_controls": 0,
    "drift_mag_per_yr": 0.005,
    "slope_loo_min_mag_per_yr": 0.025,
    "slope_loo_max_mag_per_yr": 0.034,
    "slope_first_mag_per_yr": 0.02,
    "slope_last_mag_per_yr": 0.04,
    "theil_sen_mag_per_yr": 0.03,
    "bic_constant": 100.0,
    "bic_line": -50.0,
    "bic_line_alternate": -48.0,
    "bic_step": 10.0,
    "bic_sine": 0.0,
    "bic_walk": -30.0,
}
FADER: dict[str, Any] = {f"{b}_{k}": v for b in ("w1", "w2") for k, v in BAND.items()}
FADER |= {"motion_arcsec": 0.2, "w2_flux_slope_mag_per_yr": 0.03, "w2_flux_log10_q": -7.0}
NAN = float("nan")
FAINT = {"w1_sigma_slope_mag_per_yr": 0.02, "w1_log10_q": -0.1}
NO_W1 = {k: NAN for k in FADER if k.startswith("w1")}

CASES: list[tuple[dict[str, Any], str, str]] = [
    ({}, "both_bands", "uncalibrated"),
    ({"is_truncated": True}, "truncated", "truncated"),
    ({"w2_n_visits": 5}, "too_short", "too_short"),
    ({"w2_span_yr": 7.9}, "too_short", "too_short"),
    ({"w1_mean_mag": 7.9}, "saturated", "saturated"),
    ({"w2_mean_mag": 6.9}, "saturated", "saturated"),
    ({"is_blended": True}, "blended", "blended"),
    ({"motion_arcsec": 1.6}, "moving", "moving"),
    ({"motion_arcsec": NAN}, "moving", "moving"),
    ({"w2_sigma_slope_mag_per_yr": 0.0051}, "not_measurable", "w2_not_measurable"),
    ({"w1_log10_q": -1.9}, "no_trend", "not_significant"),
    ({"w2_log10_q": -1.9}, "no_trend", "not_significant"),
    ({"w1_log10_q": NAN}, "no_trend", "not_significant"),
    ({"w2_slope_loo_min_mag_per_yr": -0.001}, "disputed", "one_visit_decides"),
    ({"w1_bic_walk": -39.5}, "disputed", "rival_preferred"),
    ({"w1_bic_step": -55.0}, "disputed", "rival_preferred"),
    ({"w2_bic_walk": NAN}, "disputed", "rivals_not_fitted"),
    ({"w2_theil_sen_mag_per_yr": -0.001}, "disputed", "ranks_disagree"),
    ({"w1_drift_mag_per_yr": 0.031}, "uncalibrated", "may_be_drift"),
    ({"w1_drift_mag_per_yr": 0.026}, "uncalibrated", "may_be_drift"),  # without one visit it is drift
    ({"w2_log10_q_subtracted": -1.0}, "uncalibrated", "may_be_drift"),
    ({"w2_drift_mag_per_yr": NAN}, "uncalibrated", "may_be_drift"),
    (
        {"w1_n_controls": 50, "w2_n_controls": 50, "w1_drift_mag_per_yr": 0.1, "w2_drift_mag_per_yr": 0.1},
        "both_bands",
        "",
    ),
    (FAINT, "w2_only", "w1_not_measurable"),
    (NO_W1, "w2_only", "w1_not_measurable"),
    (FAINT | {"w2_log10_q": -2.5}, "disputed", "w1_not_measurable"),
    (FAINT | {"w2_bic_walk": -37.0}, "disputed", "rival_preferred"),
    ({"w2_bic_walk": -37.0}, "both_bands", ""),
    (FAINT | {"w2_flux_log10_q": -2.5}, "disputed", "not_seen_in_flux"),
    (FAINT | {"w2_flux_slope_mag_per_yr": -0.03}, "disputed", "not_seen_in_flux"),
    (FAINT | {"w2_log10_q_subtracted": -2.5}, "uncalibrated", "may_be_drift"),
    (FAINT | {"w1_slope_mag_per_yr": -0.07}, "disputed", "opposite_sign"),
    (FAINT | {"w1_slope_mag_per_yr": -0.05}, "w2_only", "w1_not_measurable"),
]


def mirrored(row: dict[str, Any]) -> dict[str, Any]:
    """The same source, brightening."""
    new = {k: -v if "mag_per_yr" in k and "sigma" not in k else v for k, v in row.items()}
    for b in ("w1", "w2"):
        low, high = (f"{b}_slope_loo_{k}_mag_per_yr" for k in ("min", "max"))
        new[low], new[high] = new[high], new[low]
    return new


def opposite(row: dict[str, Any]) -> dict[str, Any]:
    one = {k: v for k, v in mirrored(row).items() if k.startswith("w1")}
    return row | one


def columns(rows: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    names = {"is_truncated": False, "is_blended": False} | FADER
    return {name: np.array([r.get(name, d) for r in rows]) for name, d in names.items()}


def test_every_rule() -> None:
    rows = [FADER | change for change, *_ in CASES]
    for turned in (rows, [mirrored(r) for r in rows]):
        got = judge(columns(turned))
        assert [VERDICTS[k] for k in got.verdict] == [want for _, want, _ in CASES]
        against = spelled(got.reasons_against, AGAINST)
        for (change, _, reason), found in zip(CASES, against, strict=True):
            assert not reason or reason in found, (change, found)
    assert {want for _, want, _ in CASES} == set(VERDICTS)


def test_opposite_signs_are_no_claim() -> None:
    got = judge(columns([opposite(FADER)]))
    assert VERDICTS[got.verdict[0]] == "disputed"
    assert "opposite_sign" in spelled(got.reasons_against, AGAINST)[0]


def test_a_good_fader_has_every_reason_for_it() -> None:
    got = judge(columns([FADER | {"w1_n_controls": 60, "w2_n_controls": 60}]))
    assert set(spelled(got.reasons_for, FOR)[0]) == set(FOR)
    assert spelled(got.reasons_against, AGAINST) == [[]]


def test_an_absent_column_makes_no_claim() -> None:
    for name in FADER:
        if "mean_mag" in name or "n_controls" in name:
            continue
        verdict = judge({k: [v] for k, v in (FADER | FAINT).items() if k != name}).verdict[0]
        other = judge({k: [v] for k, v in FADER.items() if k != name}).verdict[0]
        if name in ("w2_flux_slope_mag_per_yr", "w2_flux_log10_q"):
            assert VERDICTS[verdict] == "disputed", name
        elif name.startswith("w2") and not any(p in name for p in ("first", "last", "line", "loo")):
            assert VERDICTS[verdict] not in ("both_bands", "w2_only"), name
            assert VERDICTS[other] not in ("both_bands", "w2_only"), name


def test_nothing_to_judge() -> None:
    got = judge({k: np.empty(0) for k in FADER})
    assert len(got.verdict) == len(got.reasons_for) == 0
    blank = judge({"w2_slope_mag_per_yr": [NAN]})
    assert VERDICTS[blank.verdict[0]] == "too_short"


def test_configuration() -> None:
    strict = build(VerdictConfig, {"q_both_bands": 1e-9, "q_w2_only": 1e-10}, "trends")
    assert VERDICTS[judge(columns([FADER]), strict).verdict[0]] == "no_trend"
    with pytest.raises(ValueError, match="q_w2_only"):
        VerdictConfig(q_w2_only=0.5)
