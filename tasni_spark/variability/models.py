"""What shape a light curve has: Bayesian information criteria of a constant, a line and a step.

Why: a line fits everything that ends elsewhere than it began. A fade is claimed only where the line beats its rivals;
those that cost a search, the sine and the damped random walk, have modules of their own and the same BIC.
"""

from __future__ import annotations

import math

from tasni_spark.variability.compiled import Floats, compiled
from tasni_spark.variability.trend import line

LEAST_SIDE = 2
"""Least visits on each side of a step."""


@compiled
def constant_deviance(w: Floats, n: int) -> float:
    """Sum of ln(2 pi err^2): what -2 ln L holds beside chi2."""
    total = n * math.log(2.0 * math.pi)
    for i in range(n):
        total -= math.log(w[i])
    return total


@compiled
def step(x: Floats, y: Floats, w: Floats, n: int) -> tuple[float, float, float]:
    """Best step: its chi2, time and height.

    Notes
    -----
    A step after visit k takes (sum_left w y)^2 / sum_left w + (sum_right w y)^2 / sum_right w from chi2 about zero;
    running sums give all k in one pass.
    """
    sw = sy = syy = 0.0
    for i in range(n):
        d = y[i] - y[0]
        sw += w[i]
        sy += w[i] * d
        syy += w[i] * d * d
    gain, at, height = -math.inf, math.nan, math.nan
    lw = ly = 0.0
    for k in range(n - 1):
        lw += w[k]
        ly += w[k] * (y[k] - y[0])
        if k + 1 >= LEAST_SIDE and n - k - 1 >= LEAST_SIDE:
            g = ly * ly / lw + (sy - ly) * (sy - ly) / (sw - lw)
            if g > gain:
                gain, at, height = g, 0.5 * (x[k] + x[k + 1]), (sy - ly) / (sw - lw) - ly / lw
    return max(0.0, syy - gain), at, height


@compiled
def models(x: Floats, m: Floats, w: Floats, r: Floats, n: int, chi2_alternate: float, out: Floats) -> float:
    """Fill `out` with `statistics.MODELS` of n visits; `step_mjd` is left in the unit of x.

    Parameters
    ----------
    x, m, w, r : yr, mag, mag-2, mag, (>= n,)
        Times, magnitudes, weights, and magnitudes less the alternate-visit term, as `trend` leaves them.
    chi2_alternate
        chi2 of the line with the alternate-visit term, NaN where there is none.

    Returns
    -------
    float
        BIC spent on the alternate-visit term: ln n where the line is better with it, else 0. Then the step, and all
        rivals after it, are fitted to `r` and pay the same, so that none loses for want of that term; with 0, `r`
        comes back as a copy of `m`.

    Notes
    -----
    BIC = -2 ln L + k ln n with Gaussian errors; k = 1, 2, 3 for constant, line, line + alternate, and 3 for a step
    (two levels and a time).
    """
    out[:] = math.nan
    if n < 2 * LEAST_SIDE:
        return 0.0
    penalty, base = math.log(n), constant_deviance(w, n)
    slope, variance, _, chi2 = line(x, m, w, 0, n)
    out[0] = chi2 + slope * slope / variance + base + penalty
    out[1] = chi2 + base + 2.0 * penalty
    out[2] = chi2_alternate + base + 3.0 * penalty
    spent = penalty if out[2] < out[1] else 0.0
    if spent == 0.0:
        r[:n] = m[:n]
    chi2, out[4], out[5] = step(x, r, w, n)
    out[3] = chi2 + base + 3.0 * penalty + spent
    return spent
