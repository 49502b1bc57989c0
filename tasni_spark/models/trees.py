"""Ensembles of trees as plain arrays, read from three libraries and scored by one compiled loop.

Why: scoring is what models cost. SynapseML's isolation forest walks boxed nodes, and LightGBM's own loop is half as
fast as this one; scikit-learn's forest has no format but pickle, which runs whatever a shared path holds. A tree is a
few numbers a node, whoever grew it. Features are float32, which a threshold rounded down to float32 splits alike.
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

Arrays = Mapping[str, NDArray[Any]]
Matrix = NDArray[np.float32]
Floats = NDArray[np.float64]

_NODES = {"feature": "i4", "threshold": "f4", "left": "i4", "right": "i4", "missing": "i4", "value": "f8"}
_IS_CATEGORY, _NULL_IS_LEFT, _NULL_IS_ZERO, _NULL_IS_APART = 1, 2, 0, 2
_LINKEDIN = re.compile(r"splitAttribute = (\d+), splitValue = ([^,]+),|numInstances = (\d+)")


def flattened(trees: Sequence[Arrays]) -> dict[str, NDArray[Any]]:
    """Trees one after the other.

    Parameters
    ----------
    trees
        For the nodes of each, its root first: `feature` (-1 in a leaf), `threshold`, the highest value that goes
        `left`, children `left`, `right` and `missing`, where a NaN goes, counted from the root; `value` of a leaf.

    Returns
    -------
    dict
        The same for all nodes, children counted from the first root; `roots`.
    """
    sizes = np.array([len(t["feature"]) for t in trees])
    first = np.cumsum(sizes) - sizes
    shift = np.repeat(first, sizes)
    whole = {n: np.concatenate([t[n] for t in trees]) for n in _NODES}
    whole |= {n: whole[n] + shift for n in ("left", "right", "missing")}
    return {n: whole[n].astype(t) for n, t in _NODES.items()} | {"roots": first.astype(np.int32)}


def summed(ensemble: Arrays, x: Matrix) -> Floats:
    """Sum over the trees of the leaf that each row of x (n, features) falls into."""
    return np.asarray(_summed(np.ascontiguousarray(x, np.float32), *(ensemble[n] for n in ("roots", *_NODES))))


@numba.njit(cache=True, nogil=True)
def _summed(x, roots, feature, threshold, left, right, missing, value):  # type: ignore[no-untyped-def]
    found = np.zeros(len(x))
    for root in roots:
        for i in range(len(x)):
            node = root
            while feature[node] >= 0:
                v = x[i, feature[node]]
                if v <= threshold[node]:
                    node = left[node]
                elif v > threshold[node]:
                    node = right[node]
                else:
                    node = missing[node]
            found[i] += value[node]
    return found


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
        If a split is one that this suite does not train: of categories, or with zeros for nulls.
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
        nothing = np.zeros(1)
        return dict.fromkeys(_NODES, nothing) | {"feature": np.array([-1]), "value": leaves}
    kind = told["decision_type"].astype(int)
    null = kind >> 2
    if (kind & _IS_CATEGORY).any() or not np.isin(null, (_NULL_IS_ZERO, _NULL_IS_APART)).all():
        raise ContractError("LightGBM model: splits of categories or with zeros for nulls, expected plain ones")
    n = len(kind)
    left, right = (np.where(told[c] < 0, n - 1 - told[c], told[c]) for c in ("left_child", "right_child"))
    is_left = np.where(null == _NULL_IS_APART, kind & _NULL_IS_LEFT > 0, told["threshold"] >= 0)
    inner = {"feature": told["split_feature"], "threshold": _at_most(told["threshold"])}
    inner |= {"left": left, "right": right, "missing": np.where(is_left, left, right), "value": np.zeros(n)}
    ends = dict.fromkeys(_NODES, np.zeros(len(leaves))) | {"feature": np.full(len(leaves), -1), "value": leaves}
    return {k: np.r_[inner[k], ends[k]] for k in _NODES}


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

    Notes
    -----
    It sends a row left when its value is below a split, and takes 2 rows for a mean depth of 0.15 (`pairs`).
    """
    found = []
    for text in trees:
        told = _LINKEDIN.findall(text)
        feature = np.array([int(f) if f else -1 for f, _, _ in told])
        below = np.nextafter(np.array([float(v) if v else 0.0 for _, v, _ in told]), -np.inf)
        rows = np.array([int(n) if n else 0 for _, _, n in told])
        left = np.arange(1, len(told) + 1)
        right, waiting = np.zeros(len(told), int), []
        for node in range(len(told) - 1):
            if feature[node] >= 0:
                waiting.append(node)
            else:
                right[waiting.pop()] = node + 1
        found.append(_isolating(feature, _at_most(below), left, right, rows, pairs=_LINKEDIN_PAIRS))
    return flattened(found) | {"scale": mean_depth(np.array([sample]), _LINKEDIN_PAIRS)}


def _isolating(
    feature: NDArray[Any],
    threshold: NDArray[Any],
    left: NDArray[Any],
    right: NDArray[Any],
    rows: NDArray[Any],
    pairs: float = 1.0,
) -> Arrays:
    """A tree whose leaves tell how deep they lie, and how deep the rows in them would still be sorted."""
    depth = np.zeros(len(feature))
    for node in np.flatnonzero(feature >= 0):
        depth[[left[node], right[node]]] = depth[node] + 1
    value = np.where(feature < 0, depth + mean_depth(rows, pairs), 0.0)
    return dict(zip(_NODES, (feature, threshold, left, right, left, value), strict=True))


_LINKEDIN_PAIRS = 2.0 * np.euler_gamma - 1.0


def mean_depth(n: NDArray[Any], pairs: float = 1.0) -> Floats:
    """Mean depth of an unsuccessful search in a binary tree of n points: 2 H(n - 1) - 2 (n - 1) / n; `pairs` at 2."""
    m = np.maximum(np.asarray(n, np.float64), 2.0)
    exact = 2.0 * (np.log(m - 1.0) + np.euler_gamma) - 2.0 * (m - 1.0) / m
    return np.where(np.asarray(n) > 2, exact, np.where(np.asarray(n) == 2, pairs, 0.0))


def strangeness(forest: Arrays, x: Matrix) -> Floats:
    """Scores 2^(-mean depth / scale) of rows without NaN: near 1 for what is isolated at once, 0.5 for the rest."""
    depth = summed(forest, x) / len(forest["roots"])
    return np.asarray(2.0 ** (-depth / forest["scale"][0]))
