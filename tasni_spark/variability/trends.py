"""Trends: measured against control stars, the false-discovery rate over all tests, and the verdict on every source.

Why: a verdict needs all tests that were made, so it is one job over the whole survey, in three steps: the drift of the
control stars, the visits of every tile fitted again without it, and the verdicts. A source with too few controls is
measured against the drift of the whole sample, and claimed only if it survives both ways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tasni_spark.core import parts
from tasni_spark.core.config import opt
from tasni_spark.core.errors import ConfigError, DataError
from tasni_spark.core.plan import Group
from tasni_spark.core.spec import Table
from tasni_spark.core.work import Inputs, Output
from tasni_spark.sky.healpix import ORDER
from tasni_spark.sky.tiling import span
from tasni_spark.tables.light_curves import BANDS, VISITS
from tasni_spark.tables.trends import CALIBRATED, ENSEMBLE, TESTS, TREND_TESTS, TRENDS
from tasni_spark.variability import quality, suite, verdicts
from tasni_spark.variability.compiled import Floats, compiled
from tasni_spark.variability.discoveries import with_q
from tasni_spark.variability.ensemble import (
    CONFIG,
    READS,
    Drift,
    EnsembleConfig,
    corrected,
    drift_of,
    ensemble,
    rows_of,
)
from tasni_spark.variability.special import log10_p_student
from tasni_spark.variability.verdicts import VerdictConfig
from tasni_spark.variability.visits import take

_PLACE = ("survey", "left_survey", "tile", "hpx29", "id")
WRITES = (ENSEMBLE, CALIBRATED, TRENDS)


@dataclass(frozen=True)
class TrendsConfig(VerdictConfig, EnsembleConfig):
    """Section `[trends]`."""

    survey: str = opt("neowise", "survey of single exposures")
    left: str = opt("allwise", "survey whose sources have light curves")

    def __post_init__(self) -> None:
        VerdictConfig.__post_init__(self)
        EnsembleConfig.__post_init__(self)

    @property
    def label(self) -> str:
        """Tells the verdicts of a run apart."""
        return f"{self.survey}-{self.left}"


def scope(cfg: TrendsConfig) -> dict[str, list[str]]:
    """What a run replaces."""
    return {"survey": [cfg.survey], "left_survey": [cfg.left]}


def drift(inputs: Inputs, _: Group, cfg: TrendsConfig) -> Output:
    """The drift of the control stars.

    Raises
    ------
    ConfigError
        If the run is of some tiles only.
    """
    if inputs.request.tiles != "all" or inputs.request.limit_tiles:
        raise ConfigError("trends: a false-discovery rate counts the tests of all tiles: run it without --tiles")
    return {ENSEMBLE: ensemble(_of_survey(inputs, VISITS, cfg), cfg, cfg)}


def calibrated(inputs: Inputs, group: Group, cfg: TrendsConfig) -> Output:
    """The visits of a group of tiles, fitted again without the drift of their control stars."""
    shift = 2 * (ORDER - cfg.cell_order)
    cells = [[end >> shift for end in (a, b - 1)] for a, b in map(span, group.tiles)]
    here = (pc.field("cell") >= min(c[0] for c in cells)) & (pc.field("cell") <= max(c[1] for c in cells))
    here &= (pc.field("survey") == cfg.survey) & (pc.field("left_survey") == cfg.left)
    known = drift_of(inputs.lake.few(ENSEMBLE.ref, inputs.lake.version(ENSEMBLE.ref), here))
    visits = _of_survey(inputs, VISITS, cfg).where(F.col("tile").isin(list(group.tiles))).select(*READS)
    return {CALIBRATED: visits.mapInArrow(_again(cfg, known), _types(CALIBRATED))}


def trends(inputs: Inputs, _: Group, cfg: TrendsConfig) -> Output:
    """The verdict on every source."""
    tests = _with_controls(_of_survey(inputs, TREND_TESTS, cfg), inputs.own(CALIBRATED))
    drift = drifts(tests, cfg)
    made, n_tests = with_q(tests.mapInArrow(_made(drift, cfg), "tile bigint, id bigint, test int, log10_p double"))
    names = [F.max(F.when(F.col("test") == k, F.col("log10_q"))).alias(f"{t}_log10_q") for k, t in enumerate(TESTS)]
    wide = made.groupBy("tile", "id").agg(*names)
    judged = tests.join(wide, ["tile", "id"], "left").mapInArrow(_judged(cfg, drift, n_tests), _types(TRENDS))
    return {TRENDS: judged}


def _of_survey(inputs: Inputs, table: Table, cfg: TrendsConfig) -> DataFrame:
    return inputs.read(table.name).where((F.col("survey") == cfg.survey) & (F.col("left_survey") == cfg.left))


def _types(table: Table) -> str:
    return ", ".join(f"{c.name} {c.type}" for c in table.columns)


def _again(cfg: TrendsConfig, drift: Drift) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Rows of `calibrated`."""
    schema, rivals = parts.schema(CALIBRATED), np.log10(cfg.q_both_bands)

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows = rows_of(batch, cfg)
            visits, n = corrected(rows, drift, cfg.least_controls)
            for k, (band, config) in enumerate(CONFIG.items()):
                at = np.flatnonzero((n > 0) & (rows.band == k))
                mine = take(visits, at)
                found = suite.trends(mine, config)
                found = suite.trends(mine, config, rivals=found["log10_p"] <= rivals)
                place = {c: batch.column(c).take(pa.array(at)) for c in ("tile", "id")}
                columns = {"band": [band] * len(at), "n_controls": n[at], **found}
                arrays = [place[f.name] if f.name in place else _arrow(columns[f.name], f) for f in schema]
                yield pa.record_batch(arrays, schema=schema)

    return run


def _with_controls(tests: DataFrame, calibrated: DataFrame) -> DataFrame:
    """Tests with the statistics of the calibrated fit in the place of the raw ones, where there is one."""
    names = CALIBRATED.names[3:]
    picked = [F.max(F.when(F.col("band") == b, F.col(n))).alias(f"{b}_{n}_calibrated") for b in BANDS for n in names]
    wide = calibrated.groupBy("tile", "id").agg(*picked)
    joined = tests.join(wide, ["tile", "id"], "left")
    raw = {f"{b}_slope_raw_mag_per_yr": F.col(f"{b}_slope_mag_per_yr") for b in BANDS}
    chosen = {}
    for b in BANDS:
        is_calibrated = F.col(f"{b}_n_controls_calibrated").isNotNull()
        for n in names[1:]:
            chosen[f"{b}_{n}"] = F.when(is_calibrated, F.col(f"{b}_{n}_calibrated")).otherwise(F.col(f"{b}_{n}"))
        chosen[f"{b}_n_controls"] = F.coalesce(f"{b}_n_controls_calibrated", F.lit(0))
    return joined.withColumns(raw).withColumns(chosen).drop(*[f"{b}_{n}_calibrated" for b in BANDS for n in names])


def drifts(tests: DataFrame, cfg: TrendsConfig) -> dict[str, float]:
    """Drift of the sample in each band: the median raw slope of whole light curves, in mag / yr; NaN for none."""
    medians = [
        F.percentile_approx(F.when(_is_whole(b, cfg), F.col(f"{b}_slope_raw_mag_per_yr")), 0.5, 10_000).alias(b)
        for b in BANDS
    ]
    found = tests.agg(*medians).collect()[0].asDict()
    return {b: float("nan") if v is None else float(v) for b, v in found.items()}


def _is_whole(band: str, cfg: TrendsConfig) -> Any:
    is_long = (F.col(f"{band}_n_visits") >= cfg.least_visits) & (F.col(f"{band}_span_yr") >= cfg.least_span_yr)
    return is_long & ~F.col("is_truncated")


def log10_ps(columns: Mapping[str, Floats], drift: Mapping[str, float], least_controls: int) -> dict[str, Floats]:
    """log10 p of each of TESTS; NaN where it was not made.

    Notes
    -----
    The fit in flux knows no control stars: its slope is moved by as much as they moved that of the magnitudes.
    """
    found = {b: columns[f"{b}_log10_p"] for b in BANDS}
    for b in BANDS:
        t = (columns[f"{b}_slope_raw_mag_per_yr"] - drift[b]) / columns[f"{b}_sigma_slope_mag_per_yr"]
        is_alone = columns[f"{b}_n_controls"] < least_controls
        found[f"{b}_subtracted"] = np.where(is_alone, _student(t, columns[f"{b}_dof"]), np.nan)
    moved = columns["w2_slope_mag_per_yr"] - columns["w2_slope_raw_mag_per_yr"]
    t = (columns["w2_flux_slope_mag_per_yr"] + moved) / columns["w2_flux_sigma_slope_mag_per_yr"]
    found["w2_flux"] = np.where(
        columns["w2_n_controls"] < least_controls, columns["w2_flux_log10_p"], _student(t, columns["w2_dof"])
    )
    return {name: found[name] for name in TESTS}


@compiled
def _student(t: Floats, dof: Floats) -> Floats:
    p = np.full(len(t), np.nan)
    for i in range(len(t)):
        if np.isfinite(t[i]) and dof[i] > 0:
            p[i] = log10_p_student(t[i], dof[i])
    return p


def _numbers(batch: pa.RecordBatch) -> dict[str, Any]:
    """Columns as arrays; a null number is NaN."""
    rows = pa.Table.from_batches([batch])
    return {n: quality.floating(rows[n]) for n in rows.column_names if n not in _PLACE}


def _made(
    drift: Mapping[str, float], cfg: TrendsConfig
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """One row for each test made."""

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for k, p in enumerate(log10_ps(_numbers(batch), drift, cfg.least_controls).values()):
                at = np.flatnonzero(np.isfinite(p))
                place = [batch.column(c).take(pa.array(at)) for c in ("tile", "id")]
                columns = [*place, pa.array(np.full(len(at), k, np.int32)), pa.array(p[at])]
                yield pa.record_batch(columns, ["tile", "id", "test", "log10_p"])

    return run


def _judged(
    cfg: VerdictConfig, drift: Mapping[str, float], n_tests: int
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Rows of `trends`."""
    schema = parts.schema(TRENDS)

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            columns = _numbers(batch)
            n, p = batch.num_rows, log10_ps(columns, drift, cfg.least_controls)
            columns |= {f"{b}_drift_mag_per_yr": np.full(n, drift[b]) for b in BANDS}
            columns |= {f"{b}_log10_q_subtracted": columns[f"{b}_subtracted_log10_q"] for b in BANDS}
            moved = columns["w2_slope_mag_per_yr"] - columns["w2_slope_raw_mag_per_yr"]
            columns["w2_flux_slope_mag_per_yr"] = columns["w2_flux_slope_mag_per_yr"] + moved
            said = verdicts.judge(columns, cfg)
            slope = {b: columns[f"{b}_slope_mag_per_yr"] for b in BANDS}
            found: dict[str, Any] = {c: batch.column(c) for c in _PLACE}
            found |= {
                "verdict": pa.array(verdicts.VERDICTS).take(pa.array(said.verdict)),
                "is_claim": np.isin(said.verdict, [verdicts.VERDICTS.index(v) for v in verdicts.CLAIMS]),
                "sign": np.sign(np.nan_to_num(slope["w2"])).astype(np.int32),
                "reasons_for": _spelled(said.reasons_for, verdicts.FOR),
                "reasons_against": _spelled(said.reasons_against, verdicts.AGAINST),
                "n_tests": np.full(n, n_tests),
            }
            raw = {b: columns[f"{b}_slope_raw_mag_per_yr"] for b in BANDS}
            found |= {f"{b}_slope_subtracted_mag_per_yr": raw[b] - drift[b] for b in BANDS}
            found |= {f"{t}_log10_p": p[t] for t in TESTS}
            columns = columns | found
            yield pa.record_batch([_arrow(columns[f.name], f) for f in schema], schema=schema)

    return run


def _arrow(values: Any, field: pa.Field) -> pa.Array:
    return values if isinstance(values, pa.Array) else pa.array(values, from_pandas=True).cast(field.type)


def _spelled(masks: Any, names: Sequence[str]) -> pa.ListArray:
    """`verdicts.spelled` without a loop over rows."""
    is_set = (np.asarray(masks)[:, None] >> np.arange(len(names)) & 1).astype(bool)
    offsets = np.append(0, np.cumsum(is_set.sum(axis=1)))
    words = pa.array(names).take(pa.array(np.nonzero(is_set)[1]))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), words)


def balance(inputs: Inputs, cfg: TrendsConfig, rows: Mapping[str, int]) -> None:
    """Every light curve has a verdict.

    Raises
    ------
    DataError
        If some were lost.
    """
    files = inputs.lake.files(TREND_TESTS.ref, inputs.version(TREND_TESTS.name))
    mine = [f for f in files if (f["partition.survey"], f["partition.left_survey"]) == (cfg.survey, cfg.left)]
    came = sum(f["num_records"] for f in mine)
    if rows[TRENDS.name] != came:
        raise DataError(f"trends of {cfg.label}: {came} light curves, but {rows[TRENDS.name]} verdicts")
