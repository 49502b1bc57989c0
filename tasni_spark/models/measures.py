"""How well an order of sources agrees with a label: pure NumPy, without Spark.

Why: the area under the ROC curve says little where one source in 10^6 counts; average precision and the counts at the
top do. Intervals are bootstraps over blocks of the sky, since sources of one block share depth, crowding and artefacts.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
AT = (100, 1_000, 10_000)
"""Lengths of list at which precision and recall are told."""


def auc(score: Floats, is_positive: Bools) -> float:
    """Area under the ROC curve, ties halved; NaN with one class only.

    Examples
    --------
    >>> auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))
    0.75
    """
    n_pos = int(is_positive.sum())
    n_neg = len(score) - n_pos
    if not n_pos or not n_neg:
        return float("nan")
    ranks = rankdata(score)
    return float((ranks[is_positive].sum() - n_pos * (n_pos + 1) / 2) / (n_pos * n_neg))


def of_flag(flag: Bools, is_positive: Bools) -> tuple[float, float]:
    """Area under the ROC curve and average precision of a score that is yes or no, without sorting.

    Examples
    --------
    >>> of_flag(np.array([True, True, False, False]), np.array([True, False, False, False]))
    (0.8333333333333333, 0.5)
    """
    n, positives = len(flag), int(is_positive.sum())
    if not positives or positives == n:
        return float("nan"), float("nan") if not positives else 1.0
    flagged, hits = int(flag.sum()), int((flag & is_positive).sum())
    share = hits / positives
    area = 0.5 + (share - (flagged - hits) / (n - positives)) / 2
    return area, share * (hits / flagged if flagged else 0.0) + (1 - share) * positives / n


def auc_within(score: Floats, is_positive: Bools, block: Ints) -> float:
    """Mean area under the ROC curve inside blocks, weighted with their pairs; NaN where none has both classes."""
    order = np.lexsort((score, block))
    s, y, b = score[order], is_positive[order], block[order]
    starts = np.flatnonzero(np.r_[True, b[1:] != b[:-1]])
    size = np.diff(np.r_[starts, len(b)])
    tie = np.flatnonzero(np.r_[True, (b[1:] != b[:-1]) | (s[1:] != s[:-1])])
    length = np.diff(np.r_[tie, len(b)])
    rank: Floats = np.repeat(tie + (length + 1) / 2, length) - np.repeat(starts, size)
    n_pos = np.add.reduceat(y.astype(float), starts)
    pairs = n_pos * (size - n_pos)
    total = np.add.reduceat(np.where(y, rank, 0.0), starts) - n_pos * (n_pos + 1) / 2
    return float(total.sum() / pairs.sum()) if pairs.sum() else float("nan")


def average_precision(score: Floats, is_positive: Bools, weight: Floats | None = None) -> float:
    """Area under the curve of precision over recall, as a sum over distinct scores; NaN without a positive.

    Examples
    --------
    >>> round(average_precision(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True])), 4)
    0.8333
    """
    w = np.ones(len(score)) if weight is None else weight
    order = np.argsort(-score, kind="stable")
    s, hit, all_of = score[order], np.cumsum(w[order] * is_positive[order]), np.cumsum(w[order])
    if not len(s) or hit[-1] <= 0:
        return float("nan")
    last = np.flatnonzero(np.r_[s[1:] != s[:-1], True])
    recall = hit[last] / hit[-1]
    return float(np.sum(np.diff(np.r_[0.0, recall]) * hit[last] / np.maximum(all_of[last], 1e-300)))


def at_top(score: Floats, is_positive: Bools, k: int) -> tuple[float, float]:
    """Precision and recall of the first k, ties in the order given; NaN where there are fewer rows."""
    if k > len(score):
        return float("nan"), float("nan")
    hits = float(is_positive[np.argsort(-score, kind="stable")[:k]].sum())
    return hits / k, hits / max(float(is_positive.sum()), 1.0)


def class_prior(score: Floats, label: Floats) -> float:
    """Share of positives among rows without a label, at the score that parts the labelled classes best.

    Parameters
    ----------
    score, label : (n,)
        Label 1, 0, or NaN.

    Notes
    -----
    Of the shares S above a score, S_unlabelled = p S_positive + (1 - p) S_negative: as in Scott 2015 (AISTATS 38, 838),
    with labelled negatives known too. It holds as far as labelled rows are like the unlabelled ones of their class.

    Examples
    --------
    >>> class_prior(np.array([3.0, 2, 0, 1, 3, 0, 1, 0]), np.array([1.0, 1, 0, 0, *[np.nan] * 4]))
    0.25
    """
    groups = [np.sort(score[label == 1]), np.sort(score[label == 0]), np.sort(score[np.isnan(label)])]
    if not all(len(g) for g in groups):
        return float("nan")
    at = np.unique(np.concatenate(groups[:2]))
    positive, negative, unlabelled = (1 - np.searchsorted(g, at, "left") / len(g) for g in groups)
    best = int(np.argmax(positive - negative))
    if positive[best] <= negative[best]:
        return float("nan")
    share = (unlabelled[best] - negative[best]) / (positive[best] - negative[best])
    return float(np.clip(share, 0.0, 1.0))


class Interval(NamedTuple):
    """A value and its 95 per cent interval."""

    value: float
    low: float
    high: float


def over_blocks(
    measure: Callable[[Floats, Any], float],
    score: Floats,
    is_positive: Bools | Floats,
    block: Ints,
    draws: int = 200,
    seed: int = 0,
) -> Interval:
    """A measure with a bootstrap over blocks.

    Parameters
    ----------
    measure
        `f(score, is_positive)`; or of labels, if these are given in its place.
    block : (n,)
        Block of each row: whole blocks are drawn with replacement.
    draws, seed
        Of the bootstrap.
    """
    order = np.argsort(block, kind="stable")
    edges = np.flatnonzero(np.r_[True, np.diff(block[order]) != 0, True])
    parts = [order[a:b] for a, b in itertools.pairwise(edges)]
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(draws):
        rows = np.concatenate([parts[k] for k in rng.integers(0, len(parts), len(parts))])
        found.append(measure(score[rows], is_positive[rows]))
    found = [f for f in found if np.isfinite(f)] or [float("nan")]
    low, high = np.quantile(found, [0.025, 0.975])
    return Interval(measure(score, is_positive), float(low), float(high))
