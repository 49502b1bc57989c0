"""Fitting one kind of model: chosen features, folds, calibration, measures.

Why: whatever is decided from data, which features, what fills a null, how scores become probabilities, is decided on
rows that the tested fold and the ring around it have no part in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xgboost as xgb
from numpy.typing import NDArray
from pyspark.sql import SparkSession
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from tasni_spark.core.config import opt
from tasni_spark.core.errors import DataError
from tasni_spark.models import measures
from tasni_spark.models.frames import framed
from tasni_spark.models.learner import Sizes
from tasni_spark.models.learners import LEARNERS
from tasni_spark.models.measures import Bools, Floats, Interval
from tasni_spark.models.registry import Filling, Trained, filling
from tasni_spark.models.sample import Rows


@dataclass(frozen=True)
class FitConfig(Sizes):
    """How models are fitted."""

    n_features: int = opt(64, "features a supervised model keeps, by their gain on its training rows; 0 for all")
    rows_per_class: int = opt(20_000, "most training rows of a class, chosen by their identifiers")
    least_isotonic: int = opt(200, "positives from which on isotonic regression calibrates; Platt's below")


class Fitted(NamedTuple):
    """A model and what it said of rows that it had not seen.

    Parameters
    ----------
    trained
        The model on all rows.
    score, probability : (n,)
        Out of fold; NaN for rows of no fold.
    measures
        Name to value and interval over blocks.
    """

    trained: Trained
    score: Floats
    probability: Floats
    measures: Mapping[str, Interval]


def fit(learner: str, rows: Rows, cfg: FitConfig, spark: SparkSession | None) -> Fitted:
    """Fit a model, with out-of-fold scores of every row.

    Parameters
    ----------
    learner
        Key of LEARNERS.
    rows
        Features, labels, folds.

    Raises
    ------
    DataError
        One class only, fewer positives than folds, a constant column, infinities.
    """
    check(rows)
    kind = LEARNERS[learner]
    if kind.is_outlier:
        usual = ~rows.is_calibration & ~rows.has_label
        trained = _trained(learner, rows, usual if usual.any() else ~rows.is_calibration, cfg, spark)
        score = scores(trained, rows.only(trained.names).values, spark)
        return Fitted(trained, score, np.full(len(rows), np.nan), _measured(rows, score, cfg.seed))
    score = np.full(len(rows), np.nan)
    for fold in rows.folds:
        part = _trained(learner, rows, _learns(learner, rows, rows.trains(fold), cfg), cfg, spark)
        at = np.flatnonzero(rows.fold == fold)
        score[at] = scores(part, rows.only(part.names).values[at], spark)
    probability = np.full(len(rows), np.nan)
    for fold in rows.folds:
        knots = calibrated(score, rows.label, rows.fold != fold, cfg)
        at = rows.fold == fold
        probability[at] = np.interp(score[at], knots["x"], knots["y"])
    whole = _trained(learner, rows, _learns(learner, rows, np.ones(len(rows), bool), cfg), cfg, spark)
    knots = calibrated(score, rows.label, np.ones(len(rows), bool), cfg)
    return Fitted(replace(whole, calibrator=knots), score, probability, _measured(rows, score, cfg.seed))


def check(rows: Rows) -> None:
    """Refuse rows that no model can be fitted on.

    Raises
    ------
    DataError
        Saying what is wrong and what to do.
    """
    y = rows.label[rows.has_label] > 0.5
    if y.all() or not y.any():
        raise DataError(f"training: one class only ({y.sum()} positive, {(~y).sum()} negative rows): label both")
    by_fold = np.bincount(rows.fold[rows.label == 1], minlength=len(rows.folds))
    if (by_fold == 0).any():
        raise DataError(
            f"training: {y.sum()} positives leave {(by_fold == 0).sum()} of {len(by_fold)} folds without one: "
            "lower splits.folds, or label more"
        )
    if np.isinf(rows.values).any():
        bad = [n for n, b in zip(rows.names, np.isinf(rows.values).any(0), strict=True) if b]
        raise DataError(f"training: infinite values in {', '.join(bad[:3])}: a null is what was not measured")
    known = ~np.isnan(rows.values)
    low, high = np.where(known, rows.values, np.inf).min(0), np.where(known, rows.values, -np.inf).max(0)
    if flat := [n for n, a, b in zip(rows.names, low, high, strict=True) if a == b]:
        raise DataError(f"training: constant columns say nothing: {', '.join(flat[:3])}: leave them out")


def varying(rows: Rows) -> Rows:
    """The rows without features that are null or constant in all of them."""
    known = ~np.isnan(rows.values)
    low, high = np.where(known, rows.values, np.inf).min(0), np.where(known, rows.values, -np.inf).max(0)
    return rows.only([n for n, a, b in zip(rows.names, low, high, strict=True) if a < b])


def _learns(learner: str, rows: Rows, may: Bools, cfg: FitConfig) -> Bools:
    """Rows of those that may train which do: positives and what the learner sets against them, so many of each."""
    kinds = {"negative": rows.label == 0, "unlabelled": ~rows.has_label & ~rows.is_calibration}
    chosen = np.zeros(len(rows), bool)
    order = np.random.default_rng(cfg.seed).permutation(len(rows))
    for mask in (rows.label == 1, *(kinds[k] for k in LEARNERS[learner].against)):
        at = order[(mask & may)[order]][: cfg.rows_per_class]
        chosen[at] = True
    return chosen


def _trained(learner: str, rows: Rows, which: Bools, cfg: FitConfig, spark: SparkSession | None) -> Trained:
    kind = LEARNERS[learner]
    label = rows.label[which]
    y = np.nan_to_num(label)
    if not kind.is_outlier and not 0 < y.sum() < len(y):
        raise DataError(
            f"training {learner}: a fold leaves {y.sum():.0f} positives of {len(y)} rows: lower splits.folds"
        )
    weight = np.where(y > 0.5, (len(y) - y.sum()) / max(y.sum(), 1), 1.0)
    part = rows if kind.is_outlier else rows.only(chosen(rows, which, y, weight, cfg))
    x = part.values[which]
    if kind.is_filled:
        measured = ~np.isnan(x).all(0)
        part = part.only([n for n, m in zip(part.names, measured, strict=True) if m])
        x = part.values[which]
    empty = Trained(learner, part.names, filling(x, part.names) if kind.is_filled else Filling(), None)
    return replace(empty, model=kind.fit(empty.prepared(x), label, weight, rows.block[which], cfg, spark))


def chosen(rows: Rows, which: Bools, y: Floats, weight: Floats, cfg: FitConfig) -> Sequence[str]:
    """Features of the greatest gain in a small boosted model of the training rows, ties by name; all where few."""
    if not cfg.n_features or len(rows.names) <= cfg.n_features:
        return rows.names

    params = {"max_depth": 4, "eta": 0.2, "colsample_bytree": 0.3, "max_bin": 64, "nthread": 1}
    params |= {"seed": cfg.seed, "verbosity": 0}
    data = xgb.QuantileDMatrix(rows.values[which], y, weight=weight, nthread=1, max_bin=64)
    model = xgb.train(params | {"objective": "binary:logistic", "tree_method": "hist"}, data, 40)
    gain: dict[str, Any] = dict(model.get_score(importance_type="total_gain"))
    order = sorted(range(len(rows.names)), key=lambda k: (-gain.get(f"f{k}", 0.0), rows.names[k]))
    return [rows.names[k] for k in sorted(order[: cfg.n_features])]


def scores(trained: Trained, x: NDArray[np.float32], spark: SparkSession | None) -> Floats:
    """Scores of arrays, whichever way the model works."""
    ready = trained.prepared(x)
    if trained.kind.score:
        return trained.kind.score(trained.model, ready)
    assert trained.kind.scored is not None
    assert spark is not None
    made = trained.kind.scored(trained.model, framed(spark, ready), "score").select("_row", "score")
    table: pd.DataFrame = made.toPandas()
    return np.asarray(table.sort_values("_row")["score"].to_numpy(np.float64))


def calibrated(score: Floats, label: Floats, which: Bools, cfg: FitConfig) -> dict[str, list[float]]:
    """Knots from score to probability: isotonic with many positives, Platt's sigmoid with few."""
    use = which & np.isfinite(label) & np.isfinite(score)
    s, y = score[use], label[use]
    if y.sum() >= cfg.least_isotonic:
        fitted = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(s, y)
        return {"x": fitted.X_thresholds_.tolist(), "y": fitted.y_thresholds_.tolist()}

    middle, spread = float(s.mean()), float(s.std()) or 1.0
    fitted = LogisticRegression(C=1e6).fit((s[:, None] - middle) / spread, y > 0.5)
    grid = np.linspace(s.min() - spread, s.max() + spread, 200)
    return {"x": grid.tolist(), "y": fitted.predict_proba((grid[:, None] - middle) / spread)[:, 1].tolist()}


def _measured(rows: Rows, score: Floats, seed: int) -> dict[str, Interval]:
    """Measures on labelled rows, in a fixed order so that ties do not depend on it."""
    use = rows.has_label & np.isfinite(score)
    s, y, block = score[use], rows.label[use] > 0.5, rows.block[use]
    found: dict[str, Any] = {"average_precision": measures.average_precision, "auc": measures.auc}
    for k in measures.AT:
        if k <= len(s):
            found[f"precision_at_{k}"] = lambda a, b, k=k: measures.at_top(a, b, k)[0]
            found[f"recall_at_{k}"] = lambda a, b, k=k: measures.at_top(a, b, k)[1]
    told = {name: measures.over_blocks(f, s, y, block, seed=seed) for name, f in found.items()}
    asked = np.isfinite(score)
    prior = measures.over_blocks(measures.class_prior, score[asked], rows.label[asked], rows.block[asked], seed=seed)
    return told | {"class_prior": prior}
