"""Light curves: the single exposures of every source, brought together by two associations.

Why: the archive gives an exposure to the catalogue source within 3 arcsec of it; a source that moves leaves that
circle. So each exposure is also sought where the sources were at its own time, and both answers are counted. Sources
near the border of a tile have exposures on the other side: a worker reads a halo of both tables, and a source belongs
to its own tile.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasni_spark.core import contract, parts
from tasni_spark.core.config import opt
from tasni_spark.core.errors import ConfigError, DataError
from tasni_spark.core.files import Folder
from tasni_spark.core.lake import Commit
from tasni_spark.core.plan import Group
from tasni_spark.core.work import Inputs, Output
from tasni_spark.sky import cover
from tasni_spark.sky.tiling import span
from tasni_spark.tables.light_curves import BANDS, LIGHTCURVE_TILES, LIGHTCURVES
from tasni_spark.variability import near, quality
from tasni_spark.variability.compiled import Ints, integers
from tasni_spark.variability.nest import FACTS, Detections, Nested, lists, nest
from tasni_spark.variability.pieces import Piece, fitting, pieces, published, rows
from tasni_spark.variability.quality import Rule

ASSOCIATIONS = ("position", "archive")
PIECE_ROWS = 3_000_000
"""Detections that a worker holds at once: about 1 GiB."""
_EXPOSURES = ("id", "hpx29", "ra", "dec", "mjd", *(f"{b}{q}" for b in BANDS for q in ("mpro", "sigmpro")))
_LEFT = ("id", "hpx29", "x", "y", "z", "ra", "dec", "epoch")
_MOTION = ("pmra_masyr", "pmdec_masyr", "pmra_error_masyr", "pmdec_error_masyr")
_COUNTS = tuple(c.name for c in LIGHTCURVE_TILES.columns if c.type == "bigint" and c.name != "tile")


@dataclass(frozen=True)
class LightcurvesConfig:
    """Section `[lightcurves]`.

    Parameters
    ----------
    quality
        Conditions that good exposures meet, by flag; an empty one is not judged.
    """

    survey: str = opt("neowise", "survey of single exposures")
    left: str = opt("allwise", "survey whose sources get light curves")
    input: str = opt("", "folder of published Parquet, read in place of the survey's table, which need not be there")
    input_key: str = opt("cntr", "column of these files that identifies a detection")
    association: str = opt("position", "position (at the exposure's epoch) | archive (its own key)")
    archive_key: str = opt("allwise_cntr", "column of the exposures that holds the archive's key of the source")
    radius_arcsec: float = opt(3.0, "farthest that an exposure lies from its source")
    motion_snr: float = opt(5.0, "a proper motion of fewer sigma is not followed")
    most_years: float = opt(15.0, "longest time between a source's epoch and its exposures")
    blend_arcsec: float = opt(10.0, "a source with another one so near is blended")
    caps: tuple[int, ...] = opt((500,), "numbers of exposures at which a query stops")
    quality: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.association not in ASSOCIATIONS:
            raise ValueError(f"association is '{self.association}', expected one of {', '.join(ASSOCIATIONS)}")
        if not (0.1 <= self.radius_arcsec <= 60 and 0.1 <= self.blend_arcsec <= 60):
            raise ValueError("radius_arcsec and blend_arcsec: expected 0.1 .. 60")
        quality.parse(self.quality)

    @property
    def label(self) -> str:
        """Tells the light curves of a run apart."""
        return f"{self.survey}-{self.left}"

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Conditions that good exposures meet."""
        return quality.parse(quality.DEFAULT | self.quality)


def sources(cfg: LightcurvesConfig, _: Mapping[str, Any]) -> list[str]:
    """Files that a run reads beside the lake."""
    return [f"{cfg.input}/{f['path']}" for f in published(Folder.at(cfg.input))] if cfg.input else []


def scope(cfg: LightcurvesConfig) -> dict[str, list[str]]:
    """What a run replaces."""
    return {"survey": [cfg.survey], "left_survey": [cfg.left]}


def lightcurves(inputs: Inputs, group: Group, cfg: LightcurvesConfig) -> Output:
    """Light curves of the sources of a group of tiles, and what became of the detections there."""
    check(inputs, cfg)
    lake = inputs.lake
    exposures, left = lake.ref(cfg.survey), lake.ref(f"{cfg.left}_positions")
    near_by = lake.files(left, inputs.pins[str(left)])
    reach = reach_deg(near_by, cfg)
    work = pieces(group.tiles, _shots(inputs, cfg), near_by, reach, PIECE_ROWS)
    seen = cfg.input or lake.location(exposures)
    roots = (seen, lake.location(left), lake.location(LIGHTCURVES.ref))
    todo = worker(work, roots, reach, cfg)
    where = {**scope(cfg), "tile": group.tiles}
    found: list[parts.Written] = []

    def curves(transaction: str, metadata: Mapping[str, Any]) -> Commit:
        numbers = inputs.spark.range(0, len(work), 1, max(len(work), 1))
        found[:] = [parts.Written(*row) for row in numbers.mapInArrow(todo, parts.WRITTEN_DDL).collect()]
        parts.adopt(lake.location(LIGHTCURVES.ref), LIGHTCURVES, found, where, transaction, metadata)
        return Commit(lake.version(LIGHTCURVES.ref), sum(w.rows for w in found if w.table == LIGHTCURVES.name))

    def tiles(transaction: str, metadata: Mapping[str, Any]) -> Commit:
        counted = inputs.spark.createDataFrame(_counted(found, group.tiles, cfg), contract.struct(LIGHTCURVE_TILES))
        return lake.replace(counted, LIGHTCURVE_TILES, where, transaction=transaction, metadata=metadata)

    return {LIGHTCURVES: curves, LIGHTCURVE_TILES: tiles}


def _shots(inputs: Inputs, cfg: LightcurvesConfig) -> Sequence[Mapping[str, Any]]:
    """Files of exposures: those of the survey's table, or those published."""
    if cfg.input:
        here = ("published", cfg.input)
        if here not in inputs.kept:
            inputs.kept[here] = pa.Table.from_pylist(published(Folder.at(cfg.input)))
        found: list[dict[str, Any]] = inputs.kept[here].to_pylist()
        return found
    ref = inputs.lake.ref(cfg.survey)
    return inputs.lake.files(ref, inputs.pins[str(ref)])


def check(inputs: Inputs, cfg: LightcurvesConfig) -> None:
    """Refuse what cannot be done.

    Raises
    ------
    ConfigError
        For a lake whose files workers may not read.
    DataError
        If a needed column is absent.
    """
    if not inputs.lake.is_path:
        raise ConfigError(
            f"lake {inputs.lake.root} is a catalogue, whose files workers may not read: give its root path as --lake"
        )
    if cfg.input:
        return
    names = inputs.read(cfg.survey).columns
    needed = [*_EXPOSURES, *([cfg.archive_key] if cfg.association == "archive" else [])]
    if missing := [c for c in needed if c not in names]:
        raise DataError(f"survey {cfg.survey}: no column {', '.join(missing)}, which light curves need")


def reach_deg(left: Sequence[Mapping[str, Any]], cfg: LightcurvesConfig) -> float:
    """How far from its source's place an exposure may lie, from the statistics of the left files; in deg."""
    fastest = 0.0
    for name in _MOTION[:2]:
        ends = [f.get(f"{end}.{name}") for f in left for end in ("min", "max")]
        fastest = float(np.hypot(fastest, max((abs(v) for v in ends if v is not None), default=0.0)))
    return (max(cfg.radius_arcsec, cfg.blend_arcsec) + fastest * cfg.most_years / 1000) / 3600


# -- in a worker ------------------------------------------------------------------------------------------------------


def worker(
    work: Sequence[Piece], roots: tuple[str, str, str], reach: float, cfg: LightcurvesConfig
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """A function for `spark.range(...).mapInArrow(f, WRITTEN_DDL)`: each row names a piece by its position.

    Parameters
    ----------
    roots
        Folders of the exposures, of the left positions, and of `lightcurves`.
    reach : deg
    """

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch.column(0).to_pylist():
                for piece in fitting(work[number], Folder.at(roots[0]), PIECE_ROWS):
                    curves, counts = curves_of(piece, roots[:2], reach, cfg)
                    told = parts.Written("", "", 0, 0, str(piece.tile), json.dumps(counts))
                    yield parts.batch([*parts.write(curves, LIGHTCURVES, Folder.at(roots[2])), told])

    return run


def curves_of(
    piece: Piece, roots: Sequence[str], reach: float, cfg: LightcurvesConfig
) -> tuple[pa.Table, dict[str, Any]]:
    """Light curves of a piece of sky, and the counts of `lightcurve_tiles`."""
    own = cover.merged([(piece.start, piece.end)])
    asked = [*_EXPOSURES, cfg.archive_key, *(c for names in quality.columns(cfg.rules).values() for c in names)]
    key = cfg.input_key if cfg.input else "id"
    shots = rows(Folder.at(roots[0]), piece.exposures, dict.fromkeys(asked), cover.grown(own, reach), key)
    near_by = rows(Folder.at(roots[1]), piece.left, (*_LEFT, *_MOTION), cover.grown(own, 2 * reach))
    sources = _sources(near_by, cfg)
    pixel = near_by["hpx29"].to_numpy()
    mine = (pixel >= piece.start) & (pixel < piece.end)
    seen = _detections(shots)
    archive = _by_key(shots, sources.id, cfg.archive_key)
    position = _by_position(sources, seen, cfg)
    given = archive if cfg.association == "archive" else position
    found = nest(sources, np.where(mine[:, None], span(piece.tile), 0).astype(np.int64), given, seen)
    here = (seen.hpx29 >= piece.start) & (seen.hpx29 < piece.end)
    both = (archive >= 0) & (archive == position)
    counts = [mine, here, here & (archive >= 0), here & (position >= 0), here & both]
    counts += [here & (archive >= 0) & (position >= 0) & ~both, here & (given >= 0)]
    sums = [int(c.sum()) for c in counts] + [int(found.facts[:, k].sum()) for k in (0, 1)]
    told = {"n_archive": archive, "n_position": position, "n_both": np.where(both, archive, -1)}
    per_source = {n: np.bincount(s[s >= 0], minlength=len(pixel))[found.source] for n, s in told.items()}
    nearest = near.neighbours(sources, mine, cfg.blend_arcsec)[found.source]
    curves = _table(found, shots, cfg).append_column("nearest_arcsec", pa.array(nearest, from_pandas=True))
    named = per_source | {
        "is_blended": np.isfinite(nearest),
        "tile": np.full(len(nearest), piece.tile),
        "hpx29": pixel[found.source],
        "id": sources.id[found.source],
    }
    for name, values in named.items():
        curves = curves.append_column(name, pa.array(values))
    return curves, dict(zip(_COUNTS, sums, strict=True)) | {"unjudged": quality.unjudged(shots, cfg.rules)}


def _sources(left: pa.Table, cfg: LightcurvesConfig) -> near.Sources:
    values = {c: quality.floating(left[c]) for c in (*_LEFT[2:], *_MOTION)}
    error = np.hypot(values["pmra_error_masyr"], values["pmdec_error_masyr"]) / np.sqrt(2.0)
    ra, dec, pmra, pmdec = (values[c] for c in ("ra", "dec", *_MOTION[:2]))
    rate = near.rates(ra, dec, pmra, pmdec, error, cfg.motion_snr)
    place = np.stack([values[c] for c in "xyz"], 1)
    return near.Sources(integers(left["id"]), place, rate, values["epoch"])


def _detections(shots: pa.Table) -> Detections:
    ra, dec, mjd = (quality.floating(shots[c]) for c in ("ra", "dec", "mjd"))
    pixel = integers(shots["hpx29"])
    return Detections(integers(shots["id"]), pixel, near.vectors(ra, dec), 2000.0 + (mjd - 51544.5) / 365.25, mjd)


def _by_key(shots: pa.Table, ids: Ints, key: str) -> Ints:
    """The source that the archive names; -1 for none, or none here."""
    if key not in shots.column_names or not len(ids):
        return np.full(len(shots), -1, np.int64)
    order = np.argsort(ids)
    wanted = np.asarray(pc.fill_null(shots[key].cast(pa.int64()), -1))
    at = order[np.minimum(np.searchsorted(ids, wanted, sorter=order), len(ids) - 1)]
    return np.where((ids[at] == wanted) & np.asarray(pc.is_valid(shots[key])), at, -1)


def _by_position(sources: near.Sources, seen: Detections, cfg: LightcurvesConfig) -> Ints:
    if not len(seen.id) or not len(sources.id):
        return np.full(len(seen.id), -1, np.int64)
    table = near.cubes(sources, cfg.radius_arcsec, float(seen.year.min()), float(seen.year.max()))
    return near.nearest(sources, table, seen.at, seen.year, cfg.radius_arcsec)


def _table(found: Nested, shots: pa.Table, cfg: LightcurvesConfig) -> pa.Table:
    """Columns that come from the exposures."""
    at, chosen = found.offsets, shots.take(pa.array(found.exposure))
    facts = {name: found.facts[:, k] for k, name in enumerate(FACTS)}
    columns = {n: pa.array(v.astype(np.int32) if n[:2] == "n_" else v, from_pandas=True) for n, v in facts.items()}
    rows_found = (facts["n_exposures"] + facts["n_duplicates"]).astype(np.int64)
    columns["is_truncated"] = pa.array(np.isin(rows_found, cfg.caps))
    columns["mjd"] = lists(at, quality.floating(chosen["mjd"]))
    for band in BANDS:
        for name, of in (("mag", "mpro"), ("error", "sigmpro")):
            values = quality.floating(chosen[f"{band}{of}"])
            columns[f"{band}_{name}"] = lists(at, values.astype(np.float32), np.isnan(values))
        columns[f"{band}_flags"] = lists(at, quality.flags(chosen, cfg.rules, band))
    names = {"survey": cfg.survey, "left_survey": cfg.left}
    return pa.table(columns | {n: pa.repeat(pa.scalar(v), len(at) - 1) for n, v in names.items()})


# -- on the driver ----------------------------------------------------------------------------------------------------


def _counted(written: Sequence[parts.Written], tiles: Sequence[int], cfg: LightcurvesConfig) -> list[dict[str, Any]]:
    """Rows of `lightcurve_tiles`: a tile may have been done in pieces."""
    told = [{"tile": int(w.partition), **json.loads(w.stats)} for w in written if not w.table]
    found = []
    for tile in tiles:
        pieces_ = [t for t in told if t["tile"] == tile]
        row = {"survey": cfg.survey, "left_survey": cfg.left, "tile": tile}
        row |= {name: sum(t[name] for t in pieces_) for name in _COUNTS}
        looked = [set(t["unjudged"]) for t in pieces_ if t["n_detections"]]
        found.append(row | {"unjudged": sorted(set.intersection(*looked)) if looked else []})
    return found


def totals(inputs: Inputs, cfg: LightcurvesConfig) -> dict[str, int]:
    """The counts of `lightcurve_tiles`, over the tiles of the run."""
    mine = _tiles(inputs, cfg)
    return {name: pc.sum(mine[name]).as_py() or 0 for name in _COUNTS}


def _tiles(inputs: Inputs, cfg: LightcurvesConfig) -> pa.Table:
    table = inputs.lake.small(LIGHTCURVE_TILES.ref, inputs.lake.version(LIGHTCURVE_TILES.ref), LIGHTCURVE_TILES.names)
    return table.filter((pc.field("survey") == cfg.survey) & (pc.field("left_survey") == cfg.left))


def balance(inputs: Inputs, cfg: LightcurvesConfig, _: Mapping[str, int]) -> None:
    """Every detection that was given to a source is in its light curve, or a duplicate.

    Raises
    ------
    DataError
        If detections were lost, or used twice.
    """
    if inputs.request.tiles != "all" or inputs.request.limit_tiles:
        return
    found, came = totals(inputs, cfg), sum(f["num_records"] for f in _shots(inputs, cfg))
    if found["n_given"] != found["n_exposures"] + found["n_duplicates"] or found["n_detections"] != came:
        raise DataError(
            f"light curves of {cfg.label}: {came} detections, {found['n_detections']} looked at, {found['n_given']} "
            f"given to a source, but {found['n_exposures']} in light curves and {found['n_duplicates']} duplicates"
        )


def tell(inputs: Inputs, cfg: LightcurvesConfig, _: Mapping[str, int], __: object) -> dict[str, Any]:
    """The difference of the associations, and the rules that could not be applied."""
    tiles = _tiles(inputs, cfg)
    unjudged = [
        set(u) for u, n in zip(tiles["unjudged"].to_pylist(), tiles["n_detections"].to_pylist(), strict=True) if n
    ]
    counts = totals(inputs, cfg)
    told: dict[str, Any] = {"association": cfg.association, "detections": counts}
    told |= {"flags never set, for want of values": sorted(set.intersection(*unjudged))} if unjudged else {}
    missing = {"no association by the archive": f"no detection has {cfg.archive_key}"}
    return told | ({} if counts["n_archive"] else missing)
