"""The damped random walk: the rival of a trend that means nothing.

Why: red noise drifts for years and then turns. A t-test takes it for a trend in a third of the cases; a likelihood that
knows the walk does not. The same likelihood with a line inside gives a slope whose error knows the walk too.
"""

from __future__ import annotations

import math

from tasni_spark.variability.compiled import Floats, compiled
from tasni_spark.variability.models import constant_deviance

LEAST_TAU_YR = 0.05
MOST_TAU_SPANS = 10.0
"""Least time scale, and the greatest in units of the span: beyond it no curve tells one from another."""
LEAST_VISITS = 5
GRID = 6
FINEST = 1e-3
"""Points of the coarse grid along each axis; last step of the search in ln tau and ln sd."""


@compiled
def deviance(
    x: Floats, y: Floats, w: Floats, n: int, tau: float, sd: float, is_line: bool
) -> tuple[float, float, float]:
    """-2 ln L of a damped random walk about the best constant or line, in O(n).

    Parameters
    ----------
    x, y, w : yr, mag, mag-2, (>= n,)
        Times in order, values, weights 1 / err^2.
    tau, sd : yr, mag
        Covariance sd^2 exp(-|dt| / tau).
    is_line
        Whether the mean is a line, else a constant.

    Returns
    -------
    deviance, slope, variance of the slope
        The constant and the slope are those of the generalised least squares at this tau and sd.

    Notes
    -----
    A Kalman filter whitens the values and the columns of the mean alike; their innovations, over their variances, are
    the normal equations.

    References
    ----------
    Kelly et al. 2009, ApJ 698, 895 (2009ApJ...698..895K), equations 6 to 12.
    """
    hy = h1 = ht = 0.0
    p = s2 = sd * sd
    yy = y1 = yt = a11 = a1t = att = total = 0.0
    for i in range(n):
        if i > 0:
            kept = math.exp((x[i - 1] - x[i]) / tau)
            hy, h1, ht = kept * hy, kept * h1, kept * ht
            p = kept * kept * p + s2 * (1.0 - kept * kept)
        d = p + 1.0 / w[i]
        iy, i1, it = y[i] - y[0] - hy, 1.0 - h1, x[i] - x[0] - ht
        q = 1.0 / d
        yy += iy * iy * q
        y1 += iy * i1 * q
        yt += iy * it * q
        a11 += i1 * i1 * q
        a1t += i1 * it * q
        att += it * it * q
        total += math.log(d)
        gain = p * q
        hy, h1, ht = hy + gain * iy, h1 + gain * i1, ht + gain * it
        p -= gain * p
    total += n * math.log(2.0 * math.pi) + yy - y1 * y1 / a11
    if not is_line:
        return total, 0.0, 0.0
    stt, sty = att - a1t * a1t / a11, yt - y1 * a1t / a11
    return total - sty * sty / stt, sty / stt, 1.0 / stt


@compiled
def best_walk(x: Floats, y: Floats, w: Floats, n: int, is_line: bool) -> tuple[float, float, float, float, float]:
    """Likeliest tau and sd: (deviance, tau, sd, slope, variance of the slope).

    Notes
    -----
    A coarse grid in (ln tau, ln sd) finds the hill; a compass search with halving steps climbs it. Its eight
    directions follow the ridge sd^2 / tau = const along which short curves leave tau open. tau stays between
    LEAST_TAU_YR and MOST_TAU_SPANS times the span.
    """
    low, high = math.log(LEAST_TAU_YR), math.log(MOST_TAU_SPANS * (x[n - 1] - x[0]))
    mean = scatter = error = 0.0
    for i in range(n):
        mean += (y[i] - y[0]) / n
    for i in range(n):
        scatter += (y[i] - y[0] - mean) ** 2 / n
        error += 1.0 / (w[i] * n)
    least, most = 0.5 * math.log(error) - 3.0, 0.5 * math.log(max(scatter, error)) + 3.0
    best, a, b = math.inf, low, least
    for i in range(GRID):
        for j in range(GRID):
            u, v = low + (high - low) * i / (GRID - 1.0), least + (most - least) * j / (GRID - 1.0)
            f = deviance(x, y, w, n, math.exp(u), math.exp(v), is_line)[0]
            if f < best:
                best, a, b = f, u, v
    reach = 0.5
    while reach >= FINEST:
        found, to_a, to_b = best, a, b
        for direction in range(9):
            u = min(max(a + (direction // 3 - 1) * reach, low), high)
            v = min(max(b + (direction % 3 - 1) * reach, least), most)
            f = deviance(x, y, w, n, math.exp(u), math.exp(v), is_line)[0]
            if f < found - 1e-12:
                found, to_a, to_b = f, u, v
        if found == best:
            reach *= 0.5
        best, a, b = found, to_a, to_b
    tau, sd = math.exp(a), math.exp(b)
    f, slope, variance = deviance(x, y, w, n, tau, sd, is_line)
    return f, tau, sd, slope, variance


@compiled
def walk(x: Floats, y: Floats, w: Floats, n: int, spent: float, out: Floats) -> None:
    """Fill `out` with `statistics.WALK` of n visits.

    Parameters
    ----------
    x, y, w : yr, mag, mag-2, (>= n,)
        Times, magnitudes less what `models` says, weights.
    spent
        BIC spent on the alternate-visit term.

    Notes
    -----
    k = 3 for the walk (mean, tau, sd), 4 with the line.
    """
    out[:] = math.nan
    if n < LEAST_VISITS or not x[n - 1] - x[0] > LEAST_TAU_YR:
        return
    penalty = math.log(n)
    f, out[1], out[2], _, _ = best_walk(x, y, w, n, False)
    out[0] = f + 3.0 * penalty + spent
    sw = sy = syy = 0.0
    for i in range(n):
        sw += w[i]
        sy += w[i] * (y[i] - y[0])
        syy += w[i] * (y[i] - y[0]) ** 2
    out[3] = 0.5 * (syy - sy * sy / sw + constant_deviance(w, n) - f)
    f, _, _, out[5], variance = best_walk(x, y, w, n, True)
    out[4] = f + 4.0 * penalty + spent
    out[6] = math.sqrt(variance)
