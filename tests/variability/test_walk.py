"""The damped random walk against the dense covariance matrix and scipy's optimiser."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize, stats

from tasni_spark.tables.statistics import WALK
from tasni_spark.variability import walk


def curve(seed: int, tau: float, sd: float, n: int = 22, slope: float = 0.0) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    t = 0.5 * np.arange(n) + rng.uniform(-0.03, 0.03, n)
    t -= t[0]
    e = rng.uniform(0.01, 0.02, n)
    cov = sd**2 * np.exp(-np.abs(t[:, None] - t) / tau) + np.diag(e**2)
    return t, slope * t + rng.multivariate_normal(np.zeros(n), cov), e**-2


def dense(t: np.ndarray, y: np.ndarray, w: np.ndarray, tau: float, sd: float, is_line: bool) -> tuple[float, ...]:
    cov = sd**2 * np.exp(-np.abs(t[:, None] - t) / tau) + np.diag(1 / w)
    x = np.column_stack([np.ones_like(t), t])[:, : 1 + is_line]
    inverse = np.linalg.inv(cov)
    normal = np.linalg.inv(x.T @ inverse @ x)
    b = normal @ x.T @ inverse @ y
    f = -2 * stats.multivariate_normal(x @ b, cov).logpdf(y)
    return (f, b[1], normal[1, 1]) if is_line else (f, 0.0, 0.0)


@pytest.mark.parametrize("is_line", [False, True])
@pytest.mark.parametrize(("tau", "sd"), [(0.1, 0.05), (1.0, 0.1), (30.0, 0.3), (3.0, 1e-4)])
def test_likelihood(tau: float, sd: float, is_line: bool) -> None:
    t, y, w = curve(1, 1.0, 0.1)
    got = walk.deviance(t, y, w, len(t), tau, sd, is_line)
    assert got == pytest.approx(dense(t, y, w, tau, sd, is_line), rel=1e-9)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.slow
def test_optimum(seed: int) -> None:
    t, y, w = curve(seed, (0.5, 1.0, 3.0)[seed % 3], 0.1, slope=0.02 * (seed > 2))
    for is_line in (False, True):
        f, tau, sd, slope, variance = walk.best_walk(t, y, w, len(t), is_line)
        bounds = [(math.log(0.05), math.log(10 * t[-1])), (-9.0, 2.0)]
        starts = [(math.log(a), math.log(b)) for a in (0.1, 1.0, 10.0) for b in (0.03, 0.3)]
        found = [
            optimize.minimize(
                lambda p, k=is_line: dense(t, y, w, math.exp(p[0]), math.exp(p[1]), k)[0],
                s,
                bounds=bounds,
                method="L-BFGS-B",
            )
            for s in starts
        ]
        best = min(found, key=lambda r: r.fun)
        assert f == pytest.approx(best.fun, abs=1e-3)
        assert (f, slope, variance) == pytest.approx(dense(t, y, w, tau, sd, is_line), rel=1e-9)


def test_statistics_of_a_walk() -> None:
    t, y, w = curve(2, 1.0, 0.2)
    out = np.empty(len(WALK))
    walk.walk(t, y, w, len(t), 0.0, out)
    got = dict(zip((s.name for s in WALK), out, strict=True))
    ln_n = math.log(len(t))
    f = dense(t, y, w, got["walk_tau_yr"], got["walk_sd_mag"], False)[0]
    mean = np.average(y, weights=w)
    constant = stats.norm(mean, w**-0.5).logpdf(y).sum()
    assert got["bic_walk"] == pytest.approx(f + 3 * ln_n)
    assert got["walk_gain"] == pytest.approx(-f / 2 - constant)
    assert got["walk_gain"] > 20
    assert got["bic_walk_line"] - 4 * ln_n <= got["bic_walk"] - 3 * ln_n + 1e-3
    assert 0.05 < got["walk_sd_mag"] < 0.8


def test_a_long_walk_is_recovered() -> None:
    t, y, w = curve(3, 2.0, 0.2, n=400)
    _, tau, sd, *_ = walk.best_walk(t, y, w, len(t), False)
    assert tau == pytest.approx(2.0, rel=0.4)
    assert sd == pytest.approx(0.2, rel=0.2)
