"""Ensembles of trees as plain arrays, read from three libraries and scored by one compiled loop.

Why: scoring is what models cost. SynapseML's isolation forest walks boxed nodes; the loops of LightGBM and scikit-learn
take one row at a time and guess at every split. scikit-learn's forest has no format but pickle, which runs whatever a
shared path holds. A tree is a few numbers a node, whoever grew it. Features are float32, which a threshold rounded down
to float32 splits alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest

from tasni_spark.core.errors import ContractError
from tasni_spark.models.learner import Floats, Matrix

Arrays = Mapping[str, NDArray[Any]]
NODE = np.dtype([("threshold", "f4"), ("feature", "i4"), ("child", "i4"), ("missing", "i4")])
"""What a row is asked; the child of a lower value, that of a higher one standing behind it; to which of both, 0 or 1, a
NaN goes."""
_PARTS = ("feature", "threshold", "left", "right", "missing", "value")
_CATEGORICAL, _DEFAULT_LEFT = 1, 2
"""Bits of LightGBM's `decision_type`; the two above them say what is missing (tree.h of LightGBM 3.3)."""
_MISSING_NONE, _MISSING_NAN = 0, 2
_LINKEDIN = re.compile(r"splitAttribute = (\d+), splitValue = ([^,]+),|numInstances = (\d+)")


def flattened(trees: Sequence[Arrays]) -> dict[str, NDArray[Any]]:
    """Trees one after the other.

    Parameters
    ----------
    trees
        For the nodes of each, its root first: `feature` (-1 in a leaf), `threshold`, the highest value that goes
        `left`; children `left` and `right`, counted from the root; `missing`, 1 where a NaN goes right; `value` of a
        leaf.

    Returns
    -------
    dict
        `nodes`, of NODE, `value` of each; `roots` and `depths` of the trees.

    Notes
    -----
    A leaf is its own child, so that rows at different depths can walk side by side.
    """
    sizes = np.array([len(t["feature"]) for t in trees])
    roots = np.cumsum(sizes) - sizes
    nodes, value, depths = zip(*map(_laid_out, trees, roots), strict=True)
    return {"nodes": np.concatenate(nodes), "value": np.concatenate(value), "roots": roots, "depths": np.array(depths)}


def _laid_out(tree: Arrays, first: int) -> tuple[NDArray[Any], Floats, int]:
    """Nodes level by level, both children of one side by side; their values; how many levels lie below the root."""
    n = len(tree["feature"])
    left, right = (tree[side].astype(np.int64) for side in ("left", "right"))
    at, child, depth, used = np.zeros(n, np.int64), np.zeros(n, np.int64), -1, 1
    level = np.zeros(1, np.int64)
    while len(level):
        inner = level[tree["feature"][level] >= 0]
        child[inner] = used + 2 * np.arange(len(inner))
        level = np.stack([left[inner], right[inner]], 1).ravel()
        at[level] = used + np.arange(len(level))
        used, depth = used + len(level), depth + 1
    is_leaf = tree["feature"] < 0
    nodes, value = np.zeros(n, NODE), np.zeros(n)
    nodes["threshold"][at] = np.where(is_leaf, np.inf, tree["threshold"])
    nodes["feature"][at] = np.where(is_leaf, 0, tree["feature"])
    nodes["child"][at] = first + np.where(is_leaf, at, child)
    nodes["missing"][at] = np.where(is_leaf, 0, tree["missing"])
    value[at] = np.where(is_leaf, tree["value"], 0.0)
    return nodes, value, depth


def summed(ensemble: Arrays, x: Matrix) -> Floats:
    """Sum over the trees of the leaf that each row of x (n, features) falls into."""
    parts = (ensemble[n] for n in ("nodes", "value", "roots", "depths"))
    return np.asarray(_summed(np.ascontiguousarray(x, np.float32), *parts))


@numba.njit(cache=True, nogil=True)
def _summed(x, nodes, value, roots, depths):  # type: ignore[no-untyped-def]
    """Eight rows walk side by side, whole trees deep: none waits for another's memory, and nothing is guessed."""
    found, in_eights = np.zeros(len(x)), len(x) - len(x) % 8
    for k in range(len(roots)):
        for i in range(0, in_eights, 8):
            a = b = c = d = e = f = g = h = roots[k]
            for _ in range(depths[k]):
                a = _below(nodes[a], x[i])
                b = _below(nodes[b], x[i + 1])
                c = _below(nodes[c], x[i + 2])
                d = _below(nodes[d], x[i + 3])
                e = _below(nodes[e], x[i + 4])
                f = _below(nodes[f], x[i + 5])
                g = _below(nodes[g], x[i + 6])
                h = _below(nodes[h], x[i + 7])
            for lane, node in enumerate((a, b, c, d, e, f, g, h)):
                found[i + lane] += value[node]
        for i in range(in_eights, len(x)):
            node = roots[k]
            for _ in range(depths[k]):
                node = _below(nodes[node], x[i])
            found[i] += value[node]
    return found


@numba.njit(inline="always")
def _below(node, row):  # type: ignore[no-untyped-def]
    v = row[node.feature]
    return node.child + (np.int32(v > node.threshold) | (np.int32(np.isnan(v)) & node.missing))


def _at_most(limit: Floats) -> NDArray[np.float32]:
    """The greatest float32 that is not above a limit."""
    near = limit.astype(np.float32)
    return np.where(near > limit, np.nextafter(near, np.float32(-np.inf)), near)


# -- LightGBM ---------------------------------------------------------------------------------------------------------


def of_lightgbm(text: str) -> dict[str, NDArray[Any]]:
    """Trees of LightGBM's text format, which sum to the log odds.

    Raises
    ------
    ContractError
        If a split is one that this suite does not train: of categories, or with zeros as nulls.
    """
    trees = []
    for part in text.split("\nTree=")[1:]:
        lines = part.split("\n\n")[0].splitlines()[1:]
        told = dict(line.split("=", 1) for line in lines if "=" in line)
        trees.append(_of_lightgbm({n: np.array(v.split(), float) for n, v in told.items()}))
    return flattened(trees)


def _of_lightgbm(told: Mapping[str, Floats]) -> Arrays:
    leaves = told["leaf_value"]
    if len(leaves) == 1:
        return dict.fromkeys(_PARTS, np.zeros(1)) | {"feature": np.array([-1]), "value": leaves}
    kind = told["decision_type"].astype(int)
    missing = kind >> 2
    if (kind & _CATEGORICAL).any() or not np.isin(missing, (_MISSING_NONE, _MISSING_NAN)).all():
        raise ContractError(
            "LightGBM model: splits of categories or with zeros as nulls, expected neither: train it anew"
        )
    n = len(kind)
    left, right = (np.where(told[c] < 0, n - 1 - told[c], told[c]) for c in ("left_child", "right_child"))
    is_left = np.where(missing == _MISSING_NAN, kind & _DEFAULT_LEFT > 0, told["threshold"] >= 0)
    inner = {"feature": told["split_feature"], "threshold": _at_most(told["threshold"])}
    inner |= {"left": left, "right": right, "missing": ~is_left, "value": np.zeros(n)}
    ends = dict.fromkeys(_PARTS, np.zeros(len(leaves))) | {"feature": np.full(len(leaves), -1), "value": leaves}
    return {k: np.r_[inner[k], ends[k]].astype(float if k in ("threshold", "value") else int) for k in _PARTS}


# -- isolation forests ------------------------------------------------------------------------------------------------


def grown(x: Matrix, trees: int, sample: int, seed: int) -> dict[str, NDArray[Any]]:
    """An isolation forest of Liu et al. 2008 (10.1109/ICDM.2008.17) by scikit-learn.

    Parameters
    ----------
    x : (n, features)
        Without NaN.
    trees, sample, seed
        Trees, rows a tree, seed.

    Returns
    -------
    dict
        What `strangeness` takes.
    """
    forest = IsolationForest(n_estimators=trees, max_samples=min(sample, len(x)), random_state=seed).fit(x)
    found = []
    for tree in (e.tree_ for e in forest.estimators_):
        left, right = tree.children_left, tree.children_right
        feature = np.where(left < 0, -1, tree.feature)
        found.append(_isolating(feature, _at_most(tree.threshold), left, right, tree.n_node_samples))
    return flattened(found) | {"scale": mean_depth(np.array([min(sample, len(x))]))}


def of_linkedin(trees: Sequence[str], sample: int) -> dict[str, NDArray[Any]]:
    """An isolation forest of SynapseML, from what its trees print: nodes, each before those below it.

    Raises
    ------
    ContractError
        If they print otherwise than those of SynapseML 1.1.3.

    Notes
    -----
    A value goes left below a split, not at it, and two rows are no exception in `mean_depth`.
    """
    found = []
    for text in trees:
        told = _LINKEDIN.findall(text)
        feature = np.array([int(f) if f else -1 for f, _, _ in told])
        if 2 * (feature >= 0).sum() + 1 != len(told):
            raise ContractError(f"isolation forest: a tree prints as '{text[:80]}', not as SynapseML 1.1.3 has it")
        below = np.nextafter(np.array([float(v) if v else 0.0 for _, v, _ in told]), -np.inf)
        rows = np.array([int(n) if n else 0 for _, _, n in told])
        left = np.arange(1, len(told) + 1)
        right, waiting = np.zeros(len(told), int), []
        for node in range(len(told) - 1):
            if feature[node] >= 0:
                waiting.append(node)
            else:
                right[waiting.pop()] = node + 1
        found.append(_isolating(feature, _at_most(below), left, right, rows, least=2))
    return flattened(found) | {"scale": mean_depth(np.array([sample]), 2)}


def _isolating(
    feature: NDArray[Any],
    threshold: NDArray[Any],
    left: NDArray[Any],
    right: NDArray[Any],
    rows: NDArray[Any],
    least: int = 3,
) -> Arrays:
    """A tree whose leaves tell how deep they lie, and how deep the rows in them would still be sorted."""
    depth = np.zeros(len(feature))
    for node in np.flatnonzero(feature >= 0):
        depth[[left[node], right[node]]] = depth[node] + 1
    value = np.where(feature < 0, depth + mean_depth(rows, least), 0.0)
    return dict(zip(_PARTS, (feature, threshold, left, right, np.zeros(len(feature)), value), strict=True))


def mean_depth(n: NDArray[Any], least: int = 3) -> Floats:
    """Mean depth of an unsuccessful search in a binary tree of n points: 2 H(n - 1) - 2 (n - 1) / n from `least` on.

    Notes
    -----
    H is approximated by ln n and Euler's constant, which gives 0.15 for 2 points; scikit-learn has 1 there.
    """
    m = np.maximum(np.asarray(n, np.float64), 2.0)
    exact = 2.0 * (np.log(m - 1.0) + np.euler_gamma) - 2.0 * (m - 1.0) / m
    return np.where(np.asarray(n) >= least, exact, np.where(np.asarray(n) == 2, 1.0, 0.0))


def strangeness(forest: Arrays, x: Matrix) -> Floats:
    """Scores 2^(-mean depth / scale) of rows without NaN: near 1 for what is isolated at once, 0.5 for the rest."""
    depth = summed(forest, x) / len(forest["roots"])
    return np.asarray(2.0 ** (-depth / forest["scale"][0]))
