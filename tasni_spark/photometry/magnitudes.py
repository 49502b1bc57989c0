"""WISE magnitudes as fluxes with Gaussian errors, limits included.

Why: a limit is a measurement that came out faint. As a flux with an error it enters every fit and likelihood like any
other; as a hard bound it would throw out real dwarfs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

MAG_PER_SNR = 2.5 / math.log(10.0)
"""Error in mag times signal-to-noise ratio: 1.0857."""
LIMIT_SIGMAS = 2.0
"""Errors between a flux and its 95 per cent limit: flux_95 = flux + 2 sigma (Cutri et al. 2013)."""
LIMIT_TO_DEPTH_MAG = 2.5 * math.log10(5.0 / LIMIT_SIGMAS)
"""What lies between a depth at 5 sigma and the limit of a source without flux there: 0.995 mag."""
BLEND_MAG = 0.5
"""AllWISE fainter than CatWISE by more than this: one of them measured something else as well."""


@dataclass(frozen=True)
class Band:
    """A band of WISE.

    Parameters
    ----------
    name
        As in `w1mpro`.
    wavelength_um : um
        Isophotal wavelength of Vega, at which the flux density is quoted.
    zero_jy : Jy
        Flux density of magnitude 0 for a spectrum f_nu ~ nu^-2.
    depth_mag : mag
        AllWISE magnitude of 5 sigma at the least exposed places.
    floor : fraction of the flux
        What a model of ours and a calibrated flux can agree to.

    Notes
    -----
    The other zero points in use, 306.682, 170.663, 29.045 and 8.284 Jy, are for f_nu ~ nu^0: `zero_jy` times the colour
    correction of that spectrum. `floor` is the absolute calibration (2.4, 2.8, 4.5, 5.7
    per cent) with 3 per cent of profile-fit systematics added in quadrature, rounded. W4 is as published: the redder
    response of Brown et al. 2014 (2014PASA...31...49B) is not applied, as it would break the other three's scale.

    References
    ----------
    Wright et al. 2010, AJ 140, 1868 (2010AJ....140.1868W): wavelengths, spectrum of reference.
    Jarrett et al. 2011, ApJ 735, 112 (2011ApJ...735..112J): zero points and their errors.
    Cutri et al. 2013, AllWISE Explanatory Supplement (2013wise.rept....1C): depths.
    """

    name: str
    wavelength_um: float
    zero_jy: float
    depth_mag: float
    floor: float

    @property
    def limit_mag(self) -> float:
        """Limit, 95 per cent, of a source without flux at the least exposed places."""
        return self.depth_mag + LIMIT_TO_DEPTH_MAG


BANDS = (
    Band("w1", 3.3526, 309.540, 16.9, 0.04),
    Band("w2", 4.6028, 171.787, 16.0, 0.04),
    Band("w3", 11.5608, 31.674, 11.5, 0.05),
    Band("w4", 22.0883, 8.363, 8.0, 0.06),
)


class Fluxes(NamedTuple):
    """Flux densities of one band: NaN where not measured."""

    flux_mjy: Floats
    error_mjy: Floats
    is_limit: Flags
    is_limit_suspect: Flags


def flux_mjy(mag: npt.ArrayLike, band: Band) -> Floats:
    """Flux density at the band's wavelength, before any colour correction.

    Parameters
    ----------
    mag : mag, Vega
    band
        One of BANDS.

    Returns
    -------
    mJy

    Notes
    -----
    1000 F_0 10^(-0.4 m).

    Examples
    --------
    >>> float(flux_mjy(0.0, BANDS[3]))
    8363.0
    """
    return np.asarray(1000.0 * band.zero_jy * 10.0 ** (-0.4 * np.asarray(mag, np.float64)))


def magnitude(flux: npt.ArrayLike, band: Band) -> Floats:
    """Vega magnitude of a flux density in mJy; NaN unless it is positive.

    Examples
    --------
    >>> round(float(magnitude(83.63, BANDS[3])), 9)
    5.0
    """
    f = np.asarray(flux, np.float64)
    return np.asarray(-2.5 * np.log10(np.where(f > 0.0, f, np.nan) / (1000.0 * band.zero_jy)))


def error_of_snr(snr: npt.ArrayLike) -> Floats:
    """Error in mag of a signal-to-noise ratio; NaN unless it is positive.

    Examples
    --------
    >>> round(float(error_of_snr(10.0)), 4)
    0.1086
    """
    s = np.asarray(snr, np.float64)
    return np.asarray(MAG_PER_SNR / np.where(s > 0.0, s, np.nan))


def snr_of_error(error: npt.ArrayLike) -> Floats:
    """Signal-to-noise ratio of an error in mag: the inverse of `error_of_snr`, which has the same form."""
    return error_of_snr(error)


def fluxes(mag: npt.ArrayLike, error: npt.ArrayLike, band: Band) -> Fluxes:
    """Catalogue magnitudes of one band as flux densities with Gaussian errors.

    Parameters
    ----------
    mag, error : mag, (n,)
        `w?mpro` and `w?sigmpro`: a magnitude without an error is a 95 per cent limit, no magnitude is no measurement.
    band
        One of BANDS.

    Returns
    -------
    Fluxes
        mJy, (n,); a limit has flux 0.

    Notes
    -----
    A limit is flux_95 = f + 2 sigma of a measurement with f < 2 sigma, whose f the catalogue does not tell: it is taken
    as 0 +- flux_95 / 2. Never a hard bound: of 13 Y dwarfs with a W1 limit in AllWISE CatWISE2020 measures 12, and 10
    of them *brighter* than the limit, one by 3.7 mag; taken as they stand the others are off by 2.9 sigma (rms). The
    reason is that those limits, 18.2 to 22.3 mag, are deeper than the survey. So a limit deeper than `limit_mag` is
    clipped to it and marked suspect, which leaves all twelve at 1.3 sigma. Deep fields lose a little by that.

    References
    ----------
    Cutri et al. 2013, AllWISE Explanatory Supplement II.1.a and IV.4.c (2013wise.rept....1C).
    Marocco et al. 2021, ApJS 253, 8 (2021ApJS..253....8M).

    Examples
    --------
    >>> got = fluxes([15.0, 22.26, float("nan")], [0.1, float("nan"), float("nan")], BANDS[0])
    >>> got.is_limit.tolist(), got.is_limit_suspect.tolist()
    ([False, True, False], [False, True, False])
    """
    m, e = np.asarray(mag, np.float64), np.asarray(error, np.float64)
    is_limit = np.isfinite(m) & ~(e > 0.0)
    is_suspect = is_limit & (m > band.limit_mag)
    f = flux_mjy(np.where(is_suspect, band.limit_mag, m), band)
    return Fluxes(
        np.where(is_limit, 0.0, f),
        np.where(is_limit, f / LIMIT_SIGMAS, f * e / MAG_PER_SNR),
        is_limit,
        is_suspect,
    )


def is_blend_suspect(mag: npt.ArrayLike, deeper: npt.ArrayLike) -> Flags:
    """Whether AllWISE is fainter than CatWISE2020 by more than BLEND_MAG; false where either is missing.

    Parameters
    ----------
    mag, deeper : mag, (n,)
        The same band in AllWISE, where it may be a limit, and in CatWISE2020.
    """
    return np.asarray(np.asarray(mag, np.float64) - np.asarray(deeper, np.float64) > BLEND_MAG)
