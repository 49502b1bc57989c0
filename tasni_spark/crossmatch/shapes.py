"""Shapes on the sky, and which sources lie in which: fields, pointings, contours, error ellipses.

Why: degrees are no plane, but a gnomonic projection makes every great circle a straight line. So a polygon is kept as
well-known binary in the tangent plane at its own centre, in deg, with the ball around it; Sedona finds the sources
whose place is in the ball's box, and its planar test in the tangent plane is exact on the sphere, at the poles and
across the seam alike. An ellipse is three numbers in that plane. A map of many cells (MOC) is a join of ranges instead:
`sky.footprint.with_observed`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tasni_spark.core.errors import DataError
from tasni_spark.crossmatch.sedona import with_box, with_point
from tasni_spark.sky.cover import Ring
from tasni_spark.sky.sphere import unit_vector
from tasni_spark.tables.associations import SHAPES

WIDEST_DEG = 80.0
"""A shape that reaches farther from its centre has no useful tangent plane."""
Reals = NDArray[np.float64]


class Shape(NamedTuple):
    """A shape: name, centre and reach from there in deg, then an ellipse or an outline.

    Parameters
    ----------
    a_deg, b_deg, angle_deg
        Semi-axes, and the position angle of `a`, east of north; null for an outline.
    wkb
        Outline in the tangent plane at the centre, in deg; null for an ellipse.
    """

    name: str
    ra: float
    dec: float
    reach_deg: float
    a_deg: float | None = None
    b_deg: float | None = None
    angle_deg: float | None = None
    wkb: bytes | None = None


SHAPES_DDL = ", ".join(f"{c.name} {c.type}" for c in SHAPES.columns if c.name in Shape._fields)
"""Rows of `Shape` as Spark sees them."""


def polygons(name: str, parts: Sequence[Sequence[Ring]]) -> Shape:
    """Polygons that are one shape.

    Parameters
    ----------
    parts
        Of each polygon the corners (ra, dec) in deg of its outer ring, then of its holes; edges are great circles.

    Raises
    ------
    DataError
        If a ring has fewer than three corners, or one lies farther than WIDEST_DEG from the centre.
    """
    rings = [ring for part in parts for ring in part]
    if not rings or min(map(len, rings)) < 3:
        raise DataError(f"shape {name}: a ring of {min(map(len, rings), default=0)} corners, expected at least 3")
    outer = _vectors(np.concatenate([np.array(part[0], float) for part in parts]))
    centre = outer.mean(axis=0)
    centre /= np.linalg.norm(centre) or 1.0
    reach = math.degrees(float(np.arccos(np.clip(outer @ centre, -1, 1)).max()))
    if not reach < WIDEST_DEG:
        raise DataError(f"shape {name}: a corner lies {reach:.0f} deg from its centre, expected below {WIDEST_DEG:.0f}")
    ra, dec = math.degrees(math.atan2(centre[1], centre[0])) % 360, math.degrees(math.asin(centre[2]))
    axes = _axes(ra, dec)
    planes = [[np.stack(_plane(_vectors(np.array(ring, float)), *axes), 1) for ring in part] for part in parts]
    whole = shapely.union_all([shapely.Polygon(part[0], part[1:]) for part in planes])
    return Shape(name, ra, dec, reach, wkb=shapely.to_wkb(whole))


def ellipse(name: str, ra: float, dec: float, a: float, b: float, angle: float = 0.0) -> Shape:
    """An ellipse, or a circle: semi-axes `a` and `b` in deg, position angle of `a` in deg, east of north.

    Raises
    ------
    DataError
        If a semi-axis is not above 0 and below WIDEST_DEG, or the place or the angle is none.
    """
    if not (0 < a < WIDEST_DEG and 0 < b < WIDEST_DEG and abs(dec) <= 90 and math.isfinite(ra + angle)):
        raise DataError(
            f"ellipse {name}: found ra {ra}, dec {dec}, semi-axes {a} and {b}, angle {angle} deg, "
            f"expected semi-axes above 0 and below {WIDEST_DEG:.0f}"
        )
    return Shape(name, ra, dec, max(a, b), a, b, angle)


def shape_join(positions: DataFrame, shapes: DataFrame) -> DataFrame:
    """Every source in every shape.

    Parameters
    ----------
    positions
        id, x, y, z, and what else is to be kept.
    shapes
        Rows of `Shape`; those without a place or an extent hold nothing.

    Returns
    -------
    DataFrame
        name, and the columns of the positions but x, y, z; once for each shape that holds the source.
    """
    a, d = F.radians("ra"), F.radians("dec")
    centre = dict(zip(("ux", "uy", "uz"), unit_vector(F.col("ra"), F.col("dec")), strict=True))
    axes = {
        "cx": centre["ux"], "cy": centre["uy"], "cz": centre["uz"],
        "ex": -F.sin(a), "ey": F.cos(a),
        "nx": -F.cos(a) * F.sin(d), "ny": -F.sin(a) * F.sin(d), "nz": F.cos(d),
    }  # fmt: skip
    ball = 2 * F.sin(F.radians("reach_deg") / 2) * (1 + 1e-9)
    there = shapes.withColumns({**centre, **axes, "ball": ball, "outline": F.expr("ST_GeomFromWKB(wkb)")})
    here = with_point(positions)
    near = here.join(with_box(there.drop("ra", "dec", "reach_deg", "wkb")), F.expr("ST_Intersects(point, box)"))
    x, y, z = F.col("x"), F.col("y"), F.col("z")
    depth = x * F.col("cx") + y * F.col("cy") + z * F.col("cz")
    east = F.degrees((x * F.col("ex") + y * F.col("ey")) / F.col("_depth"))
    north = F.degrees((x * F.col("nx") + y * F.col("ny") + z * F.col("nz")) / F.col("_depth"))
    near = near.withColumn("_depth", depth).where("_depth > 0.1").withColumns({"_east": east, "_north": north})
    is_inside = F.coalesce(F.expr("ST_Intersects(outline, ST_Point(_east, _north))"), _in_ellipse())
    return near.where(is_inside).select("name", *[c for c in positions.columns if c not in ("x", "y", "z")])


def _in_ellipse() -> Column:
    turn, east, north = F.radians("angle_deg"), F.col("_east"), F.col("_north")
    along = (east * F.sin(turn) + north * F.cos(turn)) / F.degrees(F.tan(F.radians("a_deg")))
    across = (east * F.cos(turn) - north * F.sin(turn)) / F.degrees(F.tan(F.radians("b_deg")))
    return along * along + across * across <= 1


def _vectors(places: Reals) -> Reals:
    a, d = np.radians(places[:, 0]), np.radians(places[:, 1])
    return np.stack([np.cos(a) * np.cos(d), np.sin(a) * np.cos(d), np.sin(d)], 1)


def _axes(ra: float, dec: float) -> tuple[Any, Any, Any]:
    """Unit vectors to the centre, east and north."""
    a, d = math.radians(ra), math.radians(dec)
    centre = np.array([math.cos(a) * math.cos(d), math.sin(a) * math.cos(d), math.sin(d)])
    east = np.array([-math.sin(a), math.cos(a), 0.0])
    return centre, east, np.array([-math.cos(a) * math.sin(d), -math.sin(a) * math.sin(d), math.cos(d)])


def _plane(v: Reals, centre: Reals, east: Reals, north: Reals) -> tuple[Reals, Reals]:
    """Gnomonic projection, in deg."""
    depth = v @ centre
    return np.degrees(v @ east / depth), np.degrees(v @ north / depth)
