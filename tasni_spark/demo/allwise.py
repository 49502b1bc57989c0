"""The mock AllWISE Source Catalog."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tasni_spark.demo.directions import Columns, Floats, julian_year, unit
from tasni_spark.demo.files import Rows, array
from tasni_spark.demo.leaves import Leaf
from tasni_spark.demo.names import letters, repeated, sexagesimal, text, tile_name
from tasni_spark.demo.neighbours import nearest, pairs
from tasni_spark.demo.populations import CLASSES, WISE
from tasni_spark.demo.variables import KINDS
from tasni_spark.demo.visits import ALLWISE
from tasni_spark.demo.wise import published, quality, saturated
from tasni_spark.demo.world import chosen, drift, seen

RADIUS_ARCSEC = 3.0
"""Within which the catalogue names a 2MASS source."""
BLEND_ARCSEC = 10.0
"""Within which sources are fitted together."""
BASELINE_YR = 0.5
MOTION_FLOOR_MASYR = 25.0
PM_YEAR = float(julian_year(55400.0))
COLD_END = 55468.3
"""MJD of 2010 Sep 29, when the last solid hydrogen, and with it W3 and W4, was gone (2010AJ....140.1868W)."""
_DIGITS = letters("0123456789")


def allwise(world: Columns, leaf: Leaf, twomass: Columns, rng: np.random.Generator) -> tuple[Rows, Columns]:
    """AllWISE's rows of a leaf.

    Parameters
    ----------
    world
        Objects of the leaf.
    leaf
        Which leaf: of its number the identifiers are made.
    twomass
        The mock 2MASS there: `ra`, `decl`, `pts_key` and magnitudes.

    Returns
    -------
    dict, dict
        Published columns, and the objects row by row.
    """
    o = chosen(world, np.flatnonzero(world["in_allwise"]))
    ra, dec, n = o["listed_ra"], o["listed_dec"], len(o["ra"])
    x, y, z = unit(ra, dec).T
    tile, number = tile_name(leaf.ra, leaf.dec), np.arange(1, n + 1)
    cntr = 10**18 + leaf.pixel * 10**14 + number
    columns: Rows = {
        "designation": sexagesimal(ra, dec, 2, 1, prefix="J"),
        "ra": ra,
        "dec": dec,
        "sigra": o["sigma"],
        "sigdec": o["sigma"],
        "sigradec": np.round(rng.normal(0.0, 0.2, n) * o["sigma"], 4),
        "cntr": cntr,
        "source_id": text(f"{tile}_ac51-", (number, 6)),
        "coadd_id": repeated(f"{tile}_ac51", n),
        "src": number,
        "best_use_cntr": cntr,
        "ngrp": np.zeros(n, np.int64),
        "x": x,
        "y": y,
        "z": z,
    }
    columns |= {c: np.round(o[c], 7) for c in ("glon", "glat", "elon", "elat")}
    for band in WISE:
        columns |= _band(o, band, rng)
    columns["rchi2"] = np.round(np.mean([columns[f"{b}rchi2"] for b in WISE], axis=0), 3)
    columns["rchi2_pm"] = np.round(0.995 * columns["rchi2"], 3)
    return columns | _variability(o, rng) | _motion(o, rng) | _flags(o, rng) | _twomass(ra, dec, twomass), o


def _band(o: Columns, band: str, rng: np.random.Generator) -> Rows:
    """Photometry of one band."""
    n = len(o["ra"])
    m = {q: o[f"{band}{q}"] for q in ("flux", "sigflux", "snr", "mpro", "sigmpro")}
    is_cold = band in ("w3", "w4")
    many = np.maximum(np.round(o["exposures"] * (0.5 if is_cold else 1.0)), 5.0).astype(np.int64)
    misfit = 4.0 * (o["kind"] == CLASSES.index("artefact")) + (o["kind"] == CLASSES.index("blend"))
    misfit = (misfit + 0.15 * o["size_arcsec"]) * rng.random(n) * np.clip(m["snr"] / 20.0, 0.0, 1.0)
    chi = np.round(rng.gamma(20.0, 0.05, n) + misfit, 3)
    return published(band, m) | {
        f"{band}rchi2": chi,
        f"{band}rchi2_pm": np.round(0.995 * chi, 3),
        f"{band}sat": saturated(o[band], band),
        f"{band}nm": rng.binomial(many, _exceeding(3.0 - m["snr"] / np.sqrt(many))),
        f"{band}m": many,
        f"{band}cov": np.round(many * rng.uniform(0.98, 1.02, n), 3),
        f"{band}mjdmin": np.full(n, ALLWISE[0]),
        f"{band}mjdmax": np.full(n, COLD_END if is_cold else ALLWISE[1]),
        f"{band}mjdmean": np.round(np.minimum(o["mjd"], COLD_END) if is_cold else o["mjd"], 8),
        f"{band}rsemi": np.where(o["size_arcsec"] > 0.0, np.round(o["size_arcsec"], 2), np.nan),
        f"{band}cc_map": np.zeros(n, np.int64),
    }


def _exceeding(x: Floats) -> Floats:
    """Probability that a standard normal number exceeds x (logistic approximation, good to 0.01)."""
    return 1.0 / (1.0 + np.exp(np.clip(1.702 * x, -60.0, 60.0)))


def _variability(o: Columns, rng: np.random.Generator) -> Rows:
    """-log10 of the probability that a source does not vary, and its digit in `var_flg`; n where it is not computed."""
    fast = np.isin(o["variability"], [KINDS.index(k) for k in ("lpv", "eclipsing", "red_noise")])
    size = np.where(fast, np.nan_to_num(o["amplitude"]), 0.0)
    columns: Rows = {}
    marks = []
    for band in WISE:
        snr, n = o[f"{band}snr"], len(size)
        level = np.minimum(rng.exponential(0.6, n) + size * np.maximum(snr, 0.0) / 1.5, 9.9)
        level = np.where(snr < 4.0, np.nan, np.round(level, 2))
        marks.append(np.where(snr < 4.0, letters("n")[0], _DIGITS[np.nan_to_num(level).astype(int)]))
        columns |= {
            f"{band}mlq": level,
            f"{band}k": np.where(snr < 4.0, np.nan, np.round(0.8 + rng.normal(0.0, 0.05, n), 3)),
            f"{band}ndf": np.maximum(np.round(o["exposures"]), 5.0).astype(np.int64) - 1,
        }
    return columns | {"var_flg": text(*marks)}


def _motion(o: Columns, rng: np.random.Generator) -> Rows:
    """Apparent motion, parallax left in, and the place that the moving fit gives at MJD 55400."""
    n = len(o["ra"])
    wide = np.round(np.hypot(0.05, 1.6 * o["sigma"]), 4)
    error = np.round(np.hypot(MOTION_FLOOR_MASYR, 1000.0 * o["sigma"] / BASELINE_YR))
    ra, dec = seen(o, drift(o, PM_YEAR), wide, rng)
    return {
        "ra_pm": ra,
        "dec_pm": dec,
        "sigra_pm": wide,
        "sigdec_pm": wide,
        "sigradec_pm": np.round(rng.normal(0.0, 0.2, n) * wide, 4),
        "pmra": np.round(o["drift_ra"] + error * rng.standard_normal(n)).astype(np.int64),
        "pmdec": np.round(o["drift_dec"] + error * rng.standard_normal(n)).astype(np.int64),
        "sigpmra": error.astype(np.int64),
        "sigpmdec": error.astype(np.int64),
    }


def _flags(o: Columns, rng: np.random.Generator) -> Rows:
    """Flags, most of them with a letter a band."""
    n = len(o["ra"])
    snr = [o[f"{b}snr"] for b in WISE]
    spurious = o["kind"] == CLASSES.index("artefact")
    marks = []
    for band in WISE:
        of_artefact = letters("DHOP")[rng.integers(0, 4, n)]
        of_others = np.where(rng.random(n) < 0.02, letters("dhop")[rng.integers(0, 4, n)], _DIGITS[0])
        marks.append(np.where(spurious & ((rng.random(n) < 0.7) | (band == "w1")), of_artefact, of_others))
    moon = [_DIGITS[np.minimum(rng.poisson(mean, n), 9)] for mean in (0.02, 0.02, 0.15, 0.15)]
    here = (o["listed_ra"], o["listed_dec"])
    is_pair = np.isfinite(o["pair_sep"])
    nb = np.maximum(nearest(n, *pairs(*here, *here, BLEND_ARCSEC))[2], 1 + is_pair)
    extended = np.where(o["size_arcsec"] > 0.0, np.clip(np.round(o["size_arcsec"] / 8.0), 1, 5), 0).astype(np.int64)
    return {
        "cc_flags": text(*marks),
        "ph_qual": text(*[quality(s) for s in snr]),
        "moon_lev": text(*moon),
        "satnum": repeated("0000", n),
        "pmcode": text(_DIGITS[np.minimum(nb, 9)], "N000"),
        "det_bit": np.sum([(s >= 2.0).astype(np.int64) << k for k, s in enumerate(snr)], axis=0),
        "nb": nb,
        "na": is_pair.astype(np.int64),
        "ext_flg": extended,
        "xscprox": np.where(extended > 0, np.round(np.abs(rng.normal(0.0, 0.8, n)), 2), np.nan),
    }


def _twomass(ra: Floats, dec: Floats, twomass: Columns) -> Rows:
    """The nearest 2MASS source within 3 arcsec."""
    partner, sep, count = nearest(len(ra), *pairs(ra, dec, twomass["ra"], twomass["decl"], RADIUS_ARCSEC))
    keys = array(np.append(twomass["pts_key"], 0)[partner], pa.int64(), missing=partner < 0)
    found: Rows = {"tmass_key": keys, "r_2mass": np.round(sep, 3), "n_2mass": count}
    for band in "jhk":
        found[f"{band}_m_2mass"] = np.append(twomass[f"{band}_m"], np.nan)[partner]
        found[f"{band}_msig_2mass"] = np.append(twomass[f"{band}_msigcom"], np.nan)[partner]
    return found
