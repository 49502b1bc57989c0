"""Vetoes by other surveys, three-valued: matched, observed and nothing there, or not to be known.

Why: the first edition took *not observed* for *not there*. Here a veto lets a source pass only where the other survey's
coverage map says that it looked, and where its sources have been sought: a survey that is not loaded, or a tile that
has not been matched, is unknown, never clean.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tasni_spark.core.work import Inputs
from tasni_spark.search.cuts import CutSet, veto_column
from tasni_spark.sky import cover
from tasni_spark.sky.footprint import with_observed
from tasni_spark.sky.tiling import span

STATES = (
    "matched",
    "matched, maybe by chance",
    "nothing there",
    "not observed",
    "its sources were not sought",
    "its footprint is not known",
)

FARTHEST_DEG = 0.1
"""Farther than a match lies from its source: the fastest star known, at 10.4 arcsec / yr, goes half as far in 15 yr."""


@dataclass(frozen=True)
class Veto:
    """A survey asked within one or more (radius in arcsec, greatest chance of a match that counts), and its columns."""

    survey: str
    limits: tuple[tuple[float, float], ...]
    borrowed: tuple[str, ...] = ()

    @property
    def columns(self) -> set[str]:
        """Columns that `with_vetoes` adds for it."""
        said = {f"{c}_{self.survey}" for c in ("sep", "p", "observed", "searched")}
        said |= {f"{c}_{self.survey}" for c in self.borrowed}
        return said | {veto_column(self.survey, r, p) for r, p in self.limits}


def asked(sets: Iterable[CutSet]) -> list[Veto]:
    """The surveys that cuts and flags ask, each with all its limits."""
    limits: dict[str, set[tuple[float, float]]] = {}
    borrowed: dict[str, set[str]] = {}
    for s in sets:
        for cut in s.cuts:
            if cut.veto:
                limits.setdefault(cut.veto, set()).add((cut.radius_arcsec, cut.max_p_chance))
        for flag in s.flags:
            if flag.survey:
                limits.setdefault(flag.survey, set())
                borrowed.setdefault(flag.survey, set()).update(flag.columns)
    return [Veto(s, tuple(sorted(found)), tuple(sorted(borrowed.get(s, ())))) for s, found in limits.items()]


def with_vetoes(rows: DataFrame, inputs: Inputs, left: str, vetoes: Sequence[Veto], tiles: Sequence[int]) -> DataFrame:
    """Add, for every survey asked, what it says of each row.

    Parameters
    ----------
    rows
        Has id, tile, hpx29.
    inputs
        Reads `matches`, `match_tiles`, `coverage`.
    left
        Survey of the rows.
    vetoes
        Surveys and limits.
    tiles
        Tiles of the rows.

    Returns
    -------
    DataFrame
        rows with, for each survey S: `sep_S` (arcsec, nearest match), `p_S` (its chance), `observed_S`, `searched_S`
        (arcsec: to what radius its sources were sought), and for each limit (r, p) `clear_S_r_p`, which is false for a
        match, true where S looked and has nothing, null where it did not look, nobody asked, or the match may well be
        chance; and each borrowed column C of the nearest match as `C_S`.
    """
    rows = _with_matches(rows, inputs, left, vetoes, tiles)
    rows = reduce(lambda r, veto: _with_borrowed(r, inputs, veto, tiles), vetoes, rows)
    covered = _covered(inputs)
    for veto in vetoes:
        s = veto.survey
        rows = rows.withColumn(f"searched_{s}", _searched(inputs, left, s, tiles))
        if s in covered:
            rows = with_observed(rows, inputs.read("coverage"), s, f"observed_{s}")
        else:
            rows = rows.withColumn(f"observed_{s}", F.lit(None).cast("boolean"))
        rows = rows.withColumns({veto_column(s, r, p): clear(s, r, p) for r, p in veto.limits})
    return rows


def clear(survey: str, radius: float, max_p: float) -> Column:
    """Whether a survey looked and shows nothing that counts; null where that is not known."""
    near = F.col(f"sep_{survey}") <= radius
    sought = F.col(f"observed_{survey}") & (F.col(f"searched_{survey}") >= radius)
    return F.when(near & _counts(survey, max_p), F.lit(False)).when(
        sought & ~F.coalesce(near, F.lit(False)), F.lit(True)
    )


def _counts(survey: str, max_p: float) -> Column:
    """Whether a match is unlikely enough to be chance; null where its chance is not known."""
    return F.col(f"p_{survey}") < max_p if max_p < 1 else F.lit(True)


def state(survey: str, radius: float, max_p: float) -> Column:
    """What a survey says of a row, as one of STATES."""
    near = F.col(f"sep_{survey}") <= radius
    return (
        F.when(near & _counts(survey, max_p), F.lit("matched"))
        .when(near, F.lit("matched, maybe by chance"))
        .when(~F.col(f"observed_{survey}"), F.lit("not observed"))
        .when(F.col(veto_column(survey, radius, max_p)), F.lit("nothing there"))
        .when(F.col(f"observed_{survey}"), F.lit("its sources were not sought"))
        .otherwise("its footprint is not known")
    )


def _with_matches(
    rows: DataFrame, inputs: Inputs, left: str, vetoes: Sequence[Veto], tiles: Sequence[int]
) -> DataFrame:
    """The nearest match in each survey, by one join: pairs are turned into one row a left source first."""
    names = [v.survey for v in vetoes]
    if not names or not inputs.has("matches"):
        null = F.lit(None).cast("double")
        return rows.withColumns({f"{c}_{s}": null for s in names for c in ("id", "sep", "p")})
    found = inputs.read("matches").where(
        (F.col("left_survey") == left) & F.col("right_survey").isin(names) & F.col("tile").isin(list(tiles))
    )
    columns = []
    for s in names:
        mine = (F.col("right_survey") == s) & (F.col("rank") == 1)
        columns += [
            F.min(F.when(mine, F.col("right_id"))).alias(f"id_{s}"),
            F.min(F.when(mine, F.col("sep_arcsec"))).alias(f"sep_{s}"),
            F.min(F.when(mine, F.col("p_chance"))).alias(f"p_{s}"),
        ]
    wide = found.groupBy(F.col("left_id").alias("id")).agg(*columns)
    return rows.join(wide, "id", "left")


def _with_borrowed(rows: DataFrame, inputs: Inputs, veto: Veto, tiles: Sequence[int]) -> DataFrame:
    """The columns of the nearest match that flags read; null where there is none, or the survey lacks the column."""
    key = f"id_{veto.survey}"
    if not veto.borrowed:
        return rows.drop(key)
    if not inputs.has(veto.survey):
        return rows.withColumns({f"{c}_{veto.survey}": F.lit(None).cast("double") for c in veto.borrowed}).drop(key)
    other = inputs.read(veto.survey)
    near = cover.within(F.col("hpx29"), cover.grown(cover.merged([span(t) for t in tiles]), FARTHEST_DEG))
    there = [F.col(c) if c in other.columns else F.lit(None).cast("double") for c in veto.borrowed]
    named = [c.alias(f"{n}_{veto.survey}") for n, c in zip(veto.borrowed, there, strict=True)]
    return rows.join(other.where(near).select(F.col("id").alias(key), *named), key, "left").drop(key)


def _searched(inputs: Inputs, left: str, survey: str, tiles: Sequence[int]) -> Column:
    """The radius to which a survey's sources were sought in the row's tile; null where they were not."""
    if not inputs.has("match_tiles"):
        return F.lit(None).cast("double")
    wanted = (
        (pc.field("left_survey") == left) & (pc.field("right_survey") == survey) & pc.field("tile").isin(list(tiles))
    )
    rows = inputs.small("match_tiles", "left_survey", "right_survey", "tile", "radius_arcsec").filter(wanted)
    radii: dict[float, list[int]] = {}
    for tile, radius in zip(rows["tile"].to_pylist(), rows["radius_arcsec"].to_pylist(), strict=True):
        radii.setdefault(radius, []).append(tile)
    found = F.lit(None).cast("double")
    for radius, members in radii.items():
        found = F.when(F.col("tile").isin(members), F.lit(radius)).otherwise(found)
    return found


def _covered(inputs: Inputs) -> set[str]:
    """Surveys whose footprint is known."""
    return set(pc.unique(inputs.small("coverage", "survey")["survey"]).to_pylist()) if inputs.has("coverage") else set()
