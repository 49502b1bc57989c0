"""Both sides of a match at the left source's epoch."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tasni_spark.sky.motion import motion_vector

Vector = tuple[Column, Column, Column]


@dataclass(frozen=True)
class Epochs:
    """First and last epoch of the left sources, in yr; null for a survey that does not say."""

    first: float | None
    last: float | None

    @property
    def middle(self) -> float | None:
        """The epoch to which the right side is brought before the join."""
        return None if self.first is None or self.last is None else (self.first + self.last) / 2

    @property
    def half_span(self) -> float:
        """The longest time, in yr, between that epoch and a left source's own."""
        return 0.0 if self.first is None or self.last is None else (self.last - self.first) / 2


def with_motion(positions: DataFrame, snr: float | None) -> DataFrame:
    """Add the change of the unit vector in a year (`mx`, `my`, `mz`, rad / yr) and its size in mas / yr.

    Parameters
    ----------
    positions
        A `<survey>_positions` table.
    snr
        A motion of fewer sigma, or without an error, is taken as zero: applying noise would move sources that stand
        still. `is_moving` says which is which. None applies none.
    """
    names = ("mx", "my", "mz", "pm_masyr")
    if snr is None:
        return positions.withColumns({"is_moving": F.lit(False), **dict.fromkeys(names, F.lit(0.0))})
    pm = F.hypot("pmra_masyr", "pmdec_masyr")
    error = F.hypot("pmra_error_masyr", "pmdec_error_masyr") / F.sqrt(F.lit(2.0))
    known = ~F.isnan(pm) & ~F.isnan("epoch")  # NaN counts as the largest number in Spark
    moves = F.coalesce((pm >= snr * error) & known, F.lit(False)) & F.col("epoch").isNotNull()
    vector = motion_vector(F.col("ra"), F.col("dec"), F.col("pmra_masyr"), F.col("pmdec_masyr"))
    columns = dict(zip(names, (*vector, pm), strict=True))
    frame = positions.withColumn("is_moving", moves)
    return frame.withColumns(
        {n: F.when(F.col("is_moving"), F.coalesce(v, F.lit(0.0))).otherwise(0.0) for n, v in columns.items()}
    )


def at(place: Vector, rate: Vector, years: Column) -> Vector:
    """A unit vector after some years of uniform motion in space (see `sky.motion.propagate`)."""
    x, y, z = (u + m * years for u, m in zip(place, rate, strict=True))
    length = F.sqrt(x * x + y * y + z * z)
    return x / length, y / length, z / length
