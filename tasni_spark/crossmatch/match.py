"""One group of tiles, all pairs of surveys: who lies near whom, and how likely that is by chance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tasni_spark.core import parts
from tasni_spark.core.lake import Commit
from tasni_spark.core.plan import Group
from tasni_spark.core.work import Inputs, Output
from tasni_spark.crossmatch import choice, frames, likelihood, sedona, sql
from tasni_spark.crossmatch.config import CrossmatchConfig
from tasni_spark.crossmatch.motion import Epochs
from tasni_spark.crossmatch.tiles.step import Replacement, unfit
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


def snr(inputs: Inputs, cfg: CrossmatchConfig, survey: str) -> float | None:
    """How many sigma a motion needs to be applied; None where the log says that no source of the survey has one."""
    ref = inputs.lake.ref(f"{survey}_positions")
    files = inputs.lake.files(ref, inputs.pins[str(ref)])
    none = all(f.get(f"null_count.{c}") == f["num_records"] for f in files for c in ("pmra_masyr", "pmdec_masyr"))
    return None if none else cfg.motion_snr


def engine(inputs: Inputs, cfg: CrossmatchConfig) -> dict[str, str]:
    """The engine of a run and the reason, for its plan."""
    inputs.version(f"{cfg.left}_positions")  # refuses a lake without it
    if cfg.engine != "auto":
        return {"engine": cfg.engine, "because": "it was asked for"}
    reason = unfit(inputs, cfg)
    return {"engine": "sql" if reason else "tiles", "because": reason or "workers can read the lake's sorted files"}


def tell(inputs: Inputs, *_: object) -> dict[str, str]:
    """Which engine it was."""
    return {key: inputs.notes[key] for key in ("engine", "because")}


def crossmatch(inputs: Inputs, group: Group, cfg: CrossmatchConfig) -> Output:
    """Matches of a group of left tiles with every right survey of the lake."""
    surveys = rights(inputs, cfg)
    if not surveys:
        return {}
    if inputs.notes["engine"] == "tiles":
        radii = {right: radius_arcsec(inputs, cfg, right) for right in surveys}
        return {MATCHES: Replacement(inputs, group, cfg, radii)}
    tiles = list(group.tiles)
    region = cover.merged([span(t) for t in tiles])
    reach = {right: reach_arcsec(inputs, cfg, right) for right in surveys}
    left = with_errors(inputs.read(f"{cfg.left}_positions"), cfg).select(*_NEEDED, *variance(cfg))
    halo = cover.within(F.col("hpx29"), cover.grown(region, max(reach.values()) / 3600))
    left = left.where(halo) if cfg.how == "symmetric" else left.where(F.col("tile").isin(tiles))
    sides = []
    for right in surveys:
        near = cover.within(F.col("hpx29"), cover.grown(region, reach[right] / 3600))
        rows = with_errors(frames.aligned(inputs.read(f"{right}_positions").where(near), inputs, cfg, right), cfg)
        sides.append(sql.Right(right, rows, radius_arcsec(inputs, cfg, right), snr(inputs, cfg, right)))
    pairs = sedona.pairs if inputs.notes["engine"] == "sedona" else sql.pairs
    found = pairs(left, sides, epochs(inputs, cfg.left), geometry(inputs, cfg, surveys))
    chosen = {"nearest": choice.nearest, "all": choice.ranked, "symmetric": choice.mutual}[cfg.how](
        found, ["tile", "hpx29"]
    )
    chosen = chosen.where(F.col("tile").isin(tiles)) if cfg.how == "symmetric" else chosen
    chosen = chosen.where(F.col("rank") <= cfg.k) if cfg.k else chosen
    chosen = density.with_density(sql.named(chosen, sides), inputs, surveys, F.col("right_survey"), "_rho")
    p_chance = density.p_chance(F.col("sep_arcsec"), F.col("_rho"))
    chosen = chosen.withColumns({"left_survey": F.lit(cfg.left), "p_chance": p_chance, **weights(cfg)})
    return {MATCHES: chosen.select(*MATCHES.names)}


def variance(cfg: CrossmatchConfig) -> list[str]:
    """The column of errors, where they matter."""
    return ["variance_arcsec2"] if cfg.score or cfg.sigmas else []


def with_errors(positions: DataFrame, cfg: CrossmatchConfig) -> DataFrame:
    """Add the square of the error of each place, the mean of both directions; null where there is none."""
    ra, dec = F.col("ra_error_arcsec"), F.col("dec_error_arcsec")
    return positions.withColumns(dict.fromkeys(variance(cfg), (ra * ra + dec * dec) / 2))


def weights(cfg: CrossmatchConfig) -> dict[str, Column]:
    """Score, Bayes factor and posterior of pairs with their separation, errors and density."""
    names = ("score", "bayes_factor", "p_match")
    if not cfg.score:
        return {name: F.lit(None).cast("double") for name in names}
    score = F.col("sep_arcsec") * F.col("sep_arcsec") / F.col("variance_arcsec2")
    factor = likelihood.bayes_factor(score, F.col("variance_arcsec2"))
    return dict(zip(names, (score, factor, likelihood.posterior(factor, cfg.prior, F.col("_rho"))), strict=True))


def motions(inputs: Inputs, cfg: CrossmatchConfig, right: str) -> tuple[float, float]:
    """Of a right survey the fastest motion, in mas / yr, and the longest time to a left epoch, in yr."""
    fastest, when, then = 0.0, epochs(inputs, cfg.left), bounds(inputs, right, "epoch")
    for column in ("pmra_masyr", "pmdec_masyr"):
        fastest = math.hypot(fastest, max((abs(v) for v in bounds(inputs, right, column) or ()), default=0.0))
    if then is None or when.first is None or when.last is None:
        return fastest, 0.0
    return fastest, max(abs(when.last - then[0]), abs(when.first - then[1]))


def reach_arcsec(inputs: Inputs, cfg: CrossmatchConfig, right: str) -> float:
    """How far beyond a tile's border its right side may lie."""
    fastest, years = motions(inputs, cfg, right)
    shift = frames.shift_arcsec(inputs, cfg, right)
    return 2 * radius_arcsec(inputs, cfg, right) + max(fastest, cfg.motion_allowance_masyr) * years / 1000 + shift


def geometry(inputs: Inputs, cfg: CrossmatchConfig, surveys: Sequence[str]) -> sql.Geometry:
    """Cubes of a join: small enough for the densest survey, large enough for the longest reach."""
    half_span, spread, around, densest = epochs(inputs, cfg.left).half_span, 0.0, 0.0, 0.0
    for right in surveys:
        fastest, years = motions(inputs, cfg, right)
        moved = (fastest * half_span + cfg.motion_allowance_masyr * years) / 1000
        spread = max(spread, radius_arcsec(inputs, cfg, right) + moved)
        if counted := density.summary(inputs, right):
            around, densest = max(around, counted.around), max(densest, counted.densest)
    cell = sql.cell_arcsec(around, densest, spread)
    return sql.Geometry(cell, cfg.motion_allowance_masyr, cfg.sigmas, bool(variance(cfg)))


def match_tiles(inputs: Inputs, group: Group, cfg: CrossmatchConfig) -> Output:
    """What was sought in each tile, and how much was found."""
    if not rights(inputs, cfg):
        return {}
    if cfg.how != "all" and "tile" in inputs.lake.partition(inputs.lake.ref(f"{cfg.left}_positions")):
        return {MATCH_TILES: partial(from_logs, inputs, group, cfg)}
    here = (F.col("left_survey") == cfg.left) & F.col("tile").isin(list(group.tiles))
    found = inputs.own(MATCHES).where(here).groupBy("right_survey", "tile")
    counts = found.agg(F.countDistinct("left_id").alias("n_matched"), F.count("*").alias("n_pairs"))
    looked = left_counts(inputs, group, cfg)
    asked = [
        F.struct(F.lit(r).alias("right_survey"), F.lit(radius_arcsec(inputs, cfg, r)).alias("radius_arcsec"))
        for r in rights(inputs, cfg)
    ]
    told = looked.select(F.lit(cfg.left).alias("left_survey"), "*", F.inline(F.array(*asked)))
    told = told.join(F.broadcast(counts), ["right_survey", "tile"], "left")
    return {MATCH_TILES: told.fillna(0, ["n_matched", "n_pairs"]).select(*MATCH_TILES.names)}


def from_logs(
    inputs: Inputs, group: Group, cfg: CrossmatchConfig, transaction: str, metadata: Mapping[str, Any]
) -> Commit:
    """The same where both tables are partitioned by tile and no left source has two pairs: the logs know it all."""
    looked = dict.fromkeys(group.tiles, 0)
    for file in inputs.lake.files(inputs.lake.ref(f"{cfg.left}_positions"), inputs.version(f"{cfg.left}_positions")):
        if file["partition.tile"] in looked:
            looked[file["partition.tile"]] += file["num_records"]
    pairs: dict[tuple[str, int], int] = {}
    for file in inputs.lake.files(MATCHES.ref):
        if file["partition.left_survey"] == cfg.left:
            key = file["partition.right_survey"], file["partition.tile"]
            pairs[key] = pairs.get(key, 0) + file["num_records"]
    radii = {right: radius_arcsec(inputs, cfg, right) for right in rights(inputs, cfg)}
    rows = [
        (cfg.left, right, tile, radius, n, pairs.get((right, tile), 0), pairs.get((right, tile), 0))
        for right, radius in radii.items()
        for tile, n in looked.items()
    ]
    columns = dict(zip(MATCH_TILES.names, map(list, zip(*rows, strict=True)), strict=True))
    where: dict[str, list[Any]] = {
        "left_survey": [cfg.left],
        "right_survey": list(cfg.rights),
        "tile": list(group.tiles),
    }
    table = pa.Table.from_pydict(columns, schema=parts.schema(MATCH_TILES))
    return inputs.lake.replace_few(table, MATCH_TILES, where, transaction, metadata)


def left_counts(inputs: Inputs, group: Group, cfg: CrossmatchConfig) -> DataFrame:
    """Left sources of each tile of a group; 0 for empty tiles."""
    rows = inputs.read(f"{cfg.left}_positions").where(F.col("tile").isin(list(group.tiles)))
    tiles = inputs.spark.createDataFrame([(t,) for t in group.tiles], "tile bigint")
    counts = rows.groupBy("tile").agg(F.count("*").alias("n_left"))
    return tiles.join(F.broadcast(counts), "tile", "left").fillna(0, ["n_left"])
