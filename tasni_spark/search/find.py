"""Sources by name, by identifier or by position, read from files that can hold them and from no others.

Why: most names of sources are their positions. Read as such they say which few ranges of `hpx29` to open, of 747
million rows; the name itself then decides between the sources there.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc
import pyarrow.dataset as pads
from astropy import units as u
from astropy.coordinates import SkyCoord
from pyspark.sql import DataFrame

from tasni_spark.core.errors import DataError
from tasni_spark.core.work import Inputs
from tasni_spark.sky import cover

FAR_ARCSEC = 10.0
"""A position means the nearest source within so many arcsec."""
MOVED_ARCSEC = 180.0
"""How far a source may have moved from the position that its name tells: 10.4 arcsec / yr (Barnard's star) in 17 yr."""
RANGES = 8
"""Ranges of `hpx29` in one look-up: each costs time in each file, and what lies between them is little."""
HINT = "give a name that tells its position (J143046.35-025927.8), an identifier, or ra,dec in deg"
_SEXAGESIMAL = re.compile(
    r"(?<![\d.])J?(?P<h>\d\d)(?P<m>\d\d)(?:(?P<s>\d\d)\.?(?P<fs>\d*))?"
    r"(?P<sign>[+-])(?P<d>\d\d)(?P<am>\d\d)(?:(?P<as>\d\d)\.?(?P<fas>\d*))?\s*$"
)


@dataclass(frozen=True)
class Place:
    """A circle on the sky: deg, deg, arcsec."""

    ra: float
    dec: float
    radius_arcsec: float

    def within(self, more_arcsec: float = 0.0) -> pads.Expression:
        """Whether `hpx29` may lie in the circle, or so much beyond it: what files and row groups are pruned by."""
        radius = (self.radius_arcsec + more_arcsec) / 3600
        cells = cover.joined(cover.cone(self.ra, self.dec, radius, depth=16 if radius < 0.1 else 12), most=RANGES)
        tests = [(pc.field("hpx29") >= int(a)) & (pc.field("hpx29") < int(b)) for a, b in cells]
        return reduce(operator.or_, tests)

    def away_arcsec(self, ra: npt.ArrayLike, dec: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Separations of directions in deg from the centre."""
        centre = SkyCoord(self.ra * u.deg, self.dec * u.deg)
        return np.asarray(centre.separation(SkyCoord(ra * u.deg, dec * u.deg)).arcsec, np.float64)


def place_of(text: str) -> Place | None:
    """The position that `ra,dec` in deg means; None of any other text.

    Raises
    ------
    DataError
        If it is off the sphere.

    Examples
    --------
    >>> place_of("217.5, -2.99")
    Place(ra=217.5, dec=-2.99, radius_arcsec=10.0)
    """
    found = re.fullmatch(r"\s*([-+]?[0-9.]+)\s*[,\s]\s*([-+]?[0-9.]+)\s*", text)
    if not found:
        return None
    try:
        ra, dec = (float(v) for v in found.groups())
    except ValueError:
        return None
    if abs(ra) > 360 or abs(dec) > 90:
        raise DataError(f"position {text}: expected ra,dec in deg, ra 0 .. 360 and dec -90 .. 90")
    return Place(ra % 360.0, dec, FAR_ARCSEC)


def encoded(name: str) -> Place | None:
    """The position that a sexagesimal name tells, and how well; None of any other name.

    Examples
    --------
    >>> place = encoded("WISEA J143046.35-025927.8")
    >>> round(place.ra, 5), round(place.dec, 5), round(place.radius_arcsec, 2)
    (217.69315, -2.99107, 0.18)
    >>> encoded("J0855-0714").radius_arcsec > 800, encoded("WISE 0855")
    (True, None)
    """
    found = _SEXAGESIMAL.search(name)
    if not found:
        return None
    p = found.groupdict()
    ra, ra_step = _sum(p["h"], p["m"], p["s"], p["fs"])
    dec, dec_step = _sum(p["d"], p["am"], p["as"], p["fas"])
    if ra >= 24.0 or int(p["m"]) > 59 or dec > 90.0 or int(p["am"]) > 59:
        return None
    dec += dec_step / 2  # names are cut off, not rounded
    sign = -1.0 if p["sign"] == "-" else 1.0
    radius = math.hypot(15.0 * ra_step * math.cos(math.radians(dec)), dec_step) * 3600
    return Place(15.0 * (ra + ra_step / 2), sign * min(dec, 90.0), radius)


def _sum(whole: str, minutes: str, seconds: str | None, fraction: str | None) -> tuple[float, float]:
    """Value and last unit of a sexagesimal number."""
    if seconds is None:
        return int(whole) + int(minutes) / 60, 1 / 60
    value = float(f"{seconds}.{fraction or 0}")
    return int(whole) + int(minutes) / 60 + value / 3600, 10.0 ** -len(fraction or "") / 3600


def pattern(name: str) -> str:
    """A regular expression of the names that a sexagesimal name means: itself, and those that go on where it ends.

    Examples
    --------
    >>> bool(re.search(pattern("WISE J0855-0714"), "WISE J085510.83-071442.5"))
    True
    """
    found = _SEXAGESIMAL.search(name)
    assert found is not None
    east, north = re.split("(?=[+-])", found.group().strip().removeprefix("J"))
    return rf"(^|[^0-9.]){re.escape(east)}[0-9.]*{re.escape(north)}[0-9.]*\s*$"


def surveys(inputs: Inputs, first: str) -> list[str]:
    """Surveys of sources that the lake holds, `first` before the others."""
    known = inputs.lake.published()
    sources = [n for n, k in known.items() if k["releases"][k["current"]]["kind"] == "sources" and inputs.has(n)]
    own = [n for n in sources if not n.endswith("_positions")]
    return sorted(own, key=lambda n: (n != first, n))


def named(inputs: Inputs, names: Sequence[str], name: str) -> list[tuple[str, int, int]]:
    """Sources of that name or identifier.

    Parameters
    ----------
    names
        Surveys to look through.
    name
        A designation or an identifier.

    Returns
    -------
    list of (survey, id, hpx29)
        In the order of the surveys.

    Notes
    -----
    A name that tells no position is sought in tables that are not partitioned by tile: in the others that would be a
    scan of all rows. Identifiers are sought everywhere, by the least and greatest `id` of each file.
    """
    return [(survey, r["id"], r["hpx29"]) for survey in names for r in _called(inputs, survey, name)]


def _called(inputs: Inputs, survey: str, name: str) -> list[dict[str, Any]]:
    ref = inputs.lake.ref(survey)
    column = inputs.lake.facts(ref).get("designation", "")
    place = encoded(name)
    if re.fullmatch(r"-?\d+", name):
        wanted = pc.field("id") == int(name)
    elif not column:
        return []
    elif place:
        wanted = place.within(MOVED_ARCSEC) & pc.match_substring_regex(pc.field(column), pattern(name))
    elif number := re.search(r"\s(\d{9,18})$", name):
        wanted = (pc.field("id") == int(number[1])) & (pc.field(column) == name)
    elif "tile" in inputs.lake.partition(ref):
        return []
    else:
        wanted = pc.utf8_lower(pc.field(column)) == name.lower()
    return sorted(inputs.few(survey, wanted, ["id", "hpx29"]), key=lambda r: r["id"])


def nearest(inputs: Inputs, names: Sequence[str], place: Place) -> list[tuple[str, int, int]]:
    """The source of each survey that is nearest to a place, where one lies in its circle, in the order of the surveys.

    Returns
    -------
    list of (survey, id, hpx29)
    """
    found = []
    for survey in names:
        rows = inputs.few(f"{survey}_positions", place.within(), ["id", "hpx29", "ra", "dec"])
        away = place.away_arcsec([r["ra"] for r in rows], [r["dec"] for r in rows])
        near = sorted((d, r["id"], r["hpx29"]) for d, r in zip(away, rows, strict=True) if d <= place.radius_arcsec)
        found += [(survey, *near[0][1:])] if near else []
    return found


def seek(inputs: Inputs, names: Sequence[str], name: str) -> list[tuple[str, int, int]]:
    """Sources that a name, an identifier or a position means: those of that name, else the nearest to the position.

    Returns
    -------
    list of (survey, id, hpx29)
        In the order of the surveys; empty where there is none.
    """
    place = place_of(name)
    if place:
        return nearest(inputs, names, place)
    place = encoded(name)
    found = named(inputs, names, name)
    if not found and place and place.radius_arcsec <= FAR_ARCSEC:
        return nearest(inputs, names, Place(place.ra, place.dec, FAR_ARCSEC))
    same = [f for f in found if f[0] == found[0][0]]
    if len(same) > 1:
        raise DataError(f"survey {same[0][0]}: '{name}' names {len(same)} sources: give more of its digits")
    return found


def find(inputs: Inputs, names: Sequence[str], name: str) -> tuple[str, DataFrame]:
    """The first of several surveys that holds a source, and its row there.

    Raises
    ------
    DataError
        If none does, or a short name means several sources.
    """
    if not (found := seek(inputs, names, name)):
        raise DataError(f"survey {', '.join(names)}: no source '{name}': {HINT}")
    return found[0][0], row(inputs, *found[0])


def row(inputs: Inputs, table: str, id: int, hpx29: int) -> DataFrame:
    """One source's row of a table of its survey, on the driver, so that Spark plans for one row."""
    schema = inputs.read(table).schema
    rows = inputs.few(table, (pc.field("hpx29") == hpx29) & (pc.field("id") == id))
    return inputs.spark.createDataFrame([tuple(r[n] for n in schema.names) for r in rows], schema)
