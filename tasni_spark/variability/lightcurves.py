"""Light curves: the single exposures of every source, brought together by two associations.

Why: the archive gives an exposure to the catalogue source within 3 arcsec of it; a source that moves leaves that
circle. So each exposure is also sought where the sources were at its own time, and both answers are counted. Sources
near the border of a tile have exposures on the other side: a worker reads a halo of both tables, and a source belongs
to its own tile.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
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
from tasni_spark.tables.light_curves import LIGHTCURVE_TILES, LIGHTCURVES
from tasni_spark.variability import quality
from tasni_spark.variability.gather import COUNTS, EXPOSURES, MOTION, PIECE_ROWS, worker
from tasni_spark.variability.pieces import pieces, published
from tasni_spark.variability.quality import Rule

ASSOCIATIONS = ("position", "archive")


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
    needed = [*EXPOSURES, *([cfg.archive_key] if cfg.association == "archive" else [])]
    if missing := [c for c in needed if c not in names]:
        raise DataError(f"survey {cfg.survey}: no column {', '.join(missing)}, which light curves need")


def reach_deg(left: Sequence[Mapping[str, Any]], cfg: LightcurvesConfig) -> float:
    """How far from its source's place an exposure may lie, from the statistics of the left files; in deg."""
    fastest = 0.0
    for name in MOTION[:2]:
        ends = [f.get(f"{end}.{name}") for f in left for end in ("min", "max")]
        fastest = float(np.hypot(fastest, max((abs(v) for v in ends if v is not None), default=0.0)))
    return (max(cfg.radius_arcsec, cfg.blend_arcsec) + fastest * cfg.most_years / 1000) / 3600


def _counted(written: Sequence[parts.Written], tiles: Sequence[int], cfg: LightcurvesConfig) -> list[dict[str, Any]]:
    """Rows of `lightcurve_tiles`: a tile may have been done in pieces."""
    told = [{"tile": int(w.partition), **json.loads(w.stats)} for w in written if not w.table]
    found = []
    for tile in tiles:
        pieces_ = [t for t in told if t["tile"] == tile]
        row = {"survey": cfg.survey, "left_survey": cfg.left, "tile": tile}
        row |= {name: sum(t[name] for t in pieces_) for name in COUNTS}
        looked = [set(t["unjudged"]) for t in pieces_ if t["n_detections"]]
        found.append(row | {"unjudged": sorted(set.intersection(*looked)) if looked else []})
    return found


def totals(inputs: Inputs, cfg: LightcurvesConfig) -> dict[str, int]:
    """The counts of `lightcurve_tiles`, over the tiles of the run."""
    mine = _tiles(inputs, cfg)
    return {name: pc.sum(mine[name]).as_py() or 0 for name in COUNTS}


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
