"""Weighted least squares of a two-parameter spectrum, row by row, compiled.

Why: the amplitude enters linearly, so for each shape its best value and chi^2 are closed expressions; what is left is
one dimension, searched on a grid and refined by Newton's method in a bracket that it cannot leave.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numba
import numpy as np

from tasni_spark.photometry.magnitudes import Floats
from tasni_spark.photometry.models import COARSE_STEP, Model

SHAPE, LOG_AMPLITUDE, CHI2, VAR_SHAPE, VAR_LOG_AMPLITUDE, COVARIANCE, STATUS = range(7)
DONE, AT_LOW, AT_HIGH, NO_FIT = 0.0, 1.0, 2.0, 3.0
_STEPS = 80
_TOLERANCE = 1e-13


class Fit(NamedTuple):
    """Result of a fit, (n,) each; NaN where there is none.

    Variances are those of the linearised problem, as of scipy's `curve_fit` with absolute errors.
    """

    shape: Floats
    amplitude: Floats
    chi2: Floats
    shape_error: Floats
    log_amplitude_error: Floats
    status: Floats


def fit(flux: Floats, error: Floats, model: Model) -> Fit:
    """Best shape and amplitude for each row.

    Parameters
    ----------
    flux, error : mJy, (bands, n)
        NaN in either leaves the band out.
    model
        The spectra.

    Returns
    -------
    Fit
        NaN, with status NO_FIT, for rows of fewer than two bands or without any flux.
    """
    out = np.empty((7, flux.shape[1]))
    _rows(np.ascontiguousarray(flux), np.ascontiguousarray(error), *model, out)
    return Fit(
        out[SHAPE],
        np.exp(out[LOG_AMPLITUDE]),
        out[CHI2],
        np.sqrt(out[VAR_SHAPE]),
        np.sqrt(out[VAR_LOG_AMPLITUDE]),
        out[STATUS],
    )


@numba.njit(cache=True, nogil=True)
def _evaluate(u, start, step, coefficients, f, w, m, d):  # type: ignore[no-untyped-def]
    """Sums at shape u: a, b, slope of the gain a^2 / b over twice the amplitude, and the slope of that."""
    k = min(max(int((u - start) / step), 0), coefficients.shape[1] - 1)
    x = u - (start + k * step)
    a = b = a1 = b1 = a2 = b2 = 0.0
    for j in range(f.size):
        if w[j] > 0.0:
            c = coefficients[j, k]
            m[j] = math.exp(((c[0] * x + c[1]) * x + c[2]) * x + c[3])
            d[j] = (3.0 * c[0] * x + 2.0 * c[1]) * x + c[2]
            d2 = 6.0 * c[0] * x + 2.0 * c[1]
            wm = w[j] * m[j]
            a += wm * f[j]
            a1 += wm * f[j] * d[j]
            a2 += wm * f[j] * (d[j] * d[j] + d2)
            b += wm * m[j]
            b1 += 2.0 * wm * m[j] * d[j]
            b2 += wm * m[j] * (4.0 * d[j] * d[j] + 2.0 * d2)
    s = a / b
    return a, b, a1 - 0.5 * s * b1, a2 - 0.5 * (a1 / b - s * b1 / b) * b1 - 0.5 * s * b2


@numba.njit(cache=True, nogil=True)
def _refine(lo, hi, start, step, coefficients, f, w, m, d):  # type: ignore[no-untyped-def]
    """The shape in [lo, hi] where the gain is greatest; its slope is positive at lo, negative at hi."""
    u = 0.5 * (lo + hi)
    for _ in range(_STEPS):
        _, _, g, g1 = _evaluate(u, start, step, coefficients, f, w, m, d)
        if g > 0.0:
            lo = u
        else:
            hi = u
        new = u - g / g1 if g1 < 0.0 else lo - 1.0
        if not lo < new < hi:
            new = 0.5 * (lo + hi)
        if abs(new - u) <= _TOLERANCE * (1.0 + abs(u)):
            return new
        u = new
    return u


@numba.njit(cache=True, nogil=True)
def _rows(flux, error, start, step, coefficients, coarse, out):  # type: ignore[no-untyped-def]
    bands, n = flux.shape
    points = coarse.shape[0]
    f, w, m, d = np.empty(bands), np.empty(bands), np.empty(bands), np.empty(bands)
    for i in range(n):
        used, total = 0, 0.0
        for j in range(bands):
            is_used = error[j, i] > 0.0 and math.isfinite(flux[j, i]) and math.isfinite(error[j, i])
            f[j] = flux[j, i] if is_used else 0.0
            w[j] = 1.0 / (error[j, i] * error[j, i]) if is_used else 0.0
            used += is_used
            total += w[j] * f[j] * f[j]
        best, gain = -1, 0.0
        for p in range(points):
            a = b = 0.0
            for j in range(bands):
                wm = w[j] * coarse[p, j]
                a += wm * f[j]
                b += wm * coarse[p, j]
            if a > 0.0 and a * a > gain * b:
                best, gain = p, a * a / b
        out[:, i] = np.nan
        out[STATUS, i] = NO_FIT
        if used < 2 or best < 0:
            continue
        lo = start + max(best - 1, 0) * COARSE_STEP * step
        hi = start + min(best + 1, points - 1) * COARSE_STEP * step
        status, u = DONE, lo
        if best == 0 and _evaluate(lo, start, step, coefficients, f, w, m, d)[2] <= 0.0:
            status = AT_LOW
        elif best == points - 1 and _evaluate(hi, start, step, coefficients, f, w, m, d)[2] >= 0.0:
            status, u = AT_HIGH, hi
        else:
            u = _refine(lo, hi, start, step, coefficients, f, w, m, d)
        a, b, _, _ = _evaluate(u, start, step, coefficients, f, w, m, d)
        s = a / b
        chi2 = uu = ua = 0.0
        for j in range(bands):
            if w[j] > 0.0:
                r = f[j] - s * m[j]
                chi2 += w[j] * r * r
                uu += w[j] * m[j] * m[j] * d[j] * d[j]
                ua += w[j] * m[j] * m[j] * d[j]
        det = s * s * (uu * b - ua * ua)
        out[SHAPE, i] = u
        out[LOG_AMPLITUDE, i] = math.log(s)
        out[CHI2, i] = chi2
        out[STATUS, i] = status
        if det > 0.0:
            out[VAR_SHAPE, i] = b / det
            out[VAR_LOG_AMPLITUDE, i] = uu / det
            out[COVARIANCE, i] = -ua / det
