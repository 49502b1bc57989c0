"""Learners of pyspark.ml and SynapseML: they tell what they were taught, nulls or not, and are the same when loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from tasni_spark.core.files import Folder
from tasni_spark.models.fit import FitConfig
from tasni_spark.models.frames import framed
from tasni_spark.models.learners import LEARNERS

pytestmark = pytest.mark.spark
CFG = FitConfig(lightgbm_trees=20, forest_trees=10, layers=(4,), isolation_trees=40)
N = 800


@pytest.mark.parametrize("name", [name for name, kind in LEARNERS.items() if kind.scored])
def test_a_learner_of_frames(name: str, spark: Any, tmp_path: Path) -> None:
    rng, kind = np.random.default_rng(14), LEARNERS[name]
    y = (rng.random(N) < 0.15).astype(float)
    x = (rng.normal(size=(N, 4)) + 2.5 * y[:, None]).astype(np.float32)
    if not kind.is_filled:
        x[rng.random(x.shape) < 0.1] = np.nan
    model = kind.fit(x, y, np.where(y > 0, 6.0, 1.0), np.zeros(N, np.int64), CFG, spark)
    folder = Folder.at(str(tmp_path / "model"))
    kind.save(model, folder)
    first, again = (
        kind.scored(m, framed(spark, x), "score").toPandas().sort_values("_row")["score"].to_numpy()  # type: ignore[misc]
        for m in (model, kind.load(folder, spark))
    )
    assert np.allclose(first, again, rtol=1e-5, atol=1e-6)
    assert average_precision_score(y, first) > (0.4 if kind.is_outlier else 0.8), "prevalence is 0.15"
