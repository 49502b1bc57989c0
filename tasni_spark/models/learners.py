"""Kinds of models: one table, `LEARNERS`.

Why: SynapseML trains on frames and scores arrays, pyspark.ml does both on frames, XGBoost and scikit-learn on arrays;
the rest of the suite should not know which. Every artefact is in a native format (LightGBM text, XGBoost JSON, a Spark
ML folder, plain arrays): nothing is unpickled from a shared path.
"""

from __future__ import annotations

from tasni_spark.models.arrays import (
    ISOLATION_ARRAYS,
    LOCAL_OUTLIER_FACTOR,
    ONE_CLASS_SVM,
    PCA_RESIDUAL,
    PERCEPTRON,
    RBF_SVM,
    ROBUST_DISTANCE,
)
from tasni_spark.models.boosters import PU_BAGGING, SELF_TRAINING, XGBOOST
from tasni_spark.models.frames import ISOLATION_FOREST, LIGHTGBM, of_spark

LEARNERS = {
    "lightgbm": LIGHTGBM,
    "xgboost": XGBOOST,
    "random_forest": of_spark(
        "RandomForestClassifier",
        numTrees=lambda s: s.forest_trees,
        maxDepth=lambda _: 12,
        seed=lambda s: s.seed,
        subsamplingRate=lambda _: 0.5,
    ),
    "perceptron": PERCEPTRON,
    "gradient_boosting": of_spark(
        "GBTClassifier",
        maxIter=lambda s: max(s.lightgbm_trees // 10, 10),
        maxDepth=lambda _: 5,
        stepSize=lambda _: 0.2,
        seed=lambda s: s.seed,
    ),
    "linear_svm": of_spark("LinearSVC", maxIter=lambda _: 50, regParam=lambda _: 1e-3),
    "rbf_svm": RBF_SVM,
    "pu_bagging": PU_BAGGING,
    "self_training": SELF_TRAINING,
    "isolation_forest": ISOLATION_FOREST,
    "isolation_arrays": ISOLATION_ARRAYS,
    "robust_distance": ROBUST_DISTANCE,
    "local_outlier_factor": LOCAL_OUTLIER_FACTOR,
    "one_class_svm": ONE_CLASS_SVM,
    "pca_residual": PCA_RESIDUAL,
}
"""By name. `xgboost` (or Spark's `gradient_boosting`, weaker on few positives) and `isolation_arrays` need no jar."""
