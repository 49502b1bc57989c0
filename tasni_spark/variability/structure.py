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
def structure_function(t: Floats, m: Floats, e: Floats, n: int, edges: Floats, pairs: Floats, out: Floats) -> None:
    """Noise-subtracted structure function squared in bins of lag.

    Parameters
    ----------
    t, m, e : d, mag, mag, (>= n,)
        In the order of time.
    edges : d, (lags + 1,)
        Borders of the bins, ascending; a lag equal to one belongs to the bin above.
    pairs : (>= lags,)
        Scratch; comes back as the number of pairs in each bin.
    out : mag2, (lags,)
        NaN where fewer than LEAST_PAIRS pairs fall in a bin.

    Notes
    -----
    SF^2(lag) = mean of (m_i - m_j)^2 - e_i^2 - e_j^2 over the pairs of the bin; twice the variance for white noise.
    Partners are sought up to the greatest lag only, and their bins met in order.
    """
    lags = len(edges) - 1
    out[:] = 0.0
    pairs[:lags] = 0.0
    for i in range(n):
        ti, mi, ei2 = t[i], m[i], e[i] * e[i]
        total, count, k = 0.0, 0, -1
        for j in range(i + 1, n):
            lag = t[j] - ti
            if lag >= edges[k + 1]:
                if k >= 0:
                    out[k] += total
                    pairs[k] += count
                total, count = 0.0, 0
                while k < lags and lag >= edges[k + 1]:
                    k += 1
                if k == lags:
                    break
            d = m[j] - mi
            total += d * d - ei2 - e[j] * e[j]
            count += 1
        if 0 <= k < lags:
            out[k] += total
            pairs[k] += count
    for k in range(lags):
        out[k] = out[k] / pairs[k] if pairs[k] >= LEAST_PAIRS else math.nan


@compiled
def short_lags(t: Floats, m: Floats, e: Floats, n: int, pairs: Floats, out: Floats) -> None:
    """Structure function of exposures at SHORT_LAGS."""
    structure_function(t, m, e, n, _SHORT, pairs, out)


@compiled
def long_lags(t: Floats, m: Floats, e: Floats, n: int, pairs: Floats, out: Floats) -> None:
    """Structure function of visits at LONG_LAGS."""
    structure_function(t, m, e, n, _LONG, pairs, out)
