"""The page about one source, or about an empty place: all that the lake knows of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow.compute as pc
import pyarrow.dataset as pads
from astropy import units as u
from astropy.coordinates import Latitude, Longitude
from cdshealpix.nested import lonlat_to_healpix

from tasni_spark.core.errors import ConfigError, DataError
from tasni_spark.core.lake import Lake
from tasni_spark.core.work import Inputs
from tasni_spark.search import cuts, find, measured, near, search, sights, why
from tasni_spark.search.find import HINT
from tasni_spark.search.measured import Measure
from tasni_spark.search.near import Anchor
from tasni_spark.search.search import SearchConfig
from tasni_spark.search.sights import Sight
from tasni_spark.sky.healpix import ORDER

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


def open_tables(lake: Lake, also: Sequence[str] = ()) -> Inputs:
    """All that a page may read, and some tables more, as they are now."""
    return Inputs.latest(lake, [*READS, *also, *lake.published()])


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
    columns = {s: inputs.lake.columns(inputs.lake.ref(s)) for s in rows}
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
    rows = inputs.few(f"{survey}_positions", _one(id, pixel29))
    if not rows:
        raise DataError(f"table {survey}_positions: no source {id}, which {survey} has: run 'tasni run ingest' again")
    row = rows[0]
    at = Anchor(survey, id, row["tile"], pixel29, row["ra"], row["dec"], _known(row["epoch"]))
    return _moving(at, survey, row) if near.is_moving(row) else at


def _one(id: int | None, pixel29: int) -> pads.Expression:
    return (pc.field("hpx29") == pixel29) & (pc.field("id") == id)


def _moving(at: Anchor, survey: str, row: Mapping[str, Any]) -> Anchor:
    motion = {n: row[n] for n in ("pmra_masyr", "pmdec_masyr")} | {"parallax_mas": _known(row["parallax_mas"])}
    return replace(at, **motion, motion_from=survey)


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def _empty(inputs: Inputs, name: str) -> Anchor:
    place = find.place_of(name) or find.encoded(name)
    if place is None or place.radius_arcsec > find.FAR_ARCSEC:
        raise DataError(f"lake {inputs.lake.root}: no source '{name}' in any survey: {HINT}")
    pixel = int(lonlat_to_healpix(Longitude(place.ra * u.deg), Latitude(place.dec * u.deg), ORDER)[0])
    here = (pc.field("hpx29_start") <= pixel) & (pc.field("hpx29_end") > pixel)
    tiles = inputs.few("tiling", here, ["tile"]) if inputs.has("tiling") else []
    return Anchor("", None, tiles[0]["tile"] if tiles else None, pixel, place.ra, place.dec)


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
    """Published rows of sources, one a survey; NaN is no value."""
    found = {s: inputs.few(s, _one(id, pixel29)) for s, id, pixel29 in members}
    return {s: {n: _known(v) for n, v in rows[0].items()} for s, rows in found.items() if rows}


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
        here = _one(at.id, at.hpx29) & (pc.field("survey") == at.survey) & (pc.field("tile") == at.tile)
        if found := inputs.few("thermal", here):
            return {n: _known(v) for n, v in found[0].items()}, "table thermal"
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
            ra, dec = search.position_columns(inputs, name)
            times = [c.name for c in inputs.lake.columns(inputs.lake.ref(name)) if c.ucd == "time.epoch"]
            place = find.Place(at.ra, at.dec, facts["match_radius_arcsec"])
            rows = inputs.few(name, place.within(), [ra, dec, *times[:1]])
            away = place.away_arcsec([r[ra] for r in rows], [r[dec] for r in rows])
            here = [r for d, r in zip(away, rows, strict=True) if d <= place.radius_arcsec]
            when = [r[times[0]] for r in here if times and r[times[0]] is not None]
            found[name] = (len(here), min(when, default=None), max(when, default=None))
    return found
