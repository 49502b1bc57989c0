"""The job `variability`: visits, statistics and tests of every light curve, by one of two transports.

Why: a row of arrays costs more on its way through the JVM than all statistics of it. By `files` a worker reads the
files of a tile with pyarrow and writes those of three tables; by `spark` nested rows pass through mapInArrow, which
runs wherever Spark does. The functions are the same, and so are the rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tasni_spark.core import parts
from tasni_spark.core.config import opt
from tasni_spark.core.errors import DataError
from tasni_spark.core.files import Folder
from tasni_spark.core.lake import Commit
from tasni_spark.core.plan import Group, grouped
from tasni_spark.core.spec import Table
from tasni_spark.core.work import Inputs, Output
from tasni_spark.tables.light_curves import LIGHTCURVES, VISITS
from tasni_spark.tables.trends import TREND_TESTS
from tasni_spark.tables.variability import VARIABILITY
from tasni_spark.variability import quality
from tasni_spark.variability.measures import PLACE, READS, tables_of
from tasni_spark.variability.verdicts import VerdictConfig

TRANSPORTS = ("auto", "files", "spark")
TASK_ROWS = 10_000
"""Light curves that a worker is given at once, unless a file has more."""
WRITES = (VARIABILITY, VISITS, TREND_TESTS)


@dataclass(frozen=True)
class VariabilityConfig:
    """Section `[variability]`."""

    survey: str = opt("neowise", "survey of single exposures")
    left: str = opt("allwise", "survey whose sources have light curves")
    reject: tuple[str, ...] = opt(
        ("frame", "image", "saa", "moon", "artefact", "moving"), "flags that keep an exposure out of all statistics"
    )
    rivals_log10_p: float = opt(
        math.log10(VerdictConfig.q_both_bands), "log10 p of a trend above which no sine or walk is fitted against it"
    )
    greatest_sigma_slope_mag_per_yr: float = opt(
        VerdictConfig.greatest_sigma_slope_mag_per_yr, "error of the slope above which W1 may be silent about it"
    )
    transport: str = opt("auto", "auto | files (workers read and write files) | spark (mapInArrow); the rows are equal")

    def __post_init__(self) -> None:
        if self.transport not in TRANSPORTS:
            raise ValueError(f"transport is '{self.transport}', expected one of {', '.join(TRANSPORTS)}")
        quality.mask(self.reject)

    @property
    def label(self) -> str:
        """Tells the statistics of a run apart."""
        return f"{self.survey}-{self.left}"


def scope(cfg: VariabilityConfig) -> dict[str, list[str]]:
    """What a run replaces."""
    return {"survey": [cfg.survey], "left_survey": [cfg.left]}


def variability(inputs: Inputs, group: Group, cfg: VariabilityConfig) -> Output:
    """The three tables of a group of tiles."""
    if cfg.transport == "spark" or (cfg.transport == "auto" and not inputs.lake.is_path):
        return {table: _by_spark(inputs, group, cfg, table) for table in WRITES}
    return _by_files(inputs, group, cfg)


def _by_spark(inputs: Inputs, group: Group, cfg: VariabilityConfig, table: Table) -> DataFrame:
    curves = inputs.read(LIGHTCURVES.name).where((F.col("survey") == cfg.survey) & (F.col("left_survey") == cfg.left))
    curves = curves.where(F.col("tile").isin(list(group.tiles))).select(*PLACE[:3], *READS)
    types = ", ".join(f"{c.name} {c.type}" for c in table.columns)

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows = tables_of(pa.Table.from_batches([batch]), cfg, [table])[table.name]
            yield from rows.select(table.names).cast(parts.schema(table)).to_batches()

    return curves.mapInArrow(run, types)


def _by_files(inputs: Inputs, group: Group, cfg: VariabilityConfig) -> Output:
    lake = inputs.lake
    files = lake.files(LIGHTCURVES.ref, inputs.version(LIGHTCURVES.name))
    tiles = set(group.tiles)
    here = [f for f in files if _is_of(f, cfg) and f["partition.tile"] in tiles]
    sized = [((unquote(f["path"]), f["partition.tile"]), f["num_records"]) for f in here]
    tasks = grouped(sized, TASK_ROWS)
    roots = {t.name: lake.location(t.ref) for t in (LIGHTCURVES, *WRITES)}
    found: list[parts.Written] = []

    def one(table: Table) -> Callable[[str, Mapping[str, Any]], Commit]:
        def commit(transaction: str, metadata: Mapping[str, Any]) -> Commit:
            if table is WRITES[0]:
                numbers = inputs.spark.range(0, len(tasks), 1, max(len(tasks), 1))
                told = numbers.mapInArrow(worker(tasks, roots, cfg), parts.WRITTEN_DDL).collect()
                found[:] = [parts.Written(*row) for row in told]
            where = {**scope(cfg), "tile": group.tiles}
            parts.adopt(roots[table.name], table, found, where, transaction, metadata)
            return Commit(lake.version(table.ref), sum(w.rows for w in found if w.table == table.name))

        return commit

    return {table: one(table) for table in WRITES}


def _is_of(file: Mapping[str, Any], cfg: VariabilityConfig) -> bool:
    return (file["partition.survey"], file["partition.left_survey"]) == (cfg.survey, cfg.left)


def worker(
    tasks: Sequence[Sequence[tuple[str, int]]], roots: Mapping[str, str], cfg: VariabilityConfig
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """A function for `spark.range(...).mapInArrow(f, WRITTEN_DDL)`: each row names a task by its position.

    Parameters
    ----------
    tasks
        Files of light curves with their tiles.
    roots
        Folder of each table.
    """

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        folder = Folder.at(roots[LIGHTCURVES.name])
        for batch in batches:
            for number in batch.column(0).to_pylist():
                for path, tile in tasks[number]:
                    found = tables_of(curves_in(folder, path, tile, cfg), cfg, WRITES)
                    for table in WRITES:
                        yield parts.batch(parts.write(found[table.name], table, Folder.at(roots[table.name])))

    return run


def curves_in(folder: Folder, path: str, tile: int, cfg: VariabilityConfig) -> pa.Table:
    """The light curves of a file, with the columns that its folder names."""
    with folder.system.open_input_file(f"{folder.path}/{path}") as file:
        curves = pq.ParquetFile(file, pre_buffer=False).read(list(READS), use_threads=False)
    for name, value in (("survey", cfg.survey), ("left_survey", cfg.left), ("tile", tile)):
        curves = curves.append_column(name, pa.repeat(pa.scalar(value), len(curves)))
    return curves


# -- the end ----------------------------------------------------------------------------------------------------------


def balance(inputs: Inputs, cfg: VariabilityConfig, rows: Mapping[str, int]) -> None:
    """Every light curve of the tiles of the run has its tests and, in each band, its statistics.

    Raises
    ------
    DataError
        If light curves were lost.
    """
    n, counts = rows[TREND_TESTS.name], (rows[VARIABILITY.name], rows[VISITS.name])
    whole = inputs.request.tiles == "all" and not inputs.request.limit_tiles
    files = inputs.lake.files(LIGHTCURVES.ref, inputs.version(LIGHTCURVES.name))
    came = sum(f["num_records"] for f in files if _is_of(f, cfg)) if whole else n
    if (n, *counts) != (came, 2 * came, 2 * came):
        raise DataError(f"variability of {cfg.label}: {came} light curves, but {n} rows of tests, {counts} of bands")
