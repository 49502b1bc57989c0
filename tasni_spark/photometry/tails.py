"""How often each population reaches a likelihood ratio: recall, and false positives to be expected.

Why: an order is worth nothing without its price. Both populations are drawn as AllWISE would have seen them, noise and
limits included, and go through the same ratio as the sources do.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tasni_spark.photometry.likelihood import OUTLIER_MEAN, OUTLIER_SIGMA_MAG, OUTLIERS, log_ratio, mixtures
from tasni_spark.photometry.magnitudes import BANDS, LIMIT_SIGMAS, MAG_PER_SNR, Band, Floats, flux_mjy, magnitude

DRAWS = 100_000
BRIGHT_ERROR = 0.02
"""Relative error of a bright source (Cutri et al. 2013, AllWISE Explanatory Supplement II.5.b, 2013wise.rept....1C)."""
PARENT_COLOUR_MAG = 1.5
"""The parent population has W1-W2 above this: of what is measured to be bluer neither population says anything."""


class Tails(NamedTuple):
    """Log ratios of drawn members of each population that are seen in W2, rising."""

    dwarfs: Floats
    parents: Floats


def red_ratio(
    w1: npt.ArrayLike,
    w1_error: npt.ArrayLike,
    w2: npt.ArrayLike,
    w2_error: npt.ArrayLike,
    w3: npt.ArrayLike,
    w3_error: npt.ArrayLike,
) -> Floats:
    """`likelihood.log_ratio` where its populations are known: NaN where W1-W2 is measured below PARENT_COLOUR_MAG.

    Parameters
    ----------
    w1, w1_error, w2, w2_error, w3, w3_error : mag, (n,)
        As in the catalogue: a magnitude without an error is a 95 per cent limit, NaN no measurement.

    Returns
    -------
    dimensionless, (n,)
    """
    is_blue = (np.asarray(w1_error, np.float64) > 0.0) & (np.subtract(w1, w2) < PARENT_COLOUR_MAG)
    return np.where(is_blue, np.nan, log_ratio(w1, w1_error, w2, w2_error, w3, w3_error))


def tails(w2_mag: npt.ArrayLike, seed: int = 1) -> Tails:
    """Draw both populations over the W2 magnitudes of the sources that are ranked.

    Parameters
    ----------
    w2_mag : mag, (n,)
        Vega; a sample of the red sources searched, or quantiles of it.
    seed
        Of the draws.

    Notes
    -----
    True colours from `mixtures`, fluxes with the noise of the band's depth and BRIGHT_ERROR of the flux, a flux below
    LIMIT_SIGMAS sigma as the limit f + 2 sigma. A dwarf that comes out too blue for a ratio counts as lost.
    """
    rng = np.random.default_rng(seed)
    w2 = rng.choice(np.asarray(w2_mag, np.float64), DRAWS)
    dwarfs, parents = (_seen(name, w2, rng) for name in ("dwarfs", "parents"))
    return Tails(np.sort(np.nan_to_num(dwarfs, nan=-np.inf)), np.sort(parents[~np.isnan(parents)]))


def reached(sample: Floats, ratio: npt.ArrayLike) -> Floats:
    """Part of a population with a log ratio of at least so much, (n,); NaN where the ratio is.

    Notes
    -----
    (k + 1) / (n + 1) for k of n draws at or above: never 0, so no false positive at all is never promised.

    Examples
    --------
    >>> reached(np.array([0.0, 1.0, 2.0]), [1.5, 5.0]).tolist()
    [0.5, 0.25]
    """
    r = np.asarray(ratio, np.float64)
    above = len(sample) - np.searchsorted(sample, r)
    return np.where(np.isnan(r), np.nan, (above + 1.0) / (len(sample) + 1.0))


def _seen(population: str, w2: Floats, rng: np.random.Generator) -> Floats:
    """Log ratios of members with these true W2 magnitudes; those not seen in W2 left out."""
    weight, mean, covariance = mixtures()[population]
    which = rng.choice(len(weight) + 1, len(w2), p=[*((1.0 - OUTLIERS) * weight / weight.sum()), OUTLIERS])
    means = np.vstack([mean, OUTLIER_MEAN])
    factors = np.linalg.cholesky(np.concatenate([covariance, [OUTLIER_SIGMA_MAG**2 * np.eye(2)]]))
    blue, red = (means[which] + np.einsum("nij,nj->ni", factors[which], rng.standard_normal((len(w2), 2)))).T
    measured = [_observed(m, b, rng) for m, b in zip((w2 + blue, w2, w2 - red), BANDS, strict=False)]
    return red_ratio(*(column[measured[1][1] > 0.0] for pair in measured for column in pair))


def _observed(mag: Floats, band: Band, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Magnitude and error as a catalogue gives them."""
    true = flux_mjy(mag, band)
    sigma = np.hypot(flux_mjy(band.depth_mag, band) / 5.0, BRIGHT_ERROR * true)
    seen = true + sigma * rng.standard_normal(len(true))
    is_limit = seen < LIMIT_SIGMAS * sigma
    flux = np.where(is_limit, np.maximum(seen, 0.0) + LIMIT_SIGMAS * sigma, seen)
    return magnitude(flux, band), np.where(is_limit, np.nan, MAG_PER_SNR * sigma / flux)
