"""All objects of a leaf: those that AllWISE lists, the fainter ones that only deeper surveys see, and companions.

Why: objects are drawn down to 0.9 mag below the limit of AllWISE and measured; AllWISE lists those seen at 5 sigma.
Whatever is drawn on the way to the number wanted is there for the deeper surveys, as on the sky.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasni_spark.demo.directions import (
    EPOCH,
    Columns,
    Floats,
    centres,
    ecliptic,
    galactic,
    julian_year,
    moved,
    parallax_factors,
    years_since,
)
from tasni_spark.demo.leaves import CROWD_ORDER, ORDER, Leaf, densities
from tasni_spark.demo.populations import CLASSES, SKY, WISE, drawn
from tasni_spark.demo.variables import vary
from tasni_spark.demo.visits import ALLWISE, coverage, gain, visits
from tasni_spark.demo.wise import DEPTH, measured, position_error

DWARF = CLASSES.index("cold_dwarf")
DEEPER = 0.9
"""How much fainter than AllWISE's limit objects are made, in mag."""
SNR = 5.0
"""A source is in AllWISE if W1 or W2 reaches it."""
PATH = ("ra", "dec", "pmra", "pmdec", "parallax")
"""Columns that say where an object is at any time."""
POSITION_FLOOR = 0.035
"""Least position error of AllWISE in arcsec (AllWISE Explanatory Supplement, 2013wise.rept....1C)."""


def world(leaf: Leaf, rng: np.random.Generator) -> Columns:
    """Objects of a leaf in random order.

    Returns
    -------
    dict
        Magnitudes by band, `ra`, `dec` (true, at EPOCH), motion, variability, `in_allwise`, and of WISE the coverage
        and the measurements; `listed_ra`, `listed_dec` are AllWISE's.
    """
    share = np.array([d[0] for d in densities(np.array([leaf.ra]), np.array([leaf.dec])).values()])
    parts = [_drawn(ORDER, leaf.pixel, (leaf.rows - leaf.dwarfs - leaf.crowd_rows, leaf.dwarfs), share, rng)]
    if leaf.crowd_rows:
        parts.append(_drawn(CROWD_ORDER, leaf.crowd_pixel, (leaf.crowd_rows, 0), share, rng))
    for number, part in enumerate(parts):
        part["in_crowd"] = np.full(len(part["ra"]), number > 0)
    objects = joined(parts)
    vary(objects, is_monitored=leaf.is_monitored, rng=rng)
    objects = joined([objects, _companions(objects, rng)])
    return chosen(objects, rng.permutation(len(objects["ra"])))


def chosen(objects: Columns, which: NDArray[Any], *names: str) -> Columns:
    """Some rows of the columns named, or of all."""
    return {name: objects[name][which] for name in names or objects}


def joined(parts: list[Columns]) -> Columns:
    """Rows of all parts."""
    return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}


def offset(objects: Columns, mjd: Floats) -> tuple[Floats, Floats]:
    """Where objects appear at a time, against their place at EPOCH.

    Parameters
    ----------
    objects
        Columns of n objects.
    mjd : d, (n,) or (n, k)

    Returns
    -------
    arcsec, of the shape of `mjd`
        East and north, by proper motion and parallax.
    """
    column = (slice(None), None) if mjd.ndim == 2 else (slice(None),)
    years = years_since(mjd)
    east, north = parallax_factors(objects["ra"], objects["dec"], mjd)
    parallax = objects["parallax"][column]
    return (
        (objects["pmra"][column] * years + parallax * east) / 1000.0,
        (objects["pmdec"][column] * years + parallax * north) / 1000.0,
    )


def drift(objects: Columns, year: Floats | float) -> tuple[Floats, Floats]:
    """The same at a Julian year without the parallax: where objects are as seen from the Sun."""
    years = (np.asarray(year) - EPOCH) / 1000.0
    return objects["pmra"] * years, objects["pmdec"] * years


def seen(
    objects: Columns, path: tuple[Floats, Floats], error: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Measured directions in deg: on a path (arcsec east and north), with errors in arcsec."""
    noise = error * rng.standard_normal((2, len(error)))
    return moved(objects["ra"], objects["dec"], path[0] + noise[0], path[1] + noise[1])


def _drawn(order: int, pixel: int, need: tuple[int, int], share: Floats, rng: np.random.Generator) -> Columns:
    """Objects in a pixel, as many as it takes until AllWISE lists the numbers needed: of cold dwarfs, and of others."""
    parts: list[Columns] = []
    left = np.array(need)
    while (left > 0).any():
        many = np.where(left > 0, 2 * left + 8, 0)
        others = rng.choice(len(share), many[0], p=share / share.sum())
        kinds = np.concatenate([others, np.full(many[1], DWARF)])
        place = _places(order, pixel, len(kinds), rng)
        made = drawn(kinds, DEPTH["w1"] + place["gain"] + DEEPER, place["glat"], rng)
        parts.append(_observed(made | place | {"kind": kinds}, rng))
        listed = kinds[parts[-1]["in_allwise"]] == DWARF
        left -= [int((~listed).sum()), int(listed.sum())]
    objects = joined(parts)
    is_listed, is_dwarf = objects["in_allwise"], objects["kind"] == DWARF
    kept = np.zeros(len(is_dwarf), bool)
    for group, n in ((~is_dwarf, need[0]), (is_dwarf, need[1])):
        listed_before = np.cumsum(is_listed & group) - (is_listed & group)
        kept |= group & (listed_before < n)
    return chosen(objects, np.flatnonzero(kept))


def _places(order: int, pixel: int, n: int, rng: np.random.Generator) -> Columns:
    """Random directions in a pixel, with what WISE has of them."""
    inside = rng.integers(0, 1 << 2 * (29 - order), n, dtype=np.uint64)
    ra, dec = centres(inside + np.uint64(pixel << 2 * (29 - order)), 29)
    glon, glat = galactic(ra, dec)
    elon, elat = ecliptic(ra, dec)
    times = visits(elon, ALLWISE)
    exposures = coverage(elat, np.isfinite(times).sum(axis=1)) * rng.uniform(0.85, 1.15, n)
    place = {"ra": ra, "dec": dec, "glon": glon, "glat": glat, "elon": elon, "elat": elat}
    return place | {"exposures": np.round(exposures), "gain": gain(exposures), "times": times}


def _observed(objects: Columns, rng: np.random.Generator) -> Columns:
    """Add AllWISE's measurements, and the true place behind the one that it lists.

    Notes
    -----
    The listed place is the one that was drawn, so that it lies in the leaf for certain; the true one is what remains
    when noise, motion and the parallax of the visits are taken off.
    """
    n = len(objects["ra"])
    for band in WISE:
        depth = DEPTH[band] + (objects["gain"] if band in ("w1", "w2") else 0.5 * objects["gain"])
        objects |= {f"{band}{q}": v for q, v in measured(objects[band], depth, band, rng).items()}
    snr = np.maximum(objects["w1snr"], objects["w2snr"])
    sigma = np.round(position_error(snr, POSITION_FLOOR), 4)
    times = objects.pop("times")
    weight = np.isfinite(times) / np.isfinite(times).sum(axis=1, keepdims=True)
    times = np.nan_to_num(times, nan=ALLWISE[0])
    path = offset(objects, times)
    mean = [(weight * p).sum(axis=1) for p in path]
    objects |= {"in_allwise": snr >= SNR, "sigma": sigma, "listed_ra": objects["ra"], "listed_dec": objects["dec"]}
    objects["mjd"] = (weight * times).sum(axis=1)
    since = weight * (julian_year(times) - julian_year(objects["mjd"])[:, None])
    spread = (since * julian_year(times)).sum(axis=1)
    objects |= {
        f"drift_{c}": 1000.0 * (since * p).sum(axis=1) / spread for c, p in zip(("ra", "dec"), path, strict=True)
    }
    noise = sigma * rng.standard_normal((2, n))
    objects["ra"], objects["dec"] = moved(objects["ra"], objects["dec"], -mean[0] - noise[0], -mean[1] - noise[1])
    return objects


def _companions(objects: Columns, rng: np.random.Generator) -> Columns:
    """The fainter stars of blends, which only surveys of better resolution tell apart."""
    pair = chosen(objects, np.flatnonzero(np.isfinite(objects["pair_sep"])))
    n, angle = len(pair["ra"]), rng.uniform(0.0, 2.0 * np.pi, len(pair["ra"]))
    east, north = pair["pair_sep"] * np.sin(angle), pair["pair_sep"] * np.cos(angle)
    pair["ra"], pair["dec"] = moved(pair["ra"], pair["dec"], east, north)
    pair |= {band: pair[band] + pair["pair_dm"] for band in SKY} | {band: np.full(n, np.inf) for band in WISE}
    return pair | {"in_allwise": np.zeros(n, bool), "pair_sep": np.full(n, np.nan)}
