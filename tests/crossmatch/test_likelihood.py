"""Bayes factors against the integrals that define them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import dblquad

from tasni_spark.crossmatch.likelihood import bayes_factor, posterior

ARCSEC = np.pi / 180 / 3600


@pytest.mark.parametrize(("s1", "s2", "sep"), [(0.3, 0.5, 0.0), (0.3, 0.5, 1.2), (1.0, 0.05, 2.5)])
def test_the_factor_is_the_overlap_of_both_errors(s1: float, s2: float, sep: float) -> None:
    """4 pi times the integral of the product of both probability densities, over the places of one source."""

    def density(x: float, y: float, s: float) -> float:
        return float(np.exp(-(x * x + y * y) / (2 * s * s)) / (2 * np.pi * (s * ARCSEC) ** 2))

    near = 8 * min(s1, s2)
    centre = sep if s2 < s1 else 0.0
    overlap, _ = dblquad(
        lambda y, x: density(x, y, s1) * density(x - sep, y, s2) * ARCSEC**2,
        centre - near, centre + near, -near, near, epsrel=1e-6, epsabs=0.0,
    )  # fmt: skip
    variance = np.array([s1 * s1 + s2 * s2])
    assert bayes_factor(sep * sep / variance, variance)[0] == pytest.approx(4 * np.pi * overlap, rel=1e-4)


def test_posteriors_count_true_pairs() -> None:
    """Of simulated pairs and strangers around left sources, as many are true as the posteriors add up to."""
    rng = np.random.default_rng(3)
    n, share, density, s = 200_000, 0.3, 0.02, 0.4
    has = rng.random(n) < share
    true = np.hypot(*rng.normal(0, s, (2, n)))[has]
    strangers = 5 * np.sqrt(rng.random(rng.poisson(n * density * np.pi * 25)))
    sep = np.concatenate([true, strangers])
    is_true = np.arange(len(sep)) < len(true)
    variance = np.full(len(sep), s * s)
    # One pair at a time: the odds of this right source against the field, others aside.
    p = posterior(bayes_factor(sep**2 / variance, variance), share, np.full(len(sep), density))
    for low, high in ((0.0, 0.4), (0.4, 0.8), (0.8, 1.2), (1.2, 2.0)):
        here = (sep >= low) & (sep < high)
        assert abs(p[here].sum() - is_true[here].sum()) < 5 * np.sqrt(here.sum())
