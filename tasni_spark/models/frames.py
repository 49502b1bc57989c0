"""Learners that train on frames: LightGBM and the isolation forest of SynapseML, and those of pyspark.ml.

Why: what SynapseML has trained is a few numbers a node, and scores as arrays do (`trees`); what pyspark.ml has trained
scores frames.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from pyspark.ml import classification as spark_ml
from pyspark.ml.functions import array_to_vector, vector_to_array
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from synapse.ml.isolationforest import IsolationForest
from synapse.ml.lightgbm import LightGBMClassificationModel, LightGBMClassifier

from tasni_spark.core.errors import DependencyError
from tasni_spark.core.files import Folder
from tasni_spark.models import trees
from tasni_spark.models.arrays import load, save
from tasni_spark.models.learner import Floats, Ints, Learner, Matrix, Sizes, read, write

_LIGHTGBM = "com.microsoft.azure.synapse.ml.lightgbm.LightGBMClassifier"
_ISOLATION = "com.microsoft.azure.synapse.ml.isolationforest.IsolationForest"
_COLUMNS = {"featuresCol": "_x", "predictionCol": "_prediction"}


def framed(spark: SparkSession, x: Matrix, y: Floats | None = None, w: Floats | None = None) -> DataFrame:
    """Rows as a frame: `_row`, `_x`, and where given `label` and `weight`; one partition, in order."""
    table = {"_row": np.arange(len(x)), "_values": list(x.astype(np.float64))}
    table |= {} if y is None else {"label": y, "weight": np.ones(len(x)) if w is None else w}
    frame = spark.createDataFrame(pd.DataFrame(table)).coalesce(1)
    values = F.transform("_values", lambda v: F.coalesce(v, F.lit(float("nan"))))  # pandas takes NaN for null
    return frame.withColumn("_x", array_to_vector(values)).drop("_values")


def vector(columns: Sequence[Column]) -> Column:
    """Columns as one dense vector; a null is NaN."""
    nan = F.lit(float("nan"))
    return array_to_vector(F.array(*[F.coalesce(c.cast("double"), nan) for c in columns]))


def needs(spark: SparkSession, java_class: str) -> None:
    """Probe a class of SynapseML, whose import succeeds without its jar.

    Raises
    ------
    DependencyError
        If the jar is not there.
    """
    try:
        spark._jvm.java.lang.Class.forName(  # type: ignore[union-attr]
            java_class,
            False,
            spark._jvm.Thread.currentThread().getContextClassLoader(),  # type: ignore[union-attr]
        )
    except Exception as e:
        raise DependencyError(
            f"{java_class}: not in the class path: run 'make jars', or train xgboost and isolation_arrays"
        ) from e


def _fit_lightgbm(x: Matrix, y: Floats, w: Floats, _: Ints, sizes: Sizes, spark: SparkSession) -> Any:
    needs(spark, _LIGHTGBM)
    model = LightGBMClassifier(
        **_COLUMNS,
        labelCol="label",
        weightCol="weight",
        rawPredictionCol="_raw",
        probabilityCol="_probability",
        numIterations=sizes.lightgbm_trees,
        numLeaves=31,
        learningRate=0.05,
        minDataInLeaf=10,
        featureFraction=0.5,
        lambdaL2=1.0,
        seed=sizes.seed,
        deterministic=True,
        numTasks=1,
        numThreads=1,
        verbosity=-1,
        dataTransferMode="bulk",  # streaming tells of each fit, whatever `verbosity`
        isEnableSparse=False,
        matrixType="dense",
    )
    return _of_text(model.fit(framed(spark, x, y, w)).getNativeModel())


def _of_text(text: str) -> dict[str, Any]:
    """A model of LightGBM: its own text, and its trees."""
    return {"text": text, **trees.of_lightgbm(text)}


def explained(text: str, frame: DataFrame, name: str) -> DataFrame:
    """A frame with an array: the part of each feature of `_x` in the log odds of LightGBM, and the mean behind them.

    Raises
    ------
    DependencyError
        If SynapseML's jar is not there.
    """
    needs(frame.sparkSession, _LIGHTGBM)
    model = LightGBMClassificationModel.loadNativeModelFromString(text)
    made: DataFrame = model.setFeaturesCol("_x").setFeaturesShapCol("_shap").transform(frame)
    return made.select(*frame.columns, vector_to_array(F.col("_shap")).alias(name))


def _fit_isolation(x: Matrix, _: Floats, __: Floats, ___: Ints, sizes: Sizes, spark: SparkSession) -> Any:
    needs(spark, _ISOLATION)
    model = IsolationForest(
        featuresCol="_x",
        numEstimators=sizes.isolation_trees,
        maxSamples=float(min(sizes.isolation_rows, len(x))),
        randomSeed=sizes.seed,
    )
    fitted = model.fit(framed(spark, x))
    grown = [str(tree.node()) for tree in fitted._java_obj.getInnerModel().isolationTrees()]
    return {"native": fitted, **trees.of_linkedin(grown, min(sizes.isolation_rows, len(x)))}


def _save_isolation(model: dict[str, Any], folder: Folder) -> None:
    """SynapseML's own folder, for who has SynapseML alone, and the arrays that score here."""
    _save_spark(model["native"], folder)
    save(model, folder)


def _with_raw(model: Any, frame: DataFrame, name: str) -> DataFrame:
    """The log odds, or their like, of the second class."""
    made: DataFrame = model.transform(frame)
    return made.select(*frame.columns, vector_to_array(F.col("_raw"))[1].cast("float").alias(name))


def of_spark(kind: str, **params: Callable[[Sizes], Any]) -> Learner:
    """A classifier of pyspark.ml; parameters from sizes."""

    def fit(x: Matrix, y: Floats, w: Floats, _: Ints, sizes: Sizes, spark: SparkSession) -> Any:
        given = {k: f(sizes) for k, f in params.items()}
        made = getattr(spark_ml, kind)(**_COLUMNS, labelCol="label", weightCol="weight", **given)
        return made.setRawPredictionCol("_raw").fit(framed(spark, x, y, w))

    def load(folder: Folder, _: SparkSession | None) -> Any:
        model = {"RandomForestClassifier": "RandomForestClassificationModel", "LinearSVC": "LinearSVCModel"}
        model |= {"GBTClassifier": "GBTClassificationModel"}
        return getattr(spark_ml, model[kind]).load((folder / "model").uri)

    return Learner(fit, _save_spark, load, scored=_with_raw, is_filled=True)


def _save_spark(model: Any, folder: Folder) -> None:
    model.write().overwrite().save((folder / "model").uri)


LIGHTGBM = Learner(
    _fit_lightgbm,
    lambda model, folder: write(folder, "model.txt", model["text"].encode()),
    lambda folder, _: _of_text(read(folder, "model.txt").decode()),
    score=trees.summed,
)
ISOLATION_FOREST = Learner(
    _fit_isolation, _save_isolation, load, score=trees.strangeness, is_outlier=True, is_filled=True
)
