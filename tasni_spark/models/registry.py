"""The registry: one folder a trained model, with its native artefact, a manifest and a card.

Why: a score is worth what is known about its model. The manifest says what it was trained on, with which dictionary,
seeds and libraries, and how good it was on blocks not seen; its hashes make a changed artefact refuse to score.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pyarrow import fs
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from tasni_spark.core.errors import ContractError, DataError
from tasni_spark.core.files import Folder
from tasni_spark.models.learner import Learner
from tasni_spark.models.learners import LEARNERS
from tasni_spark.tables.features import HASH

LAYOUT = 2
"""Of artefacts: what the models of this edition are stored as."""
PACKAGES = ("pyspark", "synapseml", "xgboost-cpu", "scikit-learn", "numpy")


class Filling(NamedTuple):
    """What a null becomes, and what is subtracted and divided by, a feature each; empty where a learner takes nulls."""

    fill: tuple[float, ...] = ()
    mean: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()


@dataclass(frozen=True)
class Trained:
    """A model and all that scoring needs.

    Parameters
    ----------
    learner
        Key of LEARNERS.
    names
        Features, in the order of the matrix.
    filling
        How nulls are filled and features scaled.
    calibrator
        `x`, `y`: knots from raw score to probability, linear between.
    model
        The native object.
    about
        Further facts of the manifest.
    """

    learner: str
    names: tuple[str, ...]
    filling: Filling
    model: Any = field(compare=False)
    calibrator: Mapping[str, list[float]] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> Learner:
        """Its entry in LEARNERS."""
        return LEARNERS[self.learner]

    def prepared(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Rows as the learner takes them."""
        return filled(x, self.filling) if self.filling.fill else x

    def columns(self) -> list[Column]:
        """The same as columns of a frame of features."""
        if not self.filling.fill:
            return [F.col(n) for n in self.names]
        made = zip(self.names, *self.filling, strict=True)
        return [_clipped((F.coalesce(F.col(n), F.lit(f)) - F.lit(m)) / F.lit(s)) for n, f, m, s in made]

    def probability(self, score: NDArray[Any]) -> NDArray[np.float64]:
        """Calibrated probability; NaN for a model without a calibrator."""
        if not self.calibrator:
            return np.full(len(score), np.nan)
        return np.asarray(np.interp(score, self.calibrator["x"], self.calibrator["y"]))


def _clipped(value: Column) -> Column:
    return F.greatest(F.lit(-20.0), F.least(F.lit(20.0), value))


def filling(x: NDArray[np.float32], names: tuple[str, ...]) -> Filling:
    """Median, mean and scale of training rows.

    Raises
    ------
    DataError
        For a column that is null in all rows.
    """
    known = ~np.isnan(x)
    if not known.any(0).all():
        empty = [n for n, k in zip(names, known.any(0), strict=True) if not k]
        raise DataError(f"training: {', '.join(empty[:3])} null in every training row: leave out its group of features")
    fill = np.nanmedian(x, 0)
    full = np.where(known, x, fill).astype(np.float64)
    low, high = np.quantile(full, [0.01, 0.99], axis=0)
    inner = np.clip(full, low, high)
    scale = inner.std(0)
    scale[scale == 0] = 1.0
    return Filling(*(tuple(float(v) for v in a) for a in (fill, inner.mean(0), scale)))


def filled(x: NDArray[np.float32], how: Filling) -> NDArray[np.float32]:
    """Rows without nulls, on a common scale, far values held at 20 scales."""
    fill, mean, scale = (np.array(v, np.float32) for v in how)
    scaled = (np.where(np.isnan(x), fill, x) - mean) / scale
    return np.asarray(np.clip(scaled, -20.0, 20.0), np.float32)


def home(ops: Folder) -> Folder:
    """The registry of a lake."""
    return ops / "models"


def save(trained: Trained, registry: Folder, survey: str, target: str, card: str) -> str:
    """Store a model; its identifier, the same for the same content, is returned."""
    facts = {
        "learner": trained.learner,
        "survey": survey,
        "target": target,
        "names": list(trained.names),
        "filling": list(trained.filling),
        "calibrator": dict(trained.calibrator),
        "dictionary": HASH,
        "layout": LAYOUT,
        "versions": {p: version(p) for p in PACKAGES},
        **trained.about,
    }
    digest = hashlib.sha256(repr(sorted(facts.items())).encode()).hexdigest()[:12]
    model_id = f"{trained.learner}-{target}-{digest}"
    folder = registry / model_id
    folder.delete_all()
    trained.kind.save(trained.model, folder / "artefact")
    folder.write("manifest.json", {"model_id": model_id, **facts, "sha256": hashes(folder / "artefact")})
    with folder.system.open_output_stream(f"{folder.path}/card.md") as stream:
        stream.write(card.replace("{model_id}", model_id).encode())
    return model_id


def load(registry: Folder, model_id: str, spark: SparkSession | None) -> Trained:
    """A model of the registry, its artefact and dictionary checked.

    Parameters
    ----------
    spark
        None in a worker, which can load those that score arrays.

    Raises
    ------
    DataError
        If it is not there.
    ContractError
        If its artefact was changed, stored by another edition, or trained on other features.
    """
    folder = registry / model_id
    manifest = folder.read("manifest.json")
    if manifest is None:
        raise DataError(f"model {model_id}: not in the registry {registry.uri}: run training")
    if manifest["dictionary"] != HASH:
        raise ContractError(
            f"model {model_id}: trained on feature dictionary {manifest['dictionary']}, this is {HASH}: train it anew"
        )
    if manifest.get("layout") != LAYOUT:
        raise ContractError(f"model {model_id}: stored by another edition of tasni-spark: train it anew")
    found = hashes(folder / "artefact")
    if found != manifest["sha256"]:
        changed = sorted(k for k in {*found, *manifest["sha256"]} if found.get(k) != manifest["sha256"].get(k))
        raise ContractError(
            f"model {model_id}: its artefact is not that of the manifest ({', '.join(changed[:3])}): train it anew"
        )
    about = {k: v for k, v in manifest.items() if k not in ("names", "filling", "calibrator", "learner")}
    model = LEARNERS[manifest["learner"]].load(folder / "artefact", spark)
    numbers = Filling(*map(tuple, manifest["filling"]))
    return Trained(manifest["learner"], tuple(manifest["names"]), numbers, model, manifest["calibrator"], about)


def hashes(folder: Folder) -> dict[str, str]:
    """Hash of each file below a folder, by its path there; check sums that Hadoop adds are left out."""
    found = {}
    for info in folder.system.get_file_info(fs.FileSelector(folder.path, recursive=True)):
        if info.type == fs.FileType.File and not info.base_name.startswith((".", "_")):
            with folder.system.open_input_stream(info.path) as stream:
                found[info.path.removeprefix(f"{folder.path}/")] = hashlib.sha256(stream.read()).hexdigest()
    return found


def current(registry: Folder, survey: str) -> dict[str, str]:
    """Learner to the identifier of its latest model of a survey.

    Raises
    ------
    DataError
        If nothing was trained.
    """
    found = registry.read(f"{survey}.json")
    if not found:
        raise DataError(f"models of {survey}: none in the registry {registry.uri}: run training")
    return dict(found)
