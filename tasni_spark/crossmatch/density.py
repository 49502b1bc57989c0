"""The density job: count the sources of each survey in cells that suit its depth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tasni_spark.core.config import opt
from tasni_spark.core.plan import Group
from tasni_spark.core.work import Inputs, Output
from tasni_spark.sky.density import ORDERS, cell_arcsec2, order_for
from tasni_spark.sky.healpix import hpx_parent
from tasni_spark.tables.sky import DENSITY


@dataclass(frozen=True)
class DensityConfig:
    """Section `[density]`."""

    surveys: tuple[str, ...] = opt(
        ("gaia_dr3", "twomass", "panstarrs1", "catwise2020", "nvss"), "surveys whose sources are counted"
    )


def density(inputs: Inputs, _: Group, cfg: DensityConfig) -> Output:
    """Counts of every survey that the lake holds."""
    frames = [counted(inputs, s) for s in cfg.surveys if inputs.has(f"{s}_positions")]
    return {DENSITY: reduce(DataFrame.unionByName, frames)} if frames else {}


def counted(inputs: Inputs, survey: str) -> DataFrame:
    """Sources per cell of one survey.

    Notes
    -----
    The first pass finds how many coarse cells are occupied, which tells the order that gives PER_CELL sources a cell.
    """
    places = inputs.read(f"{survey}_positions").select("hpx29")
    occupied = places.select(F.countDistinct(hpx_parent(F.col("hpx29"), ORDERS[0]))).first()
    order = order_for(inputs.rows(f"{survey}_positions"), occupied[0] if occupied else 0, ORDERS[0])
    cells = places.groupBy(hpx_parent(F.col("hpx29"), order).alias("cell")).agg(F.count("*").alias("n"))
    area = cell_arcsec2(order)
    return cells.select(
        F.lit(survey).alias("survey"),
        F.lit(order).alias("order"),
        "cell",
        "n",
        F.lit(area / 3600**2).alias("area_deg2"),
        (F.col("n") / area).alias("per_arcsec2"),
    )
