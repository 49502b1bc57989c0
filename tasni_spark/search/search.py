"""The search: every source judged by every cut, the sources that fail none, and the cost of each cut."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tasni_spark.core.config import opt
from tasni_spark.core.errors import ConfigError, DataError
from tasni_spark.core.plan import Group
from tasni_spark.core.work import Inputs, Output
from tasni_spark.search import cuts as c
from tasni_spark.search.cuts import CutSet
from tasni_spark.search.vetoes import asked, with_vetoes
from tasni_spark.sky.density import p_chance, with_density
from tasni_spark.sky.frames import galactic
from tasni_spark.sky.tiling import groups
from tasni_spark.tables.search import CANDIDATES, CUTFLOW, VERDICTS


@dataclass(frozen=True)
class SearchConfig:
    """Section `[search]`."""

    left: str = opt("allwise", "survey that is searched")
    cut_sets: tuple[str, ...] = opt(("tasni_2025",), "names in conf/cuts, or TOML files of your own")

    @property
    def label(self) -> str:
        """Tells the searches of a run apart."""
        return self.left

    @property
    def beside(self) -> tuple[str, ...]:
        """Surveys of whose matches flags read columns."""
        return tuple(v.survey for v in asked(sets(self)) if v.borrowed)


def sets(cfg: SearchConfig) -> list[CutSet]:
    """The cut sets of a run."""
    return [c.load(name) for name in cfg.cut_sets]


def scope(cfg: SearchConfig) -> dict[str, list[str]]:
    """What a run replaces."""
    return {"cut_set": [s.name for s in sets(cfg)], "survey": [cfg.left]}


def definitions(cfg: SearchConfig) -> dict[str, Any]:
    """The cuts themselves, which must not change while a run is resumed."""
    return {s.name: dataclasses.asdict(s) for s in sets(cfg)}


# -- the verdict on every source --------------------------------------------------------------------------------------


def verdicts(inputs: Inputs, group: Group, cfg: SearchConfig) -> Output:
    """Masks of failed and unknown cuts for every source of a group of tiles."""
    rows = source_rows(inputs, cfg).where(F.col("tile").isin(list(group.tiles)))
    chosen = sets(cfg)
    judged = with_values(rows, inputs, cfg, chosen, group.tiles)
    found = [
        F.struct(
            F.lit(s.name).alias("cut_set"),
            c.failed(s).alias("failed"),
            c.unknown(s).alias("unknown"),
            c.flagged(s).alias("flagged"),
        )
        for s in chosen
    ]
    try:
        narrow = judged.select("id", "tile", "hpx29", F.inline(F.array(*found)))
    except AnalysisException as e:
        raise ConfigError(_misfit(judged, chosen, e)) from e
    return {VERDICTS: narrow.withColumn("survey", F.lit(cfg.left)).select(*VERDICTS.names)}


def source_rows(inputs: Inputs, cfg: SearchConfig) -> DataFrame:
    """The searched survey, with the Galactic coordinates that cuts may name."""
    return inputs.read(cfg.left).withColumns(galactic_columns(inputs, cfg.left))


def galactic_columns(inputs: Inputs, survey: str) -> dict[str, Column]:
    """`glon_deg` and `glat_deg` of a survey's sources."""
    ra, dec = position_columns(inputs, survey)
    return dict(zip(("glon_deg", "glat_deg"), galactic(F.col(ra), F.col(dec)), strict=True))


def position_columns(inputs: Inputs, survey: str) -> tuple[str, str]:
    """Names of a survey's columns of right ascension and declination."""
    facts = inputs.lake.facts(inputs.lake.ref(survey))
    return facts.get("ra", "ra"), facts.get("dec", "dec")


def with_values(
    rows: DataFrame, inputs: Inputs, cfg: SearchConfig, chosen: Sequence[CutSet], tiles: Sequence[int]
) -> DataFrame:
    """Rows with every column that cuts and flags read: their own, nulls for absent ones, and the vetoes'."""
    vetoes = asked(chosen)
    needed = set().union(*(c.referenced(inputs.spark, sql, f"cut set {s.name}") for s in chosen for sql in s.sql))
    needed -= set().union(*(v.columns for v in vetoes))
    present = [n for n in rows.columns if n in needed]
    absent = [F.lit(None).cast("string").alias(n) for n in sorted(needed - set(rows.columns))]
    keep = [n for n in ("id", "tile", "hpx29") if n not in present]
    return with_vetoes(rows.select(*keep, *present, *absent), inputs, cfg.left, vetoes, tiles)


def _misfit(judged: DataFrame, chosen: Sequence[CutSet], error: AnalysisException) -> str:
    """Which cut or flag does not fit the table."""
    for s in chosen:
        for sql in s.sql:
            try:
                judged.select(~F.expr(sql))
            except AnalysisException as e:
                return f"cut set {s.name}: {sql}: {(str(e).splitlines() or [''])[0]}"
    return str(error)


def absent_columns(inputs: Inputs, cfg: SearchConfig) -> dict[str, list[str]]:
    """Cuts whose columns the survey does not have, so that they are unknown for every source."""
    here = set(source_rows(inputs, cfg).columns)
    found = {}
    for s in sets(cfg):
        for cut in s.cuts:
            where = f"cut set {s.name}, cut {cut.id}"
            missing = sorted(c.referenced(inputs.spark, cut.sql, where) - here) if not cut.veto else []
            if missing:
                found[f"{s.name}.{cut.id}"] = missing
    return found


# -- candidates and cut-flow ------------------------------------------------------------------------------------------


def candidates(inputs: Inputs, _: Group, cfg: SearchConfig) -> Output:
    """Sources that fail no cut, and for every tile what each cut passed and failed."""
    kept, flows = [], []
    for s in sets(cfg):
        judged = inputs.own(VERDICTS).where((F.col("cut_set") == s.name) & (F.col("survey") == cfg.left))
        kept.append(_candidates(inputs, cfg, s, judged))
        flows.append(_cutflow(inputs, s, judged))
    return {CANDIDATES: reduce(DataFrame.unionByName, kept), CUTFLOW: reduce(DataFrame.unionByName, flows)}


def _candidates(inputs: Inputs, cfg: SearchConfig, s: CutSet, judged: DataFrame) -> DataFrame:
    left = judged.where("failed = 0").withColumn("p_veto", F.lit(0.0))
    if any(cut.veto for cut in s.cuts):
        by_chance = -F.expm1(F.sum(F.log1p(-F.col("p"))))
        asked = _asked(left, inputs, s).groupBy("id", "tile").agg(by_chance.alias("p_veto"))
        left = left.drop("p_veto").join(asked, ["id", "tile"], "left").fillna(0.0, "p_veto")
    ra, dec = position_columns(inputs, cfg.left)
    names = _designation(inputs, cfg.left)
    about = inputs.read(cfg.left).select("id", "tile", F.col(ra).alias("ra"), F.col(dec).alias("dec"), names)
    dark = [F.when(_bit("unknown", k), F.lit(cut.id)) for k, cut in enumerate(s.cuts)]
    flags = [F.when(_bit("flagged", k), F.lit(flag.id)) for k, flag in enumerate(s.flags)]
    return about.join(left, ["id", "tile"]).select(
        "cut_set",
        "survey",
        "id",
        "tile",
        "hpx29",
        "designation",
        "ra",
        "dec",
        F.array_compact(F.array(*dark)).alias("unknown"),
        F.array_compact(F.array(*flags)).cast("array<string>").alias("flags"),
        (F.col("unknown") == 0).alias("is_complete"),
        "p_veto",
    )


def _designation(inputs: Inputs, survey: str) -> Column:
    name = inputs.lake.facts(inputs.lake.ref(survey)).get("designation", "")
    return (F.col(name) if name else F.lit(None).cast("string")).alias("designation")


def _asked(rows: DataFrame, inputs: Inputs, s: CutSet) -> DataFrame:
    """Verdicts, once for each veto that could judge them.

    Returns
    -------
    DataFrame
        id, tile, failed, and the veto's `step`, the mask `so_far` of it and all cuts before, and its chances `p` and
        `near` (see `chances`), 0 where the survey has not been counted.
    """
    vetoes = [
        F.struct(
            F.lit(k + 1).alias("step"),
            F.lit((1 << k + 1) - 1).cast("bigint").alias("so_far"),
            F.lit(1 << k).cast("bigint").alias("bit"),
            F.lit(cut.veto).alias("veto"),
            F.lit(cut.radius_arcsec).alias("radius_arcsec"),
            F.lit(cut.max_p_chance).alias("most"),
        )
        for k, cut in enumerate(s.cuts)
        if cut.veto
    ]
    each = rows.select("id", "tile", "hpx29", "failed", "unknown", F.inline(F.array(*vetoes)))
    each = each.where(F.col("unknown").bitwiseAND(F.col("bit")) == 0)
    each = with_density(each, inputs, sorted({cut.veto for cut in s.cuts if cut.veto}), F.col("veto"), "rho")
    p, near = (F.coalesce(q, F.lit(0.0)) for q in chances(F.col("radius_arcsec"), F.col("most"), F.col("rho")))
    return each.select("id", "tile", "failed", "step", "so_far", p.alias("p"), near.alias("near"))


def chances(radius_arcsec: Column, max_p_chance: Column, per_arcsec2: Column) -> tuple[Column, Column]:
    """The chances that an unrelated source vetoes, and that any lies in the radius.

    Notes
    -----
    The nearest unrelated source has p_chance(sep), uniform on 0 .. 1, so one that counts has less than `max_p_chance`
    and lies within the radius: min(p_chance(radius), max_p_chance). With `unless` it is at most that.
    """
    near = p_chance(radius_arcsec, per_arcsec2)
    return F.least(near, max_p_chance), near


def _bit(column: str, k: int) -> Column:
    return F.col(column).bitwiseAND(F.lit(1 << k)) != 0


def _cutflow(inputs: Inputs, s: CutSet, judged: DataFrame) -> DataFrame:
    """Counts per tile and cut, and the true orphans that a veto is expected to lose.

    Notes
    -----
    A true orphan comes out of a veto clear with probability 1 - q, q that of any unrelated source within the radius,
    and lost with probability p, that of one which counts (p = q unless the veto limits the chance). So a clear survivor
    stands for p / (1 - q) lost ones, and the sum over the survivors is the number expected to be lost.
    """
    counts: list[Column] = []
    for k, _ in enumerate(s.cuts):
        reached = F.col("failed").bitwiseAND(F.lit((1 << k) - 1)) == 0
        fails, dark = _bit("failed", k), _bit("unknown", k)
        for name, condition in (
            ("n_in", reached),
            ("n_pass", reached & ~fails & ~dark),
            ("n_fail", reached & fails),
            ("n_unknown", reached & dark),
            ("n_fail_all", fails),
            ("n_fail_only", F.col("failed") == F.lit(1 << k)),
        ):
            counts.append(F.count_if(condition).alias(f"{name}_{k}"))
    wide = judged.groupBy("cut_set", "survey", "tile").agg(F.count("*").alias("n"), *counts)
    names = ("n_in", "n_pass", "n_fail", "n_unknown", "n_fail_all", "n_fail_only")
    zero = F.lit(0).cast("bigint")
    first = F.struct(
        F.lit(0).alias("step"),
        F.lit("all").alias("cut"),
        F.col("n").alias("n_in"),
        F.col("n").alias("n_pass"),
        *[zero.alias(n) for n in names[2:]],
    )
    steps = [
        F.struct(F.lit(k + 1).alias("step"), F.lit(cut.id).alias("cut"), *[F.col(f"{n}_{k}").alias(n) for n in names])
        for k, cut in enumerate(s.cuts)
    ]
    long = wide.select("cut_set", "survey", "tile", F.inline(F.array(first, *steps)))
    if not any(cut.veto for cut in s.cuts):
        return long.withColumn("expected_lost", F.lit(None).cast("double"))
    return long.join(F.broadcast(_expected_lost(inputs, s, judged)), ["tile", "step"], "left").select(*CUTFLOW.names)


def _expected_lost(inputs: Inputs, s: CutSet, judged: DataFrame) -> DataFrame:
    first = next(k for k, cut in enumerate(s.cuts) if cut.veto)
    left = judged.where(F.col("failed").bitwiseAND(F.lit((1 << first) - 1)) == 0)
    clear = _asked(left, inputs, s).where(F.col("failed").bitwiseAND(F.col("so_far")) == 0)
    return clear.groupBy("tile", "step").agg(F.sum(F.col("p") / (1.0 - F.col("near"))).alias("expected_lost"))


def balance(inputs: Inputs, cfg: SearchConfig, rows: Mapping[str, int]) -> None:
    """Every source of the tiles searched has a verdict in every set.

    Raises
    ------
    DataError
        If sources were lost.
    """
    came = rows_searched(inputs, cfg.left)
    if rows[VERDICTS.name] != came * len(cfg.cut_sets):
        raise DataError(
            f"search of {cfg.left}: {came} sources and {len(cfg.cut_sets)} cut sets, but {rows[VERDICTS.name]} verdicts"
        )


def rows_searched(inputs: Inputs, survey: str) -> int:
    """Sources of a survey in the tiles of the run."""
    if inputs.request.tiles == "all" and not inputs.request.limit_tiles:
        return inputs.rows(survey)
    tiles = [t for g in groups(inputs, None) for t in g.tiles]
    return inputs.read(survey).where(F.col("tile").isin(tiles)).count()


def tell(inputs: Inputs, cfg: SearchConfig, _: Mapping[str, int], __: object) -> dict[str, Any]:
    """What a reader of the record should know."""
    dark = absent_columns(inputs, cfg)
    return {"cuts unknown for want of columns": dark} if dark else {}
