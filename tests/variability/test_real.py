"""The facts of the real exposures, with and without the rows that are upper limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tasni_spark.variability import periods, suite, trend, visits

FADERS = {"J231029.40-060547.3": 0.052564, "J193547.43+601201.5": 0.022915, "J143046.35-025927.8": 0.025460}
J1430 = "J143046.35-025927.8"
BANDS = {"w1": visits.W1, "w2": visits.W2}


@pytest.fixture(scope="module")
def epochs(real: Path) -> pd.DataFrame:
    return pd.read_parquet(real / "wise" / "neowise_epochs.parquet").sort_values(["designation", "mjd"])


@pytest.fixture(scope="module")
def curves(epochs: pd.DataFrame) -> dict[str, Any]:
    """Frames of quality 5 and more, in Arrow's layout, and the statistics of both bands."""
    good = epochs[epochs["qual_frame"] >= 5]
    names, starts = np.unique(good["designation"].to_numpy(str), return_index=True)
    at = np.append(starts, len(good))
    out: dict[str, Any] = {"name": names, "offsets": at, "good": good}
    for band, config in BANDS.items():
        values = [good[c].to_numpy(float) for c in ("mjd", f"{band}mpro_ep", f"{band}sigmpro_ep")]
        out[band] = suite.statistics(at, *values, config)
        out[f"{band}_visits"] = visits.group(at, *values, config)
    return out


def test_rows_and_truncation(epochs: pd.DataFrame) -> None:
    counts = epochs.groupby("designation").size()
    assert (len(epochs), len(counts), int((counts == 500).sum())) == (38_700, 100, 36)
    assert counts.max() == 500  # nothing goes beyond the cap


def test_published_slopes_hold_limits_and_ours_do_not(epochs: pd.DataFrame) -> None:
    for name, want in FADERS.items():
        g = epochs[(epochs["designation"] == name) & epochs["w1mpro_ep"].notna()]
        t, m = g["mjd"].to_numpy() / 365.25, g["w1mpro_ep"].to_numpy(float)
        assert trend.line(t, m, np.ones(len(t)), 0, len(t))[0] == pytest.approx(want, abs=1e-6)
    g = epochs[(epochs["designation"] == J1430) & epochs["w1mpro_ep"].notna()]
    is_limit = g["w1sigmpro_ep"].isna().to_numpy()
    t, m = g["mjd"].to_numpy() / 365.25, g["w1mpro_ep"].to_numpy(float)
    slope, variance, _, chi2 = trend.line(t, m, np.ones(len(t)), 0, len(t))
    error = np.sqrt(variance * chi2 / (len(t) - 2))
    assert error == pytest.approx(0.00963, rel=0.01)
    assert 2 * stats.t.sf(slope / error, len(t) - 2) == pytest.approx(0.00865, rel=0.01)
    if is_limit.any():
        ours = trend.line(t[~is_limit], m[~is_limit], np.ones(int((~is_limit).sum())), 0, int((~is_limit).sum()))[0]
        assert ours != pytest.approx(slope, abs=1e-5)


def test_published_scatter(epochs: pd.DataFrame) -> None:
    g = epochs[(epochs["designation"] == J1430) & epochs["w1mpro_ep"].notna()]
    m, e = g["w1mpro_ep"].to_numpy(float), g["w1sigmpro_ep"].to_numpy(float)
    assert m.std(ddof=1) == pytest.approx(0.50232, rel=1e-4)
    use = np.isfinite(e)
    assert (((m - m[use].mean()) / e)[use] ** 2).sum() / (use.sum() - 1) == pytest.approx(92.503, rel=0.01)


def test_limits(epochs: pd.DataFrame) -> None:
    names, starts = np.unique(epochs["designation"].to_numpy(str), return_index=True)
    at = np.append(starts, len(epochs))
    for band, want in (("w1", 171), ("w2", 27)):
        m, e = (epochs[c].to_numpy(float) for c in (f"{band}mpro_ep", f"{band}sigmpro_ep"))
        assert int((np.isfinite(m) & np.isnan(e)).sum()) == want
        got = suite.statistics(at, epochs["mjd"].to_numpy(), m, e)
        assert got["n_exposures"].sum() == np.isfinite(m * e).sum()
        assert np.isfinite(got["rms_mag"]).all()
    assert len(names) == 100


def test_visits_of_the_faders(curves: dict[str, Any]) -> None:
    for name, want in zip(FADERS, (21, 12, 22), strict=True):
        k = int(np.searchsorted(curves["name"], name))
        g = curves["good"][curves["good"]["designation"] == name]
        for gap in (30.0, 60.0):
            v = visits.group([0, len(g)], g["mjd"], g["w1mpro_ep"], g["w1sigmpro_ep"], visits.VisitConfig(gap_d=gap))
            assert len(v.mjd) == want
        assert np.diff(curves["w1_visits"].offsets)[k] == want


def test_the_slope_of_j2310(curves: dict[str, Any]) -> None:
    k = int(np.searchsorted(curves["name"], "J231029.40-060547.3"))
    for band, slope, sigma, tolerance in (("w1", 49.8, 3.0, 2.0), ("w2", 30.7, 1.7, 1.5)):
        assert curves[band]["slope_mag_per_yr"][k] * 1e3 == pytest.approx(slope, abs=tolerance)
        assert curves[band]["sigma_slope_mag_per_yr"][k] * 1e3 == pytest.approx(sigma, abs=0.3)
        assert curves[band]["log10_p"][k] < -9


def test_visit_errors_are_honest(curves: dict[str, Any]) -> None:
    """About a line, half of the sources scatter no more than their errors say; W2's floor is on the safe side."""
    for band, low in (("w1", 0.85), ("w2", 0.7)):
        assert low < np.median(curves[band]["rchi2_line"]) < 1.05


def test_64_may_carry_a_claim(epochs: pd.DataFrame, curves: dict[str, Any]) -> None:
    whole = epochs.groupby("designation").size().to_numpy() < 500
    spans = epochs.groupby("designation")["mjd"].agg(np.ptp).to_numpy() / 365.25
    assert int((whole & (spans >= 8)).sum()) == 64
    assert (curves["w2"]["span_yr"][whole] > 8).all()


def test_the_published_period_is_an_accident_of_its_grid(epochs: pd.DataFrame) -> None:
    g = epochs[epochs["designation"] == J1430]
    t, m, e = (g[c].to_numpy(float) for c in ("mjd", "w1mpro_ep", "w1sigmpro_ep"))
    coarse = np.linspace(1e-3, 2, 10_000)
    power, _ = periods.power_at(t, m, e, coarse)
    assert 1 / coarse[power.argmax()] == pytest.approx(116.320, abs=1e-3)
    assert power.max() == pytest.approx(0.6514, abs=1e-3)
    p = periods.periodogram(t, m, e, periods.PeriodConfig(highest_per_d=2.0))
    best = p.frequency[p.power.argmax()]
    assert p.power.max() > power.max() + 0.02
    assert abs(1 / best - 116.32) > 100
