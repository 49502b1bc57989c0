"""The two halves of an ingest: *stage* groups of files as they come, then *cluster* groups of tiles as joins want them.

Why: raw files are not tiled. Staging reads every file once, in its own order, without a shuffle, and sorts nothing;
clustering shuffles each row once, to its tile. Either can be killed and resumed at a group.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import pandas as pd
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from tasni_spark.core import places
from tasni_spark.core.config import need, opt
from tasni_spark.core.errors import ConfigError, DataError
from tasni_spark.core.files import Folder
from tasni_spark.core.plan import Group, by_tiles, grouped
from tasni_spark.core.spec import Col, Table
from tasni_spark.core.work import Inputs, Output
from tasni_spark.ingest import full, raw
from tasni_spark.ingest.formats import FORMATS, discover, inspect_all
from tasni_spark.ingest.rows import located, narrow, rejected
from tasni_spark.ingest.survey import OURS, Survey, load
from tasni_spark.sky.tiling import rows_by_tile
from tasni_spark.tables.columns import HPX29, ID, TILE
from tasni_spark.tables.survey import REJECTS

SMALL = 5
"""A survey of fewer rows than so many tiles hold is not partitioned: its tiles would be tiny files."""


@dataclass(frozen=True)
class IngestConfig:
    """Section `[ingest]`."""

    survey: str = need("name of a definition in conf/surveys, or a TOML file of your own")
    input: str = need("file or folder of the raw data")
    format: str = opt("", f"one of {', '.join(FORMATS)}; told from the names where not given")
    all_columns: bool = opt(False, "also store every published column, in <survey>_full: a sixth of the speed")

    def __post_init__(self) -> None:
        if self.format and self.format not in FORMATS:
            raise ValueError(f"format is '{self.format}', expected one of {', '.join(FORMATS)}")

    @property
    def name(self) -> str:
        """The survey's name, which is that of its table."""
        return load(self.survey).name

    @property
    def label(self) -> str:
        """Tells the ingests of a run apart."""
        return self.name


# -- planning ---------------------------------------------------------------------------------------------------------


def prepare(inputs: Inputs, cfg: IngestConfig) -> dict[str, Any]:
    """Look at every file before a row is stored.

    Raises
    ------
    DataError
        Naming each file that cannot be used and why, unless `--quarantine` leaves them out.
    """
    if inputs.request.tiles != "all" or inputs.request.limit_tiles:
        raise ConfigError("ingest takes all rows of its input: choose files by ingest.input, not --tiles")
    survey = load(cfg.survey)
    files, faults = inspect_all(discover(cfg.input, cfg.format))
    good = []
    for file in files:
        wrong = raw.flavour(file, survey)[1]
        if wrong:
            faults.append(f"{file.path}: " + "; ".join(wrong))
        else:
            good.append(file)
    published: full.Columns = []
    if cfg.all_columns:
        published, strange = full.columns(good)
        if strange:
            raise DataError(f"survey {survey.name}: {_few(strange)}")
    if faults and not (inputs.request.quarantine and good):
        raise DataError(
            f"survey {survey.name}: {len(faults)} of {len(faults) + len(good)} files cannot be used: {_few(faults)}"
        )
    rows = sum(f.rows for f in good)
    return {
        "files": [[f.path, f.rows, f.bytes] for f in good],
        "rows": rows,
        "tiled": rows > SMALL * max(rows_by_tile(inputs).values()),
        "quarantined": faults,
        "synthetic": is_synthetic(cfg.input),
        "published": published,
    }


def is_synthetic(place: str) -> bool:
    """Whether a file or folder lies in a mock sky."""
    folder = Folder.at(place)
    above = [folder.path, *map(str, PurePosixPath(folder.path).parents)]
    return any(Folder(folder.system, path, path).read(places.SYNTHETIC) is not None for path in above[:4])


def _few(faults: Sequence[str], most: int = 5) -> str:
    return " | ".join(faults[:most]) + (f" | and {len(faults) - most} more" if len(faults) > most else "")


def tables(cfg: IngestConfig, notes: Mapping[str, Any]) -> tuple[Table, ...]:
    """Declarations of all that an ingest writes."""
    survey = load(cfg.survey)
    transient = (_staged(survey, notes), _repeated(survey), _ranked(survey, notes))
    return (*_stored(survey, notes), REJECTS, *transient)


def _stored(survey: Survey, notes: Mapping[str, Any]) -> tuple[Table, ...]:
    """The survey's tables: columns, positions of sources, and every column where all are asked for."""
    tables = survey.tables(tiled=notes["tiled"])
    return (*tables, full.table(survey, notes["published"], tiled=notes["tiled"])) if notes["published"] else tables


def scope(cfg: IngestConfig) -> dict[str, list[str]]:
    """The rejects that a run replaces."""
    survey = load(cfg.survey)
    return {"survey": [survey.name], "release": [survey.release]}


def definitions(cfg: IngestConfig) -> dict[str, Any]:
    """The survey's definition, which must not change while a run is resumed."""
    return dataclasses.asdict(load(cfg.survey))


def file_groups(inputs: Inputs, _: IngestConfig) -> tuple[Group, ...]:
    """Groups of input files of about `checkpoint_rows` rows."""
    files = [(f, f[1]) for f in inputs.notes["files"]]
    return tuple(
        Group(n, files=tuple(f[0] for f in g), rows=sum(f[1] for f in g), bytes=sum(f[2] for f in g))
        for n, g in enumerate(grouped(files, inputs.settings.checkpoint_rows))
    )


def tile_groups(inputs: Inputs, _: IngestConfig) -> tuple[Group, ...]:
    """Groups of tiles; one group where the survey is small."""
    tiles = list(rows_by_tile(inputs).items())
    if not inputs.notes["tiled"]:
        return (Group(0, tiles=tuple(t for t, _ in tiles), rows=inputs.notes["rows"]),)
    return by_tiles(tiles, inputs.settings.checkpoint_rows)


# -- what lives between the steps -------------------------------------------------------------------------------------


def _staged(survey: Survey, notes: Mapping[str, Any]) -> Table:
    columns = [c for c in survey.tables(tiled=True)[0].columns if c.name not in OURS]
    extra = (
        Col("part", "int", "Group of tiles; -1 for rows with a fault"),
        Col("reason", "string", "What is wrong"),
        Col(raw.FILE, "string", "Input file"),
    )
    place = tuple(Col(c.name, c.type, c.doc) for c in (ID, TILE, HPX29))
    published = tuple(Col(raw.AS_PUBLISHED + n, t, "As published") for n, t in notes["published"])
    every = (*place, *columns, *extra, *published)
    return Table("staged", "Rows as they came", every, ("id",), partition=("part",), transient=True)


def _repeated(_: Survey) -> Table:
    return Table("repeated", "Identifiers that occur more than once", (ID,), ("id",), transient=True)


def _ranked(survey: Survey, notes: Mapping[str, Any]) -> Table:
    staged = _staged(survey, notes)
    rank = Col("rank", "int", "1 for the row that is kept")
    return Table("ranked", "Rows of repeated identifiers", (*staged.columns, rank), ("id", "rank"), transient=True)


# -- steps ------------------------------------------------------------------------------------------------------------


def stage(inputs: Inputs, group: Group, cfg: IngestConfig) -> Output:
    """Read a group of files: columns named and typed, place on the sky added, faults noted."""
    survey = load(cfg.survey)
    files, faults = inspect_all([f for path in group.files for f in discover(path, cfg.format)])
    if faults:
        raise DataError(f"survey {survey.name}: {_few(faults)}")
    tiles = rows_by_tile(inputs)
    rows = located(raw.read(inputs.spark, files, survey, inputs.notes["published"]), survey, tiles)
    part_of = [(t, g.number) for g in tile_groups(inputs, cfg) for t in g.tiles]
    parts = inputs.spark.createDataFrame(pd.DataFrame(part_of, columns=["tile", "part"]))
    part = F.when(F.col("reason").isNull(), F.col("part")).otherwise(-1).cast("int")
    rows = rows.join(F.broadcast(parts), "tile", "left").withColumn("part", part).drop(raw.BAD)
    return {_staged(survey, inputs.notes): rows}


def find_repeated(inputs: Inputs, _: Group, cfg: IngestConfig) -> Output:
    """Identifiers that occur more than once, in the whole survey."""
    survey = load(cfg.survey)
    ids = inputs.own(_staged(survey, inputs.notes)).where("part >= 0").groupBy("id").count().where("count > 1")
    return {_repeated(survey): ids.select("id")}


def rank_repeated(inputs: Inputs, _: Group, cfg: IngestConfig) -> Output:
    """Rank the rows of repeated identifiers by a total order: place, then content."""
    survey = load(cfg.survey)
    if not inputs.own_rows(_repeated(survey)):
        return {}
    repeated = inputs.own(_repeated(survey))
    staged = inputs.own(_staged(survey, inputs.notes)).where("part >= 0").drop("group")
    rows = staged.join(repeated.select("id"), "id", "left_semi")
    content = [*survey.columns, *(raw.AS_PUBLISHED + n for n, _ in inputs.notes["published"])]
    order = Window.partitionBy("id").orderBy("hpx29", F.xxhash64(*[F.col(c) for c in content]), raw.FILE)
    return {_ranked(survey, inputs.notes): rows.withColumn("rank", F.row_number().over(order))}


def cluster(inputs: Inputs, group: Group, cfg: IngestConfig) -> Output:
    """The survey's tables for a group of tiles: one row an identifier, sorted along the sky curve."""
    survey = load(cfg.survey)
    tables = _stored(survey, inputs.notes)
    rows = inputs.own(_staged(survey, inputs.notes)).where(F.col("part") == group.number).drop("group")
    if ranked := _repeats(inputs, survey):
        kept = ranked.where((F.col("rank") == 1) & (F.col("part") == group.number))
        rows = rows.join(ranked.select("id"), "id", "left_anti").unionByName(kept.select(*rows.columns))
    everything = [F.col(raw.AS_PUBLISHED + n).alias(n) for n, _ in inputs.notes["published"]]
    frames = {
        survey.name: rows.select(*tables[0].names),
        f"{survey.name}_positions": narrow(rows, survey),
        f"{survey.name}_full": rows.select(*OURS, *everything),
    }
    return {table: frames[table.name] for table in tables}


def collect_rejects(inputs: Inputs, _: Group, cfg: IngestConfig) -> Output:
    """All rows left out, each with its reason."""
    survey = load(cfg.survey)
    ranked = _repeats(inputs, survey)
    if not (ranked or inputs.own_rows(_staged(survey, inputs.notes), part=-1) or _rejected_before(inputs, survey)):
        return {}
    rows = rejected(inputs.own(_staged(survey, inputs.notes)).where("part = -1"), survey)
    if ranked:
        again = ranked.where("rank > 1").withColumn("reason", F.lit("duplicate_id"))
        rows = rows.unionByName(rejected(again, survey))
    return {REJECTS: rows}


def _repeats(inputs: Inputs, survey: Survey) -> DataFrame | None:
    return inputs.own(_ranked(survey, inputs.notes)) if inputs.own_rows(_repeated(survey)) else None


def _rejected_before(inputs: Inputs, survey: Survey) -> bool:
    """Whether an earlier run has left rejects of the survey."""
    files = inputs.lake.files(REJECTS.ref) if inputs.lake.exists(REJECTS.ref) else []
    return any(f["partition.survey"] == survey.name for f in files)


# -- the end ----------------------------------------------------------------------------------------------------------


def balance(inputs: Inputs, cfg: IngestConfig, rows: Mapping[str, int]) -> None:
    """Rows in = rows stored + rows rejected.

    Raises
    ------
    DataError
        If a row was lost or made.
    """
    came, left_out = inputs.notes["rows"], rows.get(REJECTS.name, 0)
    for table in _stored(load(cfg.survey), inputs.notes):
        if came != rows[table.name] + left_out:
            raise DataError(
                f"table {table.name}: the files hold {came} rows, but {rows[table.name]} were stored and {left_out} "
                "rejected: a file changed while it was read, or a text file has rows that run over several lines"
            )


def publish(inputs: Inputs, cfg: IngestConfig, rows: Mapping[str, int], written: Mapping[str, Table]) -> dict[str, Any]:
    """Make the release current, and tell what there is."""
    survey = load(cfg.survey)
    facts = {
        "survey": survey.name,
        "release": survey.release,
        "title": survey.title,
        "kind": survey.kind,
        "rows": rows[survey.name],
        "rejected": rows.get(REJECTS.name, 0),
        "match_radius_arcsec": survey.match_radius_arcsec,
        "is_synthetic": inputs.notes["synthetic"],
        "citation": survey.citation,
        "designation": survey.designation,
        "ra": survey.position.ra,
        "dec": survey.position.dec,
        "ellipse": list(survey.position.ellipse),
        "error_unit": survey.position.error_unit,
    }
    for table in _stored(survey, inputs.notes):
        inputs.lake.publish(written[table.name], facts)
    told = {"rows in": inputs.notes["rows"], "rows rejected": facts["rejected"]}
    return told | ({"files left out": inputs.notes["quarantined"]} if inputs.notes["quarantined"] else {})


def blame(inputs: Inputs, group: Group, cfg: IngestConfig, error: Exception) -> Group | None:
    """Find the files that made a group fail, by reading each alone.

    Raises
    ------
    DataError
        Naming them, unless `--quarantine` leaves them out.
    """
    survey = load(cfg.survey)
    bad, good = [], []
    for path in group.files:
        files, _ = inspect_all(discover(path, cfg.format))
        try:
            rows = raw.read(inputs.spark, files, survey, inputs.notes["published"])
            rows.write.format("noop").mode("overwrite").save()
            good.append(path)
        except Exception as e:
            bad.append(f"{path}: cannot be read: {_cause(e)}")
    if not bad:
        return None
    if not inputs.request.quarantine:
        raise DataError(f"survey {survey.name}: {_few(bad)}") from error
    counts = {path: rows for path, rows, _ in inputs.notes["files"]}
    inputs.notes["quarantined"].extend(bad)
    inputs.notes["rows"] -= sum(counts[p] for p in group.files if p not in good)
    return Group(group.number, files=tuple(good), rows=sum(counts[p] for p in good))


def _cause(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    causes = [line for line in lines if line.startswith("Caused by")]
    return (causes[-1] if causes else lines[0] if lines else type(error).__name__)[:200]
