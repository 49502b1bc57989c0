"""The sources of all surveys near one place, each brought to the same epoch.

Why: a moving source is at another place in each survey; what lies near it is a question of when.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tasni_spark.core.work import Inputs
from tasni_spark.search.find import MOVED_ARCSEC, Place
from tasni_spark.sky.motion import motion_vector, propagate
from tasni_spark.sky.sphere import chord2, chord_arcsec, unit_vector

Vector = tuple[Column, Column, Column]

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


def is_moving() -> Column:
    """Whether a row of positions has a significant proper motion."""
    pm = F.hypot("pmra_masyr", "pmdec_masyr")
    error = F.hypot("pmra_error_masyr", "pmdec_error_masyr") / F.sqrt(F.lit(2.0))
    return F.coalesce((pm >= MOTION_SNR * error) & ~F.isnan(pm), F.lit(False))


def near(inputs: Inputs, surveys: Sequence[str], at: Anchor) -> list[dict[str, Any]]:
    """Sources of all surveys within NEAR_ARCSEC of the anchor, nearest first.

    Returns
    -------
    list of dict
        Columns of `<survey>_positions`, `survey`, `is_moving` and `sep_arcsec`: the separation at the row's epoch where
        the anchor's motion is known, else at the anchor's epoch.
    """
    region = Place(at.ra, at.dec, NEAR_ARCSEC)
    parts = []
    for survey in surveys:
        rows = inputs.read(f"{survey}_positions").where(region.near(F.col("hpx29"), MOVED_ARCSEC))
        rows = rows.where(_chord2(_stored(), _vector(at)) <= chord2(NEAR_ARCSEC + MOVED_ARCSEC))
        parts.append(
            rows.withColumns(
                {"survey": F.lit(survey), "is_moving": is_moving(), "sep_arcsec": chord_arcsec(_separation2(at))}
            )
        )
    if not parts:
        return []
    rows_found = [r.asDict() for r in reduce(DataFrame.unionByName, parts).drop("x", "y", "z").collect()]
    found = [r for r in rows_found if r["sep_arcsec"] <= NEAR_ARCSEC]
    return sorted(found, key=lambda r: (r["sep_arcsec"], r["survey"], r["id"]))


def _separation2(at: Anchor) -> Column:
    """Square of the chord between a row of positions and the anchor, at one epoch."""
    years = F.coalesce(F.nanvl(F.col("epoch"), F.lit(at.epoch).cast("double")) - F.lit(at.epoch), F.lit(0.0))
    if at.pmra_masyr is not None:
        return _chord2(_stored(), _at(_vector(at), _rate(at), years))
    pm = [F.when(is_moving(), F.col(c)).otherwise(0.0) for c in ("pmra_masyr", "pmdec_masyr")]
    return _chord2(_at(_stored(), motion_vector(F.col("ra"), F.col("dec"), pm[0], pm[1]), -years), _vector(at))


def _stored() -> Vector:
    return F.col("x"), F.col("y"), F.col("z")


def _vector(at: Anchor) -> Vector:
    return unit_vector(F.lit(at.ra), F.lit(at.dec))


def _rate(at: Anchor) -> Vector:
    return motion_vector(F.lit(at.ra), F.lit(at.dec), F.lit(at.pmra_masyr), F.lit(at.pmdec_masyr))


def _at(place: Vector, rate: Vector, years: Column) -> Vector:
    """A unit vector after some years of uniform motion in space (see `sky.motion.propagate`)."""
    x, y, z = (u + m * years for u, m in zip(place, rate, strict=True))
    length = F.sqrt(x * x + y * y + z * z)
    return x / length, y / length, z / length


def _chord2(a: Vector, b: Vector) -> Column:
    x, y, z = (u - v for u, v in zip(a, b, strict=True))
    return x * x + y * y + z * z


def _moved(at: Anchor, epoch: Column) -> Column:
    ra, dec, pmra, pmdec, parallax = (
        F.lit(n).cast("double") for n in (at.ra, at.dec, at.pmra_masyr, at.pmdec_masyr, at.parallax_mas)
    )
    return propagate(ra, dec, pmra, pmdec, parallax, epoch - F.lit(at.epoch))


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


def expected(inputs: Inputs, at: Anchor, when: Mapping[str, float]) -> dict[str, tuple[float, float, float]]:
    """Epoch, ra and dec of a moving anchor in each survey; empty for one without a true motion."""
    if at.pmra_masyr is None or at.epoch is None or not when:
        return {}
    columns = [_moved(at, F.lit(epoch)).alias(survey) for survey, epoch in when.items()]
    moved = inputs.spark.range(1).select(*columns).collect()[0]
    return {survey: (epoch, moved[survey]["ra"], moved[survey]["dec"]) for survey, epoch in when.items()}
