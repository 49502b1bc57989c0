"""Learners that are arrays: a kernel machine, a perceptron, and outlier models in several sorts."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import LedoitWolf
from sklearn.decomposition import PCA
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import SGDOneClassSVM
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.neighbors import LocalOutlierFactor
from sklearn.neural_network import MLPClassifier
from sklearn.svm import LinearSVC

from tasni_spark.core.files import Folder
from tasni_spark.models import trees
from tasni_spark.models.learner import Floats, Ints, Learner, Matrix, Sizes, read, write

OUTSIDE = 0.05
"""Share of the reference rows that a one-class machine may leave outside."""
EXPLAINED = 0.9
"""Share of the variance whose components are what is usual; the rest of a row is strange."""


def _fit_rbf(x: Matrix, y: Floats, w: Floats, _: Ints, sizes: Sizes, __: Any) -> dict[str, NDArray[Any]]:
    """A linear support vector machine on the Nystroem map of an RBF kernel: its cost is linear in rows."""
    kernel = _kernel(x, sizes)
    linear = LinearSVC(C=1.0, random_state=sizes.seed, dual=False, tol=1e-3).fit(kernel.transform(x), y > 0.5, w)
    return _mapped(kernel, linear.coef_[0], linear.intercept_)


def _kernel(x: Matrix, sizes: Sizes) -> Any:
    n = min(sizes.components, len(x))
    return Nystroem(gamma=1.0 / x.shape[1], n_components=n, random_state=sizes.seed).fit(x)


def _mapped(kernel: Any, coefficients: Floats, intercept: Floats) -> dict[str, NDArray[Any]]:
    """A linear function on the map of a kernel."""
    return {
        "components": kernel.components_,
        "map": kernel.normalization_.T @ coefficients,
        "intercept": np.atleast_1d(intercept),
        "gamma": np.array([kernel.gamma]),
    }


def _score_rbf(model: trees.Arrays, x: Matrix) -> Floats:
    return np.asarray(
        rbf_kernel(x, model["components"], gamma=model["gamma"][0]) @ model["map"] + model["intercept"][0]
    )


def _fit_perceptron(x: Matrix, y: Floats, w: Floats, _: Ints, sizes: Sizes, __: Any) -> dict[str, NDArray[Any]]:
    """A multilayer perceptron, by Adam until a tenth of the rows, kept aside, gains no more.

    Notes
    -----
    pyspark.ml's takes no weights, and ten iterations of its L-BFGS 81 CPU-seconds, where this whole fit takes 10
    (512-256-128, 12,000 rows of 64 features).
    """
    wanted = {"hidden_layer_sizes": sizes.layers, "early_stopping": True, "random_state": sizes.seed}
    fitted = MLPClassifier(**wanted).fit(x, y > 0.5, w)
    layers = enumerate(zip(fitted.coefs_, fitted.intercepts_, strict=True))
    return {f"{name}{k}": v for k, layer in layers for name, v in zip(("weight", "bias"), layer, strict=True)}


def _score_perceptron(model: trees.Arrays, x: Matrix) -> Floats:
    """The log odds."""
    last, out = len(model) // 2 - 1, x.astype(np.float64)
    for k in range(last):
        out = np.maximum(out @ model[f"weight{k}"] + model[f"bias{k}"], 0.0)
    return np.asarray((out @ model[f"weight{last}"] + model[f"bias{last}"])[:, 0])


def _fit_distance(x: Matrix, _: Floats, __: Floats, ___: Ints, sizes: Sizes, ____: Any) -> dict[str, NDArray[Any]]:
    """Mahalanobis distance with a covariance of the inner nine tenths, shrunk (Ledoit and Wolf 2004): a baseline."""
    inner = x
    for _round in range(3):
        fitted = LedoitWolf().fit(inner)
        d = fitted.mahalanobis(x)
        inner = x[d <= np.quantile(d, 0.9)]
    return {"centre": fitted.location_, "precision": fitted.precision_}


def _score_distance(model: trees.Arrays, x: Matrix) -> Floats:
    off = x.astype(np.float64) - model["centre"]
    return np.asarray(np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", off, model["precision"], off), 0.0)))


def _fit_lof(x: Matrix, _: Floats, __: Floats, ___: Ints, sizes: Sizes, ____: Any) -> dict[str, NDArray[Any]]:
    """Local outlier factor (Breunig et al. 2000, 10.1145/342009.335388): it is its reference rows."""
    rows = np.random.default_rng(sizes.seed).permutation(len(x))[:10_000]
    return {"reference": x[np.sort(rows)]}


def _score_lof(model: dict[str, Any], x: Matrix) -> Floats:
    if "fitted" not in model:
        model["fitted"] = LocalOutlierFactor(n_neighbors=20, novelty=True).fit(model["reference"])
    return np.asarray(-model["fitted"].score_samples(x))


def _fit_one_class(x: Matrix, _: Floats, __: Floats, ___: Ints, sizes: Sizes, ____: Any) -> dict[str, NDArray[Any]]:
    """A one-class support vector machine (Schoelkopf et al. 2001, 10.1162/089976601750264965) on the same map.

    Notes
    -----
    Stochastic gradients in place of the exact solution, whose cost is quadratic; the sign is turned, so that strange
    rows score high.
    """
    kernel = _kernel(x, sizes)
    machine = SGDOneClassSVM(nu=OUTSIDE, random_state=sizes.seed, tol=1e-4).fit(kernel.transform(x))
    return _mapped(kernel, -machine.coef_, machine.offset_)


def _fit_pca(x: Matrix, _: Floats, __: Floats, ___: Ints, sizes: Sizes, ____: Any) -> dict[str, NDArray[Any]]:
    """Principal components that hold EXPLAINED of the variance: what they leave of a row is its score."""
    fitted = PCA(EXPLAINED, svd_solver="full").fit(x.astype(np.float64))
    return {"centre": fitted.mean_, "components": fitted.components_}


def _score_pca(model: trees.Arrays, x: Matrix) -> Floats:
    off = x.astype(np.float64) - model["centre"]
    return np.asarray(np.linalg.norm(off - (off @ model["components"].T) @ model["components"], axis=1))


def _grown(x: Matrix, _: Floats, __: Floats, ___: Ints, sizes: Sizes, ____: Any) -> dict[str, NDArray[Any]]:
    return trees.grown(x, sizes.isolation_trees, sizes.isolation_rows, sizes.seed)


def save(model: Mapping[str, Any], folder: Folder) -> None:
    """The arrays of a model, in one file."""
    content = io.BytesIO()
    np.savez(content, **{k: v for k, v in model.items() if isinstance(v, np.ndarray)})
    write(folder, "model.npz", content.getvalue())


def load(folder: Folder, _: Any) -> dict[str, Any]:
    """What `save` saved."""
    with np.load(io.BytesIO(read(folder, "model.npz")), allow_pickle=False) as stored:
        return dict(stored)


def _arrays(fit: Callable[..., Any], score: Callable[..., Floats], is_outlier: bool = True) -> Learner:
    return Learner(fit, save, load, score=score, is_outlier=is_outlier, is_filled=True)


RBF_SVM = _arrays(_fit_rbf, _score_rbf, is_outlier=False)
PERCEPTRON = _arrays(_fit_perceptron, _score_perceptron, is_outlier=False)
ISOLATION_ARRAYS = _arrays(_grown, trees.strangeness)
ROBUST_DISTANCE = _arrays(_fit_distance, _score_distance)
LOCAL_OUTLIER_FACTOR = _arrays(_fit_lof, _score_lof)
ONE_CLASS_SVM = _arrays(_fit_one_class, _score_rbf)
PCA_RESIDUAL = _arrays(_fit_pca, _score_pca)
