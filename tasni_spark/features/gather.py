"""Raw columns of every source: its own, and those of its counterparts, fits, light curves and surroundings.

Why: a survey that is not in the lake, a column that it lacks, a job that has not run are nulls, and each has a cause
that the run's record tells; a null must never mean that something failed. The columns of a table travel as one struct:
a join or a projection copies it in one piece, where it would copy hundreds of columns one by one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tasni_spark.core.work import Inputs
from tasni_spark.sky import cover
from tasni_spark.sky.density import with_density
from tasni_spark.sky.footprint import with_observed
from tasni_spark.sky.frames import galactic
from tasni_spark.sky.tiling import span
from tasni_spark.tables.features.bands import PAIRING, SOURCE, SURVEYS, TEXT

EXPOSURES = "neowise"
"""Survey of single exposures whose light curves are asked."""
REACH_DEG = 0.05
"""A counterpart may lie so far outside a tile: the widest match, and twenty years of the fastest star."""
_KEYS = ("tile", "id")


class Gathered(NamedTuple):
    """Rows and where their raw columns are.

    Parameters
    ----------
    rows
        tile, id, hpx29 and a struct for each table that was asked.
    where
        Raw column to its SQL: `struct.column`, or a null of its type where there is nothing. Numbers are double.
    """

    rows: DataFrame
    where: Mapping[str, str]

    def joined(self, found: DataFrame, keys: Sequence[str], name: str) -> Gathered:
        """With the other columns of a table as a struct of that name."""
        columns = [c for c in found.columns if c not in keys]
        packed = found.select(*keys, F.struct(*columns).alias(name))
        return Gathered(self.rows.join(packed, list(keys), "left"), {**self.where, **paths(name, columns)})


def paths(struct: str, columns: Collection[str]) -> dict[str, str]:
    """SQL of the columns of a struct."""
    return {c: f"{struct}.{c}" for c in columns}


def gathered(inputs: Inputs, survey: str, tiles: Sequence[int], wanted: Collection[str]) -> Gathered:
    """Sources of some tiles with the raw columns wanted.

    Parameters
    ----------
    inputs
        Reads the survey, its counterparts, `matches`, `match_tiles`, `coverage`, `density`, `thermal`, `variability`,
        `trend_tests`, where the lake has them.
    survey
        Whose sources.
    wanted
        Names of `tables.features.KNOWN.raw`, medians of strata aside.
    """
    found = _sources(inputs, survey, tiles, wanted)
    region = cover.grown(np.array([span(t) for t in tiles], np.int64), REACH_DEG)
    for other in SURVEYS:
        if any(n.startswith(f"{other}_") for n in wanted):
            found = _with_counterpart(found, inputs, survey, other, tiles, region)
    found = _with_table(found, inputs, "thermal", {"survey": survey}, "thermal_", tiles, wanted)
    if light_curves(inputs, survey, tiles) == "":
        mine = {"survey": EXPOSURES, "left_survey": survey}
        for band in ("w1", "w2"):
            found = _with_table(found, inputs, "variability", mine | {"band": band}, f"{band}_", tiles, wanted)
        found = _with_table(found, inputs, "trend_tests", mine, "both_", tiles, wanted)
    rows, where = found
    for other in SURVEYS:
        if (name := f"density_{other}") in wanted:
            rows, where = with_density(rows, inputs, [other], F.lit(other), name), {**where, name: name}
    nulls = {n: f"CAST(NULL AS {'string' if n in TEXT else 'double'})" for n in wanted if n not in where}
    return Gathered(rows, {**where, **nulls})


def light_curves(inputs: Inputs, survey: str, tiles: Sequence[int]) -> str:
    """Why light curves cannot be used; empty where those of all tiles are there."""
    if not (inputs.has("variability") and inputs.has("lightcurve_tiles")):
        return "no table variability"
    known = inputs.small("lightcurve_tiles", "survey", "left_survey", "tile")
    mine = known.filter((pc.field("survey") == EXPOSURES) & (pc.field("left_survey") == survey))
    missing = set(tiles) - set(mine["tile"].to_pylist())
    return f"no light curves in {len(missing)} of {len(tiles)} tiles" if missing else ""


def causes(inputs: Inputs, survey: str, tiles: Sequence[int]) -> dict[str, str]:
    """Why some features are null for every source."""
    here = set(inputs.read(survey).columns)
    found = {}
    if absent := [n for n in SOURCE if n not in here and n not in ("glon", "glat")]:
        found[survey] = f"no column {', '.join(absent)}"
    for other in SURVEYS:
        if not inputs.has(other):
            found[other] = "not in the lake"
        elif not _sought(inputs, survey, other):
            found[other] = f"not matched with {survey}: run crossmatch"
    if not inputs.has("thermal"):
        found["thermal"] = "no table thermal: run the job"
    if curves := light_curves(inputs, survey, tiles):
        found["variability"] = curves
    return found


def _sources(inputs: Inputs, survey: str, tiles: Sequence[int], wanted: Collection[str]) -> Gathered:
    """The survey's own columns under their published names."""
    rows = inputs.read(survey).where(F.col("tile").isin(list(tiles)))
    facts = inputs.lake.facts(inputs.lake.ref(survey))
    ra, dec = F.col(facts.get("ra", "ra")).cast("double"), F.col(facts.get("dec", "dec")).cast("double")
    made = {"ra": ra, "dec": dec} | dict(zip(("glon", "glat"), galactic(ra, dec), strict=True))
    here = {n: F.col(n) if n in TEXT else F.col(n).cast("double") for n in SOURCE if n in rows.columns}
    columns = {n: c for n, c in (made | here).items() if n in wanted}
    struct = F.struct(*[c.alias(n) for n, c in columns.items()])
    return Gathered(rows.select("hpx29", *_KEYS, struct.alias("source")), paths("source", columns))


def _with_counterpart(
    found: Gathered, inputs: Inputs, survey: str, other: str, tiles: Sequence[int], region: cover.Ranges
) -> Gathered:
    """Columns of the nearest source of another survey, and what the match says."""
    sought = _sought(inputs, survey, other)
    if not (sought and inputs.has(other)):
        return found
    pairs = inputs.read("matches").where(
        (F.col("left_survey") == survey)
        & (F.col("right_survey") == other)
        & F.col("tile").isin(list(tiles))
        & (F.col("rank") == 1)
    )
    said = [F.col(c).cast("double").alias(f"{other}_{c}") for c in PAIRING if c != "clear"]
    pairs = pairs.select("tile", F.col("left_id").alias("id"), F.col("right_id"), *said)
    right = inputs.read(other).where(cover.within(F.col("hpx29"), region))
    theirs = [
        (F.col(c) if f"{other}_{c}" in TEXT else F.col(c).cast("double")).alias(f"{other}_{c}")
        for c in SURVEYS[other].split()
    ]
    both = pairs.join(right.select(F.col("id").alias("right_id"), *theirs), "right_id", "left").drop("right_id")
    rows, where = found.joined(both, _KEYS, other)
    clear = F.when(F.col(f"{other}.{other}_sep_arcsec").isNotNull(), 1.0)
    if inputs.has("coverage") and other in set(inputs.small("coverage", "survey")["survey"].unique().to_pylist()):
        rows = with_observed(rows, inputs.read("coverage"), other, "_observed")
        clear = clear.when(F.col("_observed") & F.col("tile").isin(sought), 0.0)
    name = f"{other}_clear"
    return Gathered(rows.withColumn(name, clear).drop("_observed"), {**where, name: name})


def _sought(inputs: Inputs, survey: str, other: str) -> list[int]:
    """Tiles in which counterparts were sought."""
    if not (inputs.has("match_tiles") and inputs.has("matches")):
        return []
    known = inputs.small("match_tiles", "left_survey", "right_survey", "tile")
    mine = known.filter((pc.field("left_survey") == survey) & (pc.field("right_survey") == other))
    return [int(t) for t in mine["tile"].to_pylist()]


def _with_table(
    found: Gathered,
    inputs: Inputs,
    table: str,
    keys: Mapping[str, str],
    prefix: str,
    tiles: Sequence[int],
    wanted: Collection[str],
) -> Gathered:
    """Columns of a table of ours that has a row for a source, under a prefix."""
    if not inputs.has(table):
        return found
    rows = inputs.read(table).where(F.col("tile").isin(list(tiles)))
    for key, value in keys.items():
        rows = rows.where(F.col(key) == value)
    names = [n for n in sorted(wanted) if n.startswith(prefix) and n not in found.where]
    columns = [
        F.col(n.removeprefix(prefix)).cast("double").alias(n) for n in names if n.removeprefix(prefix) in rows.columns
    ]
    return found.joined(rows.select(*_KEYS, *columns), _KEYS, f"{prefix}of") if columns else found
