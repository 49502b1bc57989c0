"""The structure function: how much brightness changes over 95 minutes, a day, half a year, ten years.

Why: its run with the lag tells a pulsator from a young star from an active nucleus. Lags within a visit come from
exposures, longer ones from visits, whose errors are smaller and hold the systematics.
"""

from __future__ import annotations

import math

import numpy as np

from tasni_spark.tables.statistics import LONG_LAGS, SHORT_LAGS
from tasni_spark.variability.compiled import Floats, Ints, compiled

LEAST_PAIRS = 3

_SHORT = np.array([SHORT_LAGS[0][1], *(high for _, _, high in SHORT_LAGS)])
_LONG = np.array([LONG_LAGS[0][1], *(high for _, _, high in LONG_LAGS)])


@compiled
def structure_function(
    t: Floats, m: Floats, e: Floats, n: int, edges: Floats, sums: Floats, places: Ints, out: Floats
) -> None:
    """Noise-subtracted structure function squared in bins of lag.

    Parameters
    ----------
    t, m, e : d, mag, mag, (>= n,)
        In the order of time.
    edges : d, (lags + 1,)
        Borders of the bins, ascending and positive; a lag equal to one belongs to the bin above.
    sums, places : (4, >= n + 1), (>= n,)
        Scratch: running sums of m less its mean and of q, then both themselves; and what `_behind` gives.
    out : mag2, (lags,)
        NaN where fewer than LEAST_PAIRS pairs fall in a bin.

    Notes
    -----
    SF^2(lag) = mean of (m_i - m_j)^2 - e_i^2 - e_j^2 over the pairs of the bin; twice the variance for white noise.
    In the order of time the partners j of i in a bin stand side by side. With q = m^2 - e^2 their terms add up to
    (number) q_i + (sum of q_j) - 2 m_i (sum of m_j), which differences of running sums give: a pair costs one
    comparison of times.
    """
    mean = 0.0
    for i in range(n):
        mean += m[i] / n
    sums[:, 0] = 0.0
    for i in range(n):
        d = m[i] - mean
        q = d * d - e[i] * e[i]
        sums[0, i + 1], sums[1, i + 1] = sums[0, i] + d, sums[1, i] + q
        sums[2, i], sums[3, i] = d, q
    before = count_before = 0.0
    for edge in range(len(edges)):
        _behind(t, n, edges[edge], places)
        total = count = 0.0
        for i in range(n):
            k = places[i]
            total += (k - i) * sums[3, i] + sums[1, k] - 2.0 * sums[2, i] * sums[0, k]
            count += k
        if edge > 0:
            pairs = count - count_before
            out[edge - 1] = (total - before) / pairs if pairs >= LEAST_PAIRS else math.nan
        before, count_before = total, count


@compiled
def _behind(t: Floats, n: int, lag: float, to: Ints) -> None:
    """For each of n times the first later one at least `lag` behind: neighbours k places apart, all times at once."""
    for i in range(n):
        to[i] = i + 1
    for k in range(1, n):
        near = 0
        for i in range(n - k):
            is_near = t[i + k] - t[i] < lag
            to[i] += is_near
            near += is_near
        if near == 0:
            break


@compiled
def short_lags(t: Floats, m: Floats, e: Floats, n: int, sums: Floats, places: Ints, out: Floats) -> None:
    """Structure function of exposures at SHORT_LAGS."""
    structure_function(t, m, e, n, _SHORT, sums, places, out)


@compiled
def long_lags(t: Floats, m: Floats, e: Floats, n: int, sums: Floats, places: Ints, out: Floats) -> None:
    """Structure function of visits at LONG_LAGS."""
    structure_function(t, m, e, n, _LONG, sums, places, out)
