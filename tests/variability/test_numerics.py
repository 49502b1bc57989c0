"""Sorting, tail probabilities, random numbers, false-discovery rates, fluxes: against numpy, scipy and brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from tasni_spark.variability import draws, fdr, flux, order, special
from tasni_spark.variability.exposures import of_source, ordered


@pytest.mark.parametrize("n", [1, 2, 3, 12, 24, 25, 26, 100, 241, 5000])
@pytest.mark.parametrize("kind", ["normal", "outlier", "ties", "equal", "lumps"])
def test_order_statistics(n: int, kind: str) -> None:
    rng = np.random.default_rng(n)
    values = rng.normal(size=n)
    if kind == "outlier":
        values[n // 2] = 1e9  # squeezes all others into one bucket
    if kind == "ties":
        values = np.round(values, 1)
    if kind == "equal":
        values[:] = 3.25
    if kind == "lumps":
        values = rng.choice([0.0, 1.0, 7.0], n) + 1e-9 * values
    x, spare, bucket = values.copy(), np.empty(n), np.empty(n + 1, np.int64)
    order.sort(x, n, spare, np.empty(3 * n, np.int32))
    assert (x == np.sort(values)).all()
    assert order.median_sorted(x, n) == np.median(values)
    assert order.mad_sorted(x, n) == pytest.approx(stats.median_abs_deviation(values), rel=1e-12, abs=1e-15)
    for q in (0.0, 0.1, 0.25, 0.75, 1.0):
        assert order.quantile_sorted(x, n, q) == pytest.approx(np.quantile(values, q), rel=1e-12, abs=1e-14)
    assert order.median(values.copy(), n, bucket) == np.median(values)
    assert order.select(values.copy(), n, n // 3) == np.sort(values)[n // 3]


def test_exposures_are_ordered_only_where_they_must_be() -> None:
    t, m, e = np.array([1.0, 2.0, 2.0, 5.0, 3.0, np.nan, 4.0]), np.arange(7.0), np.arange(7.0) + 0.5
    x = ordered([0, 3, 3, 7], t, m, e)
    assert x.at.tolist() == [0, 3, 3, 6]
    assert x.mjd.tolist() == [1.0, 2.0, 2.0, 3.0, 4.0, 5.0]
    assert of_source(x, 2)[1].tolist() == [4.0, 6.0, 3.0]
    assert (x.err == x.mag + 0.5).all()
    again = ordered(*x)
    assert all(np.shares_memory(a, b) for a, b in zip(again[1:], x[1:], strict=True))
    assert [len(a) for a in ordered([0, 1], [np.inf], [1.0], [1.0])] == [2, 0, 0, 0]


def test_student_tail() -> None:
    for dof in (1, 2, 3, 9, 18, 19, 200):
        for t in (0.0, 1e-2, 0.3, 1.0, 2.5, 8.0, 50.0, 1e4):
            want = stats.t.logsf(t, dof) / math.log(10) + math.log10(2)
            if np.isinf(want):
                continue  # scipy gives up at the smallest double
            assert special.log10_p_student(-t, dof) == pytest.approx(want, rel=1e-9, abs=1e-12), (t, dof)
    assert special.log10_p_student(1e-6, 1) == pytest.approx(math.log10(math.e) * -2e-6 / math.pi, rel=1e-6)
    # far beyond the smallest double, the leading term of the tail
    t, dof = 1e60, 19
    ln_c = math.lgamma((dof + 1) / 2) - math.lgamma(dof / 2) - 0.5 * math.log(dof * math.pi)
    want = (math.log(2) + ln_c + (dof + 1) / 2 * math.log(dof) - math.log(dof) - dof * math.log(t)) / math.log(10)
    assert special.log10_p_student(t, dof) == pytest.approx(want, rel=1e-9)
    assert special.log10_p_student(math.inf, 5) == -math.inf
    assert math.isnan(special.log10_p_student(1.0, 0))
    assert math.isnan(special.log10_p_student(math.nan, 5))


def test_normal_tail() -> None:
    for z in (0.0, 0.5, 3.0, 20.0, 29.9, 30.1, 37.0, 200.0, 1e6):
        want = (stats.norm.logsf(z) + math.log(2)) / math.log(10)
        assert special.log10_p_normal(-z) == pytest.approx(want, rel=1e-9, abs=1e-12), z


def test_random_numbers_belong_to_a_source() -> None:
    ids = np.arange(-50_000, 50_000)
    u = draws.uniform(ids, 3, 1)
    assert stats.kstest(u, "uniform").pvalue > 1e-3
    assert (draws.uniform(ids[::-1], 3, 1)[::-1] == u).all()
    g = draws.normal(np.repeat(ids[:400], 250), 3, 1, np.tile(np.arange(250), 400))
    assert stats.kstest(g, "norm").pvalue > 1e-3
    others = (draws.uniform(ids, 4, 1), draws.uniform(ids, 3, 2), draws.uniform(ids, 3, 1, 1))
    assert all(abs(np.corrcoef(u, v)[0, 1]) < 0.015 for v in others)
    assert ((u > 0) & (u < 1)).all()


def test_false_discovery_rate() -> None:
    rng = np.random.default_rng(3)
    p = rng.uniform(size=400) ** 3
    want = stats.false_discovery_control(p)
    salted = np.concatenate([np.log10(p), [np.nan, np.nan]])
    assert 10 ** fdr.log10_q(salted)[:400] == pytest.approx(want, rel=1e-9)
    assert np.isnan(fdr.log10_q(salted)[400:]).all()
    small = p < 0.05  # the rest was never kept: m makes up for it
    kept = 10 ** fdr.log10_q(np.log10(p[small]), 400)
    assert (kept >= want[small] - 1e-12).all()
    assert kept[kept < 0.05] == pytest.approx(want[small][kept < 0.05], rel=1e-9)
    assert fdr.log10_q([-400.0, 0.0], 10**9).tolist() == pytest.approx([-391.0, 0.0])
    assert len(fdr.log10_q([])) == 0
    with pytest.raises(ValueError, match="2 tests"):
        fdr.log10_q([-1.0, -2.0, -3.0], 2)


def test_fluxes_and_limits() -> None:
    mag, err = np.array([12.0, 16.0, 17.0, np.nan]), np.array([0.02, 0.2, np.nan, np.nan])
    f, e = flux.to_flux(mag, err)
    assert f[0] == pytest.approx(10 ** (0.4 * 10.5))
    assert f[2] == e[2] == pytest.approx(10 ** (0.4 * 5.5) / 2)
    assert np.isnan(f[3])
    again, error = flux.to_mag(f[:2], e[:2])
    assert again == pytest.approx(mag[:2])
    assert error == pytest.approx(err[:2])
    limit, null = flux.to_mag(np.array([-5.0, 5.0]), np.array([10.0, 10.0]))
    assert limit == pytest.approx(22.5 - 2.5 * np.log10([20.0, 25.0]))
    assert np.isnan(null).all()


def test_relative_magnitudes_keep_the_faint_half() -> None:
    rng = np.random.default_rng(5)
    f = 20 + 10 * rng.normal(size=240)
    m, e, mean = flux.relative_mag([0, 240, 240], f, np.full(240, 10.0))
    assert mean[0] == pytest.approx(f.mean())
    assert np.isnan(mean[1])
    assert np.isfinite(m).all()
    assert m.mean() == pytest.approx(0, abs=1e-12)
    assert e[0] == pytest.approx(1.0857362 * 10 / f.mean())
    small = flux.relative_mag([0, 2], [1.0, 1.001], [0.1, 0.1])[0]
    assert small[1] - small[0] == pytest.approx(-2.5 * math.log10(1.001), rel=1e-3)
    assert np.isnan(flux.relative_mag([0, 2], [-1.0, -2.0], [1.0, 1.0])[0]).all()
