"""Trials, classes and periods on made-up light curves in the layout of the table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tasni_spark.variability import classes, measures, search, trials
from tasni_spark.variability import variability as v

pytestmark = pytest.mark.slow
N_VISITS, N_EXPOSURES = 21, 12


def cadence(n: int) -> np.ndarray:
    rng = np.random.default_rng(n)
    starts = 56700 + 182.625 * np.arange(N_VISITS) + 11.0 * (np.arange(N_VISITS) % 2)
    t = starts[None, :, None] + rng.uniform(-3, 3, (n, 1, 1)) + 0.066 * np.arange(N_EXPOSURES)
    return t.reshape(n, -1)


def curves(t: np.ndarray, w1: Any, w2: Any, error: Any, first: int = 0) -> pa.Table:
    """Rows of `lightcurves`: magnitudes of both bands (n, exposures), and their errors."""
    n, k = t.shape
    at = pa.array(np.arange(n + 1) * k, pa.int32())
    columns: dict[str, Any] = {
        "survey": ["s"] * n,
        "left_survey": ["l"] * n,
        "tile": np.full(n, 16),
        "hpx29": np.arange(first, first + n),
        "id": np.arange(first, first + n),
        "is_truncated": np.zeros(n, bool),
        "is_blended": np.zeros(n, bool),
        "motion_arcsec": np.zeros(n),
        "mjd": pa.ListArray.from_arrays(at, pa.array(t.ravel())),
    }
    for b, m in (("w1", w1), ("w2", w2)):
        columns[f"{b}_mag"] = pa.ListArray.from_arrays(at, pa.array(np.broadcast_to(m, t.shape).ravel(), pa.float32()))
        wide = np.broadcast_to(error, t.shape).ravel()
        columns[f"{b}_error"] = pa.ListArray.from_arrays(at, pa.array(wide, pa.float32()))
        columns[f"{b}_flags"] = pa.ListArray.from_arrays(at, pa.array(np.zeros(n * k, np.int32)))
    return pa.table(columns)


def constant(n: int, seed: int = 0, first: int = 0) -> pa.Table:
    """Constant sources of 11 .. 15 mag whose errors grow to 0.15 mag."""
    rng = np.random.default_rng(seed)
    t = cadence(n)
    mag = rng.uniform(11, 15, (n, 1))
    error = 0.03 + 0.12 * (mag - 11) / 4
    visit = 0.01 * rng.normal(size=(2, n, N_VISITS)).repeat(N_EXPOSURES, axis=2)
    noise = error * rng.normal(size=(2, *t.shape)) + visit
    return curves(t, mag + noise[0], mag + noise[1], np.broadcast_to(error, t.shape), first)


def test_pieces_of_a_table_give_the_rows_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = []
    for k in range(25):  # of unequal length
        part = constant(1, k, k)
        arrays = [n for n in part.column_names if n == "mjd" or n[:2] in ("w1", "w2")]
        shorter = {n: pa.array([part[n][0].as_py()[k:]], part[n].type) for n in arrays}
        parts.append(pa.table(dict(zip(part.column_names, part.columns, strict=True)) | shorter))
    many = pa.concat_tables(parts)

    def found(curves: pa.Table) -> dict[str, pa.Table]:
        made = measures.tables_of(curves, v.VariabilityConfig(), v.WRITES)
        return {
            n: t.sort_by([(c, "ascending") for c in ("id", "band") if c in t.column_names]) for n, t in made.items()
        }

    whole = found(many.combine_chunks())
    monkeypatch.setattr(measures, "PIECE_CURVES", 7)
    for part, kept in ((many, many["id"]), (many.combine_chunks()[3:], many["id"][3:])):
        for name, rows in found(part).items():
            wanted = whole[name].filter(pc.field("id").isin(kept.combine_chunks()))
            pd.testing.assert_frame_equal(rows.to_pandas(), wanted.to_pandas(), rtol=1e-12, obj=name)
    assert {len(t) for t in measures.tables_of(many[:0], v.VariabilityConfig(), v.WRITES).values()} == {0}


def test_trials_tell_completeness_and_false_alarms() -> None:
    cfg = trials.InjectionsConfig(one_in=1, slope_mag_per_yr=(0.02, 0.1))
    rows = trials.rows_of(constant(1500), cfg).to_pandas()
    assert len(rows) > 1200
    assert set(rows["kind"]) == set(trials.TRIALS)
    null = rows["kind"].isin(trials.NULLS)
    assert rows["is_claim"][null].sum() <= 1
    fades = rows[rows["kind"].isin(["linear", "exponential"]) & (rows["w2_mean_mag"] < 13)]
    assert len(fades) > 150
    assert fades["is_claim"].mean() > 0.9
    claimed = rows[rows["is_claim"] & rows["slope_mag_per_yr"].notna()]
    assert (np.sign(claimed["slope_mag_per_yr"]) == claimed["sign"]).all()
    straight = fades[fades["kind"] == "exponential"]
    away = np.abs(straight["w2_slope_mag_per_yr_found"] - straight["slope_mag_per_yr"])
    assert (away < 4 * straight["w2_sigma_slope_mag_per_yr_found"]).mean() > 0.98
    counts = rows.groupby(["kind", "class"]).size().reset_index(name="n")
    taught = classes.record(counts["kind"], counts["class"], counts["n"])
    assert taught["fading"][0] > 0.8
    assert taught["fading"][1] < 0.01
    assert taught["constant"][1] > 0.8


def test_a_trial_belongs_to_its_source() -> None:
    cfg = trials.InjectionsConfig(one_in=2)
    whole = trials.rows_of(constant(300), cfg)
    part = trials.rows_of(constant(300).slice(100, 120), cfg)
    ids = set(part["id"].to_pylist())
    same = whole.filter(pa.array([i in ids for i in whole["id"].to_pylist()]))
    assert 20 < len(part) < 100
    assert same.drop_columns(["w2_mean_mag"]).equals(part.drop_columns(["w2_mean_mag"]))
    other = trials.rows_of(constant(300), trials.InjectionsConfig(one_in=2, seed=2))
    assert other["id"].to_pylist() != whole["id"].to_pylist()
    assert len(trials.rows_of(constant(3).slice(0, 0), cfg)) == 0


def test_every_class_has_its_rule() -> None:
    quiet = {"n_exposures": 250.0, "rchi2": 1.0, "stetson_j": 0.0, "skew": 0.0}
    cases = {
        "constant": ({}, 0, False),
        "fading": ({"rchi2": 5.0}, 1, True),
        "brightening": ({}, -1, False),
        "periodic": ({"rchi2": 3.0, "stetson_j": 1.0}, 0, True),
        "flaring": ({"rchi2": 3.0, "skew": -5.0, "stetson_j": 1.0}, 0, False),
        "stochastic": ({"rchi2": 3.0, "stetson_j": 1.0}, 0, False),
        "unknown": ({"rchi2": 1.6}, 0, False),
        "unmeasured": ({"n_exposures": 29}, 0, False),
    }
    values = {
        b: {n: np.array([(quiet | change)[n] for change, _, _ in cases.values()]) for n in classes.USED}
        for b in ("w1", "w2")
    }
    claim, period = ([c[k] for c in cases.values()] for k in (1, 2))
    found = classes.classify(values, claim, period)
    assert [classes.CLASSES[k] for k in found] == list(cases)
    one_band = {b: {n: v.copy() for n, v in of.items()} for b, of in values.items()}
    one_band["w1"]["n_exposures"][:] = 0
    alone = [classes.CLASSES[k] for k in classes.classify(one_band, claim, period)]
    assert alone[0] == "constant", "a band without exposures says nothing"
    assert alone[5] == "unknown", "what one band shows alone is not yet the source"


def test_the_record_of_trials() -> None:
    kinds = ["none", "none", "linear", "linear", "walk"]
    found = ["constant", "fading", "fading", "constant", "stochastic"]
    taught = classes.record(kinds, found, [98, 2, 60, 40, 10])
    assert taught["fading"] == pytest.approx((0.6 / 0.62, 0.02))
    assert taught["constant"] == pytest.approx((0.98 / 1.38, 0.98))
    assert taught["stochastic"] == (1.0, 0.0)
    assert np.isnan(taught["flaring"][0])


@pytest.mark.parametrize(
    ("period", "which"), [(0.31, "within_visits"), (0.31, "exposures"), (34.46, "exposures"), (800.0, "visits")]
)
def test_periods_are_found_by_the_search_that_can(period: float, which: str) -> None:
    rng = np.random.default_rng(3)
    t = cadence(2)
    signal = np.array([[0.0], [0.15]]) * np.sin(2 * np.pi * t / period)
    noise = 0.03 * rng.normal(size=(2, *t.shape))
    table = curves(t, 12 + signal + noise[0], 12 + signal + noise[1], 0.03)
    cfg = search.PeriodsConfig(nulls=10)
    rows = search.rows_of(table, cfg).to_pandas()
    assert set(rows["id"]) == {1}, "the constant source does not pass the screen"
    row = rows[rows["search"] == which].iloc[0]
    alike = [row["period_d"], *row["aliases_d"]]
    assert any(abs(1 / p - 1 / period) < 2 / row["span_d"] for p in alike)
    assert row["log10_p_white"] < -10
    assert row["log10_false_alarm"] < -3
    assert row["amplitude_mag"] == pytest.approx(0.15, rel=0.25)
    assert 0 <= row["window"] <= 1


def test_the_screen_loses_little_that_a_search_would_find() -> None:
    """Sines of one sigma pass, nine in ten, and of constant curves few; at 0.85 sigma one in three is lost."""
    n = 2000
    rng = np.random.default_rng(4)
    t = cadence(n)
    period = 10 ** rng.uniform(-0.7, 2.5, (n, 1))
    amplitude = 0.05 * np.choose(np.arange(n) % 3, [0.0, 0.85, 1.0])[:, None]
    m = 12 + amplitude * np.sin(2 * np.pi * (t / period + rng.random((n, 1)))) + 0.05 * rng.normal(size=t.shape)
    x = measures.exposures_of(curves(t, m, m, 0.05), ())
    _, passes, _ = search.screen(measures.values_of(x, measures.visits_of(x), None), search.PeriodsConfig())
    assert passes[2::3].mean() > 0.9
    assert 0.5 < passes[1::3].mean() < 0.95
    assert passes[::3].mean() < 0.01
