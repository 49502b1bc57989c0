"""The job `training`: fit the wanted models on audited features and keep all that they said of rows not seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from tasni_spark.core.config import opt
from tasni_spark.core.errors import ConfigError, nearest
from tasni_spark.core.plan import Group
from tasni_spark.core.spec import Table
from tasni_spark.core.work import Inputs, Output
from tasni_spark.models import registry
from tasni_spark.models.audit.rules import AuditConfig
from tasni_spark.models.card import card
from tasni_spark.models.fit import FitConfig, Fitted, fit, varying
from tasni_spark.models.learners import LEARNERS
from tasni_spark.models.refereed import of_features, refuse
from tasni_spark.models.sample import Rows, framed, rows_of, wanted
from tasni_spark.tables.models import MODEL_MEASURES, OUT_OF_FOLD


@dataclass(frozen=True)
class TrainingConfig(FitConfig):
    """Section `[training]`."""

    left: str = opt("allwise", "survey whose sources train")
    target: str = opt("cold_dwarf", "class that is sought")
    models: tuple[str, ...] = opt(("lightgbm", "pu_bagging", "isolation_forest"), "kinds of models")
    groups: tuple[str, ...] = opt(
        ("photometric", "multiwavelength", "kinematic", "statistical"), "groups of features for supervised models"
    )
    outlier_groups: tuple[str, ...] = opt(("statistical",), "groups of features for outlier models")

    def __post_init__(self) -> None:
        for name in self.models:
            if name not in LEARNERS:
                raise ConfigError(
                    f"training.models: no model {name}{nearest(name, list(LEARNERS))}; known: {', '.join(LEARNERS)}"
                )

    @property
    def label(self) -> str:
        """Tells the trainings of a run apart."""
        return f"{self.left}-{self.target}"


def scope(cfg: TrainingConfig) -> dict[str, list[str]]:
    """What a run replaces."""
    return {"survey": [cfg.left], "target": [cfg.target], "model": list(cfg.models)}


def training(inputs: Inputs, _: Group, cfg: TrainingConfig) -> Output:
    """Fit, store, and tell.

    Raises
    ------
    QualityError
        If the audit refuses the features.
    """
    names = tuple(dict.fromkeys((*wanted(cfg.groups), *wanted(cfg.outlier_groups))))
    rows = varying(rows_of(inputs, cfg.left, cfg.target, names))
    rules = inputs.read("labels").where(f"survey = '{cfg.left}'").select("rule").distinct().collect()
    verdict = of_features(rows, frozenset(r["rule"] for r in rules), AuditConfig())
    refuse(verdict, f"training on {cfg.left} for {cfg.target}")
    found = {}
    for model in cfg.models:
        groups = cfg.outlier_groups if LEARNERS[model].is_outlier else cfg.groups
        part = rows.only([n for n in wanted(groups) if n in rows.names])
        found[model] = fit(model, part, cfg, inputs.spark)
    pins = {k: v for k, v in inputs.pins.items() if k.partition("@")[0] in ("features", "labels", "splits")}
    ids = {m: _kept(inputs, cfg, rows, f, pins, verdict.facts) for m, f in found.items()}
    inputs.notes["models"] = ids
    told = pd.concat([_out_of_fold(cfg, rows, m, ids[m], f) for m, f in found.items()], ignore_index=True)
    measured = pd.DataFrame([line for m, f in found.items() for line in _measures(cfg, rows, m, ids[m], f)])
    return {t: framed(inputs.spark, d, t) for t, d in ((OUT_OF_FOLD, told), (MODEL_MEASURES, measured))}


def _kept(
    inputs: Inputs,
    cfg: TrainingConfig,
    rows: Rows,
    fitted: Fitted,
    pins: Mapping[str, int],
    facts: Mapping[str, float],
) -> str:
    about = {
        "seed": cfg.seed,
        "reads": dict(pins),
        "n_positive": int((rows.label == 1).sum()),
        "n_negative": int((rows.label == 0).sum()),
        "n_unlabelled": int((~rows.has_label).sum()),
        "folds": {str(int(b)): int(f) for b, f in sorted(set(zip(rows.block, rows.fold, strict=True)))},
        "measures": {n: list(i) for n, i in fitted.measures.items()},
        "audit": dict(facts),
    }
    trained = replace(fitted.trained, about=about)
    home = registry.home(inputs.lake.ops)
    return registry.save(trained, home, cfg.left, cfg.target, card(trained, cfg.left, cfg.target))


def _out_of_fold(cfg: TrainingConfig, rows: Rows, model: str, model_id: str, fitted: Fitted) -> pd.DataFrame:
    is_positive = np.where(rows.has_label, rows.label == 1, None)  # type: ignore[call-overload]
    return pd.DataFrame(
        {
            "survey": cfg.left,
            "target": cfg.target,
            "model": model,
            "model_id": model_id,
            "id": rows.id,
            "hpx29": rows.hpx29,
            "fold": rows.fold.astype(np.int32),
            "is_positive": is_positive,
            "score": fitted.score,
            "probability": fitted.probability,
        }
    )


def _measures(cfg: TrainingConfig, rows: Rows, model: str, model_id: str, fitted: Fitted) -> list[dict[str, Any]]:
    shared = {"survey": cfg.left, "target": cfg.target, "model": model, "model_id": model_id}
    counts = {"n_positive": int((rows.label == 1).sum()), "n": int(rows.has_label.sum())}
    return [shared | {"measure": n, **i._asdict()} | counts for n, i in fitted.measures.items()]


def tell(inputs: Inputs, cfg: TrainingConfig, _: Mapping[str, int], __: Mapping[str, Table]) -> dict[str, Any]:
    """Make these models the ones that score, and say how good they are."""
    home = registry.home(inputs.lake.ops)
    ids = inputs.notes.get("models", {})
    home.write(f"{cfg.left}.json", (home.read(f"{cfg.left}.json") or {}) | ids)
    found = {}
    for model, model_id in ids.items():
        value, low, high = (home / model_id).read("manifest.json")["measures"]["average_precision"]
        found[model] = f"average precision {value:.3f} ({low:.3f} .. {high:.3f}), {model_id}"
    return found
