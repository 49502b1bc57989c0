"""The mock Gaia DR3 and Pan-STARRS1 DR2 catalogues."""

from __future__ import annotations

from typing import Any

import numpy as np

from tasni_spark.demo.directions import Columns, ecliptic, galactic, julian_year, pixels
from tasni_spark.demo.files import Rows
from tasni_spark.demo.leaves import Leaf
from tasni_spark.demo.names import numbered, repeated, sexagesimal, words
from tasni_spark.demo.neighbours import Ints
from tasni_spark.demo.wise import MAG_PER_SNR
from tasni_spark.demo.world import PATH, chosen, drift, seen

GAIA_LIMIT = 20.7
"""G of the faintest sources (Gaia Collaboration, Vallenari et al. 2023, 2023A&A...674A...1G)."""
GAIA_YEAR = 2016.0
GAIA_ERRORS = ((6.0, 13.0, 15.0, 17.0, 18.0, 20.0, 20.5, 21.0), (0.02, 0.02, 0.03, 0.07, 0.12, 0.5, 0.9, 1.3))
"""G and the error of the parallax in mas (Lindegren et al. 2021, A&A 649, A2, 2021A&A...649A...2L)."""
GAIA_ZERO = {"g": 25.6874, "bp": 25.3385, "rp": 24.7479}
"""Magnitude of 1 e-/s, Vega (Riello et al. 2021, A&A 649, A3, 2021A&A...649A...3R)."""
PS1_LIMIT = {"g": 22.0, "r": 21.8, "i": 21.5, "z": 20.9, "y": 19.7}
"""AB magnitude of 5 sigma in single exposures, of which the mean objects are made (2016arXiv161205560C, table 11)."""
PS1_SOUTH = -30.0
EDGE = 0.003
"""Margin in deg, so that no measured place falls out of the footprint."""


def gaia(world: Columns, leaf: Leaf, rng: np.random.Generator) -> tuple[Rows, Ints]:
    """Gaia's rows of a leaf, and the objects they are of.

    Notes
    -----
    Towards the limit more and more sources, a seventh of all, have a place only: no motion and no parallax.
    """
    index = np.flatnonzero(world["G"] < GAIA_LIMIT)
    o, n = chosen(world, index, *PATH, "G", "BP", "RP", "variability", "pair_sep"), len(index)
    g = o["G"]
    error = np.interp(g, *GAIA_ERRORS)
    has_motion = rng.random(n) > np.clip((g - 19.8) / 0.9, 0.0, 0.95)
    noise = error * rng.standard_normal((3, n))
    ra, dec = seen(o, drift(o, GAIA_YEAR), 0.8e-3 * error, rng)
    glon, glat = galactic(ra, dec)
    elon, elat = ecliptic(ra, dec)
    ids = (pixels(ra, dec, 12) << 35) + (leaf.pixel << 21) + np.arange(n)
    parallax = np.where(has_motion, o["parallax"] + noise[0], np.nan)
    pmra, pmdec = (np.where(has_motion, o[c] + 1.05 * e, np.nan) for c, e in (("pmra", noise[1]), ("pmdec", noise[2])))
    has_colour = (o["BP"] < 22.0) & (o["RP"] < 20.5)
    columns: Rows = {
        "solution_id": np.full(n, 1636148068921376768),
        "designation": numbered("Gaia DR3 ", ids),
        "source_id": ids,
        "random_index": (leaf.pixel << 21) + rng.permutation(n),
        "ref_epoch": np.full(n, GAIA_YEAR),
        "ra": ra,
        "ra_error": 0.8 * error,
        "dec": dec,
        "dec_error": 0.8 * error,
        "parallax": parallax,
        "parallax_error": np.where(has_motion, error, np.nan),
        "parallax_over_error": parallax / error,
        "pm": np.hypot(pmra, pmdec),
        "pmra": pmra,
        "pmra_error": np.where(has_motion, 1.05 * error, np.nan),
        "pmdec": pmdec,
        "pmdec_error": np.where(has_motion, 1.05 * error, np.nan),
        "ra_dec_corr": np.clip(rng.normal(0.0, 0.25, n), -0.99, 0.99),
        "astrometric_params_solved": np.where(has_motion, np.where(rng.random(n) < 0.4, 31, 95), 3),
        "ruwe": np.where(
            has_motion, rng.gamma(100.0, 0.0102, n) * np.where(np.isfinite(o["pair_sep"]), 1.6, 1.0), np.nan
        ),
        "duplicated_source": np.zeros(n, bool),
        "phot_variable_flag": _variable_flag(o, rng),
        "non_single_star": np.zeros(n, np.int16),
        "l": glon,
        "b": glat,
        "ecl_lon": elon,
        "ecl_lat": elat,
    }
    mags = {"g": g + rng.normal(0.0, 0.003, n)}
    mags |= {b: np.where(has_colour, o[b.upper()] + rng.normal(0.0, 0.02, n), np.nan) for b in ("bp", "rp")}
    for band, mag in mags.items():
        columns[f"phot_{band}_mean_mag"] = mag
        columns[f"phot_{band}_mean_flux"] = 10.0 ** (0.4 * (GAIA_ZERO[band] - mag))
    columns["bp_rp"] = mags["bp"] - mags["rp"]
    return columns, index


def _variable_flag(o: Columns, rng: np.random.Generator) -> Any:
    varies = (o["variability"] > 0) & (o["G"] < 19.0) & (rng.random(len(o["ra"])) < 0.6)
    return words(("NOT_AVAILABLE", "VARIABLE"), varies.astype(int))


def panstarrs(world: Columns, leaf: Leaf, rng: np.random.Generator) -> tuple[Rows, Ints]:
    """Pan-STARRS1's rows of a leaf, and the objects they are of; none south of -30 deg.

    Notes
    -----
    An object is listed if any band is above its limit; a band below it is -999.
    """
    bright = np.any([world[b] < limit for b, limit in PS1_LIMIT.items()], axis=0)
    index = np.flatnonzero(bright & (world["dec"] > PS1_SOUTH + EDGE))
    o, n = chosen(world, index, *PATH, *PS1_LIMIT, "size_arcsec"), len(index)
    detections: Ints = np.zeros(n, np.int64)
    columns: Rows = {}
    for band, limit in PS1_LIMIT.items():
        mag = o[band]
        is_seen = mag < limit
        error = np.hypot(
            0.01, MAG_PER_SNR / 5.0 * 10.0 ** (0.4 * (np.where(is_seen, mag, limit) - limit)) / np.sqrt(5.0)
        )
        value = np.where(is_seen, mag, limit) + error * rng.standard_normal(n)
        many = np.where(is_seen, rng.integers(3, 15, n), 0)
        detections = detections + many
        columns[f"{band}MeanPSFMag"] = np.where(is_seen, np.round(value, 4), -999.0)
        columns[f"{band}MeanPSFMagErr"] = np.where(is_seen, np.round(error, 6), -999.0)
        columns[f"{band}MeanPSFMagNpt"] = many
        columns[f"{band}QfPerfect"] = np.where(is_seen, 0.99, -999.0)
        columns[f"n{band}"] = many
    mjd = np.round(rng.normal(56150.0, 150.0, n), 5)
    sigma = np.round(np.hypot(0.003, 0.05 / np.sqrt(np.maximum(detections, 1.0))), 4)
    ra, dec = seen(o, drift(o, julian_year(mjd)), sigma, rng)
    return columns | {
        "objName": sexagesimal(ra, dec, 3, 2, prefix="PSO J"),
        "objID": 10**17 + leaf.pixel * 10**12 + np.arange(n),
        "raMean": ra,
        "decMean": dec,
        "raMeanErr": sigma,
        "decMeanErr": sigma,
        "epochMean": mjd,
        "objInfoFlag": np.full(n, 436_486_144),
        "qualityFlag": np.where(o["size_arcsec"] > 0.0, 61, 60),
        "nDetections": detections,
        "surveyID": np.zeros(n, np.int64),
        "objPopularName": repeated("", n),
    }, index
