"""One group of tiles, all pairs of surveys: who lies near whom, and how likely that is by chance."""

from __future__ import annotations

import math
from functools import reduce

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tasni_spark.core.plan import Group
from tasni_spark.core.work import Inputs, Output
from tasni_spark.crossmatch import sql
from tasni_spark.crossmatch.config import CrossmatchConfig
from tasni_spark.crossmatch.motion import Epochs, with_motion
from tasni_spark.sky import cover, density
from tasni_spark.sky.tiling import span
from tasni_spark.tables.associations import MATCH_TILES, MATCHES

_NEEDED = ("id", "tile", "hpx29", "x", "y", "z", "epoch")


def rights(inputs: Inputs, cfg: CrossmatchConfig) -> list[str]:
    """Right surveys that the lake holds; of the others nothing can be said."""
    return [r for r in cfg.rights if inputs.has(f"{r}_positions")]


def radius_arcsec(inputs: Inputs, cfg: CrossmatchConfig, right: str) -> float:
    """Radius of a survey's match: the job's own, or that of the survey's definition."""
    known = inputs.lake.facts(inputs.lake.ref(right))
    return float(cfg.radius_arcsec.get(right, known.get("match_radius_arcsec", 2.0)))


def epochs(inputs: Inputs, survey: str) -> Epochs:
    """Range of a survey's epochs, from the statistics of its files."""
    found = bounds(inputs, survey, "epoch")
    return Epochs(*found) if found else Epochs(None, None)


def bounds(inputs: Inputs, survey: str, column: str) -> tuple[float, float] | None:
    """Least and greatest value of a column of `<survey>_positions`, from the log alone; None if all are null."""
    ref = inputs.lake.ref(f"{survey}_positions")
    files = inputs.lake.files(ref, inputs.pins[str(ref)])
    low = [f[f"min.{column}"] for f in files if f.get(f"min.{column}") is not None]
    high = [f[f"max.{column}"] for f in files if f.get(f"max.{column}") is not None]
    return (min(low), max(high)) if low and high else None


def crossmatch(inputs: Inputs, group: Group, cfg: CrossmatchConfig) -> Output:
    """Matches of a group of left tiles with every right survey of the lake."""
    frames = [match_pair(inputs, group, cfg, right) for right in rights(inputs, cfg)]
    return {MATCHES: reduce(DataFrame.unionByName, frames)} if frames else {}


def match_pair(inputs: Inputs, group: Group, cfg: CrossmatchConfig, right: str) -> DataFrame:
    """Matches of a group of left tiles with one right survey."""
    g, reach = geometry(inputs, cfg, right)
    tiles = list(group.tiles)
    region = cover.merged([span(t) for t in tiles])
    halo = cover.within(F.col("hpx29"), cover.grown(region, reach / 3600))
    left = inputs.read(f"{cfg.left}_positions").select(*_NEEDED)
    left = left.where(halo) if cfg.how == "symmetric" else left.where(F.col("tile").isin(tiles))
    near = with_motion(inputs.read(f"{right}_positions").where(halo), cfg.motion_snr)
    found = sql.pairs(left, near, epochs(inputs, cfg.left), g)
    keep = ["tile", "hpx29"]
    chosen = {"nearest": sql.nearest, "all": sql.ranked, "symmetric": sql.mutual}[cfg.how](found, keep)
    chosen = chosen.where(F.col("tile").isin(tiles)) if cfg.how == "symmetric" else chosen
    chosen = density.with_density(chosen, inputs, right, "_rho")
    return chosen.withColumns(
        {
            "left_survey": F.lit(cfg.left),
            "right_survey": F.lit(right),
            "p_chance": density.p_chance(F.col("sep_arcsec"), F.col("_rho")),
        }
    ).select(*MATCHES.names)


def geometry(inputs: Inputs, cfg: CrossmatchConfig, right: str) -> tuple[sql.Geometry, float]:
    """Radius and cubes of a join, and how far beyond a tile's border its right side may lie, in arcsec."""
    radius, when = radius_arcsec(inputs, cfg, right), epochs(inputs, cfg.left)
    fastest, years = 0.0, 0.0
    for column in ("pmra_masyr", "pmdec_masyr"):
        fastest = math.hypot(fastest, max((abs(v) for v in bounds(inputs, right, column) or ()), default=0.0))
    if (then := bounds(inputs, right, "epoch")) and when.first is not None and when.last is not None:
        years = max(abs(when.last - then[0]), abs(when.first - then[1]))
    spread = (fastest * when.half_span + cfg.motion_allowance_masyr * years) / 1000
    reach = 2 * radius + (max(fastest, cfg.motion_allowance_masyr) * years) / 1000
    counted = density.summary(inputs, right)
    cube = sql.cell_arcsec(counted[1] * 3600**2 if counted else 0.0, radius + spread)
    return sql.Geometry(radius, cube, cfg.motion_allowance_masyr), reach


def match_tiles(inputs: Inputs, group: Group, cfg: CrossmatchConfig) -> Output:
    """What was sought in each tile, and how much was found."""
    here = (F.col("left_survey") == cfg.left) & F.col("tile").isin(list(group.tiles))
    found = inputs.own(MATCHES).where(here).groupBy("right_survey", "tile")
    counts = found.agg(F.countDistinct("left_id").alias("n_matched"), F.count("*").alias("n_pairs"))
    looked = left_counts(inputs, group, cfg)
    asked = [
        F.struct(F.lit(r).alias("right_survey"), F.lit(radius_arcsec(inputs, cfg, r)).alias("radius_arcsec"))
        for r in rights(inputs, cfg)
    ]
    if not asked:
        return {}
    told = looked.select(F.lit(cfg.left).alias("left_survey"), "*", F.inline(F.array(*asked)))
    told = told.join(F.broadcast(counts), ["right_survey", "tile"], "left")
    return {MATCH_TILES: told.fillna(0, ["n_matched", "n_pairs"]).select(*MATCH_TILES.names)}


def left_counts(inputs: Inputs, group: Group, cfg: CrossmatchConfig) -> DataFrame:
    """Left sources of each tile of a group; 0 for empty tiles."""
    rows = inputs.read(f"{cfg.left}_positions").where(F.col("tile").isin(list(group.tiles)))
    tiles = inputs.spark.createDataFrame(pd.DataFrame({"tile": group.tiles}))
    counts = rows.groupBy("tile").agg(F.count("*").alias("n_left"))
    return tiles.join(F.broadcast(counts), "tile", "left").fillna(0, ["n_left"])
