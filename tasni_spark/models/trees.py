"""An isolation forest as plain arrays: stored without pickle, scored by one compiled loop.

Why: scikit-learn's forest has no format of its own but pickle, which runs whatever a shared path holds. Its trees are a
few numbers a node.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest

Arrays = Mapping[str, NDArray[Any]]


def grown(x: NDArray[np.float32], trees: int, sample: int, seed: int) -> dict[str, NDArray[Any]]:
    """An isolation forest of Liu et al. 2008 (10.1109/ICDM.2008.17), flattened.

    Parameters
    ----------
    x : (n, features)
        Without NaN.
    trees, sample, seed
        Trees, rows a tree, seed.

    Returns
    -------
    dict
        For all nodes of all trees: feature (-1 in a leaf), threshold, left and right child; in a leaf `length`, its
        depth and the mean depth below it; `roots`, and `scale`, the mean depth of the whole.
    """
    forest = IsolationForest(n_estimators=trees, max_samples=min(sample, len(x)), random_state=seed).fit(x)
    parts: dict[str, list[NDArray[Any]]] = {n: [] for n in ("feature", "threshold", "left", "right", "length")}
    roots, first = [], 0
    for tree in forest.estimators_:
        t = tree.tree_
        is_leaf = t.children_left < 0
        depth = np.zeros(t.node_count)
        for node in range(t.node_count):
            if not is_leaf[node]:
                depth[[t.children_left[node], t.children_right[node]]] = depth[node] + 1
        parts["feature"].append(np.where(is_leaf, -1, t.feature).astype(np.int32))
        parts["threshold"].append(t.threshold.astype(np.float64))
        parts["left"].append((t.children_left + first).astype(np.int32))
        parts["right"].append((t.children_right + first).astype(np.int32))
        parts["length"].append(np.where(is_leaf, depth + mean_depth(t.n_node_samples), 0.0))
        roots.append(first)
        first += t.node_count
    found = {n: np.concatenate(p) for n, p in parts.items()}
    return found | {"roots": np.array(roots, np.int32), "scale": mean_depth(np.array([min(sample, len(x))]))}


def mean_depth(n: NDArray[Any]) -> NDArray[np.float64]:
    """Mean depth of an unsuccessful search in a binary tree of n points: 2 H(n - 1) - 2 (n - 1) / n."""
    m = np.maximum(np.asarray(n, np.float64), 2.0)
    exact = 2.0 * (np.log(m - 1.0) + np.euler_gamma) - 2.0 * (m - 1.0) / m
    return np.where(np.asarray(n) > 2, exact, np.where(np.asarray(n) == 2, 1.0, 0.0))


def strangeness(forest: Arrays, x: NDArray[np.float32]) -> NDArray[np.float64]:
    """Scores 2^(-mean depth / scale) of rows without NaN: near 1 for what is isolated at once, 0.5 for the rest."""
    names = ("roots", "feature", "threshold", "left", "right", "length")
    depth = _depths(np.ascontiguousarray(x, np.float32), *(forest[n] for n in names))
    return np.asarray(2.0 ** (-depth / forest["scale"][0]))


@numba.njit(cache=True, nogil=True)
def _depths(x, roots, feature, threshold, left, right, length):  # type: ignore[no-untyped-def]
    found = np.zeros(len(x))
    for root in roots:
        for i in range(len(x)):
            node = root
            while feature[node] >= 0:
                node = left[node] if x[i, feature[node]] <= threshold[node] else right[node]
            found[i] += length[node]
    return found / len(roots)
