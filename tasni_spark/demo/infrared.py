"""The mock CatWISE2020 and 2MASS catalogues."""

from __future__ import annotations

import numpy as np

from tasni_spark.demo.directions import Columns, Floats, ecliptic, galactic, julian_year, years_since
from tasni_spark.demo.files import Rows
from tasni_spark.demo.leaves import Leaf
from tasni_spark.demo.names import letters, repeated, sexagesimal, text, tile_name
from tasni_spark.demo.neighbours import Ints
from tasni_spark.demo.populations import CLASSES
from tasni_spark.demo.wise import DEPTH, MAG_PER_SNR, measured, position_error, published
from tasni_spark.demo.world import PATH, chosen, drift, offset, seen

CATWISE_DEEPER = 0.8
"""Depth gained over AllWISE in mag, and the epoch of the moving fit (Marocco et al. 2021, 2021ApJS..253....8M)."""
CATWISE_MJD = 57170.0
CATWISE_SPAN_YR = 5.0
TWOMASS_LIMIT = {"J": 15.8, "H": 15.1, "K": 14.3}
"""Magnitudes of 10 sigma (Skrutskie et al. 2006, 2006AJ....131.1163S)."""
TWOMASS_JD = (2450600.5, 2451955.5)


def catwise(world: Columns, leaf: Leaf, rng: np.random.Generator) -> tuple[Rows, Ints]:
    """CatWISE2020's rows of a leaf, and the objects they are of.

    Notes
    -----
    Its twelve coverages look from both sides of the orbit alike, so that the parallax averages out of its places.
    """
    real = np.isfinite(world["w1"]) & (world["kind"] != CLASSES.index("artefact"))
    o = chosen(world, np.flatnonzero(real), *PATH, "w1", "w2", "gain", "slope")
    years = float(years_since(CATWISE_MJD))
    m = {}
    for band in ("w1", "w2"):
        now = o[band] + np.nan_to_num(o["slope"]) * years
        m[band] = measured(now, DEPTH[band] + o["gain"] + CATWISE_DEEPER, band, rng)
    is_seen = np.maximum(m["w1"]["snr"], m["w2"]["snr"]) >= 5.0
    index, n = np.flatnonzero(real)[is_seen], int(is_seen.sum())
    o, m = chosen(o, is_seen), {band: chosen(v, is_seen) for band, v in m.items()}

    sigma = np.round(position_error(np.maximum(m["w1"]["snr"], m["w2"]["snr"]), 0.025), 4)
    pm_error = np.round(np.hypot(0.006, sigma / CATWISE_SPAN_YR), 5)
    mjd = np.round(CATWISE_MJD + rng.normal(0.0, 60.0, n), 4)
    static = seen(o, drift(o, julian_year(mjd)), sigma, rng)
    moving = seen(o, drift(o, julian_year(CATWISE_MJD)), sigma, rng)
    glon, glat = galactic(*static)
    elon, elat = ecliptic(*static)
    number, tile = np.arange(n), tile_name(leaf.ra, leaf.dec)
    columns: Rows = {
        "source_name": sexagesimal(*moving, 2, 1, prefix="J"),
        "source_id": text(f"{tile}_b0-", (number, 6)),
        "ra": static[0],
        "dec": static[1],
        "sigra": sigma,
        "sigdec": sigma,
        "sigradec": np.zeros(n),
        "meanobsmjd": mjd,
        "ra_pm": moving[0],
        "dec_pm": moving[1],
        "sigra_pm": sigma,
        "sigdec_pm": sigma,
        "pmra": np.round(o["pmra"] / 1000.0 + pm_error * rng.standard_normal(n), 5),
        "pmdec": np.round(o["pmdec"] / 1000.0 + pm_error * rng.standard_normal(n), 5),
        "sigpmra": pm_error,
        "sigpmdec": pm_error,
        "cc_flags": repeated("0000", n),
        "ab_flags": text(*[letters("01")[(rng.random(n) < 0.02).astype(int)] for _ in range(2)]),
        "glon": glon,
        "glat": glat,
        "elon": elon,
        "elat": elat,
    }
    for band in ("w1", "w2"):
        columns |= published(band, m[band]) | {f"{band}rchi2": np.round(rng.gamma(30.0, 1 / 30.0, n), 3)}
        columns[f"{band}mpro_pm"] = np.round(m[band]["mpro"] + rng.normal(0.0, 0.005, n), 3)
        columns[f"{band}sigmpro_pm"] = columns[f"{band}sigmpro"]
    return columns, index


def twomass(world: Columns, leaf: Leaf, rng: np.random.Generator) -> tuple[Rows, Ints]:
    """2MASS' rows of a leaf, and the objects they are of.

    Notes
    -----
    An object is listed if any band is above its limit; in the others its magnitude is a limit without an error. A leaf
    is scanned on one night, as the scans of the survey are 6 deg long.
    """
    index = np.flatnonzero(np.any([world[b] < limit for b, limit in TWOMASS_LIMIT.items()], axis=0))
    o, n = chosen(world, index, *PATH, *TWOMASS_LIMIT, "size_arcsec"), len(index)
    jd = np.round(rng.uniform(*TWOMASS_JD) + rng.integers(0, 3, n) * 0.0004, 4)
    snr = 10.0 * 10.0 ** (0.4 * (TWOMASS_LIMIT["J"] - o["J"]))
    sigma = np.round(np.hypot(0.07, 1.0 / np.maximum(snr, 7.0)), 2)
    ra, dec = seen(o, offset(o, jd - 2400000.5), sigma, rng)
    columns: Rows = {
        "ra": ra,
        "decl": dec,
        "err_maj": sigma,
        "err_min": sigma,
        "err_ang": np.full(n, 90),
        "designation": sexagesimal(ra, dec, 2, 1, dots=False),
        "pts_key": leaf.pixel * 10**6 + np.arange(n),
        "jdate": jd,
        "gal_contam": (o["size_arcsec"] > 20.0).astype(np.int64),
        "mp_flg": np.zeros(n, np.int64),
        "rd_flg": repeated("222", n),
        "bl_flg": repeated("111", n),
        "cc_flg": repeated("000", n),
        "use_src": np.ones(n, np.int64),
        "hemis": text(letters("ns")[(dec < 12.0).astype(int)]),
    }
    marks = []
    for band, limit in TWOMASS_LIMIT.items():
        columns |= _near_infrared(band.lower(), o[band], limit, rng)
        error = columns[f"{band.lower()}_msigcom"]
        marks.append(letters("ABCU")[np.digitize(np.nan_to_num(error, nan=9.0), [0.109, 0.155, 1.0])])
    columns["ph_qual"] = text(*marks)
    return columns, index


def _near_infrared(band: str, mag: Floats, limit: float, rng: np.random.Generator) -> Rows:
    """Magnitude and error of one band; a limit without error 1.5 mag below the limit of 10 sigma."""
    n = len(mag)
    faintest = limit + 1.5
    error = np.hypot(0.022, MAG_PER_SNR / 10.0 * 10.0 ** (0.4 * (np.minimum(mag, faintest) - limit)))
    is_seen = mag < faintest
    value = np.where(is_seen, np.minimum(mag, faintest) + error * rng.standard_normal(n), faintest)
    return {
        f"{band}_m": np.round(value, 3),
        f"{band}_cmsig": np.where(is_seen, np.round(error, 3), np.nan),
        f"{band}_msigcom": np.where(is_seen, np.round(error, 3), np.nan),
        f"{band}_snr": np.where(is_seen, np.round(MAG_PER_SNR / error, 1), np.nan),
    }
