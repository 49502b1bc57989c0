"""The same light curve has the same statistics to the last bit, whatever is computed beside it and wherever it lies.

Why: a run that is killed and resumed cuts its pieces elsewhere. Exposures without a measurement share their limit, so
that a last bit decides which of them are clipped.
"""

from __future__ import annotations

import numpy as np

from tasni_spark.variability import suite
from tasni_spark.variability.exposures import Exposures, ordered
from tasni_spark.variability.measures import in_flux
from tasni_spark.variability.visits import group

N, VISITS, SHOTS = 300, 12, 9
RNG = np.random.default_rng(6)


def part(x: Exposures, a: int, b: int) -> Exposures:
    """Some sources, in arrays of their own."""
    here = slice(x.at[a], x.at[b])
    return ordered(x.at[a : b + 1] - x.at[a], x.mjd[here].copy(), x.mag[here].copy(), x.err[here].copy())


def measured(x: Exposures) -> dict[str, np.ndarray]:
    """All statistics of one band, those of two bands on itself, and the fit in flux."""
    v = group(*x)
    found = {f"exposures.{k}": a for k, a in suite.statistics(*x, visits=v, rivals=True).items()}
    found |= {f"bands.{k}": a for k, a in suite.two_bands(x, x, v, v).items()}
    return found | {f"flux.{k}": a for k, a in in_flux(x).items()}


def faint() -> Exposures:
    """Light curves near the limit; a third of the exposures have measured nothing."""
    n = RNG.integers(VISITS * SHOTS // 2, VISITS * SHOTS, N)
    day = np.concatenate([np.sort(RNG.choice(VISITS * SHOTS, k, replace=False)) for k in n])
    mjd = 55_200.0 + 182.6 * (day // SHOTS) + 0.11 * (day % SHOTS)
    mag = 15.0 + RNG.normal(0.0, 0.3, len(mjd))
    is_limit = RNG.random(len(mjd)) < 0.3
    mag[is_limit] = 15.395
    return ordered(np.append(0, np.cumsum(n)), mjd, mag, np.where(is_limit, np.nan, 0.35))


def test_neighbours_and_memory_change_nothing() -> None:
    x = faint()
    whole, kept = measured(x), []
    for _ in range(150):
        kept.append(RNG.random(int(RNG.integers(1, 100_000))))
        if RNG.random() < 0.5:
            kept.pop(int(RNG.integers(len(kept))))
        a = int(RNG.integers(0, N - 5))
        b = int(RNG.integers(a + 1, min(N, a + 60) + 1))
        for name, values in measured(part(x, a, b)).items():
            assert np.array_equal(values, whole[name][a:b], equal_nan=True), name
    assert np.isfinite(whole["flux.slope_mag_per_yr"]).all()
