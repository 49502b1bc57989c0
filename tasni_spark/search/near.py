"""The sources of all surveys near one place, each brought to the same epoch.

Why: a moving source is at another place in each survey; what lies near it is a question of when.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.coordinates import angular_separation

from tasni_spark.core.work import Inputs
from tasni_spark.search.find import MOVED_ARCSEC, Place
from tasni_spark.sky.motion import RAD_PER_MAS

NEAR_ARCSEC = 30.0
"""Neighbours are sources within so many arcsec."""
MOTION_SNR = 5.0
"""A proper motion of fewer sigma is taken as zero, as in the crossmatch."""


@dataclass(frozen=True)
class Anchor:
    """Where to look: a source, or an empty place.

    Parameters
    ----------
    survey, id, tile, hpx29
        The source; an empty place has neither survey nor identifier.
    ra, dec : deg
        At `epoch`.
    epoch : yr
        None for a place, or where the survey does not say.
    pmra_masyr, pmdec_masyr, parallax_mas
        True motion, None where none is known or it is not significant.
    motion_from
        The survey whose motion that is.
    """

    survey: str
    id: int | None
    tile: int | None
    hpx29: int
    ra: float
    dec: float
    epoch: float | None = None
    pmra_masyr: float | None = None
    pmdec_masyr: float | None = None
    parallax_mas: float | None = None
    motion_from: str = ""


def is_moving(row: Mapping[str, Any]) -> bool:
    """Whether a row of positions has a significant proper motion."""
    motion = [row[f"{c}_masyr"] for c in ("pmra", "pmdec", "pmra_error", "pmdec_error")]
    if row["epoch"] is None or not np.isfinite([row["epoch"], *(np.nan if m is None else m for m in motion)]).all():
        return False
    return math.hypot(*motion[:2]) >= MOTION_SNR * math.hypot(*motion[2:]) / math.sqrt(2.0)


def near(inputs: Inputs, surveys: Sequence[str], at: Anchor) -> list[dict[str, Any]]:
    """Sources of all surveys within NEAR_ARCSEC of the anchor, nearest first.

    Returns
    -------
    list of dict
        Columns of `<survey>_positions`, `survey`, `is_moving` and `sep_arcsec`: the separation at the row's epoch where
        the anchor's motion is known, else at the anchor's epoch.
    """
    region = Place(at.ra, at.dec, NEAR_ARCSEC).within(MOVED_ARCSEC)
    found = []
    for survey in surveys:
        for row in inputs.few(f"{survey}_positions", region):
            moves = is_moving(row)
            sep = _separation_arcsec(at, row, moves)
            if sep <= NEAR_ARCSEC:
                found.append({**row, "survey": survey, "is_moving": moves, "sep_arcsec": sep})
    return sorted(found, key=lambda r: (r["sep_arcsec"], r["survey"], r["id"]))


def _separation_arcsec(at: Anchor, row: Mapping[str, Any], moves: bool) -> float:
    place, then = (at.ra, at.dec), (row["ra"], row["dec"])
    if at.epoch is not None and row["epoch"] is not None:
        if at.pmra_masyr is not None and at.pmdec_masyr is not None:
            place = moved(*place, at.pmra_masyr, at.pmdec_masyr, row["epoch"] - at.epoch)
        elif moves:
            then = moved(*then, row["pmra_masyr"], row["pmdec_masyr"], at.epoch - row["epoch"])
    return float(np.degrees(angular_separation(*np.radians([*place, *then])))) * 3600


def moved(ra: float, dec: float, pmra: float, pmdec: float, years: float) -> tuple[float, float]:
    """Position in deg after uniform motion in space: `sky.motion.propagate` for one source, without a Spark job.

    Parameters
    ----------
    ra, dec : deg
    pmra, pmdec : mas / yr
        pmra contains the factor cos(dec).
    years : yr

    Examples
    --------
    >>> [round(v, 6) for v in moved(10.0, 0.0, 3600e3, 0.0, 0.001)]
    [10.001, 0.0]
    """
    lon, lat = math.radians(ra), math.radians(dec)
    east, north = (np.array(v) for v in ((-math.sin(lon), math.cos(lon), 0.0), _north(lon, lat)))
    start = np.array([math.cos(lon) * math.cos(lat), math.sin(lon) * math.cos(lat), math.sin(lat)])
    x, y, z = start + years * RAD_PER_MAS * (pmra * east + pmdec * north)
    return math.degrees(math.atan2(y, x)) % 360.0, math.degrees(math.atan2(z, math.hypot(x, y)))


def _north(lon: float, lat: float) -> tuple[float, float, float]:
    return -math.cos(lon) * math.sin(lat), -math.sin(lon) * math.sin(lat), math.cos(lat)


def epochs(inputs: Inputs, surveys: Sequence[str], hpx29: int) -> dict[str, float]:
    """Epoch of each survey about a place, the middle of those of the files that may hold it, from the logs alone."""
    found = {}
    for survey in surveys:
        ref = inputs.lake.ref(f"{survey}_positions")
        files = [f for f in inputs.lake.files(ref, inputs.pins[str(ref)]) if f.get("min.epoch") is not None]
        here = [f for f in files if f["min.hpx29"] <= hpx29 <= f["max.hpx29"]] or files
        if here:
            found[survey] = (min(f["min.epoch"] for f in here) + max(f["max.epoch"] for f in here)) / 2
    return found


def expected(at: Anchor, epoch: float | None) -> dict[str, Any]:
    """Where a moving anchor was at an epoch, as fields of a `Sight`; empty without an epoch or a true motion."""
    if at.pmra_masyr is None or at.pmdec_masyr is None or at.epoch is None or epoch is None:
        return {}
    ra, dec = moved(at.ra, at.dec, at.pmra_masyr, at.pmdec_masyr, epoch - at.epoch)
    return {"expected_epoch": epoch, "expected_ra": ra, "expected_dec": dec}
