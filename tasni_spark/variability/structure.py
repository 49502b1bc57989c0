"""The structure function: how much brightness changes over 95 minutes, a day, half a year, ten years.

Why: its run with the lag tells a pulsator from a young star from an active nucleus. Lags within a visit come from
exposures, longer ones from visits, whose errors are smaller and hold the systematics.
"""

from __future__ import annotations

import math

import numpy as np

from tasni_spark.variability.compiled import Floats, compiled
from tasni_spark.variability.statistic import Statistic

SHORT_LAGS = (("95min", 0.03, 0.1), ("5h", 0.1, 0.35), ("1d", 0.35, 3.0))
"""Name, least and greatest lag in d (the latter excluded) of pairs of exposures."""
LONG_LAGS = (
    ("6mon", 100.0, 270.0),
    ("1yr", 270.0, 460.0),
    ("2yr", 460.0, 1000.0),
    ("4yr", 1000.0, 2000.0),
    ("8yr", 2000.0, 4000.0),
)
"""The same of pairs of visits."""
LEAST_PAIRS = 3

_SHORT = np.array([SHORT_LAGS[0][1], *(high for _, _, high in SHORT_LAGS)])
_LONG = np.array([LONG_LAGS[0][1], *(high for _, _, high in LONG_LAGS)])

STATISTICS = tuple(
    Statistic(
        f"sf2_{name}",
        "mag2",
        f"Structure function squared, less the noise, between {low:g} and {high:g} d",
        "stat.variance",
        "Kozlowski 2016 (2016ApJ...826..118K)",
    )
    for name, low, high in SHORT_LAGS + LONG_LAGS
)


@compiled
def structure_function(
    t: Floats, m: Floats, e: Floats, n: int, edges: Floats, s1: Floats, s2: Floats, out: Floats
) -> None:
    """Noise-subtracted structure function squared in bins of lag.

    Parameters
    ----------
    t, m, e : d, mag, mag, (>= n,)
        In the order of time.
    edges : d, (lags + 1,)
        Borders of the bins, ascending; a lag equal to one belongs to the bin above.
    s1, s2 : (>= n + 1,)
        Scratch.
    out : mag2, (lags,)
        NaN where fewer than LEAST_PAIRS pairs fall in a bin.

    Notes
    -----
    SF^2(lag) = mean of (m_i - m_j)^2 - e_i^2 - e_j^2 over the pairs of the bin; twice the variance for white noise.
    The partners of i up to a lag are neighbours in time, so that running sums of m and m^2 - e^2, about the mean, give
    their sum without a look at each; a bin is the difference of two lags. Time grows with n, not with its square.
    """
    mean = 0.0
    for i in range(n):
        mean += m[i] - m[0]
    mean = m[0] + mean / n if n > 0 else 0.0
    s1[0] = s2[0] = 0.0
    for i in range(n):
        d = m[i] - mean
        s1[i + 1] = s1[i] + d
        s2[i + 1] = s2[i] + (d * d - e[i] * e[i])
    before = 0.0
    pairs_before = 0
    for k in range(len(edges)):
        total = 0.0
        pairs = b = 0
        for i in range(n):
            while b < n and t[b] - t[i] < edges[k]:
                b += 1
            d = m[i] - mean
            j = max(b, i + 1)
            total += (j - i) * (d * d - e[i] * e[i]) - 2.0 * d * (s1[j] - s1[i]) + (s2[j] - s2[i])
            pairs += j - i - 1
        if k > 0:
            enough = pairs - pairs_before >= LEAST_PAIRS
            out[k - 1] = (total - before) / (pairs - pairs_before) if enough else math.nan
        before, pairs_before = total, pairs


@compiled
def short_lags(t: Floats, m: Floats, e: Floats, n: int, s1: Floats, s2: Floats, out: Floats) -> None:
    """Structure function of exposures at SHORT_LAGS."""
    structure_function(t, m, e, n, _SHORT, s1, s2, out)


@compiled
def long_lags(t: Floats, m: Floats, e: Floats, n: int, s1: Floats, s2: Floats, out: Floats) -> None:
    """Structure function of visits at LONG_LAGS."""
    structure_function(t, m, e, n, _LONG, s1, s2, out)
