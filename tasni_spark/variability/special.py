"""Tail probabilities as logarithms: a p of 1e-400 is a number, not zero.

Why: q values of 10^9 tests need p far below the smallest double, and the kernels need them without leaving compiled
code.
"""

from __future__ import annotations

import math

from tasni_spark.variability.compiled import compiled

_TINY = 1e-300


@compiled
def log10_p_student(t: float, dof: float) -> float:
    """Logarithm of the two-sided p of Student's t.

    Parameters
    ----------
    t
        Estimate over its standard error, of either sign.
    dof
        Degrees of freedom; NaN comes back where there are none.

    Returns
    -------
    dex
        log10 of P(|T| > |t|).

    Notes
    -----
    p = I_x(dof / 2, 1 / 2) with x = dof / (dof + t^2), from the continued fraction of the incomplete beta function by
    Lentz' method; above its turning point, 1 - I_{1-x}(1 / 2, dof / 2).

    References
    ----------
    Abramowitz and Stegun 1972, 26.5.8 and 26.7.1 (1972hmfw.book.....A).
    """
    if not dof > 0.0 or math.isnan(t):
        return math.nan
    a, t2 = 0.5 * dof, t * t
    if math.isinf(t2):
        return -math.inf
    x, y = dof / (dof + t2), t2 / (dof + t2)
    log_beta = math.lgamma(a) + math.lgamma(0.5) - math.lgamma(a + 0.5)
    log_x = -math.log1p(t2 / dof)
    if x < (a + 1.0) / (a + 2.5):
        log_p = a * log_x + 0.5 * math.log(y) - log_beta - math.log(a) + math.log(_beta_fraction(a, 0.5, x))
        return min(0.0, log_p / math.log(10.0))
    if y == 0.0:
        return 0.0
    rest = math.exp(0.5 * math.log(y) + a * log_x - log_beta) * 2.0 * _beta_fraction(0.5, a, y)
    return math.log1p(-rest) / math.log(10.0)


@compiled
def _beta_fraction(a: float, b: float, x: float) -> float:
    c = 1.0
    d = 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > _TINY else _TINY)
    h = d
    for m in range(1, 1000):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        step = 1.0
        for term in (even, odd):
            d = 1.0 + term * d
            d = 1.0 / (d if abs(d) > _TINY else _TINY)
            c = 1.0 + term / c
            c = c if abs(c) > _TINY else _TINY
            step = c * d
            h *= step
        if abs(step - 1.0) < 1e-15:
            break
    return h


@compiled
def log10_p_normal(z: float) -> float:
    """Logarithm of the two-sided p of a standard normal deviate.

    Returns
    -------
    dex
        log10 of P(|Z| > |z|).

    Notes
    -----
    erfc(|z| / sqrt 2); where that comes near the smallest double, its asymptotic series.

    References
    ----------
    Abramowitz and Stegun 1972, 7.1.23 (1972hmfw.book.....A).
    """
    z = abs(z)
    if z < 30.0:
        return math.log10(math.erfc(z / math.sqrt(2.0)))
    if not z < math.inf:
        return -z
    u = 1.0 / (z * z)
    series = 1.0 - u * (1.0 - 3.0 * u * (1.0 - 5.0 * u * (1.0 - 7.0 * u)))
    return (-0.5 * z * z + math.log(series * math.sqrt(2.0 / math.pi) / z)) / math.log(10.0)
