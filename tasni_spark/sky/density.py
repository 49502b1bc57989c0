"""Surface densities: how many sources of a survey there are, and how likely one lies near by chance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tasni_spark.core.work import Inputs
from tasni_spark.sky.healpix import hpx_parent

ORDERS = (5, 9)
"""Coarsest and finest order of density cells: 3.4 and 0.013 square degrees."""
PER_CELL = 100
"""Sources wanted in an occupied cell: 10 per cent counting noise."""
SKY_ARCSEC2 = 4 * math.pi * (180 / math.pi * 3600) ** 2


def order_for(rows: int, cells: int, at_order: int) -> int:
    """The order at which an occupied cell holds about PER_CELL sources.

    Parameters
    ----------
    rows
        Sources.
    cells
        Occupied cells of order `at_order`.
    """
    deeper = math.log(max(rows, 1) / max(cells, 1) / PER_CELL, 4)
    return min(max(at_order + math.floor(deeper), ORDERS[0]), ORDERS[1])


def cell_arcsec2(order: int) -> float:
    """Area of a cell."""
    return SKY_ARCSEC2 / (12 << 2 * order)


class Counted(NamedTuple):
    """Order of a survey's cells, density of the densest, and density around one of its sources, in arcsec-2."""

    order: int
    densest: float
    around: float


def summary(inputs: Inputs, survey: str) -> Counted | None:
    """What is known of a survey's density; None if it has not been counted."""
    if not inputs.has("density"):
        return None
    cells = inputs.small("density", "survey", "order", "n", "per_arcsec2")
    here = cells.filter(pc.field("survey") == survey)
    if not len(here):
        return None
    around = pc.sum(pc.multiply(here["n"], here["per_arcsec2"])).as_py() / pc.sum(here["n"]).as_py()
    return Counted(here["order"][0].as_py(), pc.max(here["per_arcsec2"]).as_py(), around)


def with_density(rows: DataFrame, inputs: Inputs, surveys: Sequence[str], survey: Column, name: str) -> DataFrame:
    """Add the surface density of a survey around each row.

    Parameters
    ----------
    rows
        Has `hpx29`.
    inputs
        Reads `density`.
    surveys
        Surveys that occur.
    survey
        Which of them a row asks for.
    name
        Name of the column to add, in arcsec-2; null where the survey has not been counted.

    Notes
    -----
    A cell without a source holds less than one: its density is taken as one source a cell.
    """
    found = {s: summary(inputs, s) for s in surveys}
    orders = {s: known.order for s, known in found.items() if known}
    if not orders:
        return rows.withColumn(name, F.lit(None).cast("double"))
    cells = inputs.read("density").where(F.col("survey").isin(list(orders)))
    cells = cells.select(
        F.col("survey").alias("_survey"), F.col("cell").alias("_cell"), F.col("per_arcsec2").alias(name)
    )
    cell = _for_each(survey, {s: hpx_parent(F.col("hpx29"), order) for s, order in orders.items()})
    joined = rows.withColumns({"_survey": survey, "_cell": cell}).join(F.broadcast(cells), ["_survey", "_cell"], "left")
    empty = _for_each(F.col("_survey"), {s: F.lit(1.0 / cell_arcsec2(order)) for s, order in orders.items()})
    return joined.withColumn(name, F.coalesce(F.col(name), empty)).drop("_survey", "_cell")


def _for_each(survey: Column, values: Mapping[str, Column]) -> Column:
    """A value by survey; null for the others."""
    chosen: Any = F
    for name, value in values.items():
        chosen = chosen.when(survey == name, value)
    return chosen  # type: ignore[no-any-return]


def p_chance(radius_arcsec: Column, per_arcsec2: Column) -> Column:
    """Probability that an unrelated source lies within a radius: 1 - exp(-pi r^2 rho)."""
    return -F.expm1(-math.pi * radius_arcsec * radius_arcsec * per_arcsec2)
