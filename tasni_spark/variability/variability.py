"""Visits, statistics and tests of every light curve: compiled loops over Arrow lists, by one of two transports.

Why: a row of arrays costs more on its way through the JVM than all statistics of it. By `files` a worker reads the
files of a tile with pyarrow and writes those of three tables; by `spark` nested rows pass through mapInArrow, which
runs wherever Spark does. The functions are the same, and so are the rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
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
from tasni_spark.tables.light_curves import BANDS, LIGHTCURVES, VISITS
from tasni_spark.tables.statistics import OF_RIVALS
from tasni_spark.tables.trends import IN_FLUX, JUDGED, TREND_TESTS
from tasni_spark.tables.variability import VARIABILITY
from tasni_spark.variability import flux, quality, suite
from tasni_spark.variability.compiled import Floats, Ints
from tasni_spark.variability.verdicts import VerdictConfig
from tasni_spark.variability.visits import W1, W2, Visits, group, means, take

TRANSPORTS = ("auto", "files", "spark")
TASK_ROWS = 10_000
"""Light curves that a worker is given at once, unless a file has more."""
PIECE_CURVES = 2_000
"""Light curves that are computed at once: the system maps and clears greater arrays anew at each step. 40,000 at once
took 170 microseconds a source, 2,000 took 90."""
CONFIG = dict(zip(BANDS, (W1, W2), strict=True))
WRITES = (VARIABILITY, VISITS, TREND_TESTS)
_PLACE = ("survey", "left_survey", "tile", "hpx29", "id")
_FACTS = ("is_truncated", "is_blended", "motion_arcsec")
READS = ("hpx29", "id", *_FACTS, "mjd", *(f"{b}_{c}" for b in BANDS for c in ("mag", "error", "flags")))


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
    curves = curves.where(F.col("tile").isin(list(group.tiles))).select(*_PLACE[:3], *READS)
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


# -- rows of the tables -----------------------------------------------------------------------------------------------


def tables_of(curves: pa.Table, cfg: VariabilityConfig, wanted: Sequence[Table]) -> dict[str, pa.Table]:
    """Rows of the wanted tables from light curves."""
    starts = range(0, max(len(curves), 1), PIECE_CURVES)
    pieces = [_piece(curves.slice(k, PIECE_CURVES), cfg, wanted) for k in starts]
    return {name: pa.concat_tables([p[name] for p in pieces]) for name in pieces[0]}


def _piece(curves: pa.Table, cfg: VariabilityConfig, wanted: Sequence[Table]) -> dict[str, pa.Table]:
    x = exposures_of(curves, cfg.reject)
    visits = visits_of(x)
    place = curves.select(list(_PLACE))
    found = {}
    if VISITS in wanted:
        colour = pa.array(np.subtract(*(means(visits[b]) for b in BANDS)), from_pandas=True)
        found[VISITS.name] = _stacked(place, {b: {"colour_mag": colour} | _visit_columns(visits[b]) for b in BANDS})
    if VARIABILITY in wanted or TREND_TESTS in wanted:
        values = values_of(x, visits, cfg)
    if VARIABILITY in wanted:
        found[VARIABILITY.name] = _stacked(place, {b: _arrays(values[b]) for b in BANDS})
    if TREND_TESTS in wanted:
        tests = {f"{b}_{name}": values[b][name] for b in BANDS for name in JUDGED}
        tests |= {f"w2_flux_{name}": v for name, v in in_flux(x).items()}
        mjd = _lists(curves["mjd"])[1]
        photometry = (x.mag["w1"], x.err["w1"], x.mag["w2"], x.err["w2"])
        tests |= suite.two_bands(x.at, mjd, *photometry, visits["w1"], visits["w2"])
        columns = {n: curves[n] for n in (*_PLACE, *_FACTS)} | _arrays(tests)
        found[TREND_TESTS.name] = pa.table(columns)
    return found


Values = dict[str, dict[str, Floats]]
"""Band to the statistics of many sources, by name."""


class Exposures(NamedTuple):
    """Exposures of many sources: offsets, and for each band times, magnitudes and errors; NaN for those left out."""

    at: Ints
    mjd: dict[str, Floats]
    mag: dict[str, Floats]
    err: dict[str, Floats]


def exposures_of(curves: pa.Table, reject: Sequence[str]) -> Exposures:
    """Exposures of light curves without those that have a rejected flag."""
    at, mjd = _lists(curves["mjd"])
    found = Exposures(at, {}, {}, {})
    for b in BANDS:
        rejected = np.flatnonzero(_lists(curves[f"{b}_flags"])[1] & quality.mask(reject))
        columns = (mjd, *(_lists(curves[f"{b}_{c}"])[1] for c in ("mag", "error")))
        for values, of in zip(found[1:], columns, strict=True):
            values[b] = of.astype(np.float64)
            values[b][rejected] = np.nan
    return found


def visits_of(x: Exposures) -> dict[str, Visits]:
    """The visits of each band."""
    return {b: group(x.at, x.mjd[b], x.mag[b], x.err[b], CONFIG[b]) for b in BANDS}


def values_of(
    x: Exposures, visits: Mapping[str, Visits], cfg: VariabilityConfig | None
) -> dict[str, dict[str, Floats]]:
    """All statistics of each band; without a configuration no rival is fitted."""
    values = {b: suite.statistics(x.at, x.mjd[b], x.mag[b], x.err[b], CONFIG[b], visits=visits[b]) for b in BANDS}
    if cfg is not None:
        _fit_rivals(values, visits, cfg)
    return values


def in_flux(x: Exposures) -> dict[str, Floats]:
    """The trend of W2 in flux, limits included."""
    relative, error, _ = flux.relative_mag(x.at, *flux.to_flux(x.mag["w2"], x.err["w2"]))
    fitted = suite.trends(group(x.at, x.mjd["w2"], relative, error, W2), W2)
    return {name: fitted[name] for name in IN_FLUX}


def _lists(column: pa.ChunkedArray) -> tuple[Ints, NDArray[Any]]:
    """Offsets and values of a list column; a null number is NaN."""
    chunk = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    at = np.asarray(chunk.offsets).astype(np.int64)
    return at - at[0], chunk.values.slice(at[0], at[-1] - at[0]).to_numpy(zero_copy_only=False)


def _fit_rivals(values: Mapping[str, dict[str, Floats]], visits: Mapping[str, Visits], cfg: VariabilityConfig) -> None:
    """Fit sine and random walk where a trend might be claimed: seen in W2, and in W1 unless W1 is not measured."""
    w1, w2 = (values[b]["log10_p"] for b in BANDS)
    chosen = np.flatnonzero((w2 <= cfg.rivals_log10_p) & ~((w1 > cfg.rivals_log10_p) & _measures(values["w1"], cfg)))
    for band in BANDS:
        fitted = suite.trends(take(visits[band], chosen), CONFIG[band], rivals=True)
        for s in OF_RIVALS:
            values[band][s.name][chosen] = fitted[s.name]


def _measures(band: Mapping[str, Floats], cfg: VariabilityConfig) -> NDArray[np.bool_]:
    return np.asarray(band["sigma_slope_mag_per_yr"] <= cfg.greatest_sigma_slope_mag_per_yr)


def _visit_columns(v: Visits) -> dict[str, pa.Array]:
    offsets = pa.array(v.offsets, pa.int32())
    columns = {"mjd": v.mjd, "mag": v.mag, "error": v.err}
    columns |= {n: x.astype(np.int32) for n, x in (("n_used", v.n_used), ("n_limits", v.n_limits), ("side", v.side))}
    return {n: pa.ListArray.from_arrays(offsets, pa.array(x, from_pandas=True)) for n, x in columns.items()}


def _arrays(values: Mapping[str, Floats]) -> dict[str, pa.Array]:
    """Columns; NaN is null."""
    return {n: pa.array(v, from_pandas=True) for n, v in values.items()}


def _stacked(place: pa.Table, columns: Mapping[str, Mapping[str, pa.Array]]) -> pa.Table:
    """One row a source and band."""
    whole = [
        pa.table(
            {n: place[n] for n in place.column_names} | {"band": pa.repeat(pa.scalar(band), len(place))} | dict(of)
        )
        for band, of in columns.items()
    ]
    return pa.concat_tables(whole)


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
