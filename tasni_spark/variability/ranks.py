"""Trends without a model of the errors: Theil-Sen's slope and the Mann-Kendall test.

Why: a least-squares slope believes its errors and its outliers; ranks believe neither. A fade that is real shows in
both.
"""

from __future__ import annotations

import math

from tasni_spark.variability.compiled import Floats, Ints, compiled
from tasni_spark.variability.order import median
from tasni_spark.variability.special import log10_p_normal


@compiled
def ranks(t: Floats, m: Floats, n: int, slopes: Floats, bucket: Ints, out: Floats) -> None:
    """Fill `out` with `statistics.RANKS` of n visits.

    Parameters
    ----------
    t, m : yr, mag, (>= n,)
        In the order of time.
    slopes, bucket : (>= n (n - 1) / 2,)
        Scratch.

    Notes
    -----
    S = sum over i < j of sgn(m_j - m_i); z = (S - sgn S) / sqrt var, var = n (n - 1) (2 n + 5) / 18, with groups of
    k equal values taking k (k - 1) (2 k + 5) / 18 away. Pairs at one time count in neither statistic.
    """
    out[:] = math.nan
    k, up, down = 0, 0.0, 0.0
    for i in range(n - 1):
        for j in range(n - i - 1):
            d = m[i + 1 + j] - m[i]
            slopes[k + j] = d / (t[i + 1 + j] - t[i])
            up += 1.0 if d > 0.0 else 0.0
            down += 1.0 if d < 0.0 else 0.0
        k += n - i - 1
    s, ties = int(up - down), k - int(up + down)
    pairs = k
    for i in range(n - 1):
        if t[i + 1] <= t[i]:
            k, s = _at_different_times(t, m, n, slopes)
            break
    if k == 0:
        return
    out[0] = median(slopes, k, bucket)
    out[1] = s / pairs
    if n < 3:
        return
    variance = n * (n - 1.0) * (2.0 * n + 5.0)
    if ties > 0:
        for i in range(n):
            same = 0
            for j in range(n):
                same += m[j] == m[i]
            variance -= (same - 1.0) * (2.0 * same + 5.0)
    z = (abs(s) - 1.0) / math.sqrt(variance / 18.0) if s != 0 else 0.0
    out[2] = log10_p_normal(z)


@compiled
def _at_different_times(t: Floats, m: Floats, n: int, slopes: Floats) -> tuple[int, int]:
    k = s = 0
    for i in range(n):
        for j in range(i + 1, n):
            d, dt = m[j] - m[i], t[j] - t[i]
            if dt > 0.0:
                slopes[k] = d / dt
                k += 1
                s += (d > 0.0) - (d < 0.0)
    return k, s
