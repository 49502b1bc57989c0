"""Fluxes and magnitudes: what a faint source is measured in, and what an upper limit is worth.

Why: a magnitude exists only where the flux happened to come out positive and large enough. Near the limit the faint
half of a light curve is lost and a fade looks like no change; in flux nothing is lost and errors are Gaussian.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from tasni_spark.variability.compiled import Floats, Ints, compiled, floats, integers

ZERO_POINT = 22.5
"""Magnitude of unit flux: Vega nanomaggies, as unWISE has them (Lang 2014, 2014AJ....147..108L)."""
MAG_PER_FRACTION = 2.5 / np.log(10.0)
LIMIT_SIGMAS = 2.0
"""A published 95 % limit is the flux, where it is positive, plus twice its error (WISE Explanatory Supplement II.3)."""


def to_flux(mag: ArrayLike, err: ArrayLike) -> tuple[Floats, Floats]:
    """Flux and its error of magnitudes; an upper limit becomes half its flux, give or take half its flux.

    Parameters
    ----------
    mag, err : mag, (n,)
        A magnitude with a null error is a 95 % upper limit.

    Returns
    -------
    flux, error : Vega nanomaggy, (n,)

    Notes
    -----
    A limit L says that the flux lies between 0 and L with about two sigma on the upper side: L / 2 +- L / 2. Published
    fluxes of the same exposures, where they are at hand, say more.
    """
    m, e = floats(mag), floats(err)
    flux, error = np.empty(m.shape), np.empty(m.shape)
    _to_flux(m, e, flux, error)
    return flux, error


@compiled
def _to_flux(m: Floats, e: Floats, flux: Floats, error: Floats) -> None:
    for i in range(len(m)):
        f = np.exp((ZERO_POINT - m[i]) / MAG_PER_FRACTION)
        is_limit = np.isfinite(m[i]) and not 0.0 < e[i] < np.inf
        flux[i] = f / LIMIT_SIGMAS if is_limit else f
        error[i] = f / LIMIT_SIGMAS if is_limit else f * e[i] / MAG_PER_FRACTION


def to_mag(flux: ArrayLike, err: ArrayLike) -> tuple[Floats, Floats]:
    """Magnitude and its error; where the flux is below twice its error, the 95 % upper limit and NaN.

    Parameters
    ----------
    flux, err : Vega nanomaggy, (n,)

    Returns
    -------
    mag, error : mag, (n,)
    """
    f, e = np.asarray(flux, np.float64), np.asarray(err, np.float64)
    is_limit = f < LIMIT_SIGMAS * e
    at = np.where(is_limit, np.maximum(f, 0.0) + LIMIT_SIGMAS * e, f)
    return ZERO_POINT - 2.5 * np.log10(at), np.where(is_limit, np.nan, MAG_PER_FRACTION * e / at)


def relative_mag(offsets: ArrayLike, flux: ArrayLike, err: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Fluxes in units of their source's mean, scaled and turned so that they read as magnitudes.

    Parameters
    ----------
    offsets : (n + 1,)
        Where the exposures of each source begin.
    flux, err : any one unit, (exposures,)
        Negative fluxes are welcome; a null or non-positive error leaves an exposure out.

    Returns
    -------
    mag, error : mag, (exposures,)
        For `suite.statistics`, whose floors, slopes and rules then hold in flux; the mean is 0 by construction.
    mean : unit of the flux, (n,)
        Weighted mean flux. A source whose mean is not above zero gets NaN throughout.

    Notes
    -----
    m = -(2.5 / ln 10) (F / mean - 1): linear in the flux, and equal to the magnitude to first order in the change.
    """
    at = integers(offsets)
    m, e, mean = np.empty(len(np.asarray(flux))), np.empty(len(np.asarray(flux))), np.empty(len(at) - 1)
    _relative(at, floats(flux), floats(err), m, e, mean)
    return m, e, mean


@compiled
def _relative(offsets: Ints, flux: Floats, err: Floats, m: Floats, e: Floats, mean: Floats) -> None:
    for i in range(len(offsets) - 1):
        sw = sf = 0.0
        for k in range(offsets[i], offsets[i + 1]):
            if np.isfinite(flux[k]) and 0.0 < err[k] < np.inf:
                w = 1.0 / (err[k] * err[k])
                sw += w
                sf += w * flux[k]
        mean[i] = sf / sw if sf > 0.0 else np.nan
        scale = MAG_PER_FRACTION / mean[i]
        for k in range(offsets[i], offsets[i + 1]):
            m[k] = MAG_PER_FRACTION - scale * flux[k]
            e[k] = scale * err[k]
