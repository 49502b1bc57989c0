"""The secular trend of a light curve: a weighted line through its visits, with the difference of the scan directions.

Why: a slope is easy to get and hard to believe. Beside the slope stand the same slope from each half of the time and
without any one visit, so that one bad visit or one jump cannot pass for a fade.
"""

from __future__ import annotations

import math

from tasni_spark.variability.compiled import DAYS_PER_YEAR, Floats, compiled
from tasni_spark.variability.special import log10_p_student

ALTERNATE_VISITS = 6
"""Visits from which the alternate-visit term is fitted, if at least two lie on each side."""


@compiled
def line(t: Floats, m: Floats, w: Floats, a: int, b: int) -> tuple[float, float, float, float]:
    """Weighted least-squares line through the points a:b.

    Parameters
    ----------
    t, m, w : yr, mag, mag-2, (>= b,)
        Times, values, weights 1 / err^2.

    Returns
    -------
    slope, variance, mean, chi2 : mag / yr, (mag / yr)^2, mag, -
        The variance is that of the given errors; the mean is the line's value at the weighted mean time.
    """
    sw = st = sm = 0.0
    for i in range(a, b):
        sw += w[i]
        st += w[i] * (t[i] - t[a])
        sm += w[i] * (m[i] - m[a])
    t0, m0 = t[a] + st / sw, m[a] + sm / sw
    stt = stm = smm = 0.0
    for i in range(a, b):
        x, y = t[i] - t0, m[i] - m0
        stt += w[i] * x * x
        stm += w[i] * x * y
        smm += w[i] * y * y
    if not stt > 0.0:
        return math.nan, math.nan, m0, smm
    return stm / stt, 1.0 / stt, m0, max(0.0, smm - stm * stm / stt)


@compiled
def has_both_sides(side: Floats, n: int) -> bool:
    """Whether the alternate-visit term can be fitted."""
    plus = 0
    for i in range(n):
        plus += side[i] > 0.0
    return n >= ALTERNATE_VISITS and 2 <= plus <= n - 2


@compiled
def trend(t: Floats, m: Floats, e: Floats, side: Floats, n: int, x: Floats, w: Floats, r: Floats, out: Floats) -> None:
    """Fill `out` with `statistics.TREND` of n visits.

    Parameters
    ----------
    t, m, e, side : d, mag, mag, -, (>= n,)
        Visits in the order of time.
    x, w, r : (>= n,)
        Scratch; comes back as times in yr, weights, and magnitudes less the alternate-visit term.

    Notes
    -----
    m = a + b t + c side, weighted with 1 / err^2, without c where the visits are too few or on one side. The constant
    is projected out, which leaves two normal equations. Removing visit i changes the slope by
    -(C z_i)_b w_i r_i / (1 - h_i), C the covariance, z_i the centred regressors, h_i the leverage: no refit is needed.
    The halves are lines through the first and the last n // 2 visits less the alternate term of the whole; the middle
    one of an odd number belongs to neither, so that reversed time gives the reversed answer.

    References
    ----------
    Belsley, Kuh and Welsch 1980, Regression Diagnostics, chapter 2, for the removal of one point.
    """
    out[:] = math.nan
    if n < 3:
        return
    sw = st = ss = sm = 0.0
    for i in range(n):
        x[i] = (t[i] - t[0]) / DAYS_PER_YEAR
        w[i] = 1.0 / (e[i] * e[i])
        sw += w[i]
        st += w[i] * x[i]
        ss += w[i] * side[i]
        sm += w[i] * (m[i] - m[0])
    t0, s0, m0 = st / sw, ss / sw, m[0] + sm / sw
    stt = sts = sss = stm = ssm = 0.0
    for i in range(n):
        u, v, y, wi = x[i] - t0, side[i] - s0, m[i] - m0, w[i]
        stt += wi * u * u
        sts += wi * u * v
        sss += wi * v * v
        stm += wi * u * y
        ssm += wi * v * y
    if not stt > 0.0:
        return
    parameters = 2
    alternate = 0.0
    ctt, cts, css = 1.0 / stt, 0.0, 0.0
    if has_both_sides(side, n) and stt * sss - sts * sts > 1e-9 * stt * sss:
        parameters = 3
        d = stt * sss - sts * sts
        ctt, cts, css = sss / d, -sts / d, stt / d
        alternate = cts * stm + css * ssm
        out[6] = alternate
    slope = ctt * stm + cts * ssm
    chi2 = 0.0
    for i in range(n):
        res = m[i] - m0 - slope * (x[i] - t0) - alternate * (side[i] - s0)
        r[i] = res
        chi2 += w[i] * res * res
    dof = n - parameters
    out[0], out[4] = slope, dof
    out[9], out[10], out[11] = _without_one(x, side, w, r, n, t0, s0, sw, ctt, cts, css, slope, chi2, dof)
    if dof > 0:
        sigma = math.sqrt(ctt * max(1.0, chi2 / dof))
        out[1], out[2], out[5] = sigma, slope / sigma, chi2 / dof
        out[3] = log10_p_student(slope / sigma, dof)
    for i in range(n):
        r[i] = m[i] - alternate * side[i]
    half = n // 2
    if half >= 2:
        out[7] = line(x, r, w, 0, half)[0]
        out[8] = line(x, r, w, n - half, n)[0]


@compiled
def _without_one(
    x: Floats,
    side: Floats,
    w: Floats,
    r: Floats,
    n: int,
    t0: float,
    s0: float,
    sw: float,
    ctt: float,
    cts: float,
    css: float,
    slope: float,
    chi2: float,
    dof: int,
) -> tuple[float, float, float]:
    if dof < 2:
        return math.nan, math.nan, math.nan
    low, high, weakest = math.inf, -math.inf, math.inf
    for i in range(n):
        u, v = x[i] - t0, side[i] - s0
        cu, cv = ctt * u + cts * v, cts * u + css * v
        rest = 1.0 - w[i] * (1.0 / sw + u * cu + v * cv)
        if rest < 1e-9:
            return math.nan, math.nan, math.nan
        b = slope - cu * w[i] * r[i] / rest
        variance = ctt + w[i] * cu * cu / rest
        rchi2 = max(0.0, chi2 - w[i] * r[i] * r[i] / rest) / (dof - 1)
        t = b / math.sqrt(variance * max(1.0, rchi2))
        low, high = min(low, b), max(high, b)
        weakest = t if abs(t) < abs(weakest) else weakest
    return low, high, weakest
