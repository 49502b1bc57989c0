"""Two-parameter spectra as splines: what the kernel evaluates.

Why: blackbody and power law differ only in how the logarithm of the flux in each band runs with one shape parameter.
As a spline of it one compiled kernel fits both, colour corrections included, with one exponential a band.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.interpolate import CubicSpline

from tasni_spark.photometry.bandpass import frequency_hz, planck_mjy_per_sr, table
from tasni_spark.photometry.magnitudes import BANDS, Floats

SEGMENTS = 512
COARSE_STEP = 8
PIVOT_HZ = frequency_hz(BANDS[1])
"""Frequency at which the amplitude of a power law is its flux density: that of W2."""


class Model(NamedTuple):
    """ln of the catalogue's flux density per unit amplitude, over a uniform grid of the shape parameter.

    Parameters
    ----------
    start, step
        Grid of the shape parameter.
    coefficients : (bands, segments, 4)
        Cubic in each segment, highest power first.
    coarse : (points, bands)
        exp of it at each COARSE_STEP-th grid point.
    """

    start: float
    step: float
    coefficients: Floats
    coarse: Floats


def sampled(start: float, stop: float, log_flux: Floats) -> Model:
    """A model from ln flux (bands, SEGMENTS + 1) on the uniform grid from start to stop."""
    u = np.linspace(start, stop, SEGMENTS + 1)
    spline = CubicSpline(u, log_flux, axis=1)
    coefficients = np.ascontiguousarray(np.transpose(spline.c, (2, 1, 0)))
    return Model(start, (stop - start) / SEGMENTS, coefficients, np.exp(log_flux[:, ::COARSE_STEP]).T.copy())


def log_correction(kind: str, x: Floats) -> Floats:
    """Ln of the colour corrections (bands, n), interpolated; x is ln T for blackbodies, the index for power laws."""
    rows = table()[kind]
    nodes = np.log(rows[:, 0]) if kind == "blackbody" else rows[:, 0]
    return np.asarray(CubicSpline(nodes, np.log(rows[:, 1:]))(x)).T


@lru_cache(maxsize=8)
def blackbody(t_min_k: float, t_max_k: float, is_corrected: bool = True) -> Model:
    """Blackbodies: shape ln(T / K), amplitude the solid angle in sr, flux in mJy."""
    u = np.linspace(np.log(t_min_k), np.log(t_max_k), SEGMENTS + 1)
    log_flux = np.log(np.stack([planck_mjy_per_sr(np.exp(u), frequency_hz(b)) for b in BANDS]))
    return sampled(u[0], u[-1], log_flux + is_corrected * log_correction("blackbody", u))


@lru_cache(maxsize=8)
def power_law(index_min: float, index_max: float, is_corrected: bool = True) -> Model:
    """Power laws f_nu = A (nu / PIVOT_HZ)^a: shape a, amplitude A in mJy."""
    u = np.linspace(index_min, index_max, SEGMENTS + 1)
    log_flux = np.stack([u * np.log(frequency_hz(b) / PIVOT_HZ) for b in BANDS])
    return sampled(index_min, index_max, log_flux + is_corrected * log_correction("power_law", u))
