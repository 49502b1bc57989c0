"""How a light curve scatters, exposure by exposure: moments, order statistics, Stetson's and von Neumann's indices.

Why: each index is blind to something (chi2 to wrong errors, Stetson J to uncorrelated scatter, eta to slow change), so
the suite gives them all and judges none.
"""

from __future__ import annotations

import math

from tasni_spark.variability.compiled import Counts, Floats, compiled
from tasni_spark.variability.order import mad_sorted, median_sorted, quantile_sorted, sort

PAIR_D = 0.1
"""Exposures closer than this are a pair of Stetson's J: one orbit of 95 min apart, not two."""
MAG_TO_FRACTION = 0.4 * math.log(10.0)
"""Relative change of the flux per magnitude, for small changes."""


@compiled
def scatter(t: Floats, m: Floats, e: Floats, n: int, x: Floats, spare: Floats, spares: Counts, out: Floats) -> None:
    """Fill `out` with `statistics.SCATTER` of the n measured exposures.

    Parameters
    ----------
    t, m, e : d, mag, mag, (>= n,)
        In the order of time.
    x, spare, spares : (>= n,), (>= n,), (>= 3 n,)
        Scratch.

    Notes
    -----
    With d_i = sqrt(n / (n - 1)) (m_i - mean) / e_i and the weighted mean: J = mean over pairs (i, i + 1) less than
    PAIR_D apart of sgn(P) sqrt|P|, P = d_i d_{i+1}, and P = d_i^2 - 1 for exposures left single;
    K = mean |d| / sqrt(mean d^2); eta = sum (m_{i+1} - m_i)^2 / (n - 1) / var(m);
    excess variance = (0.4 ln 10)^2 (var(m) - mean e^2).
    """
    out[:] = math.nan
    if n == 0:
        return
    first = m[0]
    sw = sx = s1 = see = 0.0
    for i in range(n):
        w = 1.0 / (e[i] * e[i])
        x[i] = m[i]
        sw += w
        sx += w * (m[i] - first)
        s1 += m[i] - first
        see += e[i] * e[i]
    mean, plain = first + sx / sw, first + s1 / n
    sort(x, n, spare, spares)
    out[0], out[1], out[3] = mean, median_sorted(x, n), mad_sorted(x, n)
    out[4] = quantile_sorted(x, n, 0.75) - quantile_sorted(x, n, 0.25)
    if n < 2:
        return
    s2 = s3 = chi2 = absolute = steps = 0.0
    for i in range(n):
        d = m[i] - plain
        s2 += d * d
        s3 += d * d * d
        r = (m[i] - mean) / e[i]
        chi2 += r * r
        absolute += abs(r)
        spare[i] = r
    for i in range(n - 1):
        steps += (m[i + 1] - m[i]) * (m[i + 1] - m[i])
    variance = s2 / (n - 1)
    out[2] = math.sqrt(variance)
    out[6] = chi2 / (n - 1)
    out[7] = MAG_TO_FRACTION * MAG_TO_FRACTION * (variance - see / n)
    out[8] = _stetson_j(t, spare, n)
    if chi2 > 0.0:
        out[9] = absolute / math.sqrt(n * chi2)
    if s2 > 0.0:
        out[5] = s3 / n / math.pow(s2 / n, 1.5)
        out[10] = steps / s2


@compiled
def _stetson_j(t: Floats, r: Floats, n: int) -> float:
    scale = n / (n - 1.0)
    total = 0.0
    i = k = 0
    while i < n:
        if i + 1 < n and t[i + 1] - t[i] < PAIR_D:
            p = scale * r[i] * r[i + 1]
            i += 2
        else:
            p = scale * r[i] * r[i] - 1.0
            i += 1
        total += math.copysign(math.sqrt(abs(p)), p)
        k += 1
    return total / k
