"""The portable engine: an exact sky join of native expressions alone, without Python, on CPU or GPU.

Why: unit vectors fall into cubes of side `h`; the left row lives in its own cube, the right row in every cube that its
ball touches, and most balls touch one. No poles, no seam, no trigonometry in the join; one exchange a side and none
behind it, as the cube is part of the group key. The order of candidates is (chord, right id), so ties are the same in
every engine.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from tasni_spark.crossmatch.motion import Epochs, at
from tasni_spark.sky.sphere import chord2, chord_arcsec

_ARCSEC = math.pi / 180 / 3600
_OFFSET = 1 << 20


@dataclass(frozen=True)
class Geometry:
    """Numbers of one join.

    Parameters
    ----------
    radius_arcsec
        Radius of the match.
    cell_arcsec
        Side of the cubes; at least twice the longest reach.
    allowance_masyr
        Motion to allow for where neither side has one.
    """

    radius_arcsec: float
    cell_arcsec: float
    allowance_masyr: float = 0.0


def cell_arcsec(densest_per_deg2: float, reach_arcsec: float) -> float:
    """Side of the cubes: about four sources where it is densest, never less than twice the reach, at most 300."""
    wanted = 3600.0 * math.sqrt(4.0 / max(densest_per_deg2, 1e-3))
    return max(2.0 * reach_arcsec, min(wanted, 300.0), 4.0)


def pairs(left: DataFrame, right: DataFrame, epochs: Epochs, g: Geometry) -> DataFrame:
    """All pairs within the radius, each at the left source's epoch.

    Parameters
    ----------
    left
        id, x, y, z, epoch and what else is to be kept of the left side.
    right
        id, x, y, z, epoch, and the motion of `with_motion`.
    epochs
        Range of the left epochs.
    g
        Radius and cubes.

    Returns
    -------
    DataFrame
        cell, the left columns with `id` as `left_id`, right_id, c2 (square of the chord), is_propagated.

    Notes
    -----
    Where all left epochs are equal the right side is moved once, before the join. Otherwise it is spread by the motion
    that the range of epochs allows, and moved to the left source's own epoch pair by pair.
    """
    late = epochs.half_span > 0 or g.allowance_masyr > 0
    kept = [c for c in left.columns if c not in ("id", "x", "y", "z", "epoch")]
    place = [F.col(c).alias(f"l{c}") for c in ("x", "y", "z", *(["epoch"] if late else []))]
    left = left.select(F.col("id").alias("left_id"), *kept, *place)
    left = left.withColumn("cell", _packed(*[_cell(F.col(f"l{c}"), g) for c in "xyz"]))
    joined = left.join(_spread(right, epochs, g, late).hint("shuffle_hash"), "cell")
    x, y, z = F.col("rx"), F.col("ry"), F.col("rz")
    limit: Column = F.lit(chord2(g.radius_arcsec))
    if late:
        years = F.coalesce(F.col("lepoch") - F.col("repoch"), F.lit(0.0))
        x, y, z = at((x, y, z), (F.col("mx"), F.col("my"), F.col("mz")), years)
        allowed = F.when(F.col("is_propagated"), 0.0).otherwise(g.allowance_masyr * F.abs(years) / 1000)
        limit = F.pow(2 * F.sin((g.radius_arcsec + allowed) * (_ARCSEC / 2)), F.lit(2.0))
    dx, dy, dz = F.col("lx") - x, F.col("ly") - y, F.col("lz") - z
    joined = joined.withColumn("c2", dx * dx + dy * dy + dz * dz).where(F.col("c2") <= limit)
    return joined.select("cell", "left_id", *kept, "right_id", "c2", "is_propagated")


def _spread(right: DataFrame, epochs: Epochs, g: Geometry, late: bool) -> DataFrame:
    """The right side, at the middle of the left epochs, in every cube that its ball touches."""
    middle = F.lit(epochs.middle).cast("double")
    years = F.coalesce(middle - F.col("epoch"), F.lit(0.0))
    moves = F.col("is_moving") & middle.isNotNull()
    moved = at((F.col("x"), F.col("y"), F.col("z")), (F.col("mx"), F.col("my"), F.col("mz")), years)
    frame = right.withColumns(
        {f"c{n}": F.when(moves, v).otherwise(F.col(n)) for n, v in zip("xyz", moved, strict=True)}
    )

    reach = g.radius_arcsec + F.col("pm_masyr") * (epochs.half_span / 1000)
    if g.allowance_masyr:
        reach = reach + g.allowance_masyr * (F.abs(years) + epochs.half_span) / 1000
    ball = 2 * F.sin(reach * (_ARCSEC / 2)) * (1 + 1e-9) + 1e-15
    corners = [_cell(F.col(f"c{n}") + s * ball, g).alias(f"{n}{i}") for n in "xyz" for i, s in ((0, -1.0), (1, 1.0))]
    stored = "" if late else "c"
    extra = [F.col("epoch").alias("repoch"), F.col("mx"), F.col("my"), F.col("mz")] if late else []
    place = [F.col(f"{stored}{n}").alias(f"r{n}") for n in "xyz"]
    frame = frame.select(F.col("id").alias("right_id"), *place, *extra, moves.alias("is_propagated"), *corners)
    needed = [c for c in frame.columns if c[-1] not in "01"]

    low = frame.select(*needed, _packed(F.col("x0"), F.col("y0"), F.col("z0")).alias("cell"))
    crossing = frame.where("x0 <> x1 OR y0 <> y1 OR z0 <> z1")
    rest = crossing.select(*needed, F.explode(F.array(*_other_corners())).alias("cell")).where("cell IS NOT NULL")
    return low.unionByName(rest)


def _other_corners() -> list[Column]:
    """The cubes of seven corners of a box, null where a corner lies in the cube of another."""
    found = []
    for corner in itertools.product((0, 1), repeat=3):
        differs = [F.col(f"{n}0") != F.col(f"{n}1") for n, c in zip("xyz", corner, strict=True) if c]
        if differs:
            cell = _packed(*[F.col(f"{n}{c}") for n, c in zip("xyz", corner, strict=True)])
            found.append(F.when(functools.reduce(operator.and_, differs), cell))
    return found


def _cell(value: Column, g: Geometry) -> Column:
    return F.floor(value * (1.0 / (g.cell_arcsec * _ARCSEC)))


def _packed(x: Column, y: Column, z: Column) -> Column:
    return (
        F.shiftleft(x + F.lit(_OFFSET), 42).bitwiseOR(F.shiftleft(y + F.lit(_OFFSET), 21)).bitwiseOR(z + F.lit(_OFFSET))
    )


def nearest(pairs: DataFrame, keep: list[str]) -> DataFrame:
    """The nearest right source of each left one; ties by right id.

    Parameters
    ----------
    keep
        Left columns to carry.
    """
    best = F.min(F.struct("c2", "right_id", "is_propagated")).alias("best")
    grouped = pairs.groupBy("cell", "left_id", *keep).agg(best, F.count("*").cast("int").alias("n_neighbours"))
    return grouped.select(
        "left_id",
        *keep,
        "best.right_id",
        chord_arcsec(F.col("best.c2")).alias("sep_arcsec"),
        F.lit(1).alias("rank"),
        "n_neighbours",
        "best.is_propagated",
    )


def ranked(pairs: DataFrame, keep: list[str]) -> DataFrame:
    """All pairs, ranked by distance around each left source; ties by right id."""
    around = Window.partitionBy("cell", "left_id")
    return pairs.select(
        "left_id",
        *keep,
        "right_id",
        chord_arcsec(F.col("c2")).alias("sep_arcsec"),
        F.row_number().over(around.orderBy("c2", "right_id")).alias("rank"),
        F.count("*").over(around).cast("int").alias("n_neighbours"),
        "is_propagated",
    )


def mutual(pairs: DataFrame, keep: list[str]) -> DataFrame:
    """Pairs whose members are each other's nearest; ties by id on either side.

    Notes
    -----
    The left side must reach one radius beyond the sources asked for: a right source's nearest may lie outside.
    """
    back = F.row_number().over(Window.partitionBy("right_id").orderBy("c2", "left_id"))
    both = ranked(pairs.withColumn("_back", back), [*keep, "_back"])
    return both.where("rank = 1 AND _back = 1").drop("_back")
