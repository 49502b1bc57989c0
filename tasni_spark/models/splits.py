"""The job `splits`: which sources train, test and calibrate, by blocks of the sky.

Why: neighbours share depth, crowding, artefacts and often the object, so a random split tests on what it has learned.
Blocks are HEALPix pixels of nside 8 (7 deg), dealt to folds in patches of 4 x 4, so that a ring of one block between
training and test costs a part of the training rows and not most of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cdshealpix
import numpy as np
from numpy.typing import NDArray
from pyspark.sql import functions as F

from tasni_spark.core.config import opt
from tasni_spark.core.errors import DataError
from tasni_spark.core.plan import Group
from tasni_spark.core.work import Inputs, Output
from tasni_spark.sky.healpix import hpx_parent
from tasni_spark.tables.models import LABELS, SPLITS

BLOCK_ORDER = 3
"""nside 8."""
PATCH_ORDER = 1
"""nside 2: 48 patches, each of 16 blocks."""
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class SplitsConfig:
    """Section `[splits]`."""

    left: str = opt("allwise", "survey whose sources are split")
    folds: int = opt(5, "folds")
    background_rows: int = opt(50_000, "about so many sources, chosen by their identifiers, stand for the sky")
    calibration_share: float = opt(0.4, "share of these that calibrates outlier scores and trains nothing")
    seed: int = opt(1, "another number deals the patches otherwise")

    def __post_init__(self) -> None:
        if not 2 <= self.folds <= 20:
            raise ValueError(f"folds is {self.folds}, expected 2 .. 20")

    @property
    def label(self) -> str:
        """Tells the surveys of a run apart."""
        return self.left


def scope(cfg: SplitsConfig) -> dict[str, list[str]]:
    """What a run replaces."""
    return {"survey": [cfg.left]}


def splits(inputs: Inputs, _: Group, cfg: SplitsConfig) -> Output:
    """Fold, ring and role of every labelled source and of the sample of the sky."""
    every = max(1, inputs.rows(cfg.left) // cfg.background_rows)
    labelled = inputs.read(LABELS.name).where(F.col("survey") == cfg.left)
    sources = inputs.read(cfg.left).select("id", "tile", "hpx29")
    joined = sources.join(labelled.select("id", "label", "object_id"), "id", "left")
    is_sample = F.pmod(F.xxhash64("id", F.lit(f"sample {cfg.seed}")), F.lit(every)) == 0
    chosen = joined.where(F.col("label").isNotNull() | is_sample)
    block = hpx_parent(F.col("hpx29"), BLOCK_ORDER)
    by_object = chosen.withColumn("object_id", F.coalesce("object_id", "id")).withColumn("block", block)
    counts = by_object.groupBy("block").count().collect()
    fold = dealt({r["block"]: r["count"] for r in counts}, cfg.folds, cfg.seed)
    near = rings(fold)
    table = inputs.spark.createDataFrame(
        [(b, int(fold[b]), [int(k) for k in near[b]]) for b in sorted(fold)],
        "block bigint, fold int, buffers array<int>",
    )
    rows = by_object.join(F.broadcast(table), "block")
    part = F.pmod(F.xxhash64("id", F.lit(f"calibration {cfg.seed}")), F.lit(10_000))
    kept_out = is_sample & F.col("label").isNull() & (part < int(10_000 * cfg.calibration_share))
    return {SPLITS: rows.withColumns({"survey": F.lit(cfg.left), "is_calibration": kept_out}).select(*SPLITS.names)}


def dealt(rows: Mapping[int, int], n: int, seed: int) -> dict[int, int]:
    """Fold of each block: patches dealt to the emptiest fold, the fullest patch first.

    Raises
    ------
    DataError
        If there are fewer patches than folds.
    """
    patch = {b: b >> 2 * (BLOCK_ORDER - PATCH_ORDER) for b in rows}
    size: dict[int, int] = {}
    for b, p in patch.items():
        size[p] = size.get(p, 0) + rows[b]
    if len(size) < n:
        raise DataError(f"splits: sources lie in {len(size)} patches of the sky, expected {n}, one a fold: lower folds")
    tie = dict(zip(sorted(size), np.random.default_rng(seed).permutation(len(size)), strict=True))
    load, fold = [0] * n, {}
    for p in sorted(size, key=lambda p: (-size[p], tie[p])):
        fold[p] = load.index(min(load))
        load[fold[p]] += size[p]
    return {b: fold[p] for b, p in patch.items()}


def rings(fold: Mapping[int, int]) -> dict[int, list[int]]:
    """Of each block the other folds that have a block beside it."""
    blocks = np.array(sorted(fold), np.uint64)
    beside = cdshealpix.nested.neighbours(blocks, BLOCK_ORDER)
    return {
        int(b): sorted({fold[int(k)] for k in row if int(k) in fold} - {fold[int(b)]})
        for b, row in zip(blocks, beside, strict=True)
    }
