"""The page about one source, or about an empty place: all that the lake knows of it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tasni_spark.core import contract
from tasni_spark.core.errors import ConfigError, DataError
from tasni_spark.core.lake import Lake
from tasni_spark.core.work import Inputs
from tasni_spark.search import cuts, find, measured, near, search, sights, why
from tasni_spark.search.find import HINT
from tasni_spark.search.measured import Measure
from tasni_spark.search.near import Anchor
from tasni_spark.search.search import SearchConfig
from tasni_spark.search.sights import Sight
from tasni_spark.sky.healpix import hpx29
from tasni_spark.sky.sphere import separation_arcsec
from tasni_spark.sky.tiling import tile_of

READS = ("tiling", "coverage", "density", "matches", "match_tiles", "verdicts", "thermal")
NEIGHBOUR = ("id", "ra", "dec", "sep_arcsec")


@dataclass(frozen=True)
class Page:
    """All about one place.

    Parameters
    ----------
    anchor, name
        The source and its designation; an empty place has no survey.
    synthetic
        Surveys in the lake whose rows are made up.
    sights
        What each survey says.
    photometry, flags
        Of the source and of its counterparts; flags of the source alone: column to value and meaning.
    cuts
        Cut set to (summary, lines), as `why.explain` gives; empty where the source's survey was not searched.
    thermal, thermal_from
        Columns of `thermal`, and where they come from.
    neighbours
        Sources of the same survey within `near.NEAR_ARCSEC`.
    exposures
        Table of single exposures to their number within the match radius and their first and last time.
    """

    anchor: Anchor
    name: str
    synthetic: tuple[str, ...]
    sights: tuple[Sight, ...]
    photometry: tuple[Measure, ...] = ()
    flags: dict[str, tuple[Any, str]] = field(default_factory=dict)
    cuts: dict[str, tuple[dict[str, Any], list[why.Line]]] = field(default_factory=dict)
    thermal: dict[str, Any] | None = None
    thermal_from: str = ""
    neighbours: tuple[dict[str, Any], ...] = ()
    exposures: dict[str, tuple[int, float | None, float | None]] = field(default_factory=dict)


@dataclass(frozen=True)
class Opened(Inputs):
    """Inputs outside a run that open each table once: opening one replays its log."""

    frames: dict[str, DataFrame] = field(default_factory=dict, compare=False)

    def read(self, name: str) -> DataFrame:
        """A table at its pinned version."""
        if name not in self.frames:
            self.frames[name] = Inputs.read(self, name)
        return self.frames[name]


def open_tables(lake: Lake) -> Inputs:
    """All that a page may read, as it is now."""
    now = Inputs.latest(lake, [*READS, *lake.published()])
    return Opened(now.lake, now.request, now.settings, now.run_id, now.pins)


def page(inputs: Inputs, name: str, first: str = "allwise", cut_sets: Sequence[str] = ()) -> Page:
    """All about a source, or about an empty place.

    Parameters
    ----------
    name
        Designation, identifier, or `ra,dec` in deg.
    first
        Survey in which a name is sought before the others.
    cut_sets
        Names in conf/cuts; empty for those that the survey was searched by.

    Raises
    ------
    DataError
        If the name means neither a source nor a place.
    """
    surveys = find.surveys(inputs, first)
    hits = find.seek(inputs, surveys, name)
    at = _source(inputs, *hits[0]) if hits else _empty(inputs, name)
    around = near.near(inputs, surveys, at)
    moving = _with_motion(inputs, at, around)
    if moving != at:
        at, around = moving, near.near(inputs, surveys, moving)
    seen = sights.sights(inputs, surveys, at, around)
    made_up = tuple(s for s in surveys if inputs.lake.facts(inputs.lake.ref(s)).get("is_synthetic"))
    if not hits:
        return Page(at, "", made_up, tuple(seen), exposures=exposures(inputs, at))
    members = [(s.survey, s.id) for s in seen if s.id is not None]
    pixels = {(r["survey"], r["id"]): r["hpx29"] for r in around}
    rows = _rows(inputs, [(at.survey, at.id, at.hpx29), *((s, i, pixels[s, i]) for s, i in members)])
    columns = {s: contract.declared(inputs.read(s).schema) for s in rows}
    own = rows[at.survey]
    facts = inputs.lake.facts(inputs.lake.ref(at.survey))
    heat, origin = _thermal(inputs, at, [own, *(rows[s] for s in surveys if s in rows)])
    return Page(
        at,
        str(own.get(facts.get("designation", "")) or ""),
        made_up,
        tuple(seen),
        tuple(m for s, row in rows.items() for m in measured.measures(s, columns[s], row)),
        measured.flags(columns[at.survey], own),
        _cuts(inputs, at, cut_sets),
        heat,
        origin,
        tuple({n: r[n] for n in NEIGHBOUR} for r in around if r["survey"] == at.survey and r["id"] != at.id),
        exposures(inputs, at),
    )


def _source(inputs: Inputs, survey: str, id: int, pixel29: int) -> Anchor:
    row = find.row(inputs, f"{survey}_positions", id, pixel29).withColumn("is_moving", near.is_moving()).first()
    if row is None:
        raise DataError(f"table {survey}_positions: no source {id}, which {survey} has: run 'tasni run ingest' again")
    at = Anchor(survey, id, row["tile"], pixel29, row["ra"], row["dec"], _known(row["epoch"]))
    return _moving(at, survey, row.asDict()) if row["is_moving"] else at


def _moving(at: Anchor, survey: str, row: Mapping[str, Any]) -> Anchor:
    motion = {n: row[n] for n in ("pmra_masyr", "pmdec_masyr")} | {"parallax_mas": _known(row["parallax_mas"])}
    return replace(at, **motion, motion_from=survey)


def _known(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value


def _empty(inputs: Inputs, name: str) -> Anchor:
    place = find.place_of(name) or find.encoded(name)
    if place is None or place.radius_arcsec > find.FAR_ARCSEC:
        raise DataError(f"lake {inputs.lake.root}: no source '{name}' in any survey: {HINT}")
    pixel = hpx29(F.lit(place.ra), F.lit(place.dec))
    tiles = inputs.small("tiling", "tile")["tile"].to_pylist() if inputs.has("tiling") else []
    tile = tile_of(pixel, tiles) if tiles else F.lit(None).cast("bigint")
    row = inputs.spark.range(1).select(pixel.alias("hpx29"), tile.alias("tile")).collect()[0]
    return Anchor("", None, row["tile"], row["hpx29"], place.ra, place.dec)


def _with_motion(inputs: Inputs, at: Anchor, around: Sequence[Mapping[str, Any]]) -> Anchor:
    """The anchor with the true motion of its nearest moving counterpart, where it has none of its own."""
    if at.motion_from or at.epoch is None:
        return at
    for row in around:
        radius = inputs.lake.facts(inputs.lake.ref(row["survey"])).get("match_radius_arcsec", 2.0)
        if row["is_moving"] and row["survey"] != at.survey and row["sep_arcsec"] <= radius:
            return _moving(at, row["survey"], row)
    return at


def _rows(inputs: Inputs, members: Sequence[tuple[str, int | None, int]]) -> dict[str, dict[str, Any]]:
    """Published rows of sources, one a survey, by one job."""
    parts = []
    for survey, id, pixel29 in members:
        row = find.row(inputs, survey, int(id or 0), pixel29)
        parts.append(row.select(F.lit(survey).alias("survey"), F.to_json(F.struct("*")).alias("row")))
    found = {r["survey"]: json.loads(r["row"]) for r in reduce(DataFrame.unionByName, parts).collect()}
    return {s: {n: None if v == "NaN" else v for n, v in found[s].items()} for s, _, _ in members if s in found}


def _cuts(inputs: Inputs, at: Anchor, names: Sequence[str]) -> dict[str, tuple[dict[str, Any], list[why.Line]]]:
    """What each cut says; by default of the sets by which the survey was searched, as far as they are known by name."""
    chosen = list(names)
    if not names and inputs.has("verdicts"):
        files = inputs.lake.files(inputs.lake.ref("verdicts"), inputs.version("verdicts"))
        for cut_set in sorted({f["partition.cut_set"] for f in files if f["partition.survey"] == at.survey}):
            try:
                chosen.append(cuts.load(cut_set).name)
            except ConfigError:
                continue
    if not chosen:
        return {}
    row = find.row(inputs, at.survey, int(at.id or 0), at.hpx29)
    return why.explain(inputs, SearchConfig(at.survey, tuple(chosen)), row)


def _thermal(inputs: Inputs, at: Anchor, rows: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any] | None, str]:
    """Temperature and implied distance: of the job's table where it holds the source, else of the first row's W1-W4."""
    if inputs.has("thermal"):
        table = inputs.read("thermal").where((F.col("id") == F.lit(at.id)) & (F.col("tile") == F.lit(at.tile)))
        table = table.where(F.col("survey") == at.survey) if "survey" in table.columns else table
        if found := table.first():
            return found.asDict(), "table thermal"
    reason = "the thermal job has not judged it" if inputs.has("thermal") else "the thermal job has not run"
    for row in rows:
        if heat := measured.warm(row):
            return heat, f"computed now: {reason}"
    return None, f"{reason}, and no row has W1-W4"


def exposures(inputs: Inputs, at: Anchor) -> dict[str, tuple[int, float | None, float | None]]:
    """Single exposures at the anchor's place: table to number, first and last MJD."""
    found = {}
    for name, known in inputs.lake.published().items():
        facts = known["releases"][known["current"]]
        if facts["kind"] == "detections" and inputs.has(name):
            place = find.Place(at.ra, at.dec, facts["match_radius_arcsec"])
            rows = inputs.read(name)
            ra, dec = search.position_columns(inputs, name)
            away = separation_arcsec(F.col(ra), F.col(dec), F.lit(at.ra), F.lit(at.dec))
            times = [c.name for c in contract.declared(rows.schema) if c.ucd == "time.epoch"]
            time = F.col(times[0]) if times else F.lit(None).cast("double")
            here = rows.where(place.near(F.col("hpx29"))).where(away <= place.radius_arcsec)
            found[name] = tuple(here.agg(F.count("*"), F.min(time), F.max(time)).collect()[0])
    return found
