"""The job `features`: strata first, then every feature of every source as native expressions.

Why: formulas are SQL over symbols that several share, so symbols are projections of their own below: Spark would
otherwise repeat each in every formula. Each layer of them is one struct, since projections of hundreds of columns are
beyond whole-stage code and copy them one by one: measured, two fifths of that stage's CPU-seconds.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tasni_spark.core.config import opt
from tasni_spark.core.errors import DataError
from tasni_spark.core.plan import Group
from tasni_spark.core.spec import Table
from tasni_spark.core.work import Inputs, Output
from tasni_spark.features.gather import Gathered, causes, gathered, paths
from tasni_spark.sky.tiling import groups
from tasni_spark.tables.features import FEATURE_STRATA, FEATURE_TABLE, FEATURES, KNOWN
from tasni_spark.tables.features.bands import SURVEYS
from tasni_spark.tables.features.spec import Feature, placed
from tasni_spark.tables.features.statistical import COLUMNS, QUANTITIES, STRATUM

PLACES = 2
"""Decimals to which a quantity is rounded before its percentiles are taken, so that they are exact and cheap."""
_EDGES = (0.16, 0.5, 0.84)


@dataclass(frozen=True)
class FeaturesConfig:
    """Section `[features]`."""

    left: str = opt("allwise", "survey whose sources get features")
    others: tuple[str, ...] = opt(tuple(SURVEYS), "surveys whose counterparts are asked, where the lake has them")
    strata_rows: int = opt(2_000_000, "about so many sources, chosen by their identifiers, define the strata")
    least_in_stratum: int = opt(30, "sources of a stratum below which nothing is measured against it")

    @property
    def label(self) -> str:
        """Tells the surveys of a run apart."""
        return self.left


def scope(cfg: FeaturesConfig) -> dict[str, list[str]]:
    """What a run replaces."""
    return {"survey": [cfg.left]}


def strata(inputs: Inputs, group: Group, cfg: FeaturesConfig) -> Output:
    """Median and scales of each quantity in each stratum."""
    wanted = _raw(QUANTITIES.values()) | _raw([STRATUM])
    every = max(1, group.rows // cfg.strata_rows)
    rows, where = gathered(inputs, cfg.left, group.tiles, wanted)
    sample = rows.where(F.pmod(F.xxhash64("id"), F.lit(every)) == 0)
    values, where = _with_symbols(Gathered(sample, where), QUANTITIES.values())
    values = values.withColumn("stratum", F.expr(placed(STRATUM, where)))
    quantities = {q: F.expr(placed(f, where)) for q, f in QUANTITIES.items()}
    edges = F.array(*[F.lit(e) for e in _EDGES])
    found = [
        F.struct(
            F.lit(q).alias("quantity"),
            F.count(value).alias("n"),
            F.percentile(F.round(value, PLACES), edges).alias("at"),
        ).alias(q)
        for q, value in quantities.items()
    ]
    told = values.groupBy("stratum").agg(*found).select("stratum", F.inline(F.array(*QUANTITIES)))
    return {
        FEATURE_STRATA: told.select(
            F.lit(cfg.left).alias("survey"),
            "stratum",
            "quantity",
            "n",
            F.col("at")[1].alias("median"),
            (F.col("at")[1] - F.col("at")[0]).alias("low"),
            (F.col("at")[2] - F.col("at")[1]).alias("high"),
        )
    }


def features(inputs: Inputs, group: Group, cfg: FeaturesConfig) -> Output:
    """Every feature of every source of a group of tiles."""
    return {FEATURE_TABLE: extracted(inputs, group, cfg, list(FEATURES.values()))}


def extracted(inputs: Inputs, group: Group, cfg: FeaturesConfig, wanted: list[Feature]) -> DataFrame:
    """Some features of every source of a group of tiles."""
    formulas = [f.formula for f in wanted]
    raw = _raw(formulas) | _raw([STRATUM])
    rows, where = gathered(inputs, cfg.left, group.tiles, raw - set(COLUMNS))
    found = Gathered(rows.withColumn("stratum", F.expr(placed(STRATUM, where))), where)
    if raw & set(COLUMNS):
        found = found.joined(F.broadcast(_medians(inputs, cfg)), ["stratum"], "medians")
    rows, where = _with_symbols(found, formulas)
    values = F.struct(*[F.expr(placed(f.formula, where)).cast("double").alias(f.name) for f in wanted])
    numbers = [_finite(F.col(f"value.{f.name}")).cast("float").alias(f.name) for f in wanted]
    keys = (F.lit(cfg.left).alias("survey"), "tile", "hpx29", "id", "stratum")
    return rows.select(*keys, values.alias("value")).select("survey", *keys[1:], *numbers)


def _finite(number: Column) -> Column:
    """A number, or null: an overflow or 0 / 0 measures nothing."""
    return F.when(F.abs(number) <= 3.0e38, number)


def _medians(inputs: Inputs, cfg: FeaturesConfig) -> DataFrame:
    """One row a stratum: medians and scales of the quantities; null where too few define them."""
    rows = inputs.own(FEATURE_STRATA).where((F.col("survey") == cfg.left) & (F.col("n") >= cfg.least_in_stratum))
    kinds = {"median": F.lit(True), "low": F.col("low") > 0, "high": F.col("high") > 0}
    wide = [
        F.max(F.when((F.col("quantity") == q) & usable, F.col(kind))).alias(f"{kind}_{q}")
        for q in QUANTITIES
        for kind, usable in kinds.items()
    ]
    return rows.groupBy("stratum").agg(*wide)


def _raw(formulas: Collection[str]) -> set[str]:
    return set().union(*(KNOWN.raw_names(f) for f in formulas))


def _with_symbols(found: Gathered, formulas: Collection[str]) -> Gathered:
    """Rows with the symbols that formulas name, each layer a struct that rests on those below."""
    rows, where = found
    layers: dict[int, list[str]] = {}
    for symbol in KNOWN.needed(" ".join(formulas)):
        layers.setdefault(KNOWN.depth(symbol), []).append(symbol)
    for depth in sorted(layers):
        values = [F.expr(placed(KNOWN.symbols[s], where)).alias(s) for s in layers[depth]]
        rows = rows.select("*", F.struct(*values).alias(f"layer{depth}"))
        where = {**where, **paths(f"layer{depth}", layers[depth])}
    return Gathered(rows, where)


def balance(inputs: Inputs, cfg: FeaturesConfig, rows: Mapping[str, int]) -> None:
    """Every source of the tiles of the run has its features.

    Raises
    ------
    DataError
        If sources were lost.
    """
    whole = inputs.request.tiles == "all" and not inputs.request.limit_tiles
    came = inputs.rows(cfg.left) if whole else rows[FEATURE_TABLE.name]
    if rows[FEATURE_TABLE.name] != came:
        raise DataError(f"features of {cfg.left}: {came} sources, but {rows[FEATURE_TABLE.name]} rows")


def tell(inputs: Inputs, cfg: FeaturesConfig, _: Mapping[str, int], __: Mapping[str, Table]) -> dict[str, Any]:
    """What a reader of the record should know."""
    tiles = [t for g in groups(inputs, cfg) for t in g.tiles]
    return {"features": len(FEATURES)} | {
        f"null for want of {k}": v for k, v in causes(inputs, cfg.left, tiles).items()
    }
