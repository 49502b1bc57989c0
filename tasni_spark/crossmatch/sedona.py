"""Sedona's engine: an exact sky join as a join of points with boxes of right ascension and declination.

Why: a planar join on degrees is wrong at the poles and at the seam, and `ST_DWithin` measures degrees or metres on the
Earth. So each right source becomes the box that holds its ball (all right ascensions where the ball holds a pole, twice
where it crosses the seam), Sedona finds the left points in boxes, and the chord decides as in every other engine.
Slower than the others on points; what Sedona is for is shapes (`crossmatch.shapes`).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tasni_spark.crossmatch.motion import Epochs
from tasni_spark.crossmatch.sql import Geometry, Right, kept, left_side, right_side, within_radius
from tasni_spark.sky.sphere import spherical

SLACK_DEG = 1e-9
"""Added to every box: far above the rounding of an angle, far below a radius that matters."""


def pairs(left: DataFrame, rights: Sequence[Right], epochs: Epochs, g: Geometry) -> DataFrame:
    """All pairs within the radius, each at the left source's epoch: the pairs of `crossmatch.sql.pairs`."""
    here = with_point(left_side(left, epochs, g), ("lx", "ly", "lz"))
    there = functools.reduce(DataFrame.unionByName, [right_side(r, n, epochs, g) for n, r in enumerate(rights)])
    joined = here.join(with_box(there), F.expr("ST_Intersects(point, box)"))
    return within_radius(joined, rights, epochs, g, kept(left))


def with_point(rows: DataFrame, vector: tuple[str, str, str] = ("x", "y", "z")) -> DataFrame:
    """Add `point`: right ascension in [0, 360) and declination, in deg, of a unit vector."""
    ra, dec = spherical(*[F.col(c) for c in vector])
    rows = rows.withColumns({"_ra": ra, "_dec": dec})
    return rows.withColumn("point", F.expr("ST_Point(_ra, _dec)")).drop("_ra", "_dec")


def with_box(rows: DataFrame) -> DataFrame:
    """Add `box`, of right ascension and declination in deg, that holds a ball; a row is given twice across the seam.

    Parameters
    ----------
    rows
        Has ux, uy, uz, the unit vector of the centre, and `ball`, a chord; they are dropped. Rows without a place are
        left out.

    Notes
    -----
    A ball of radius r at declination d reaches asin(sin r / cos d) in right ascension, less than asin(sin r / cos(|d| +
    r)). Points lie in [0, 360), so the part of a box beyond either end is met a turn away.
    """
    columns = [c for c in rows.columns if c not in ("ux", "uy", "uz", "ball")]
    ra, dec = spherical(F.col("ux"), F.col("uy"), F.col("uz"))
    reach = F.degrees(2 * F.asin(F.least(F.col("ball") / 2, F.lit(1.0)))) + SLACK_DEG
    rows = rows.where("NOT isnan(ux + uy + uz)").withColumns({"_ra": ra, "_dec": dec, "_reach": reach})
    edge = F.abs("_dec") + F.col("_reach")
    wide = F.degrees(F.asin(F.least(F.sin(F.radians("_reach")) / F.cos(F.radians(edge)), F.lit(1.0)))) + SLACK_DEG
    rows = rows.withColumn("_wide", F.when(edge < 90.0, wide))
    low, high = F.col("_ra") - F.col("_wide"), F.col("_ra") + F.col("_wide")
    again = F.when(low < 0, 360.0).when(high >= 360.0, -360.0)
    turns = F.when(again.isNull(), F.array(F.lit(0.0))).otherwise(F.array(F.lit(0.0), again))
    rows = rows.withColumn("_turn", F.explode(turns)).withColumns(
        {
            "_x0": F.coalesce(low + F.col("_turn"), F.lit(-1.0)),
            "_x1": F.coalesce(high + F.col("_turn"), F.lit(361.0)),
            "_y0": F.col("_dec") - F.col("_reach"),
            "_y1": F.col("_dec") + F.col("_reach"),
        }
    )
    return rows.select(*columns, F.expr("ST_PolygonFromEnvelope(_x0, _y0, _x1, _y1)").alias("box"))
