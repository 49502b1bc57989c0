"""Periodograms against astropy; aliases, windows and false alarms."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.timeseries import LombScargle

from tasni_spark.variability import aliases, nulls, periods, sums

SHORT = periods.PeriodConfig(highest_per_d=0.5)


def cadence(seed: int = 0, n_visits: int = 21) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    starts = 56700 + 182.625 * np.arange(n_visits) + rng.uniform(-12, 12, n_visits)
    t = (starts[:, None] + 0.066 * np.arange(12)).ravel()
    return t, rng.uniform(0.02, 0.05, t.size)


@pytest.mark.parametrize("method", ["fft", "direct"])
def test_against_astropy(method: str) -> None:
    t, e = cadence()
    y = 12 + 0.05 * np.sin(2 * np.pi * t / 3.7) + e * np.random.default_rng(1).normal(size=t.size)
    p = periods.periodogram(t, y, e, periods.PeriodConfig(0.5, method=method))
    want = LombScargle(t, y, e).power(p.frequency, method="slow")
    assert len(want) > 5000
    assert np.abs(p.power - want).max() < (1e-9 if method == "direct" else 1e-6)
    assert p.power.argmax() == want.argmax()
    w = e**-2 / (e**-2).sum()
    window = np.abs([np.sum(w * np.exp(2j * np.pi * f * t)) for f in p.frequency[::97]]) ** 2
    assert np.abs(p.window[::97] - window).max() < 2e-6


def test_a_grid_may_begin_high_and_the_highest_peak_costs_no_window() -> None:
    t, e = cadence(2)
    y = 12 + 0.1 * np.sin(2 * np.pi * t / 0.31) + e * np.random.default_rng(3).normal(size=t.size)
    whole = periods.periodogram(t, y, e, periods.PeriodConfig(4.0))
    for method in ("nifty", "fft", "direct"):
        c = periods.PeriodConfig(4.0, 3.0, method=method)
        part = periods.periodogram(t, y, e, c)
        assert part.frequency[0] == pytest.approx(3.0, abs=part.df)
        assert part.power == pytest.approx(whole.power[-len(part.power) :], abs=1e-5)
        assert part.peaks(1, 0.01)[0][0] == pytest.approx(1 / 0.31, abs=1e-3)
        assert periods.highest(t, y, e, c) == pytest.approx(part.power.max(), abs=1e-9)


def test_exponential_sums() -> None:
    rng = np.random.default_rng(4)
    phase, values = rng.uniform(-3, 3, 50), rng.normal(size=50)
    phase[:3] = 0.0, 1e-12, 1 - 1e-12
    for n in (1, 7, 1000):
        want = (values * np.exp(2j * np.pi * np.arange(n)[:, None] * phase)).sum(1)
        assert np.abs(sums.exponential_sums(phase, values, n) - want).max() < 1e-7 * np.abs(values).sum()


def test_fast_length() -> None:
    smooth = sorted({2**a * 3**b * 5**c for a in range(15) for b in range(10) for c in range(7)})
    for n in (2, 7, 11, 97, 1000, 1025, 9999):
        assert sums.fast_length(n) == next(s for s in smooth if s >= n)


def test_the_grid_is_honest() -> None:
    t, e = cadence()
    p = periods.periodogram(t, 12 + e, e, SHORT)
    assert p.df <= 1 / (5 * np.ptp(t)) * (1 + 1e-12)
    assert p.frequency[-1] == pytest.approx(0.5, abs=p.df)


@pytest.mark.parametrize("period", [0.21, 1.7, 40.3, 611.0])
def test_an_injected_period_or_its_alias_comes_out(period: float) -> None:
    t, e = cadence(2)
    y = 12 + 0.2 * np.sin(2 * np.pi * t / period) + e * np.random.default_rng(3).normal(size=t.size)
    p = periods.periodogram(t, y, e)
    f, _ = p.peaks(1, 1 / np.ptp(t))
    family = np.concatenate([f, aliases.family(f[0], np.ptp(t), 9.6)])
    assert np.abs(family - 1 / period).min() < 1 / np.ptp(t)


def test_peaks_are_apart_and_in_order() -> None:
    t, e = cadence()
    p = periods.periodogram(t, 12 + e * np.random.default_rng(0).normal(size=t.size), e, SHORT)
    f, power = p.peaks(10, 1 / np.ptp(t))
    assert power[0] == p.power.max()
    assert (np.diff(power) <= 0).all()
    assert np.diff(np.sort(f)).min() > 1 / np.ptp(t)


def test_too_few_exposures_have_no_period() -> None:
    for k in (0, 1, 3):
        p = periods.periodogram(np.arange(k), np.ones(k), np.ones(k))
        assert len(p.power) == len(p.frequency) == 0
    t, e = cadence()
    assert periods.periodogram(t, t * 0 + 12, e, SHORT).power.max() == pytest.approx(0, abs=1e-6)
    assert len(periods.periodogram(t * 0 + 5, t, e).power) == 0


def test_aliases() -> None:
    span = 3800.0
    on = [1 / 182.625, 3 / 182.625 + 0.9 / span, 1 / 365.25, 2.0, 1440 / 95]
    tags = aliases.tags([*on, 0.00417], span)
    assert all(tags[:5] > 0)
    assert tags[5] == 0
    assert tags[3] >> 2 & 1
    assert not tags[0] >> 2 & 1
    assert aliases.families([0.3, 0.3 + 1 / 182.625, 0.41, 1 - 0.3, 0.41 + 2.0], span).tolist() == [0, 0, 2, 0, 2]
    family = aliases.family(0.3, span, 9.6)
    for g in (0.3 + 1 / 182.625, 0.7, 1.3, 0.3 - 2 / 365.25):
        assert np.abs(family - g).min() < 1e-9
    assert (np.diff(family) > 0).all()
    assert family.max() < 9.6


def test_detrending_and_visit_means() -> None:
    t, e = cadence()
    v = nulls.visit_numbers(t)
    side = 1.0 - 2 * (v % 2)
    assert np.abs(periods.detrended(t, 12 + 1e-4 * t + 0.03 * side, e, side)).max() < 1e-8
    m = 12 + 0.1 * v + np.where(np.arange(t.size) % 2, 0.01, -0.01)
    flat = periods.without_visit_means(m, e, v)
    assert np.abs([np.average(flat[v == k], weights=e[v == k] ** -2) for k in range(21)]).max() < 1e-12
    limits = np.where(np.arange(t.size) == 4, np.nan, e)
    assert np.isfinite(periods.without_visit_means(m, limits, v)).all()


def test_nulls_keep_what_they_should() -> None:
    t, _ = cadence()
    v = nulls.visit_numbers(t)
    new = nulls.permuted_visits(t, 30.0, np.random.default_rng(1))
    assert sorted(nulls.visit_numbers(np.sort(new))) == sorted(v)
    for k in range(21):
        assert np.diff(new[v == k]) == pytest.approx(np.diff(t[v == k]), abs=1e-9)
    assert len({float(np.round(x)) for x in new[np.diff(v, prepend=-1) > 0]}) == 21
    inside = nulls.permuted_exposures(t, 30.0, np.random.default_rng(1))
    assert (nulls.visit_numbers(np.sort(inside)) == v).all()
    assert all(np.array_equal(np.sort(inside[v == k]), t[v == k]) for k in range(21))
    assert not np.array_equal(inside, t)
    back = nulls.reversed_time(t)
    assert (back[0], back[-1]) == (t[-1], t[0])
    assert np.diff(back) == pytest.approx(-np.diff(t), abs=1e-9)


def test_false_alarms() -> None:
    t, e = cadence()
    quick = periods.PeriodConfig(highest_per_d=0.05)
    v = nulls.visit_numbers(t)
    rng = np.random.default_rng(8)
    p = []
    for _ in range(60):  # red noise that lives within visits: exposures are not independent
        y = 12 + rng.normal(0, 0.05, 21)[v] + e * rng.normal(size=t.size)
        p.append(nulls.log10_false_alarm(t, y, e, quick, nulls=20, seed=int(rng.integers(1 << 30))))
    assert np.isfinite(p).all()
    assert np.mean(np.array(p) < -1) <= 0.1 + 3 * np.sqrt(0.1 * 0.9 / 60)
    y = 12 + 0.3 * np.sin(2 * np.pi * t / 71.0) + e * rng.normal(size=t.size)
    assert nulls.log10_false_alarm(t, y, e, quick, nulls=20) < -3
    y = 12 + 0.1 * np.sin(2 * np.pi * t / 0.31) + e * rng.normal(size=t.size)
    fast = periods.PeriodConfig(highest_per_d=4.0)
    assert nulls.log10_false_alarm(t, y, e, fast, nulls=10, blocks="exposures") < -3
    assert np.isnan(nulls.log10_false_alarm(t[:12], y[:12], e[:12]))
    with pytest.raises(ValueError, match="blocks"):
        nulls.log10_false_alarm(t, y, e, blocks="years")


def test_nifty_agrees_where_it_is_installed() -> None:
    pytest.importorskip("nifty_ls", reason="nifty-ls is not installed")
    t, e = cadence()
    y = 12 + 0.05 * np.sin(2 * np.pi * t / 3.7) + e * np.random.default_rng(1).normal(size=t.size)
    a, b = (periods.periodogram(t, y, e, periods.PeriodConfig(method=m)).power for m in ("nifty", "fft"))
    assert np.abs(a - b).max() < 1e-5
    assert a.argmax() == b.argmax()
