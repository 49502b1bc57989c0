"""The job `standings`: one ranked list from all models, each source against its stratum.

Why: scores of different models have no common scale and no mean; percentile ranks have. Inside strata, since a model
that finds everything faint strange would otherwise fill the list with the faint. A rank comes from an exact count in
fine bins of the score, so that no row is sorted but the few that stand highest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tasni_spark.core.config import opt
from tasni_spark.core.errors import ConfigError, DataError
from tasni_spark.core.plan import Group
from tasni_spark.core.spec import Table
from tasni_spark.core.work import Inputs, Output
from tasni_spark.models import registry
from tasni_spark.models.errors import calibration, p_values, q_of
from tasni_spark.models.frames import explained, vector
from tasni_spark.models.learners import LEARNERS
from tasni_spark.models.registry import Trained
from tasni_spark.models.sample import labels_of
from tasni_spark.tables.features import FEATURE_TABLE, FEATURES, HASH
from tasni_spark.tables.models import SCORES, SPLITS, STANDINGS

BINS = 65_536
"""Bins of scores between 0 and 1, by the fourth root, which spreads small and great ones: what shares a bin ties."""
_COUNTERPART = "multiwavelength__counterpart__{}__none"
SAME_EXPOSURES = "catwise2020"
"""A catalogue of the searched exposures themselves: that it has a source says nothing against it."""
SHAP = "lightgbm"
"""The model whose parts of the log odds are the reasons."""


@dataclass(frozen=True)
class StandingsConfig:
    """Section `[standings]`."""

    left: str = opt("allwise", "survey whose sources are ranked")
    top: int = opt(10_000, "sources on the list")
    outlier: str = opt("isolation_forest", "model whose scores get p and q, or the first that there is of its sort")
    n_reasons: int = opt(5, "features named for each source")

    @property
    def label(self) -> str:
        """Tells the lists of a run apart."""
        return self.left


def scope(cfg: StandingsConfig) -> dict[str, list[str]]:
    """What a run replaces."""
    return {"survey": [cfg.left]}


def standings(inputs: Inputs, _: Group, cfg: StandingsConfig) -> Output:
    """The list.

    Raises
    ------
    ConfigError
        If the run is of some tiles only.
    """
    if inputs.request.tiles != "all" or inputs.request.limit_tiles:
        raise ConfigError("standings: a rank counts the sources of all tiles: run it without --tiles")
    rows = inputs.read(SCORES.name).where(F.col("survey") == cfg.left)
    first = rows.select("model_ids").first()
    if first is None:
        raise DataError(f"standings of {cfg.left}: no scores: run scores for it")
    ids = dict(first["model_ids"])
    models = sorted(ids)
    ranked = with_ranks(rows, models)
    best = ranked.orderBy(F.desc("borda"), F.asc("id")).limit(cfg.top)
    wanted = ["id", "tile", "hpx29", "stratum", "borda", "disagreement", *models, *(f"rank_{m}" for m in models)]
    listed: pd.DataFrame = best.select(*wanted).toPandas()
    top = listed.sort_values(["borda", "id"], ascending=[False, True], ignore_index=True)
    outlier = next((m for m in (cfg.outlier, *models) if m in models and LEARNERS[m].is_outlier), "")
    top = top.assign(**_strange(inputs, cfg, rows, top, outlier))
    home = registry.home(inputs.lake.ops)
    loaded = {m: registry.load(home, ids[m], inputs.spark) for m in models}
    top = top.assign(**_likely(top, loaded))
    top = top.merge(_vetoes(inputs, cfg, top), on="id", how="left", validate="1:1")
    top = top.merge(labels_of(inputs, cfg.left), on="id", how="left")
    reasons = _reasons(inputs, cfg, top, loaded.get(SHAP))
    table = pd.DataFrame(
        {
            "survey": cfg.left,
            "position": np.arange(1, len(top) + 1, dtype=np.int32),
            **{n: top[n] for n in ("id", "tile", "hpx29", "stratum", "borda", "disagreement")},
            "ranks": [
                dict(zip(models, map(float, r), strict=True)) for r in top[[f"rank_{m}" for m in models]].to_numpy()
            ],
            "scores": [dict(zip(models, map(float, r), strict=True)) for r in top[models].to_numpy()],
            "model_ids": [ids] * len(top),
            **{
                n: top[n]
                for n in ("p_outlier", "q_outlier", "n_calibration", "probability", "expected_false_positives")
            },
            "trained_as": top["label"],
            "vetoes": top["vetoes"],
            "reasons": [reasons.get(i, []) for i in top["id"]],
            "dictionary": HASH,
        }
    )
    frame = inputs.spark.createDataFrame(
        table.astype(object).where(table.notna(), None).to_dict("records"),
        ", ".join(f"{c.name} {c.type}" for c in STANDINGS.columns),
    )
    return {STANDINGS: frame.select(*STANDINGS.names)}


# -- ranks ------------------------------------------------------------------------------------------------------------


def with_ranks(rows: DataFrame, models: list[str]) -> DataFrame:
    """Percentile ranks in strata, `rank_<model>`, their mean `borda` and their spread `disagreement`."""
    counts = [F.struct(F.lit(k).alias("model"), "stratum", _bin(m).alias("bin")).alias(m) for k, m in enumerate(models)]
    found = rows.select(F.inline(F.array(*counts))).where("bin IS NOT NULL")
    table: pd.DataFrame = found.groupBy("model", "stratum", "bin").count().toPandas()
    edges = {
        (int(k), int(s)): _cumulated(part["bin"].to_numpy(np.int64), part["count"].to_numpy(np.int64))
        for (k, s), part in table.groupby(["model", "stratum"])
    }
    names = [f"rank_{m}" for m in models]
    ready = rows.select("id", "tile", "hpx29", "stratum", *models, *[_bin(m).alias(f"_{m}") for m in models])
    types = dict(ready.dtypes)
    out = [*[(n, types[n]) for n in ("id", "tile", "hpx29", "stratum", *models)], *[(n, "float") for n in names]]
    ranked = ready.mapInArrow(_ranker(models, edges), ", ".join(f"{n} {t}" for n, t in out))
    each = [F.coalesce(F.col(n), F.lit(0.0)) for n in names]
    mean = sum(each[1:], each[0]) / len(names)
    spread = F.greatest(*each) - F.least(*each) if len(each) > 1 else F.lit(0.0)
    return ranked.withColumns({"borda": mean.cast("double"), "disagreement": spread.cast("double")})


def _bin(name: str) -> Any:
    """A whole number that rises with a score."""
    value = F.col(name).cast("double")
    return F.floor(F.signum(value) * F.sqrt(F.sqrt(F.abs(value))) * BINS)


def _cumulated(bins: NDArray[np.int64], counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    order = np.argsort(bins)
    n = counts[order]
    return bins[order], ((np.cumsum(n) - n / 2) / n.sum()).astype(np.float32)


def _ranker(
    models: list[str], edges: Mapping[tuple[int, int], tuple[NDArray[np.int64], NDArray[np.float32]]]
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            stratum = batch.column("stratum").to_numpy()
            columns = {n: batch.column(n) for n in ("id", "tile", "hpx29", "stratum", *models)}
            for k, m in enumerate(models):
                at = batch.column(f"_{m}").to_numpy(zero_copy_only=False).astype(np.float64)
                rank = np.full(len(at), np.nan, np.float32)
                for s in np.unique(stratum):
                    here = np.flatnonzero((stratum == s) & np.isfinite(at))
                    if len(here):
                        bins, of = edges[k, int(s)]
                        rank[here] = of[np.searchsorted(bins, at[here].astype(np.int64))]
                columns[f"rank_{m}"] = pa.array(rank, from_pandas=True)
            yield pa.record_batch(list(columns.values()), names=list(columns))

    return run


# -- error rates ------------------------------------------------------------------------------------------------------


def _strange(inputs: Inputs, cfg: StandingsConfig, rows: DataFrame, top: pd.DataFrame, model: str) -> dict[str, Any]:
    """p, q and the number that calibrates, of the outlier model."""
    if not model:
        return {n: np.full(len(top), np.nan) for n in ("p_outlier", "q_outlier")} | {"n_calibration": None}
    kept = inputs.read(SPLITS.name).where((F.col("survey") == cfg.left) & F.col("is_calibration")).select("tile", "id")
    known: pd.DataFrame = rows.join(F.broadcast(kept), ["tile", "id"]).select("stratum", model).toPandas()
    by = calibration(known[model].to_numpy(np.float64), known["stratum"].to_numpy(np.int64))
    others = rows.join(F.broadcast(kept), ["tile", "id"], "left_anti").select("stratum", model)

    def p_of(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            stratum, score = (batch.column(k).to_numpy(zero_copy_only=False) for k in range(2))
            p = p_values(score.astype(np.float64), stratum.astype(np.int64), by)
            yield pa.record_batch([pa.array(p)], names=["p"])

    levels: pd.DataFrame = others.mapInArrow(p_of, "p double").groupBy("p").count().toPandas()
    q = q_of(levels["p"].to_numpy(np.float64), levels["count"].to_numpy(np.int64))
    p = p_values(top[model].to_numpy(np.float64), top["stratum"].to_numpy(np.int64), by)
    least = np.array(sorted(q))
    at = np.clip(np.searchsorted(least, p), 0, len(least) - 1)
    return {
        "p_outlier": p,
        "q_outlier": np.array([q[float(v)] for v in least[at]]),
        "n_calibration": [len(by.of(int(s))) for s in top["stratum"]],
    }


def _likely(top: pd.DataFrame, models: Mapping[str, Trained]) -> dict[str, Any]:
    """Mean of the calibrated probabilities, and what a line below each source would cost."""
    each = [m.probability(top[n].to_numpy(np.float64)) for n, m in models.items() if m.calibrator]
    p = np.mean(each, 0) if each else np.full(len(top), np.nan)
    return {"probability": p, "expected_false_positives": np.cumsum(1.0 - p)}


# -- what to know of a source -----------------------------------------------------------------------------------------


def _features(inputs: Inputs, cfg: StandingsConfig, top: pd.DataFrame, names: list[str]) -> DataFrame:
    keys = inputs.spark.createDataFrame(top[["tile", "id"]])
    rows = inputs.read(FEATURE_TABLE.name).where(F.col("survey") == cfg.left).select("tile", "id", *names)
    return rows.join(F.broadcast(keys), ["tile", "id"])


def _vetoes(inputs: Inputs, cfg: StandingsConfig, top: pd.DataFrame) -> pd.DataFrame:
    """Surveys that show a counterpart of each source."""
    names = {f.band: n for n, f in FEATURES.items() if n == _COUNTERPART.format(f.band) and f.band != SAME_EXPOSURES}
    flags = [F.when(F.col(n) > 0, F.lit(s)) for s, n in names.items()]
    found = _features(inputs, cfg, top, list(names.values())).select(
        "id", F.array_compact(F.array(*flags)).alias("vetoes")
    )
    table: pd.DataFrame = found.toPandas()
    return table.assign(vetoes=[list(v) for v in table["vetoes"]])


def _reasons(inputs: Inputs, cfg: StandingsConfig, top: pd.DataFrame, model: Trained | None) -> dict[int, list[str]]:
    """The features with the greatest part of the log odds of each source (SHAP; Lundberg and Lee 2017)."""
    if model is None:
        return {}
    rows = _features(inputs, cfg, top, list(model.names)).withColumn("_x", vector(model.columns()))
    parts = explained(model.model["text"], rows, "_shap").select("id", *model.names, "_shap")
    table: pd.DataFrame = parts.toPandas()
    found = {}
    for row in table.itertuples(index=False):
        shares = np.asarray(row[-1])[: len(model.names)]
        order = np.argsort(-shares, kind="stable")[: cfg.n_reasons]
        found[int(row[0])] = [f"{model.names[k]} = {row[1 + k]:.4g} ({shares[k]:+.2f})" for k in order if shares[k] > 0]
    return found


def tell(_: Inputs, __: StandingsConfig, rows: Mapping[str, int], ___: Mapping[str, Table]) -> dict[str, Any]:
    """How many stand on the list."""
    return {"sources on the list": rows[STANDINGS.name]}
