"""Learners of gradient-boosted trees by XGBoost: supervised, positive-unlabelled, self-training."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import xgboost as xgb
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression

from tasni_spark.core.files import Folder
from tasni_spark.models.learner import Floats, Ints, Learner, Matrix, Sizes, read, write
from tasni_spark.models.measures import Bools, average_precision

HOLDOUT = 5
"""One block in so many judges the rounds of self-training and trains none."""
FOLDS = 3
CERTAIN = (0.01, 0.95)
"""Calibrated probabilities below and above which an unlabelled row is taken at its word."""


def _boosted(x: Matrix, y: Floats, w: Floats, n: int, seed: int) -> Any:
    params: dict[str, Any] = {"max_depth": 6, "eta": 0.05, "subsample": 0.8, "colsample_bytree": 0.5}
    params |= {"nthread": 1, "seed": seed, "objective": "binary:logistic", "tree_method": "hist", "verbosity": 0}
    return xgb.train(params, xgb.QuantileDMatrix(x, y, weight=w, nthread=1), n)


def _fit_xgboost(x: Matrix, y: Floats, w: Floats, _: Ints, sizes: Sizes, __: Any) -> list[Any]:
    return [_boosted(x, y, w, sizes.xgboost_trees, sizes.seed)]


def _fit_pu(x: Matrix, y: Floats, _: Floats, __: Ints, sizes: Sizes, ___: Any) -> list[Any]:
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


def _fit_self(x: Matrix, y: Floats, _: Floats, block: Ints, sizes: Sizes, __: Any) -> list[Any]:
    """Self-training (Scudder 1965, 10.1109/TIT.1965.1053799) that stops as soon as blocks kept out say so.

    Notes
    -----
    A round asks unlabelled rows of every model that has not seen their blocks, calibrates the answers on labelled rows
    of the same sort, and takes the certain ones as labels; it stands only if average precision in the blocks kept out
    rises. Otherwise the rounds before it made the model, or none did: then it is plain XGBoost.
    """
    part = np.unique(block, return_inverse=True)[1]
    is_known, is_kept_out = np.isfinite(y), part % HOLDOUT == 0
    told, accepted, best, n = y, y, -1.0, max(sizes.xgboost_trees // 4, 5)
    judged = is_kept_out & is_known
    for _round in range(sizes.rounds + 1):
        model = _balanced(x, told, ~is_kept_out, n, sizes.seed)
        found = average_precision(_score([model], x[judged]), y[judged] > 0.5) if judged.any() else -1.0
        if not found > best:
            break
        best, accepted = found, told
        told = _taken(x, y, told, np.where(is_kept_out, -1, part % FOLDS), n, sizes.seed)
        if np.array_equal(told, accepted, equal_nan=True):
            break
    return [_balanced(x, accepted, np.ones(len(y), bool), sizes.xgboost_trees, sizes.seed)]


def _balanced(x: Matrix, y: Floats, which: Bools, n: int, seed: int) -> Any:
    """Trees on the rows that have a label, both classes of the same weight."""
    use = which & np.isfinite(y)
    positive = y[use] > 0.5
    weight = np.where(positive, (~positive).sum() / max(positive.sum(), 1), 1.0)
    return _boosted(x[use], y[use], weight, n, seed)


def _taken(x: Matrix, y: Floats, told: Floats, fold: Ints, n: int, seed: int) -> Floats:
    """Labels, given and taken; no more rows of a class are taken than are known."""
    p = np.full(len(y), np.nan)
    for k in range(FOLDS):
        here, others = fold == k, (fold != k) & (fold >= 0)
        if here.any() and 0 < (told[others] > 0.5).sum() < np.isfinite(told[others]).sum():
            p[here] = expit(_score([_balanced(x, told, others, n, seed)], x[here]))
    use, asked = np.isfinite(y) & np.isfinite(p), np.isnan(y) & np.isfinite(p)
    if not 0 < (y[use] > 0.5).sum() < use.sum() or not asked.any():
        return told
    step = IsotonicRegression(out_of_bounds="clip").fit(p[use], y[use])
    certain = np.full(len(y), np.nan)
    certain[asked] = step.predict(p[asked])
    new = y.copy()
    for label, order, is_sure in (
        (1.0, np.argsort(-np.nan_to_num(p, nan=-1.0), kind="stable"), certain >= CERTAIN[1]),
        (0.0, np.argsort(np.nan_to_num(p, nan=2.0), kind="stable"), certain <= CERTAIN[0]),
    ):
        new[order[is_sure[order]][: int((y == label).sum())]] = label
    return new


def _save(models: Sequence[Any], folder: Folder) -> None:
    text = "[" + ",".join(m.save_raw("json").decode() for m in models) + "]"
    write(folder, "model.json", text.encode())


def _load(folder: Folder, _: Any) -> list[Any]:
    found = []
    for stored in json.loads(read(folder, "model.json")):
        booster = xgb.Booster({"nthread": 1})
        booster.load_model(bytearray(json.dumps(stored).encode()))
        found.append(booster)
    return found


def _score(models: Sequence[Any], x: Matrix) -> Floats:
    return np.asarray(np.mean([m.inplace_predict(x, predict_type="margin") for m in models], 0), np.float64)


XGBOOST = Learner(_fit_xgboost, _save, _load, score=_score)
PU_BAGGING = Learner(_fit_pu, _save, _load, score=_score, against=("unlabelled",))
SELF_TRAINING = Learner(_fit_self, _save, _load, score=_score, against=("negative", "unlabelled"))
