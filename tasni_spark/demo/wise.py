"""What WISE measures of a source of given brightness: flux, error, magnitude or limit, quality.

Why: one noise model serves the catalogue, CatWISE and the single exposures. Fluxes are measured, also negative ones,
and everything else follows from flux and error as in the published tables.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasni_spark.demo.directions import Columns, Floats
from tasni_spark.demo.names import letters

ZERO_POINT = {"w1": 20.5, "w2": 19.5, "w3": 18.0, "w4": 13.0}
"""Magnitude of a flux of 1 dn (WISE Explanatory Supplement, 2012wise.rept....1C)."""
DEPTH = {"w1": 17.1, "w2": 15.7, "w3": 11.3, "w4": 8.0}
"""Vega magnitude of 5 sigma in AllWISE at two visits (AllWISE Explanatory Supplement, 2013wise.rept....1C)."""
SINGLE_DEPTH = {"w1": 15.8, "w2": 14.4}
"""The same for a single exposure (Mainzer et al. 2014, 2014ApJ...792...30M)."""
FLOOR = {"w1": 0.022, "w2": 0.020, "w3": 0.015, "w4": 0.018}
"""Least error in mag, from the pixels and the point spread function."""
SATURATED = {"w1": 8.1, "w2": 6.7, "w3": 3.8, "w4": -0.4}
"""Magnitude at which the middle of a source saturates (Wright et al. 2010, 2010AJ....140.1868W)."""
MAG_PER_SNR = 2.5 / np.log(10.0)


def measured(mag: Floats, depth: Floats, band: str, rng: np.random.Generator) -> Columns:
    """A measurement with noise, in the published form.

    Parameters
    ----------
    mag : mag, any shape
        True magnitudes; infinite for no light.
    depth : mag
        Magnitude of 5 sigma.
    band
        `w1` .. `w4`.

    Returns
    -------
    dict
        `flux`, `sigflux` (dn), `snr`, `mpro`, `sigmpro` (mag).

    Notes
    -----
    The error is that of the background plus, in quadrature, a fixed part of the flux; sigmpro = 1.0857 / snr. Below
    snr = 2 there is no sigmpro, and mpro is the 95 per cent limit, from the flux, if positive, plus 2 sigma.
    """
    zero = ZERO_POINT[band]
    true = 10.0 ** (0.4 * (zero - mag))
    sigma = np.hypot(10.0 ** (0.4 * (zero - depth)) / 5.0, true * (FLOOR[band] / MAG_PER_SNR))
    flux = true + sigma * rng.standard_normal(true.shape)
    snr = flux / sigma
    is_seen = snr >= 2.0
    light = np.where(is_seen, flux, np.maximum(flux, 0.0) + 2.0 * sigma)
    return {
        "flux": flux,
        "sigflux": sigma,
        "snr": snr,
        "mpro": zero - 2.5 * np.log10(light),
        "sigmpro": np.where(is_seen, MAG_PER_SNR / np.where(is_seen, snr, 1.0), np.nan),
    }


def published(band: str, m: Columns) -> Columns:
    """A measurement as columns of a band, rounded as in the published tables."""
    digits = {"mpro": 3, "sigmpro": 3, "snr": 1, "flux": 4, "sigflux": 4}
    return {f"{band}{name}": np.round(m[name], d) for name, d in digits.items()}


def quality(snr: Floats) -> NDArray[np.uint8]:
    """Letter of `ph_qual`: A from snr 10, B from 3, C from 2, U for a limit."""
    return letters("UCBA")[np.digitize(snr, [2.0, 3.0, 10.0])]


def saturated(mag: Floats, band: str) -> Floats:
    """Fraction of saturated pixels: 0 for faint sources, growing with brightness."""
    return np.asarray(np.round(np.clip(0.08 * (SATURATED[band] - mag), 0.0, 0.9), 3))


def position_error(snr: Floats, floor_arcsec: float) -> Floats:
    """Error of a coordinate in arcsec.

    Notes
    -----
    3.2 arcsec over the signal-to-noise ratio against the background alone, as in 6,519 single exposures of Orion.
    """
    ratio = np.clip(snr, 2.0, 0.99 * MAG_PER_SNR / FLOOR["w2"])
    against_background = 1.0 / np.sqrt(1.0 / ratio**2 - (FLOOR["w2"] / MAG_PER_SNR) ** 2)
    return np.asarray(np.hypot(floor_arcsec, 3.2 / against_background))
