"""Two bands together: whether they vary in step, and whether the colour changes.

Why: what moves both bands alike is the source; what moves one alone is a neighbour, an artefact or a detector.
"""

from __future__ import annotations

import math

from tasni_spark.variability.compiled import DAYS_PER_YEAR, Floats, compiled
from tasni_spark.variability.special import log10_p_student
from tasni_spark.variability.trend import line

SAME_EXPOSURE_D = 5e-5
SAME_VISIT_D = 3.0
"""Differences in time within which exposures, or visits, of two bands are the same one."""


@compiled
def bands(
    t1: Floats, m1: Floats, e1: Floats, n1: int, t2: Floats, m2: Floats, e2: Floats, n2: int, x: Floats, out: Floats
) -> None:
    """Fill `out[:-1]` with `statistics.BANDS` of the visits of two bands.

    Parameters
    ----------
    t1, m1, e1, t2, m2, e2 : d, mag, mag, (>= n,)
        Measured visits of each band in the order of time.
    x : (7, >= min(n1, n2))
        Scratch.

    Notes
    -----
    Deming's slope with lambda = sum e2^2 / sum e1^2: (s22 - lambda s11 + sqrt((s22 - lambda s11)^2 +
    4 lambda s12^2)) / (2 s12).
    """
    out[:-1] = math.nan
    k = i = j = 0
    while i < n1 and j < n2:
        dt = t2[j] - t1[i]
        if abs(dt) <= SAME_VISIT_D:
            x[0, k], x[1, k], x[2, k], x[3, k] = m1[i], e1[i], m2[j], e2[j]
            x[4, k] = 0.5 * (t1[i] + t2[j]) / DAYS_PER_YEAR
            x[5, k] = m1[i] - m2[j]
            x[6, k] = 1.0 / (e1[i] * e1[i] + e2[j] * e2[j])
            k += 1
        i += dt > -SAME_VISIT_D
        j += dt < SAME_VISIT_D
    out[0] = k
    if k == 0:
        return
    s1 = s2 = v1 = v2 = sw = sc = 0.0
    for i in range(k):
        s1 += (x[0, i] - x[0, 0]) / k
        s2 += (x[2, i] - x[2, 0]) / k
        v1 += x[1, i] * x[1, i]
        v2 += x[3, i] * x[3, i]
        sw += x[6, i]
        sc += x[6, i] * x[5, i]
    s11 = s12 = s22 = 0.0
    for i in range(k):
        a, b = x[0, i] - x[0, 0] - s1, x[2, i] - x[2, 0] - s2
        s11 += a * a
        s12 += a * b
        s22 += b * b
    out[3] = sc / sw
    if k < 3:
        return
    if s11 > 0.0 and s22 > 0.0:
        r = min(1.0, max(-1.0, s12 / math.sqrt(s11 * s22)))
        out[1] = r
        out[2] = log10_p_student(r * math.sqrt((k - 2.0) / (1.0 - r * r)), k - 2.0)
        d = s22 - s11 * v2 / v1
        out[7] = (d + math.sqrt(d * d + 4.0 * v2 / v1 * s12 * s12)) / (2.0 * s12)
    slope, variance, _, chi2 = line(x[4], x[5], x[6], 0, k)
    sigma = math.sqrt(variance * max(1.0, chi2 / (k - 2)))
    out[4], out[5], out[6] = slope, sigma, log10_p_student(slope / sigma, k - 2.0)


@compiled
def stetson_j_bands(t1: Floats, m1: Floats, e1: Floats, n1: int, t2: Floats, m2: Floats, e2: Floats, n2: int) -> float:
    """Stetson's J of the exposures measured in both bands at once; NaN for fewer than 2.

    Notes
    -----
    J = mean of sgn(P) sqrt|P|, P = d1 d2, d = sqrt(n / (n - 1)) (m - mean) / e; n and the weighted mean are those of
    all exposures of a band.
    """
    if n1 < 2 or n2 < 2:
        return math.nan
    mean1, mean2 = _weighted_mean(m1, e1, n1), _weighted_mean(m2, e2, n2)
    scale = math.sqrt(n1 / (n1 - 1.0) * n2 / (n2 - 1.0))
    total = 0.0
    i = j = k = 0
    while i < n1 and j < n2:
        dt = t2[j] - t1[i]
        if abs(dt) <= SAME_EXPOSURE_D:
            p = scale * (m1[i] - mean1) / e1[i] * (m2[j] - mean2) / e2[j]
            total += math.copysign(math.sqrt(abs(p)), p)
            k += 1
        i += dt > -SAME_EXPOSURE_D
        j += dt < SAME_EXPOSURE_D
    return total / k if k > 1 else math.nan


@compiled
def _weighted_mean(m: Floats, e: Floats, n: int) -> float:
    sw = sx = 0.0
    for i in range(n):
        w = 1.0 / (e[i] * e[i])
        sw += w
        sx += w * (m[i] - m[0])
    return float(m[0]) + sx / sw
