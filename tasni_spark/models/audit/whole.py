"""What no single column shows: copies across folds, a label of few questions or of a place, shuffled labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier

from tasni_spark.models.audit.rules import AuditConfig, Sample
from tasni_spark.models.measures import Bools, Floats, Ints, auc, auc_within, average_precision


def of_the_whole(
    sample: Sample, has_label: Bools, y: Bools, columns: Sequence[int], cfg: AuditConfig
) -> Iterator[tuple[str, float, str]]:
    """(name, number, ground or nothing) of what no single column shows."""
    block = sample.block[has_label]
    fold = folds(block, cfg.folds, cfg.seed)
    repeated = split_objects(sample.identity[has_label], fold)
    twins = split_objects(_row_hashes(sample.values[has_label]), fold)
    yield "n_split_objects", repeated, _if(repeated, f"{repeated} objects lie in more than one fold: an id is repeated")
    yield "n_split_twins", twins, _if(twins, f"{twins} rows have an equal twin in another fold: copies of one object")
    usable = [k for k in columns if _varies(sample.values[has_label, k])]
    x = np.nan_to_num(sample.values[has_label][:, usable], nan=-1e6)
    held_out = _held_out(
        DecisionTreeClassifier(max_depth=3, random_state=cfg.seed, class_weight="balanced"), x, y, fold
    )
    tree, ap = auc(held_out, y), average_precision(held_out, y)
    is_formula = y.sum() >= cfg.least_positive and ap > cfg.greatest_precision
    ground = f"three questions give the label away (average precision {ap:.4f} in blocks not seen)"
    yield "tree_auc", tree, _if(is_formula, ground)
    xyz = sample.xyz[has_label]
    known = np.isfinite(xyz).all(1)
    if known.sum() > cfg.least_per_class:
        anywhere = np.random.default_rng(cfg.seed).integers(0, cfg.folds, int(known.sum()))
        places = DecisionTreeClassifier(max_depth=8, min_samples_leaf=20, random_state=cfg.seed)
        sky = auc(_held_out(places, xyz[known], y[known], anywhere), y[known])
        yield "sky_auc", sky, _if(sky > cfg.greatest_sky_auc, f"the position alone predicts the label (AUC {sky:.3f})")
    shuffled = y[_shuffled_within(block, cfg.seed)]
    held_out = _held_out(DecisionTreeClassifier(max_depth=3, random_state=cfg.seed), x, shuffled, fold)
    control = auc_within(held_out, shuffled, block)
    noise = 4.0 * np.sqrt((len(y) + 1) / (12.0 * max(y.sum(), 1) * max((~y).sum(), 1)))
    yield (
        "shuffled_auc",
        control,
        _if(
            abs(control - 0.5) > max(noise, 0.05),
            f"labels shuffled inside blocks are still predicted (AUC {control:.3f})",
        ),
    )


def _if(condition: object, ground: str) -> str:
    return ground if condition else ""


def _varies(x: NDArray[np.float32]) -> bool:
    good = x[~np.isnan(x)]
    return len(good) > 0 and bool((good != good[0]).any() or len(good) < len(x))


def folds(block: Ints, n: int, seed: int) -> Ints:
    """Fold of each row: whole blocks, dealt by their size so that folds are about equal."""
    blocks, at, size = np.unique(block, return_inverse=True, return_counts=True)
    order = np.lexsort((np.random.default_rng(seed).random(len(blocks)), -size))
    load, fold = np.zeros(n), np.zeros(len(blocks), np.int64)
    for k in order:
        fold[k] = int(np.argmin(load))
        load[fold[k]] += size[k]
    return np.asarray(fold[at])


def split_objects(identity: Ints, fold: Ints) -> int:
    """How many objects have rows in more than one fold."""
    order = np.lexsort((fold, identity))
    i, f = identity[order], fold[order]
    changes = (i[1:] == i[:-1]) & (f[1:] != f[:-1])
    return len(np.unique(i[1:][changes]))


def _row_hashes(values: NDArray[np.float32]) -> Ints:
    """One number a row; rows with fewer than four values have numbers of their own, as they say too little."""
    weights = np.random.default_rng(0).integers(1, 2**62, values.shape[1], dtype=np.int64) | 1
    bits = np.ascontiguousarray(values).view(np.int32).astype(np.int64)
    known = ~np.isnan(values)
    with np.errstate(over="ignore"):
        found: Ints = np.where(known, bits * weights, 0).sum(1)
    few = known.sum(1) < 4
    found[few] = -np.arange(few.sum()) - 1
    return found


def _held_out(model: object, x: NDArray[np.float32] | Floats, y: Bools, fold: Ints) -> Floats:
    """Scores of rows by a model that has not seen their fold."""
    score = np.full(len(y), y.mean())
    for k in np.unique(fold):
        train, test = fold != k, fold == k
        if 0 < y[train].sum() < train.sum():
            score[test] = model.fit(x[train], y[train]).predict_proba(x[test])[:, 1]  # type: ignore[attr-defined]
    return score


def _shuffled_within(block: Ints, seed: int) -> Ints:
    """A permutation that leaves every row in its block."""
    order = np.argsort(block, kind="stable")
    mixed = np.lexsort((np.random.default_rng(seed).random(len(block)), block))
    found = np.empty(len(block), np.int64)
    found[order] = mixed
    return found
