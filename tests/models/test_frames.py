"""Learners of pyspark.ml and SynapseML: they tell what they were taught, nulls or not, and are the same when loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.ml.functions import vector_to_array
from sklearn.metrics import average_precision_score
from synapse.ml.isolationforest import IsolationForestModel
from synapse.ml.lightgbm import LightGBMClassificationModel

from tasni_spark.core.files import Folder
from tasni_spark.models.fit import FitConfig, scores
from tasni_spark.models.frames import explained, framed
from tasni_spark.models.learner import Floats, Matrix
from tasni_spark.models.learners import LEARNERS
from tasni_spark.models.registry import Filling, Trained

pytestmark = pytest.mark.spark
CFG = FitConfig(lightgbm_trees=20, forest_trees=10, layers=(4,), isolation_trees=40)
N = 800


def score(name: str, model: Any, x: Matrix, spark: Any) -> Floats:
    return scores(Trained(name, ("a", "b", "c", "d"), Filling(), model), x, spark)


def made(seed: int, has_nulls: bool) -> tuple[Matrix, Floats]:
    rng = np.random.default_rng(seed)
    y = (rng.random(N) < 0.15).astype(float)
    x = (rng.normal(size=(N, 4)) + 2.5 * y[:, None]).astype(np.float32)
    x[:, 0] = np.round(x[:, 0])
    if has_nulls:
        x[rng.random(x.shape) < 0.1] = np.nan
    return x, y


@pytest.mark.parametrize("name", [m for m, kind in LEARNERS.items() if kind.fit.__module__.endswith(".frames")])
def test_a_learner_of_frames(name: str, spark: Any, tmp_path: Path) -> None:
    kind = LEARNERS[name]
    x, y = made(14, not kind.is_filled)
    model = kind.fit(x, y, np.where(y > 0, 6.0, 1.0), np.zeros(N, np.int64), CFG, spark)
    folder = Folder.at(str(tmp_path / "model"))
    kind.save(model, folder)
    first, again = (score(name, m, x, spark) for m in (model, kind.load(folder, spark)))
    assert np.allclose(first, again, rtol=1e-5, atol=1e-6)
    assert average_precision_score(y, first) > (0.4 if kind.is_outlier else 0.8), "prevalence is 0.15"


@pytest.mark.parametrize("has_nulls", [True, False])
def test_trees_of_lightgbm_score_as_its_own_loop_does(has_nulls: bool, spark: Any) -> None:
    x, y = made(15, has_nulls)
    model = LEARNERS["lightgbm"].fit(x, y, np.ones(N), np.zeros(N, np.int64), CFG, spark)
    asked, _ = made(16, True)
    native = LightGBMClassificationModel.loadNativeModelFromString(model["text"]).setFeaturesCol("_x")
    theirs = native.setRawPredictionCol("_raw").transform(framed(spark, asked)).orderBy("_row")
    raw = np.array(theirs.select(vector_to_array("_raw")[1]).toPandas()).ravel()
    assert np.allclose(score("lightgbm", model, asked, spark), raw, rtol=0, atol=1e-9)
    parts = np.stack(explained(model["text"], framed(spark, asked), "parts").orderBy("_row").toPandas()["parts"])
    assert np.allclose(parts.sum(1), raw, rtol=0, atol=1e-6), "the parts of the features and the mean are the whole"


def test_trees_of_synapseml_score_as_its_own_loop_does(spark: Any, tmp_path: Path) -> None:
    x, y = made(17, False)
    model = LEARNERS["isolation_forest"].fit(x, y, np.ones(N), np.zeros(N, np.int64), CFG, spark)
    LEARNERS["isolation_forest"].save(model, Folder.at(str(tmp_path)))
    native = IsolationForestModel.load(str(tmp_path / "model")).transform(framed(spark, x)).orderBy("_row")
    theirs = np.array(native.select("outlierScore").toPandas()).ravel()
    assert np.allclose(score("isolation_forest", model, x, spark), theirs, rtol=1e-5)
