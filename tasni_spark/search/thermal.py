"""Temperatures and implied distances of every source of a survey, and how much each is like a cold dwarf.

Why: a cut says yes or no; a referee asks how warm, how near if a dwarf, and how much likelier a dwarf than what such
a search finds instead. So every source gets the fits of its four fluxes, limits included, not the candidates alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql import functions as F

from tasni_spark.core.config import opt
from tasni_spark.core.errors import DataError
from tasni_spark.core.plan import Group
from tasni_spark.core.work import Inputs, Output
from tasni_spark.photometry.magnitudes import BANDS
from tasni_spark.photometry.tails import red_ratio
from tasni_spark.photometry.thermal import ThermalConfig, thermal
from tasni_spark.search.search import rows_searched
from tasni_spark.tables.thermal import COLUMNS, THERMAL

MAGS = tuple(f"{b.name}mpro" for b in BANDS)
ERRORS = tuple(f"{b.name}sigmpro" for b in BANDS)
PLACE = ("id", "tile", "hpx29")
_RATIO = THERMAL.column("dwarf_log_ratio")
_DDL = ", ".join([*(f"{n} bigint" for n in PLACE), *(f"{c.name} {c.type}" for c in (*COLUMNS, _RATIO))])


@dataclass(frozen=True)
class SourcesConfig(ThermalConfig):
    """Section `[thermal]`."""

    left: str = opt("allwise", "survey whose sources are fitted")

    @property
    def label(self) -> str:
        """Tells the surveys of a run apart."""
        return self.left


def scope(cfg: SourcesConfig) -> dict[str, list[str]]:
    """What a run replaces."""
    return {"survey": [cfg.left]}


def sources(inputs: Inputs, group: Group, cfg: SourcesConfig) -> Output:
    """Fits of every source of a group of tiles; a band that the survey lacks counts as not measured."""
    rows = inputs.read(cfg.left).where(F.col("tile").isin(list(group.tiles)))
    if missing := [n for n in (*MAGS[:2], *ERRORS[:2]) if n not in rows.columns]:
        raise DataError(f"survey {cfg.left}: no column {', '.join(missing)}: temperatures need W1 and W2 at least")
    known = [F.col(n) if n in rows.columns else F.lit(None).alias(n) for n in (*MAGS, *ERRORS)]
    narrow = rows.select(*PLACE, *[c.cast("double") for c in known])
    fitted = narrow.mapInArrow(fitter(cfg), _DDL)
    return {THERMAL: fitted.withColumn("survey", F.lit(cfg.left)).select(*THERMAL.names)}


def fitter(cfg: ThermalConfig) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """A function for `mapInArrow` over PLACE, MAGS and ERRORS; nulls are NaN inside."""

    def fit(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            mags, errors = ([batch.column(n).to_numpy(zero_copy_only=False) for n in names] for names in (MAGS, ERRORS))
            found = thermal(mags, errors, cfg) | {
                _RATIO.name: red_ratio(*(a[k] for k in range(3) for a in (mags, errors)))
            }
            values = [pa.array(v, from_pandas=True) for v in found.values()]
            place = [batch.column(n) for n in PLACE]
            yield pa.RecordBatch.from_arrays([*place, *values], [*PLACE, *found])

    return fit


def balance(inputs: Inputs, cfg: SourcesConfig, rows: Mapping[str, int]) -> None:
    """Every source of the tiles of the run has its fits.

    Raises
    ------
    DataError
        If sources were lost.
    """
    came = rows_searched(inputs, cfg.left)
    if rows[THERMAL.name] != came:
        raise DataError(f"thermal of {cfg.left}: {came} sources, but {rows[THERMAL.name]} rows")
