"""Light curves without the signal that is sought: visits permuted as units, exposures within a visit, time reversed.

Why: exposures of a visit are correlated, and formulas that assume otherwise find periods everywhere. A permuted light
curve keeps the noise as it is; how high its periodogram climbs by chance is then seen, not assumed.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from tasni_spark.variability.compiled import Floats
from tasni_spark.variability.periods import PeriodConfig, highest, measured

EULER = 0.5772156649015329


def visit_numbers(mjd: ArrayLike, gap_d: float = 30.0) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Number of the visit of each exposure of one source, from 0; times in order."""
    t = np.asarray(mjd, np.float64)
    return np.concatenate([np.zeros(min(1, len(t)), np.int64), np.cumsum(np.diff(t) > gap_d)])


def permuted_visits(mjd: ArrayLike, gap_d: float, rng: np.random.Generator) -> Floats:
    """Times at which each visit, whole, takes the place of another.

    Parameters
    ----------
    mjd : d, (n,)
        In order. Magnitudes and errors stay; the times that come back are no longer in order.

    Notes
    -----
    Times within a visit are kept relative to its first exposure: what happens within a visit survives, what happens
    from visit to visit does not.
    """
    t = np.asarray(mjd, np.float64)
    v = visit_numbers(t, gap_d)
    first = t[np.flatnonzero(np.diff(v, prepend=-1))]
    return np.asarray(t + (rng.permutation(first) - first)[v])


def permuted_exposures(mjd: ArrayLike, gap_d: float, rng: np.random.Generator) -> Floats:
    """Times shuffled among the exposures of each visit: the null of periods below a day."""
    t = np.asarray(mjd, np.float64)
    v = visit_numbers(t, gap_d)
    return np.asarray(t[np.lexsort((rng.random(len(t)), v))])


def reversed_time(mjd: ArrayLike) -> Floats:
    """Times mirrored about the middle of the light curve: a fade becomes a brightening, noise stays noise."""
    t = np.asarray(mjd, np.float64)
    return np.asarray(np.nanmin(t) + np.nanmax(t) - t)


def log10_false_alarm(
    mjd: ArrayLike,
    mag: ArrayLike,
    err: ArrayLike,
    config: PeriodConfig | None = None,
    *,
    blocks: str = "visits",
    gap_d: float = 30.0,
    nulls: int = 50,
    seed: int = 1,
) -> float:
    """False-alarm probability of the highest peak, from permuted light curves and a Gumbel tail.

    Parameters
    ----------
    mjd, mag, err : d, mag, mag, (n,)
        Exposures in order, detrended.
    blocks
        `visits` permutes visits as units, for periods above a day; `exposures` shuffles within visits, for periods
        below one.
    nulls, seed
        Number of permuted curves, and their seed.

    Returns
    -------
    dex
        log10 of the probability that noise alone climbs as high; NaN where the light curve is too short.

    Notes
    -----
    z = -(n - 3) / 2 ln(1 - P) of each null's highest peak; a Gumbel law by L-moments, beta = l2 / ln 2,
    mu = l1 - 0.5772 beta; p = 1 - exp(-exp(-(z - mu) / beta)). Powers lie below 1 and have no Gumbel tail; z has.

    References
    ----------
    Suveges 2014, MNRAS 440, 2099 (2014MNRAS.440.2099S), for extremes of periodograms; Hosking 1990, JRSS B 52, 105,
    for L-moments.
    """
    if blocks not in ("visits", "exposures"):
        raise ValueError(f"false alarms: blocks is {blocks!r}, expected visits or exposures")
    t, y, e = measured(mjd, mag, err)
    n = len(t)
    if n < 5 or nulls < 10 or visit_numbers(t, gap_d).max() < 2:
        return math.nan
    permute = permuted_visits if blocks == "visits" else permuted_exposures
    rng = np.random.default_rng(seed)

    def height(times: Floats) -> float:
        return -0.5 * (n - 3) * math.log1p(-min(highest(times, y, e, config), 1.0 - 1e-15))

    z = height(t)
    null = np.sort([height(permute(t, gap_d, rng)) for _ in range(nulls)])
    mean = float(null.mean())
    l2 = float(2.0 * np.sum(np.arange(nulls) / (nulls - 1.0) * null) / nulls - mean)
    beta = max(l2 / math.log(2.0), 1e-12)
    tail = (z - mean) / beta + EULER
    if tail > 30.0:
        return -tail / math.log(10.0)
    return math.log10(-math.expm1(-math.exp(-tail)))
