"""The lake's tiling, from the counts that a publisher gives or from the rows of the densest survey."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow.csv as pacsv
from numpy.typing import NDArray
from pyspark.sql import functions as F

from tasni_spark.core.config import need, opt
from tasni_spark.core.errors import DataError
from tasni_spark.core.plan import Group
from tasni_spark.core.work import Inputs, Output, whole
from tasni_spark.ingest import raw
from tasni_spark.ingest.formats import discover, inspect_all
from tasni_spark.ingest.survey import load
from tasni_spark.sky.healpix import hpx29, hpx_parent
from tasni_spark.sky.tiling import COUNT_ORDER, balanced, span
from tasni_spark.tables.sky import TILING


@dataclass(frozen=True)
class TilingConfig:
    """Section `[tiling]`."""

    survey: str = need("the survey whose rows are balanced: the densest, or the one that is searched")
    input: str = opt("", "its raw data")
    counts: str = opt("", "instead: CSV with a column nrows, and healpix_k5 or a path that holds it")
    rows_per_tile: int = opt(1_000_000, "most rows of a tile")

    def __post_init__(self) -> None:
        if bool(self.input) == bool(self.counts):
            raise ValueError("give either input or counts")
        if self.rows_per_tile < 1:
            raise ValueError(f"rows_per_tile is {self.rows_per_tile}, expected at least 1")


def groups(inputs: Inputs, cfg: TilingConfig) -> tuple[Group, ...]:
    """One group; none where the lake has its tiling already, which never changes."""
    return () if inputs.lake.exists(TILING.ref) else whole(inputs, cfg)


def tiling(inputs: Inputs, _: Group, cfg: TilingConfig) -> Output:
    """Count rows per cell of order COUNT_ORDER and split the sky until tiles are even."""
    counts = published(cfg.counts) if cfg.counts else counted(inputs, cfg)
    survey = load(cfg.survey).name
    rows = [
        (tile := 4 ** (order + 1) + pixel, order, pixel, *span(tile), n, survey)
        for order, pixel, n in balanced(counts, cfg.rows_per_tile)
    ]
    return {TILING: inputs.spark.createDataFrame(pd.DataFrame(rows, columns=list(TILING.names)))}


def counted(inputs: Inputs, cfg: TilingConfig) -> NDArray[np.int64]:
    """Rows per cell, from the raw files."""
    survey = load(cfg.survey)
    files, faults = inspect_all(discover(cfg.input))
    usable = [f for f in files if not raw.flavour(f, survey)[1]]
    if not usable:
        raise DataError(f"survey {survey.name}: no usable file in {cfg.input}: {(faults or ['wrong columns'])[0]}")
    rows = raw.read(inputs.spark, usable, survey)
    place = hpx29(F.col(survey.position.ra), F.col(survey.position.dec))
    cells = rows.select(hpx_parent(place, COUNT_ORDER).alias("cell")).groupBy("cell").count()
    counts: pd.DataFrame = cells.toPandas()
    found = counts.dropna().astype("int64")
    return _filled(found["cell"].to_numpy(), found["count"].to_numpy())


def published(file: str) -> NDArray[np.int64]:
    """Rows per cell, from a publisher's counts at order 5; a pixel's rows are spread evenly.

    Raises
    ------
    DataError
        If the file is not such a list.
    """
    try:
        table = pacsv.read_csv(file)
        if "healpix_k5" in table.column_names:
            pixels = table["healpix_k5"].to_numpy()
        else:
            pixels = np.array([int(re.search(r"healpix_k5=(\d+)", p).group(1)) for p in table["path"].to_pylist()])  # type: ignore[union-attr]
        rows = table["nrows"].to_numpy()
    except (OSError, KeyError, AttributeError, ValueError) as e:
        raise DataError(
            f"counts {file}: expected columns nrows and healpix_k5, or a path with healpix_k5=N: {e}"
        ) from e
    inside = 4 ** (COUNT_ORDER - 5)
    cells = (pixels[:, None] * inside + np.arange(inside)).ravel()
    return _filled(cells, np.repeat(-(-rows // inside), inside))


def _filled(cells: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.bincount(cells, weights=rows, minlength=12 * 4**COUNT_ORDER).astype(np.int64)
