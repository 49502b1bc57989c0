"""Training rows that are made up: two populations, with folds, rings, nulls and rows without a label."""

from __future__ import annotations

import numpy as np
import pytest

from tasni_spark.models.sample import Rows, wanted

N, COLUMNS, FOLDS = 2_400, 8, 4


@pytest.fixture(scope="module")
def rows() -> Rows:
    """Two populations on blocks in a row: folds are quarters, and the blocks at their borders are rings."""
    rng = np.random.default_rng(6)
    label = (rng.random(N) < 0.08).astype(float)
    values = rng.normal(size=(N, COLUMNS)).astype(np.float32)
    values[:, :3] += 3.0 * label[:, None].astype(np.float32)
    values[rng.random((N, COLUMNS)) < 0.05] = np.nan
    label[rng.random(N) < 0.5] = np.nan
    block = rng.integers(0, 40, N)
    fold = block // 10
    buffers = np.zeros((N, FOLDS), bool)
    for k in range(FOLDS):
        buffers[(block == 10 * k - 1) | (block == 10 * k + 10), k] = True
    return Rows(
        wanted(("photometric",))[:COLUMNS],
        values,
        label,
        fold,
        buffers,
        block,
        np.arange(N),
        np.arange(N),
        block,
        np.zeros(N, np.int64),
        np.isnan(label) & (rng.random(N) < 0.5),
        rng.uniform(0, 360, N),
        rng.uniform(-80, 80, N),
    )
