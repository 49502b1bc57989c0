"""The sky's column expressions under the same names in SQL.

Why: Spark 3.5 cannot define a function in SQL, and a Python UDF would be another implementation, twenty times slower,
whose last bits differ. So each name is registered with the session as a builder that returns the native expression
itself: `SELECT hpx29(ra, dec)` plans exactly what `hpx29(F.col("ra"), F.col("dec"))` does. Spark 4 and Databricks find
the same functions as SQL in `sql/functions/`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

from pyspark.java_gateway import ensure_callback_server_started
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from tasni_spark.sky import frames, healpix, motion, sphere
from tasni_spark.sky.tiling import tile_of


def _unit_vector(ra: Column, dec: Column) -> Column:
    """Unit vector of a direction in deg: struct<x, y, z>."""
    return _struct(("x", "y", "z"), sphere.unit_vector(ra, dec))


def _galactic(ra: Column, dec: Column) -> Column:
    """Galactic longitude and latitude, in deg, of an ICRS direction in deg: struct<l, b>."""
    return _struct(("l", "b"), frames.galactic(ra, dec))


def _ecliptic(ra: Column, dec: Column) -> Column:
    """Ecliptic longitude and latitude at J2000, in deg, of an ICRS direction in deg: struct<lon, lat>."""
    return _struct(("lon", "lat"), frames.ecliptic(ra, dec))


def _hpx_parent(pixel29: Column, order: Column) -> Column:
    """The pixel of a coarser order that contains an order-29 pixel."""
    return F.call_function("shiftright", pixel29, (2 * (healpix.ORDER - order)).cast("int"))


def _struct(names: tuple[str, ...], values: Iterable[Column]) -> Column:
    return F.struct(*[v.alias(n) for n, v in zip(names, values, strict=True)])


FUNCTIONS: dict[str, Callable[..., Column]] = {
    "hpx29": healpix.hpx29,
    "hpx_parent": _hpx_parent,
    "unit_vector": _unit_vector,
    "separation_arcsec": sphere.separation_arcsec,
    "position_angle": sphere.position_angle,
    "galactic": _galactic,
    "ecliptic": _ecliptic,
    "propagate": motion.propagate,
    "parallax_offset": motion.parallax_offset,
    "julian_year": motion.julian_year,
}
"""SQL name to column expression."""


def register(spark: SparkSession, tiles: Iterable[int] = ()) -> None:
    """Make FUNCTIONS known to a session's SQL, and `tile_of` where the tiles of a lake are given."""
    chosen = dict(FUNCTIONS)
    members = tuple(tiles)
    if members:
        chosen["tile_of"] = lambda pixel29: tile_of(pixel29, members)
    ensure_callback_server_started(spark.sparkContext._gateway)  # type: ignore[no-untyped-call]
    registry = spark._jsparkSession.sessionState().functionRegistry()
    for name, function in chosen.items():
        registry.createOrReplaceTempFunction(name, _Builder(spark, name, function), "scala_udf")


class _Builder:
    """A `Seq[Expression] => Expression` for Spark's registry of functions."""

    def __init__(self, spark: SparkSession, name: str, function: Callable[..., Column]) -> None:
        self.column = spark._jvm.org.apache.spark.sql.Column  # type: ignore[union-attr]
        self.name, self.function = name, function
        self.arguments = list(inspect.signature(function).parameters)

    def apply(self, expressions: Any) -> Any:
        """Build the expression of one call; of a wrong call, one whose analysis fails and says why."""
        if expressions.size() != len(self.arguments):
            wrong = f"`{self.name}({', '.join(self.arguments)}), which was given {expressions.size()} arguments`"
            return F.call_function(wrong)._jc.expr()
        columns = [Column(self.column(expressions.apply(i))) for i in range(expressions.size())]
        return self.function(*columns)._jc.expr()

    class Java:
        """What py4j asks of a proxy."""

        implements = ("scala.Function1",)
