"""The sine that fits the visits best: the rival of a trend that turns back.

Why: half a period of a slow pulsation, seen for ten years, is a fade. Visits tell only periods above a year; shorter
ones are the business of `periods`.
"""

from __future__ import annotations

import math

from tasni_spark.variability.compiled import Floats, compiled
from tasni_spark.variability.models import constant_deviance

SHORTEST_YR = 1.0
"""Twice the half year between visits."""
PER_PEAK = 10
"""Frequencies per 1 / span."""


@compiled
def sine_at(x: Floats, y: Floats, w: Floats, n: int, frequency: float) -> tuple[float, float]:
    """chi2 and semi-amplitude of the best sine of one frequency with a free mean.

    Parameters
    ----------
    x, y, w : yr, mag, mag-2, (>= n,)
        Times, values, weights.
    frequency : 1 / yr

    References
    ----------
    Zechmeister and Kuerster 2009, A&A 496, 577 (2009A&A...496..577Z), equations 4 to 15.
    """
    omega = 2.0 * math.pi * frequency
    sw = sy = sc = ss = yy = yc = ys = cc = cs = 0.0
    for i in range(n):
        c, s, d, wi = math.cos(omega * (x[i] - x[0])), math.sin(omega * (x[i] - x[0])), y[i] - y[0], w[i]
        sw += wi
        sy += wi * d
        sc += wi * c
        ss += wi * s
        yy += wi * d * d
        yc += wi * d * c
        ys += wi * d * s
        cc += wi * c * c
        cs += wi * c * s
    s2 = sw - cc - ss * ss / sw
    yy, yc, ys, cc, cs = yy - sy * sy / sw, yc - sy * sc / sw, ys - sy * ss / sw, cc - sc * sc / sw, cs - sc * ss / sw
    d = cc * s2 - cs * cs
    if d <= 1e-9 * cc * s2:
        return yy, 0.0
    a, b = (yc * s2 - ys * cs) / d, (ys * cc - yc * cs) / d
    return max(0.0, yy - a * yc - b * ys), math.hypot(a, b)


@compiled
def sine(x: Floats, y: Floats, w: Floats, n: int, spent: float, out: Floats) -> None:
    """Fill `out` with `statistics.SINE` of n visits.

    Parameters
    ----------
    x, y, w : yr, mag, mag-2, (>= n,)
        Times, magnitudes less what `models` says, weights.
    spent
        BIC spent on the alternate-visit term.

    Notes
    -----
    The best of a grid of PER_PEAK frequencies per 1 / span, from half a cycle in the span to one in SHORTEST_YR; k = 4.
    """
    out[:] = math.nan
    if n < 5 or not x[n - 1] > x[0]:
        return
    df = 1.0 / (PER_PEAK * (x[n - 1] - x[0]))
    best = math.inf
    for k in range(PER_PEAK // 2, int(1.0 / (SHORTEST_YR * df)) + 1):
        chi2, amplitude = sine_at(x, y, w, n, k * df)
        if chi2 < best:
            best, out[1], out[2] = chi2, 1.0 / (k * df), amplitude
    out[0] = best + constant_deviance(w, n) + 4.0 * math.log(n) + spent
