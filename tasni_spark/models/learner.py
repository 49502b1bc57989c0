"""What a kind of model is, how large models are, and where their artefacts lie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import DataFrame, SparkSession

from tasni_spark.core.config import opt
from tasni_spark.core.files import Folder

Matrix = NDArray[np.float32]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Sizes:
    """How large models are: the defaults are those of a real search, tests ask for less."""

    lightgbm_trees: int = opt(300, "trees of LightGBM, and of its stand-in, Spark's gradient-boosted trees, a tenth")
    xgboost_trees: int = opt(1000, "trees of XGBoost")
    forest_trees: int = opt(1000, "trees of the random forest")
    layers: tuple[int, ...] = opt((512, 256, 128), "hidden layers of the perceptron")
    isolation_trees: int = opt(200, "trees of the isolation forest")
    isolation_rows: int = opt(256, "rows that each of these sees")
    components: int = opt(300, "components of the Nystroem map of the RBF kernel")
    bags: int = opt(20, "bags of positive-unlabelled learning")
    rounds: int = opt(5, "most rounds of self-training")
    seed: int = opt(1, "of everything")


class Learner(NamedTuple):
    """A kind of model.

    Parameters
    ----------
    fit
        `f(x, y, w, block, sizes, spark)`: a model; y is 1, 0 or NaN for rows without a label.
    save, load
        `f(model, folder)`, `f(folder, spark)`.
    score
        For arrays `f(model, x)`; None for a model that scores frames.
    scored
        For frames `f(model, frame with _x, name)`; None for one that scores arrays.
    is_outlier
        Whether it learns what is usual, without labels.
    is_filled
        Whether it needs rows without NaN, on a common scale.
    against
        What stands against the positives when it is fitted: negatives, unlabelled rows, or both.
    """

    fit: Callable[..., Any]
    save: Callable[[Any, Folder], None]
    load: Callable[[Folder, SparkSession | None], Any]
    score: Callable[[Any, Matrix], Floats] | None = None
    scored: Callable[[Any, DataFrame, str], DataFrame] | None = None
    is_outlier: bool = False
    is_filled: bool = False
    against: tuple[str, ...] = ("negative",)


def write(folder: Folder, name: str, content: bytes) -> None:
    """A file of an artefact."""
    folder.system.create_dir(folder.path, recursive=True)
    with folder.system.open_output_stream(f"{folder.path}/{name}") as stream:
        stream.write(content)


def read(folder: Folder, name: str) -> bytes:
    """What `write` wrote."""
    with folder.system.open_input_stream(f"{folder.path}/{name}") as stream:
        return bytes(stream.read())
