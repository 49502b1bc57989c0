"""Shapes on the sky, and which sources lie in which: fields, pointings, contours, error ellipses.

Why: degrees are no plane, but a gnomonic projection makes every great circle a straight line. So a shape is kept as
well-known binary in the tangent plane at its own centre, in deg, with the ball around it; Sedona finds the sources
whose place is in the ball's box, and its planar test in the tangent plane is exact on the sphere, at the poles and
across the seam alike. A map of many cells (MOC) is a join of ranges instead: `sky.footprint.with_observed`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tasni_spark.core.errors import DataError
from tasni_spark.crossmatch.sedona import with_box, with_point
from tasni_spark.sky.sphere import unit_vector

WIDEST_DEG = 80.0
"""A shape that reaches farther from its centre has no useful tangent plane."""
SIDES = 256
"""Sides of the polygon that stands for an ellipse: 4e-5 of its area is lost."""
Reals = NDArray[np.float64]


class Shape(NamedTuple):
    """A shape: name, centre in deg, reach from there in deg, outline in the tangent plane there as WKB."""

    name: str
    ra: float
    dec: float
    reach_deg: float
    wkb: bytes


SHAPES_DDL = "name string, ra double, dec double, reach_deg double, wkb binary"
"""Rows of `Shape` as Spark sees them."""


def polygon(name: str, corners: Sequence[tuple[float, float]]) -> Shape:
    """A polygon whose edges are great circles, by its corners (ra, dec) in deg.

    Raises
    ------
    DataError
        If it has fewer than three corners, or is wider than WIDEST_DEG from its centre.
    """
    if len(corners) < 3:
        raise DataError(f"polygon {name}: {len(corners)} corners, expected at least 3")
    v = _vectors(np.array(corners, float))
    centre = v.mean(axis=0)
    centre /= np.linalg.norm(centre) or 1.0
    reach = math.degrees(float(np.arccos(np.clip(v @ centre, -1, 1)).max()))
    if not reach < WIDEST_DEG:
        raise DataError(f"polygon {name}: a corner lies {reach:.0f} deg from its centre, expected below {WIDEST_DEG}")
    ra, dec = math.degrees(math.atan2(centre[1], centre[0])) % 360, math.degrees(math.asin(centre[2]))
    plane = np.stack(_plane(v, *_axes(ra, dec)), 1)
    return Shape(name, ra, dec, reach, shapely.to_wkb(shapely.Polygon(plane)))


def ellipse(name: str, ra: float, dec: float, a: float, b: float, angle: float = 0.0) -> Shape:
    """An ellipse, or a circle.

    Parameters
    ----------
    ra, dec : deg
    a, b : deg
        Semi-axes.
    angle : deg
        Position angle of `a`, east of north.
    """
    if not 0 < max(a, b) < WIDEST_DEG:
        raise DataError(f"ellipse {name}: semi-axes {a} and {b} deg, expected between 0 and {WIDEST_DEG}")
    t, turn = np.linspace(0, 2 * math.pi, SIDES, endpoint=False), math.radians(angle)
    along, across = np.tan(np.radians(a)) * np.cos(t), np.tan(np.radians(b)) * np.sin(t)
    east = along * math.sin(turn) + across * math.cos(turn)
    north = along * math.cos(turn) - across * math.sin(turn)
    return Shape(name, ra, dec, max(a, b), shapely.to_wkb(shapely.Polygon(np.degrees(np.stack([east, north], 1)))))


def shape_join(positions: DataFrame, shapes: DataFrame) -> DataFrame:
    """Every source in every shape.

    Parameters
    ----------
    positions
        id, x, y, z.
    shapes
        Rows of `Shape`.

    Returns
    -------
    DataFrame
        name, id; once for each shape that holds the source.
    """
    a, d = F.radians("ra"), F.radians("dec")
    centre = dict(zip(("ux", "uy", "uz"), unit_vector(F.col("ra"), F.col("dec")), strict=True))
    axes = {
        "cx": centre["ux"], "cy": centre["uy"], "cz": centre["uz"],
        "ex": -F.sin(a), "ey": F.cos(a),
        "nx": -F.cos(a) * F.sin(d), "ny": -F.sin(a) * F.sin(d), "nz": F.cos(d),
    }  # fmt: skip
    ball = 2 * F.sin(F.radians("reach_deg") / 2) * (1 + 1e-9)
    there = shapes.withColumns({**centre, **axes, "ball": ball, "shape": F.expr("ST_GeomFromWKB(wkb)")})
    here = with_point(positions.select("id", "x", "y", "z"))
    near = here.join(with_box(there.drop("ra", "dec", "reach_deg", "wkb")), F.expr("ST_Intersects(point, box)"))
    x, y, z = F.col("x"), F.col("y"), F.col("z")
    depth = x * F.col("cx") + y * F.col("cy") + z * F.col("cz")
    east = F.degrees((x * F.col("ex") + y * F.col("ey")) / F.col("_depth"))
    north = F.degrees((x * F.col("nx") + y * F.col("ny") + z * F.col("nz")) / F.col("_depth"))
    near = near.withColumn("_depth", depth).where("_depth > 0.1").withColumns({"_east": east, "_north": north})
    return near.where(F.expr("ST_Intersects(shape, ST_Point(_east, _north))")).select("name", "id")


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
