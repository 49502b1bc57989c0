"""The job `scores`: what every model of the registry says of every source.

Why: scoring all sources is what models cost, training on some thousands is not. So only the columns that models use are
read, models that score frames follow each other in one plan, those that score arrays share one pass of Arrow batches,
and a worker loads each of them once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tasni_spark.core.config import opt
from tasni_spark.core.errors import ContractError, DataError
from tasni_spark.core.files import Folder
from tasni_spark.core.plan import Group
from tasni_spark.core.work import Inputs, Output
from tasni_spark.models import registry
from tasni_spark.models.frames import vector
from tasni_spark.models.registry import Trained
from tasni_spark.tables.features import FEATURE_TABLE, HASH
from tasni_spark.tables.models import MODELS, SCORES

KEYS = ("survey", "tile", "hpx29", "id", "stratum")


@dataclass(frozen=True)
class ScoresConfig:
    """Section `[scores]`."""

    left: str = opt("allwise", "survey whose sources are scored")
    models: tuple[str, ...] = opt((), "kinds of models; none for all that were trained")

    @property
    def label(self) -> str:
        """Tells the surveys of a run apart."""
        return self.left


def scope(cfg: ScoresConfig) -> dict[str, list[str]]:
    """What a run replaces."""
    return {"survey": [cfg.left]}


def chosen(inputs: Inputs, cfg: ScoresConfig) -> dict[str, Any]:
    """Kind to identifier of the models that score, found once for the run.

    Raises
    ------
    DataError
        If one was not trained.
    """
    known = registry.current(registry.home(inputs.lake.ops), cfg.left)
    if missing := [m for m in cfg.models if m not in known]:
        raise DataError(f"scores.models: {', '.join(missing)} not trained for {cfg.left}: run training with it")
    return {"models": {m: known[m] for m in sorted(known) if m in (cfg.models or known)}}


def scores(inputs: Inputs, group: Group, cfg: ScoresConfig) -> Output:
    """Scores of every source of a group of tiles."""
    rows = inputs.read(FEATURE_TABLE.name).where(F.col("survey") == cfg.left)
    rows = rows.where(F.col("tile").isin(list(group.tiles)))
    ids: Mapping[str, str] = inputs.notes["models"]
    home = registry.home(inputs.lake.ops)
    found = scored(rows, [registry.load(home, i, inputs.spark) for i in ids.values()], home, ids)
    made = F.create_map(*[F.lit(word) for pair in ids.items() for word in pair])
    absent = [F.lit(None).cast("float").alias(m) for m in MODELS if m not in ids]
    return {
        SCORES: found.select("*", *absent)
        .withColumns({"model_ids": made, "dictionary": F.lit(HASH)})
        .select(*SCORES.names)
    }


def scored(rows: DataFrame, models: Sequence[Trained], home: Folder, ids: Mapping[str, str]) -> DataFrame:
    """Rows of features with one score a model in place of the features.

    Raises
    ------
    ContractError
        If a feature is not there.
    """
    names = sorted(set().union(*(m.names for m in models)))
    if missing := [n for n in names if n not in rows.columns]:
        raise ContractError(f"features: no column {', '.join(missing[:3])}, which models use: run features again")
    frame = rows.select(*KEYS, *names)
    by_array = [m for m in models if m.kind.score]
    done: list[str] = []
    for model in models:
        if model.kind.scored:
            ready = frame.withColumn("_x", vector(model.columns()))
            frame = model.kind.scored(model.model, ready, model.learner).drop("_x")
            done.append(model.learner)
    if by_array:
        used = sorted(set().union(*(m.names for m in by_array)))
        narrow = frame.select(*KEYS, *done, *used)
        types = dict(narrow.dtypes) | {m.learner: "float" for m in by_array}
        out = [*KEYS, *done, *(m.learner for m in by_array)]
        task = scorer(home.uri, tuple(ids[m.learner] for m in by_array), (*KEYS, *done))
        frame = narrow.mapInArrow(task, ", ".join(f"{n} {types[n]}" for n in out))
    return frame.select(*KEYS, *(m.learner for m in models))


def scorer(
    home: str, ids: tuple[str, ...], kept: tuple[str, ...]
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """A function for `mapInArrow` that scores with models of the registry, each loaded once a worker."""

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        models = [loaded(home, i) for i in ids]
        for batch in batches:
            columns: dict[str, Any] = {n: batch.column(n) for n in kept}
            for m in models:
                x = np.stack([batch.column(n).to_numpy(zero_copy_only=False) for n in m.names], 1)
                assert m.kind.score is not None
                found = m.kind.score(m.model, m.prepared(np.asarray(x, np.float32)))
                columns[m.learner] = pa.array(found, pa.float32())
            yield pa.record_batch(list(columns.values()), names=list(columns))

    return run


@functools.lru_cache(maxsize=32)
def loaded(home: str, model_id: str) -> Trained:
    """A model that scores arrays, kept by the worker."""
    return registry.load(Folder.at(home), model_id, None)


def balance(inputs: Inputs, cfg: ScoresConfig, rows: Mapping[str, int]) -> None:
    """Every source with features has its scores.

    Raises
    ------
    DataError
        If sources were lost.
    """
    whole = inputs.request.tiles == "all" and not inputs.request.limit_tiles
    files = inputs.lake.files(FEATURE_TABLE.ref, inputs.version(FEATURE_TABLE.name))
    came = sum(f["num_records"] for f in files if f["partition.survey"] == cfg.left)
    if whole and rows[SCORES.name] != came:
        raise DataError(f"scores of {cfg.left}: {came} sources with features, but {rows[SCORES.name]} rows")
