"""The structure function: how much brightness changes over 95 minutes, a day, half a year, ten years.

Why: its run with the lag tells a pulsator from a young star from an active nucleus. Lags within a visit come from
exposures, longer ones from visits, whose errors are smaller and hold the systematics.
"""

from __future__ import annotations

import math

import numpy as np

from tasni_spark.tables.statistics import LONG_LAGS, SHORT_LAGS
from tasni_spark.variability.compiled import Floats, compiled

LEAST_PAIRS = 3

_SHORT = np.array([SHORT_LAGS[0][1], *(high for _, _, high in SHORT_LAGS)])
_LONG = np.array([LONG_LAGS[0][1], *(high for _, _, high in LONG_LAGS)])


@compiled
def structure_function(t: Floats, m: Floats, e: Floats, n: int, edges: Floats, squares: Floats, out: Floats) -> None:
    """Noise-subtracted structure function squared in bins of lag.

    Parameters
    ----------
    t, m, e : d, mag, mag, (>= n,)
        In the order of time.
    edges : d, (lags + 1,)
        Borders of the bins, ascending; a lag equal to one belongs to the bin above.
    squares : (>= n,)
        Scratch.
    out : mag2, (lags,)
        NaN where fewer than LEAST_PAIRS pairs fall in a bin.

    Notes
    -----
    SF^2(lag) = mean of (m_i - m_j)^2 - e_i^2 - e_j^2 over the pairs of the bin; twice the variance for white noise.
    All pairs that are k places apart go through one loop without a branch; k ends where all of them lie too far apart.
    """
    for i in range(n):
        squares[i] = e[i] * e[i]
    for bin in range(len(edges) - 1):
        low, high = edges[bin], edges[bin + 1]
        total = count = 0.0
        for k in range(1, n):
            t0, t1, m0, m1, v0, v1 = t[: n - k], t[k:n], m[: n - k], m[k:n], squares[: n - k], squares[k:n]
            near = 0.0
            for i in range(n - k):
                lag, d = t1[i] - t0[i], m1[i] - m0[i]
                is_in = (lag >= low) & (lag < high)
                total += d * d - v0[i] - v1[i] if is_in else 0.0
                count += 1.0 if is_in else 0.0
                near += 1.0 if lag < high else 0.0
            if near == 0.0:
                break
        out[bin] = total / count if count >= LEAST_PAIRS else math.nan


@compiled
def short_lags(t: Floats, m: Floats, e: Floats, n: int, squares: Floats, out: Floats) -> None:
    """Structure function of exposures at SHORT_LAGS."""
    structure_function(t, m, e, n, _SHORT, squares, out)


@compiled
def long_lags(t: Floats, m: Floats, e: Floats, n: int, squares: Floats, out: Floats) -> None:
    """Structure function of visits at LONG_LAGS."""
    structure_function(t, m, e, n, _LONG, squares, out)
