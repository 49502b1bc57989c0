"""The T and Y dwarfs as standard candles and as spectra: distances, and chi^2 against the sequence of types.

Why: a dwarf is no blackbody, and a blackbody of its size is off by a factor of three in distance. A candidate has to
pass both: be no nearer than the nearest dwarf could have stayed unseen, and look like one of the sequence.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from tasni_spark.photometry.magnitudes import BANDS, Flags, Floats, flux_mjy

M_PER_PC = 3.0856775814913673e16
"""IAU 2015 resolution B2."""
SOLAR_RADIUS_M = 6.957e8
"""IAU 2015 resolution B3, nominal."""
DWARF_RADIUS_RSUN = 0.1
"""Radius of any dwarf of 0.5 to 10 Gyr within 20 per cent (Burrows et al. 2001, RvMP 73, 719, 2001RvMP...73..719B)."""
BLACKBODY_FACTOR = 3.0
"""Factor by which a blackbody's solid angle misses the distance of a real dwarf: 262 dwarfs T6 .. Y with parallaxes
come out at 0.39 of their distance in the median (0.26 to 0.63 at 1 sigma), the Y dwarfs at 0.46: too near."""
NEAREST_Y_DWARF_PC = 2.28
"""WISE 0855-0714, parallax 438.9 +- 3.0 mas (Kirkpatrick et al. 2019, ApJS 240, 19, 2019ApJS..240...19K)."""
COLOUR_PIVOT_MAG = 3.0
M_W2 = (13.756, 0.721)
"""M_W2 at W1-W2 = COLOUR_PIVOT_MAG, and its rise with W1-W2: `fit_colour_relation` of the known T6 .. Y dwarfs."""
M_W2_SCATTER_MAG = 0.45
"""Scatter about it, robust: a factor 1.23 in distance. W1-W2 hardly runs on beyond Y0, where distances come out too far
by up to twice."""
COLOUR_RANGE_MAG = (1.5, 4.5)
"""Where the relation holds: outside, the nearer end is taken."""
MAG_PER_E = 2.5 / np.log(10.0)
_PASSES = 4


class ColourDistance(NamedTuple):
    """Distance from W2 and W1-W2, (n,)."""

    distance_pc: Floats
    factor: Floats
    is_upper_bound: Flags


def distance_if_dwarf_pc(solid_angle_sr: Floats) -> Floats:
    """How far a disc of DWARF_RADIUS_RSUN would be that fills a solid angle.

    Parameters
    ----------
    solid_angle_sr : sr

    Returns
    -------
    pc

    Notes
    -----
    R / sqrt(Omega / pi).

    Examples
    --------
    >>> round(float(distance_if_dwarf_pc(np.pi * (0.1 * SOLAR_RADIUS_M / M_PER_PC) ** 2)), 12)
    1.0
    """
    return np.asarray(DWARF_RADIUS_RSUN * SOLAR_RADIUS_M / M_PER_PC / np.sqrt(solid_angle_sr / np.pi))


def colour_distance(
    w1: npt.ArrayLike, w1_error: npt.ArrayLike, w2: npt.ArrayLike, w2_error: npt.ArrayLike
) -> ColourDistance:
    """Distance that a cold dwarf of this W2 and W1-W2 would have.

    Parameters
    ----------
    w1, w1_error, w2, w2_error : mag, (n,)
        As in the catalogue; W1 without an error is a limit.

    Returns
    -------
    ColourDistance
        pc; the factor is that of 1 sigma. With a W1 limit the colour is at least, the distance at most the one given.
        NaN where W2 is not measured or W1 is missing.

    Notes
    -----
    d = 10^((W2 - M_W2(W1-W2) + 5) / 5); ln factor = 0.2 ln 10 hypot(scatter, error of W2 - M_W2).

    References
    ----------
    Kirkpatrick et al. 2021, ApJS 253, 7 (2021ApJS..253....7K): parallaxes of most of the dwarfs behind the relation.
    """
    m1, m2, e2 = (np.asarray(a, np.float64) for a in (w1, w2, w2_error))
    e1 = np.nan_to_num(np.asarray(w1_error, np.float64))
    m1 = np.where(e1 > 0.0, m1, np.minimum(m1, BANDS[0].limit_mag))
    colour = np.clip(m1 - m2, *COLOUR_RANGE_MAG)
    slope = M_W2[1] * (colour == m1 - m2)
    absolute = M_W2[0] + M_W2[1] * (colour - COLOUR_PIVOT_MAG)
    variance = M_W2_SCATTER_MAG**2 + (slope * e1) ** 2 + ((1.0 + slope) * e2) ** 2
    good = (e2 > 0.0) & np.isfinite(m1)
    return ColourDistance(
        np.where(good, 10.0 ** (0.2 * (m2 - absolute + 5.0)), np.nan),
        np.where(good, 10.0 ** (0.2 * np.sqrt(variance)), np.nan),
        good & ~(e1 > 0.0),
    )


def fit_colour_relation(colour: Floats, absolute_w2: Floats) -> tuple[float, float, float]:
    """M_W2 at the pivot, slope and robust scatter, all in mag, of dwarfs with parallaxes.

    Notes
    -----
    Least squares with rejection beyond 3 scatters, the scatter being 1.4826 times the median absolute residual.
    """
    keep = np.isfinite(colour) & np.isfinite(absolute_w2)
    slope = zero = scatter = np.nan
    for _ in range(10):
        slope, zero = np.polyfit(colour[keep] - COLOUR_PIVOT_MAG, absolute_w2[keep], 1)
        residual = np.abs(absolute_w2 - zero - slope * (colour - COLOUR_PIVOT_MAG))
        scatter = 1.4826 * np.nanmedian(residual)
        keep = residual < 3.0 * scatter
    return float(zero), float(slope), float(scatter)


@cache
def sequence() -> dict[str, Floats]:
    """Columns of `sequence.csv`."""
    lines = Path(__file__).with_name("sequence.csv").read_text().splitlines()
    names, *cells = [line.split(",") for line in lines if not line.startswith("#")]
    return dict(zip(names, np.array(cells, np.float64).T, strict=True))


@cache
def templates() -> tuple[Floats, Floats]:
    """Flux in W1 .. W4 over that in W2, and its scatter as a fraction, per type: (types, bands) each."""
    s = sequence()
    w2 = np.zeros_like(s["w1_w2"])
    mags = (s["w1_w2"], w2, -s["w2_w3"], -s["w2_w3"] - s["w3_w4"])
    flux = np.stack([flux_mjy(m, b) / flux_mjy(0.0, BANDS[1]) for m, b in zip(mags, BANDS, strict=True)], axis=1)
    scatter = np.stack([s["s_w1"], w2, s["s_w3"], np.hypot(s["s_w3"], s["s_w4"])], axis=1)
    return flux, scatter / MAG_PER_E


def compare(flux: Floats, error: Floats) -> tuple[Floats, Floats]:
    """The type of the sequence that fits best.

    Parameters
    ----------
    flux, error : mJy, (bands, n)
        NaN leaves a band out.

    Returns
    -------
    spt_num, chi2 : (n,)
        Type as a number (16 is T6, 20 is Y0) and chi^2 of the fluxes about its template, the scatter between dwarfs of
        a type added to the errors; NaN for rows of fewer than two bands or without flux.
    """
    best, chi2 = np.full(flux.shape[1], np.nan), np.full(flux.shape[1], np.nan)
    _compare(np.ascontiguousarray(flux), np.ascontiguousarray(error), *templates(), sequence()["spt_num"], best, chi2)
    return best, chi2


@numba.njit(cache=True, nogil=True)
def _compare(flux, error, shape, scatter, types, best, chi2):  # type: ignore[no-untyped-def]
    """Amplitude and weights in turn, since the scatter is a fraction of the model."""
    bands, n = flux.shape
    for i in range(n):
        used = 0
        for j in range(bands):
            used += error[j, i] > 0.0 and np.isfinite(flux[j, i])
        if used < 2:
            continue
        for t in range(types.size):
            s = 0.0
            for _ in range(_PASSES):
                a = b = c = 0.0
                for j in range(bands):
                    if error[j, i] > 0.0 and np.isfinite(flux[j, i]):
                        w = 1.0 / (error[j, i] ** 2 + (s * shape[t, j] * scatter[t, j]) ** 2)
                        a += w * flux[j, i] * shape[t, j]
                        b += w * shape[t, j] ** 2
                        c += w * flux[j, i] ** 2
                s = a / b
                if s <= 0.0:
                    break
            if s > 0.0:
                value = c - a * a / b
                if not chi2[i] <= value:
                    chi2[i] = value
                    best[i] = types[t]
