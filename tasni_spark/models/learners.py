"""Kinds of models: how each is fitted, stored and asked. One table, `LEARNERS`.

Why: SynapseML and pyspark.ml train and score frames, XGBoost and scikit-learn arrays; the rest of the suite should not
know which. Every artefact is in a native format (LightGBM text, XGBoost JSON, a Spark ML folder, plain arrays): nothing
is unpickled from a shared path.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xgboost as xgb
from numpy.typing import NDArray
from pyspark.ml import classification as spark_ml
from pyspark.ml.functions import array_to_vector, vector_to_array
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from sklearn.covariance import LedoitWolf
from sklearn.kernel_approximation import Nystroem
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.neighbors import LocalOutlierFactor
from sklearn.svm import LinearSVC
from synapse.ml.isolationforest import IsolationForest, IsolationForestModel
from synapse.ml.lightgbm import LightGBMClassificationModel, LightGBMClassifier

from tasni_spark.core.config import opt
from tasni_spark.core.errors import DependencyError
from tasni_spark.core.files import Folder
from tasni_spark.models import trees

Matrix = NDArray[np.float32]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Sizes:
    """How large models are: the defaults are those of a real search, tests ask for less."""

    lightgbm_trees: int = opt(300, "trees of LightGBM, and of its stand-in, Spark's gradient-boosted trees, a tenth")
    xgboost_trees: int = opt(1000, "trees of XGBoost")
    forest_trees: int = opt(1000, "trees of the random forest")
    layers: tuple[int, ...] = opt((512, 256, 128), "hidden layers of the perceptron")
    isolation_trees: int = opt(200, "trees of the isolation forest")
    isolation_rows: int = opt(256, "rows that each of these sees")
    components: int = opt(300, "components of the Nystroem map of the RBF kernel")
    bags: int = opt(20, "bags of positive-unlabelled learning")
    seed: int = opt(1, "of everything")


class Learner(NamedTuple):
    """A kind of model.

    Parameters
    ----------
    is_outlier
        Whether it learns what is usual, without labels.
    is_filled
        Whether it needs rows without NaN, on a common scale.
    fit
        `f(x, y, w, sizes, spark)`: a model.
    save, load
        `f(model, folder)`, `f(folder, spark)`.
    score
        For arrays `f(model, x)`; None for a model that scores frames.
    scored
        For frames `f(model, frame with _x, name)`; None for one that scores arrays.
    """

    is_outlier: bool
    is_filled: bool
    fit: Callable[..., Any]
    save: Callable[[Any, Folder], None]
    load: Callable[[Folder, SparkSession | None], Any]
    score: Callable[[Any, Matrix], Floats] | None = None
    scored: Callable[[Any, DataFrame, str], DataFrame] | None = None


def framed(spark: SparkSession, x: Matrix, y: Floats | None = None, w: Floats | None = None) -> DataFrame:
    """Rows as a frame: `_row`, `_x`, and where given `label` and `weight`; one partition, in order."""
    table = {"_row": np.arange(len(x)), "_values": list(x.astype(np.float64))}
    table |= {} if y is None else {"label": y, "weight": np.ones(len(x)) if w is None else w}
    frame = spark.createDataFrame(pd.DataFrame(table)).coalesce(1)
    return frame.withColumn("_x", array_to_vector(F.col("_values"))).drop("_values")


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
            f"{java_class}: not in the class path: run 'make jars', or train gradient_boosting and isolation_arrays"
        ) from e


# -- SynapseML --------------------------------------------------------------------------------------------------------

_LIGHTGBM = "com.microsoft.azure.synapse.ml.lightgbm.LightGBMClassifier"
_ISOLATION = "com.microsoft.azure.synapse.ml.isolationforest.IsolationForest"
_COLUMNS = {"featuresCol": "_x", "predictionCol": "_prediction"}


def _fit_lightgbm(x: Matrix, y: Floats, w: Floats, sizes: Sizes, spark: SparkSession) -> Any:
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
        dataTransferMode="streaming",
        useSingleDatasetMode=True,
        isEnableSparse=False,
        matrixType="dense",
    )
    return model.fit(framed(spark, x, y, w))


def _load_lightgbm(folder: Folder, _: SparkSession | None) -> Any:
    model = LightGBMClassificationModel.loadNativeModelFromString(_read(folder, "model.txt").decode())
    model.setFeaturesCol("_x").setRawPredictionCol("_raw").setProbabilityCol("_probability")
    return model.setPredictionCol("_prediction")


def _fit_isolation(x: Matrix, _: Floats, __: Floats, sizes: Sizes, spark: SparkSession) -> Any:
    needs(spark, _ISOLATION)
    model = IsolationForest(
        **_COLUMNS,
        scoreCol="_score",
        numEstimators=sizes.isolation_trees,
        maxSamples=float(min(sizes.isolation_rows, len(x))),
        randomSeed=sizes.seed,
    )
    return model.fit(framed(spark, x))


def _load_isolation(folder: Folder, _: SparkSession | None) -> Any:
    return IsolationForestModel.load((folder / "model").uri)


def _with_raw(model: Any, frame: DataFrame, name: str) -> DataFrame:
    """The log odds, or their like, of the second class."""
    made: DataFrame = model.transform(frame)
    return made.select(*frame.columns, vector_to_array(F.col("_raw"))[1].cast("float").alias(name))


def _with_strangeness(model: Any, frame: DataFrame, name: str) -> DataFrame:
    made: DataFrame = model.transform(frame)
    return made.select(*frame.columns, F.col("_score").cast("float").alias(name))


# -- pyspark.ml -------------------------------------------------------------------------------------------------------


def _spark_ml(kind: str, **params: Callable[[Sizes, int], Any]) -> Learner:
    """A classifier of pyspark.ml; parameters from sizes and the number of features."""

    def fit(x: Matrix, y: Floats, w: Floats, sizes: Sizes, spark: SparkSession) -> Any:
        given = {k: f(sizes, x.shape[1]) for k, f in params.items()}
        weight = {} if kind == "MultilayerPerceptronClassifier" else {"weightCol": "weight"}
        made = getattr(spark_ml, kind)(**_COLUMNS, labelCol="label", rawPredictionCol="_raw", **weight, **given)
        rows = framed(spark, x, y, w)
        if not weight:  # it knows no weights: positives are repeated instead
            times = F.when(F.col("label") > 0, F.greatest(F.round(F.col("weight")), F.lit(1))).otherwise(1)
            rows = rows.withColumn("_n", F.explode(F.sequence(F.lit(1), times.cast("int")))).drop("_n")
        return made.fit(rows)

    def load(folder: Folder, _: SparkSession | None) -> Any:
        model = {"RandomForestClassifier": "RandomForestClassificationModel", "LinearSVC": "LinearSVCModel"}
        model |= {"GBTClassifier": "GBTClassificationModel"}
        model |= {"MultilayerPerceptronClassifier": "MultilayerPerceptronClassificationModel"}
        return getattr(spark_ml, model[kind]).load((folder / "model").uri)

    return Learner(False, True, fit, _save_spark, load, scored=_with_raw)


def _save_spark(model: Any, folder: Folder) -> None:
    model.write().overwrite().save((folder / "model").uri)


# -- arrays -----------------------------------------------------------------------------------------------------------


def _boosted(x: Matrix, y: Floats, w: Floats, n: int, seed: int) -> Any:
    params: dict[str, Any] = {"max_depth": 6, "eta": 0.05, "subsample": 0.8, "colsample_bytree": 0.5}
    params |= {"nthread": 1, "seed": seed, "objective": "binary:logistic", "tree_method": "hist", "verbosity": 0}
    return xgb.train(params, xgb.QuantileDMatrix(x, y, weight=w, nthread=1), n)


def _fit_xgboost(x: Matrix, y: Floats, w: Floats, sizes: Sizes, _: Any) -> list[Any]:
    return [_boosted(x, y, w, sizes.xgboost_trees, sizes.seed)]


def _fit_pu(x: Matrix, y: Floats, _: Floats, sizes: Sizes, __: Any) -> list[Any]:
    """Positive-unlabelled bagging (Mordelet and Vert 2014, 10.1016/j.patrec.2013.06.010).

    Notes
    -----
    Each bag sets all positives against as many unlabelled rows (three times as many at least, and 300), so that no
    unlabelled positive is a negative in more than a few bags.
    """
    positive, rest = np.flatnonzero(y > 0.5), np.flatnonzero(~(y > 0.5))
    size = min(len(rest), max(3 * len(positive), 300))
    found = []
    for bag in range(sizes.bags):
        drawn = np.random.default_rng((sizes.seed, bag)).choice(rest, size, replace=False)
        rows = np.r_[positive, drawn]
        balance = np.r_[np.full(len(positive), size / len(positive)), np.ones(size)]
        target = np.r_[np.ones(len(positive)), np.zeros(size)]
        found.append(_boosted(x[rows], target, balance, max(sizes.xgboost_trees // 10, 5), sizes.seed + bag))
    return found


def _save_boosters(models: Sequence[Any], folder: Folder) -> None:
    text = "[" + ",".join(m.save_raw("json").decode() for m in models) + "]"
    _write(folder, "model.json", text.encode())


def _load_boosters(folder: Folder, _: Any) -> list[Any]:
    found = []
    for stored in json.loads(_read(folder, "model.json")):
        booster = xgb.Booster({"nthread": 1})
        booster.load_model(bytearray(json.dumps(stored).encode()))
        found.append(booster)
    return found


def _score_boosters(models: Sequence[Any], x: Matrix) -> Floats:
    return np.asarray(np.mean([m.inplace_predict(x, predict_type="margin") for m in models], 0), np.float64)


def _fit_rbf(x: Matrix, y: Floats, w: Floats, sizes: Sizes, _: Any) -> dict[str, NDArray[Any]]:
    """A linear support vector machine on the Nystroem map of an RBF kernel: its cost is linear in rows."""
    n = min(sizes.components, len(x))
    kernel = Nystroem(gamma=1.0 / x.shape[1], n_components=n, random_state=sizes.seed).fit(x)
    linear = LinearSVC(C=1.0, random_state=sizes.seed, dual=False, tol=1e-3).fit(kernel.transform(x), y > 0.5, w)
    return {
        "components": kernel.components_,
        "map": kernel.normalization_.T @ linear.coef_[0],
        "intercept": linear.intercept_,
        "gamma": np.array([1.0 / x.shape[1]]),
    }


def _score_rbf(model: Mapping[str, NDArray[Any]], x: Matrix) -> Floats:
    return np.asarray(
        rbf_kernel(x, model["components"], gamma=model["gamma"][0]) @ model["map"] + model["intercept"][0]
    )


def _fit_distance(x: Matrix, _: Floats, __: Floats, sizes: Sizes, ___: Any) -> dict[str, NDArray[Any]]:
    """Mahalanobis distance with a covariance of the inner nine tenths, shrunk (Ledoit and Wolf 2004): a baseline."""
    inner = x
    for _round in range(3):
        fitted = LedoitWolf().fit(inner)
        d = fitted.mahalanobis(x)
        inner = x[d <= np.quantile(d, 0.9)]
    return {"centre": fitted.location_, "precision": fitted.precision_}


def _score_distance(model: Mapping[str, NDArray[Any]], x: Matrix) -> Floats:
    off = x.astype(np.float64) - model["centre"]
    return np.asarray(np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", off, model["precision"], off), 0.0)))


def _fit_lof(x: Matrix, _: Floats, __: Floats, sizes: Sizes, ___: Any) -> dict[str, NDArray[Any]]:
    """Local outlier factor (Breunig et al. 2000, 10.1145/342009.335388): it is its reference rows."""
    rows = np.random.default_rng(sizes.seed).permutation(len(x))[:10_000]
    return {"reference": x[np.sort(rows)]}


def _score_lof(model: dict[str, Any], x: Matrix) -> Floats:
    if "fitted" not in model:
        model["fitted"] = LocalOutlierFactor(n_neighbors=20, novelty=True).fit(model["reference"])
    return np.asarray(-model["fitted"].score_samples(x))


def _save_arrays(model: Mapping[str, Any], folder: Folder) -> None:
    content = io.BytesIO()
    np.savez(content, **{k: v for k, v in model.items() if isinstance(v, np.ndarray)})
    _write(folder, "model.npz", content.getvalue())


def _load_arrays(folder: Folder, _: Any) -> dict[str, Any]:
    with np.load(io.BytesIO(_read(folder, "model.npz")), allow_pickle=False) as stored:
        return dict(stored)


def _write(folder: Folder, name: str, content: bytes) -> None:
    folder.system.create_dir(folder.path, recursive=True)
    with folder.system.open_output_stream(f"{folder.path}/{name}") as stream:
        stream.write(content)


def _read(folder: Folder, name: str) -> bytes:
    with folder.system.open_input_stream(f"{folder.path}/{name}") as stream:
        return bytes(stream.read())


def _arrays(is_outlier: bool, fit: Callable[..., Any], score: Callable[..., Floats]) -> Learner:
    return Learner(is_outlier, True, fit, _save_arrays, _load_arrays, score=score)


LEARNERS = {
    "lightgbm": Learner(
        False,
        False,
        _fit_lightgbm,
        lambda model, folder: _write(folder, "model.txt", model.getNativeModel().encode()),
        _load_lightgbm,
        scored=_with_raw,
    ),
    "xgboost": Learner(False, False, _fit_xgboost, _save_boosters, _load_boosters, score=_score_boosters),
    "random_forest": _spark_ml(
        "RandomForestClassifier",
        numTrees=lambda s, _: s.forest_trees,
        maxDepth=lambda *_: 12,
        seed=lambda s, _: s.seed,
        subsamplingRate=lambda *_: 0.5,
    ),
    "perceptron": _spark_ml(
        "MultilayerPerceptronClassifier",
        layers=lambda s, p: [p, *s.layers, 2],
        maxIter=lambda *_: 100,
        seed=lambda s, _: s.seed,
    ),
    "gradient_boosting": _spark_ml(
        "GBTClassifier",
        maxIter=lambda s, _: max(s.lightgbm_trees // 10, 5),
        maxDepth=lambda *_: 5,
        seed=lambda s, _: s.seed,
    ),
    "linear_svm": _spark_ml("LinearSVC", maxIter=lambda *_: 50, regParam=lambda *_: 1e-3),
    "rbf_svm": _arrays(False, _fit_rbf, _score_rbf),
    "pu_bagging": Learner(False, False, _fit_pu, _save_boosters, _load_boosters, score=_score_boosters),
    "isolation_forest": Learner(True, True, _fit_isolation, _save_spark, _load_isolation, scored=_with_strangeness),
    "isolation_arrays": _arrays(
        True,
        lambda x, _, __, sizes, ___: trees.grown(x, sizes.isolation_trees, sizes.isolation_rows, sizes.seed),
        trees.strangeness,
    ),
    "robust_distance": _arrays(True, _fit_distance, _score_distance),
    "local_outlier_factor": _arrays(True, _fit_lof, _score_lof),
}
"""By name. `gradient_boosting` and `isolation_arrays` need no jar: they stand in for `lightgbm`, `isolation_forest`."""
