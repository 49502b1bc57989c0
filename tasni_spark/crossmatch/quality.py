"""How good a match is, tile by tile: chance measured against chance predicted, errors as stated, offsets of frames.

Why: three numbers that every match rests on can be measured from the match itself. Left sources moved 15, 30 and 60
arcsec in right ascension meet only strangers, so they count chance matches without a model. Separations over the
stated errors of both sides follow a Rayleigh distribution if those errors are right. The median offset of pairs shows
where two frames do not agree.
"""

from __future__ import annotations

import math
from dataclasses import replace

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tasni_spark.core.plan import Group
from tasni_spark.core.work import Inputs, Output
from tasni_spark.crossmatch import choice, match, sql
from tasni_spark.crossmatch.config import CrossmatchConfig
from tasni_spark.crossmatch.motion import at, with_motion
from tasni_spark.sky import cover, density
from tasni_spark.sky.tiling import span
from tasni_spark.tables.associations import BIN, BINS, SHIFTS_ARCSEC, XMATCH_QA

_ARCSEC = math.pi / 180 / 3600
_KEY = ["right_survey", "tile"]


def xmatch_qa(inputs: Inputs, group: Group, cfg: CrossmatchConfig) -> Output:
    """Chance, errors and offsets of the stored pairs of a group of tiles, nearest ones alone."""
    surveys = match.rights(inputs, cfg)
    if not surveys:
        return {}
    left = inputs.read(f"{cfg.left}_positions").where(F.col("tile").isin(list(group.tiles)))
    told = expected(left, inputs, cfg, surveys)
    for part in (shifted(left, inputs, group, cfg, surveys), measured(left, inputs, cfg, surveys)):
        told = told.join(F.broadcast(part), _KEY, "left")
    told = told.withColumn("left_survey", F.lit(cfg.left)).fillna(0, ["n_pairs", *_shift_names()])
    counts = F.array(*[F.col(name) for name in _shift_names()])
    return {XMATCH_QA: told.withColumn("n_shifted", counts).select(*XMATCH_QA.names)}


def expected(left: DataFrame, inputs: Inputs, cfg: CrossmatchConfig, surveys: list[str]) -> DataFrame:
    """Left sources of each tile, and how many of them the density of the right survey lets meet a stranger."""
    asked = [
        F.struct(F.lit(s).alias("right_survey"), F.lit(match.radius_arcsec(inputs, cfg, s)).alias("radius_arcsec"))
        for s in surveys
    ]
    rows = left.select("tile", "hpx29", F.inline(F.array(*asked)))
    rows = density.with_density(rows, inputs, surveys, F.col("right_survey"), "_rho")
    chance = F.sum(density.p_chance(F.col("radius_arcsec"), F.col("_rho")))
    return rows.groupBy(*_KEY, "radius_arcsec").agg(F.count("*").alias("n_left"), chance.alias("n_expected"))


def shifted(left: DataFrame, inputs: Inputs, group: Group, cfg: CrossmatchConfig, surveys: list[str]) -> DataFrame:
    """Left sources of each tile that meet anything after each shift in right ascension."""
    turn = F.col("shift") * _ARCSEC / F.greatest(F.hypot("x", "y"), F.lit(1e-3))
    x, y = F.col("x"), F.col("y")
    moved = left.withColumn("shift", F.explode(F.array(*[F.lit(s) for s in SHIFTS_ARCSEC]))).withColumns(
        {"x": x * F.cos(turn) - y * F.sin(turn), "y": x * F.sin(turn) + y * F.cos(turn)}
    )
    cfg = replace(cfg, sigmas=0.0, score=False)
    region = cover.merged([span(t) for t in group.tiles])
    sides = []
    for survey in surveys:
        reach = match.reach_arcsec(inputs, cfg, survey) + max(SHIFTS_ARCSEC)
        near = cover.within(F.col("hpx29"), cover.grown(region, reach / 3600))
        rows = inputs.read(f"{survey}_positions").where(near)
        sides.append(sql.Right(survey, rows, match.radius_arcsec(inputs, cfg, survey), match.snr(inputs, cfg, survey)))
    moved = moved.select("id", "x", "y", "z", "epoch", "tile", "shift")
    found = sql.pairs(moved, sides, match.epochs(inputs, cfg.left), match.geometry(inputs, cfg, surveys))
    met = sql.named(choice.nearest(found, ["tile", "shift"], ["shift"]), sides)
    counts = [F.count_if(F.col("shift") == s).alias(n) for s, n in zip(SHIFTS_ARCSEC, _shift_names(), strict=True)]
    return met.groupBy(*_KEY).agg(*counts)


def measured(left: DataFrame, inputs: Inputs, cfg: CrossmatchConfig, surveys: list[str]) -> DataFrame:
    """Median offsets of the nearest pairs, and the histogram of their separations over both errors."""
    here = (F.col("left_survey") == cfg.left) & (F.col("rank") == 1)
    pairs = inputs.read("matches").where(here).select("right_survey", "tile", "left_id", "right_id", "sep_arcsec")
    near = left.select("tile", F.col("id").alias("left_id"), *_renamed("l"))
    pairs = pairs.join(near, ["tile", "left_id"])
    parts = []
    for survey in surveys:
        rows = with_motion(inputs.read(f"{survey}_positions"), cfg.motion_snr)
        rows = rows.select(F.col("id").alias("right_id"), *_renamed("r"), "mx", "my", "mz")
        parts.append(pairs.where(F.col("right_survey") == survey).join(rows, "right_id"))
    joined = parts[0]
    for part in parts[1:]:
        joined = joined.unionByName(part)
    years = F.coalesce(F.col("lepoch") - F.col("repoch"), F.lit(0.0))
    place = (F.col("rx"), F.col("ry"), F.col("rz"))
    x, y, z = at(place, (F.col("mx"), F.col("my"), F.col("mz")), years)
    east, north = _offsets(x, y, z)
    joined = joined.withColumns({"east": east, "north": north, "size": F.col("sep_arcsec") / F.sqrt(_variance())})
    bins = [F.count_if(F.floor(F.col("size") / BIN) == k) for k in range(BINS - 1)]
    bins.append(F.count_if(F.col("size") >= (BINS - 1) * BIN))
    return joined.groupBy(*_KEY).agg(
        F.count("*").alias("n_pairs"),
        F.percentile_approx("east", 0.5, 1000).alias("east_arcsec"),
        F.percentile_approx("north", 0.5, 1000).alias("north_arcsec"),
        F.array(*bins).alias("separations"),
    )


def _renamed(side: str) -> list[Column]:
    names = ("x", "y", "z", "epoch", "ra_error_arcsec", "dec_error_arcsec")
    return [F.col(n).alias(f"{side}{n}") for n in names]


def _variance() -> Column:
    """Sum of the variances of both sides, the mean of both directions."""
    squares = [F.col(f"{s}{c}_error_arcsec") * F.col(f"{s}{c}_error_arcsec") for s in "lr" for c in ("ra", "dec")]
    return (squares[0] + squares[1] + squares[2] + squares[3]) / 2


def _offsets(x: Column, y: Column, z: Column) -> tuple[Column, Column]:
    """Right minus left along the left source's east and north, in arcsec."""
    cos_dec = F.greatest(F.hypot("lx", "ly"), F.lit(1e-12))
    east = (y * F.col("lx") - x * F.col("ly")) / cos_dec
    north = z * cos_dec - F.col("lz") * (x * F.col("lx") + y * F.col("ly")) / cos_dec
    return east / _ARCSEC, north / _ARCSEC


def _shift_names() -> list[str]:
    return [f"shifted_{s:.0f}" for s in SHIFTS_ARCSEC]
