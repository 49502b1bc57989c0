"""Tables of the models: labels, splits, audits, out-of-fold scores, measures, scores of every source, standings."""

from __future__ import annotations

from tasni_spark.core.spec import Col, Table
from tasni_spark.tables.columns import HPX29, ID, SURVEY, TILE

MODELS = {
    "lightgbm": "Log odds of gradient-boosted trees, LightGBM",
    "xgboost": "Log odds of gradient-boosted trees, XGBoost",
    "random_forest": "Votes of a random forest",
    "perceptron": "Output of a multilayer perceptron",
    "gradient_boosting": "Half the log odds of Spark's gradient-boosted trees",
    "linear_svm": "Margin of a linear support vector machine",
    "rbf_svm": "Margin of a linear support vector machine on the Nystroem map of an RBF kernel",
    "pu_bagging": "Mean log odds over bags of positive against unlabelled sources",
    "self_training": "Log odds of trees that also learn from their own certain answers, as long as that helps",
    "isolation_forest": "How soon an isolation forest parts it from the rest, SynapseML",
    "isolation_arrays": "The same by scikit-learn, without jars",
    "robust_distance": "Mahalanobis distance from the inner nine tenths",
    "local_outlier_factor": "Local outlier factor against a reference sample",
    "one_class_svm": "How far outside of a one-class support vector machine on the Nystroem map of an RBF kernel",
    "pca_residual": "What the principal components of nine tenths of the variance leave of it",
}
"""Kinds of models and what their scores are."""

_TARGET = Col("target", "string", "What is sought: the positive class of the labels", ucd="meta.id", nullable=False)
_MODEL = Col("model", "string", "Kind of model", ucd="meta.id", nullable=False)
_MODEL_ID = Col("model_id", "string", "Identifier of the trained model in the registry", ucd="meta.id", nullable=False)
_FOLD = Col("fold", "int", "Fold of its block; null for none", ucd="meta.id.part")

LABELS = Table(
    "labels",
    "What independent evidence says of sources: a class each, with the rule that gave it",
    (
        SURVEY,
        ID,
        TILE,
        HPX29,
        Col("label", "string", "Class: cold_dwarf, agn, yso, agb, galaxy, star, blend or artefact", ucd="src.class"),
        Col("source", "string", "Catalogue that says so", ucd="meta.id;meta.dataset", nullable=False),
        Col("evidence", "string", "What it rests on there", ucd="meta.note"),
        Col("rule", "string", "Rule that gave it, by name", ucd="meta.id", nullable=False),
        Col("object_id", "bigint", "The object: several rows may be one", ucd="meta.id", nullable=False),
    ),
    key=("survey", "id"),
    partition=("survey",),
    sort=("hpx29", "id"),
    replace_by=("survey",),
    stats=("hpx29", "id"),
)

SPLITS = Table(
    "splits",
    "Fold of every labelled source and of a sample of the others, by blocks of the sky with a ring between",
    (
        SURVEY,
        ID,
        TILE,
        HPX29,
        Col("label", "string", "Class; null for a source of the sample without one", ucd="src.class"),
        Col("object_id", "bigint", "The object: its rows share a fold", ucd="meta.id", nullable=False),
        Col("block", "bigint", "HEALPix pixel, NESTED, of the order of the blocks", ucd="pos.healpix", nullable=False),
        _FOLD,
        Col(
            "buffers",
            "array<int>",
            "Folds whose test it touches: it lies in the ring around a block of theirs, and must not train for them",
            ucd="meta.code",
        ),
        Col("is_calibration", "boolean", "Whether it is kept out of every fit, to calibrate outliers", ucd="meta.code"),
    ),
    key=("survey", "id"),
    partition=("survey",),
    sort=("hpx29", "id"),
    replace_by=("survey",),
    stats=("hpx29", "id"),
)

FEATURE_AUDIT = Table(
    "feature_audit",
    "What each feature and its missing pattern tell of the label alone, and why it is refused",
    (
        SURVEY,
        _TARGET,
        Col("feature", "string", "Feature", ucd="meta.id", nullable=False),
        Col("n", "bigint", "Labelled rows in which it is measured", ucd="meta.number", nullable=False),
        Col(
            "n_positive",
            "bigint",
            "Positives in which it is measured",
            ucd="meta.number",
            nullable=False,
        ),
        Col("n_null", "bigint", "Labelled rows in which it is null", ucd="meta.number", nullable=False),
        Col("auc", "double", "AUC of it alone, whichever way it points", ucd="stat.value"),
        Col("auc_within", "double", "Mean AUC inside blocks of the sky, in that direction", ucd="stat.value"),
        Col("average_precision", "double", "Average precision of it alone", ucd="stat.value"),
        Col("null_auc", "double", "AUC of its missing pattern", ucd="stat.value"),
        Col("null_average_precision", "double", "Average precision of its missing pattern", ucd="stat.value"),
        Col("null_auc_labelled", "double", "AUC of that pattern for labelled against other rows", ucd="stat.value"),
        Col("digit_auc", "double", "AUC of the number of its decimals", ucd="stat.value"),
        Col("lineage", "string", "Columns that it shares with the rule of the label", ucd="meta.note"),
        Col("ground", "string", "Why it is refused; empty where it is not", ucd="meta.note"),
    ),
    key=("survey", "target", "feature"),
    partition=("survey",),
    sort=("target", "feature"),
    replace_by=("survey", "target"),
)

OUT_OF_FOLD = Table(
    "out_of_fold",
    "Score of every training source by a model that has seen neither its block nor the ring around it",
    (
        SURVEY,
        _TARGET,
        _MODEL,
        _MODEL_ID,
        ID,
        HPX29,
        _FOLD,
        Col("is_positive", "boolean", "Whether it is of the target class; null without a label", ucd="meta.code"),
        Col("score", "double", "Raw score, greater for the target", ucd="stat.value"),
        Col("probability", "double", "Calibrated on the other folds", ucd="stat.probability", range=(0, 1)),
    ),
    key=("survey", "target", "model", "id"),
    partition=("survey",),
    sort=("model", "hpx29", "id"),
    replace_by=("survey", "target", "model"),
)

MODEL_MEASURES = Table(
    "model_measures",
    "How good each model is on blocks that it has not seen, with 95 per cent intervals over blocks",
    (
        SURVEY,
        _TARGET,
        _MODEL,
        _MODEL_ID,
        Col(
            "measure",
            "string",
            "average_precision, auc, precision_at_k, recall_at_k, class_prior",
            ucd="meta.id",
            nullable=False,
        ),
        Col("value", "double", "Value", ucd="stat.value"),
        Col("low", "double", "2.5 per cent of the bootstrap over blocks", ucd="stat.value;stat.min"),
        Col("high", "double", "97.5 per cent", ucd="stat.value;stat.max"),
        Col("n_positive", "bigint", "Positives", ucd="meta.number", nullable=False),
        Col("n", "bigint", "Rows", ucd="meta.number", nullable=False),
    ),
    key=("survey", "target", "model", "measure"),
    partition=("survey",),
    sort=("model", "measure"),
    replace_by=("survey", "target", "model"),
)

SCORES = Table(
    "scores",
    "What every model says of every source",
    (
        SURVEY,
        TILE,
        HPX29,
        ID,
        Col("stratum", "int", "Stratum of latitude and W2", ucd="meta.code", nullable=False),
        *(Col(name, "float", f"{doc}; null where it does not score", ucd="stat.value") for name, doc in MODELS.items()),
        Col("model_ids", "map<string,string>", "Model to its identifier in the registry", ucd="meta.id"),
        Col("dictionary", "string", "Hash of the feature dictionary", ucd="meta.version", nullable=False),
    ),
    key=("survey", "id"),
    partition=("survey", "tile"),
    sort=("hpx29", "id"),
    replace_by=("survey", "tile"),
    stats=("hpx29", "id"),
)

STANDINGS = Table(
    "standings",
    "The sources that stand highest by all models together, each against its stratum",
    (
        SURVEY,
        Col("position", "int", "1 for the highest Borda mean; ties by id", ucd="meta.number", nullable=False),
        ID,
        TILE,
        HPX29,
        Col("stratum", "int", "Stratum of latitude and W2", ucd="meta.code", nullable=False),
        Col("borda", "double", "Mean over models of the percentile rank in the stratum", ucd="stat.value"),
        Col("disagreement", "double", "Greatest less least of these ranks", ucd="stat.value"),
        Col(
            "ranks", "map<string,float>", "Model to the percentile rank in the stratum, 1 for the top", ucd="stat.value"
        ),
        Col("scores", "map<string,float>", "Model to its score", ucd="stat.value"),
        Col("model_ids", "map<string,string>", "Model to its identifier in the registry", ucd="meta.id"),
        Col("p_outlier", "double", "Conformal p of the outlier score in its stratum", ucd="stat.probability"),
        Col("q_outlier", "double", "False-discovery rate at which it would be claimed strange", ucd="stat.probability"),
        Col("n_calibration", "bigint", "Sources that calibrate its stratum", ucd="meta.number"),
        Col("probability", "double", "Mean of the calibrated probabilities of the target", ucd="stat.probability"),
        Col(
            "expected_false_positives",
            "double",
            "Sources among this and all that stand higher that are expected not to be of the target",
            ucd="meta.number",
        ),
        Col("trained_as", "string", "Label under which it trained the models; null for none", ucd="meta.note"),
        Col("vetoes", "array<string>", "Surveys that show a counterpart: to know of, not decisive", ucd="meta.code"),
        Col(
            "reasons",
            "array<string>",
            "Features that speak for it most, with their part of the log odds",
            ucd="meta.note",
        ),
        Col("dictionary", "string", "Hash of the feature dictionary", ucd="meta.version", nullable=False),
    ),
    key=("survey", "id"),
    partition=("survey",),
    sort=("position",),
    replace_by=("survey",),
    stats=("position", "id"),
)

CLUSTERED = Table(
    "clustered",
    "The group of each source of a reference sample, and its place on a map of two dimensions",
    (
        SURVEY,
        ID,
        HPX29,
        Col("stratum", "int", "Stratum of latitude and W2", ucd="meta.code", nullable=False),
        Col("cluster", "int", "Group, as `clusters` describes it; -1 for none", ucd="meta.id", nullable=False),
        Col("x", "double", "Place on the map: near is alike, distances say nothing", ucd="stat.value"),
        Col("y", "double", "The other coordinate", ucd="stat.value"),
        Col("label", "string", "What independent evidence says; null for nothing", ucd="src.class"),
    ),
    key=("survey", "id"),
    partition=("survey",),
    sort=("cluster", "hpx29", "id"),
    replace_by=("survey",),
)

CLUSTERS = Table(
    "clusters",
    "Groups among the sources of a reference sample, and whether they are more than chance",
    (
        SURVEY,
        Col("cluster", "int", "Number of the group; -1 for the sources of none", ucd="meta.id", nullable=False),
        Col("n", "bigint", "Sources", ucd="meta.number", nullable=False),
        Col("stability", "double", "Mean Jaccard index with its like in drawn samples", ucd="stat.value", range=(0, 1)),
        Col("greatest_by_chance", "double", "The same of the best group among shuffled columns", ucd="stat.value"),
        Col("n_by_chance", "int", "Groups among shuffled columns", ucd="meta.number"),
        Col("is_group", "boolean", "Whether it is steadier than 0.6 and than any by chance", ucd="meta.code"),
        Col("label", "string", "Commonest label in it", ucd="src.class"),
        Col("label_share", "double", "Share of its labelled sources that have it", ucd="stat.value", range=(0, 1)),
        Col("n_labelled", "bigint", "Labelled sources", ucd="meta.number", nullable=False),
    ),
    key=("survey", "cluster"),
    partition=("survey",),
    sort=("cluster",),
    replace_by=("survey",),
)
