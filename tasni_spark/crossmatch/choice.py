"""Which pairs of a join are matches: the nearest, all with their rank, or those nearest to each other.

Why: pairs come in the partitions of their cubes, and a left source has one cube; with the cube among the keys no choice
needs an exchange. Every engine but `tiles` chooses here. The order is (chord, right id), so ties are the same in all.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from tasni_spark.sky.sphere import chord_arcsec


def nearest(pairs: DataFrame, keep: list[str], apart: Sequence[str] = ()) -> DataFrame:
    """The nearest right source of each left one; ties by right id.

    Parameters
    ----------
    keep
        Left columns to carry.
    apart
        Of these, columns that tell left rows of one identifier apart.
    """
    best = F.min(F.struct("c2", "right_id", "is_propagated", *_errors(pairs))).alias("best")
    carried = [F.first(c).alias(c) for c in keep if c not in apart]
    keys = [*_around(pairs), *apart]
    grouped = pairs.groupBy(*keys).agg(best, *carried, F.count("*").cast("int").alias("n_neighbours"))
    return grouped.select(
        "right",
        "left_id",
        *keep,
        "best.right_id",
        chord_arcsec(F.col("best.c2")).alias("sep_arcsec"),
        F.lit(1).alias("rank"),
        "n_neighbours",
        "best.is_propagated",
        *[f"best.{c}" for c in _errors(pairs)],
    )


def ranked(pairs: DataFrame, keep: list[str]) -> DataFrame:
    """All pairs, ranked by distance around each left source; ties by right id."""
    around = Window.partitionBy(*_around(pairs))
    return pairs.select(
        "right",
        "left_id",
        *keep,
        "right_id",
        chord_arcsec(F.col("c2")).alias("sep_arcsec"),
        F.row_number().over(around.orderBy("c2", "right_id")).alias("rank"),
        F.count("*").over(around).cast("int").alias("n_neighbours"),
        "is_propagated",
        *_errors(pairs),
    )


def mutual(pairs: DataFrame, keep: list[str]) -> DataFrame:
    """Pairs whose members are each other's nearest; ties by id on either side.

    Notes
    -----
    The left side must reach one radius beyond the sources asked for: a right source's nearest may lie outside.
    """
    back = F.row_number().over(Window.partitionBy("right", "right_id").orderBy("c2", "left_id"))
    both = ranked(pairs.withColumn("_back", back), [*keep, "_back"])
    return both.where("rank = 1 AND _back = 1").drop("_back")


def _around(pairs: DataFrame) -> list[str]:
    """What pairs of one left source have in common; the cube among it spares an exchange."""
    return [c for c in ("cell", "left_id", "right") if c in pairs.columns]


def _errors(pairs: DataFrame) -> list[str]:
    return [c for c in ("variance_arcsec2",) if c in pairs.columns]
