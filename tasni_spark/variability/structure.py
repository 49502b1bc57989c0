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
    t: Floats, m: Floats, e: Floats, n: int, edges: Floats, sums: Floats, squares: Floats, ends: Ints, out: Floats
) -> None:
    """Noise-subtracted structure function squared in bins of lag.

    Parameters
    ----------
    t, m, e : d, mag, mag, (>= n,)
        In the order of time.
    edges : d, (lags + 1,)
        Borders of the bins, ascending; a lag equal to one belongs to the bin above.
    sums, squares, ends : (>= n + 1,), (>= n + 1,), (2, >= lags + 1)
        Scratch; the second row of `ends` comes back as the number of pairs in each bin.
    out : mag2, (lags,)
        NaN where fewer than LEAST_PAIRS pairs fall in a bin.

    Notes
    -----
    SF^2(lag) = mean of (m_i - m_j)^2 - e_i^2 - e_j^2 over the pairs of the bin; twice the variance for white noise.
    The partners j of one i in one bin are neighbours in time, so with d = m - mean the running sums of d and of
    d^2 - e^2 give them all at once, and the borders of the bins only move forward.
    """
    lags = len(edges) - 1
    out[:] = 0.0
    ends[:] = 0
    mean = 0.0
    for i in range(n):
        mean += (m[i] - m[0]) / n
    mean += m[0]
    sums[0] = squares[0] = 0.0
    for i in range(n):
        d = m[i] - mean
        sums[i + 1] = sums[i] + d
        squares[i + 1] = squares[i] + d * d - e[i] * e[i]
    for i in range(n):
        d = m[i] - mean
        own = d * d - e[i] * e[i]
        for k in range(lags + 1):
            j, far = ends[0, k], t[i] + edges[k]
            while j < n and t[j] < far:
                j += 1
            ends[0, k] = j
        for k in range(lags):
            a, b = ends[0, k], ends[0, k + 1]
            ends[1, k] += b - a
            out[k] += squares[b] - squares[a] - 2.0 * d * (sums[b] - sums[a]) + (b - a) * own
    for k in range(lags):
        out[k] = out[k] / ends[1, k] if ends[1, k] >= LEAST_PAIRS else math.nan


@compiled
def short_lags(t: Floats, m: Floats, e: Floats, n: int, sums: Floats, squares: Floats, ends: Ints, out: Floats) -> None:
    """Structure function of exposures at SHORT_LAGS."""
    structure_function(t, m, e, n, _SHORT, sums, squares, ends, out)


@compiled
def long_lags(t: Floats, m: Floats, e: Floats, n: int, sums: Floats, squares: Floats, ends: Ints, out: Floats) -> None:
    """Structure function of visits at LONG_LAGS."""
    structure_function(t, m, e, n, _LONG, sums, squares, ends, out)
