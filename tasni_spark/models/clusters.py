"""The job `clusters`: groups among the sources of the sample, and whether they are more than chance. Without labels.

Why: a map of many dimensions shows groups in noise too. So each group says in how many drawn samples it comes again,
and the same is done with columns shuffled each for itself, in which nothing belongs together: what comes again less
often than the best of those is no group. Maps cost minutes for 10^4 rows, so the sample, as many sources of each
stratum, stands for the sky; every source has the scores of outlier models.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.cluster import HDBSCAN

from tasni_spark.core.config import opt
from tasni_spark.core.errors import DataError
from tasni_spark.core.plan import Group
from tasni_spark.core.spec import Table
from tasni_spark.core.work import Inputs, Output
from tasni_spark.models.fit import varying
from tasni_spark.models.registry import filled, filling
from tasni_spark.models.sample import Rows, framed, labels_of, rows_of, wanted
from tasni_spark.tables.models import CLUSTERED, CLUSTERS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_GOLDEN = np.int64(-7046029254386353131)
"""2^64 divided by the golden ratio, made odd."""


@dataclass(frozen=True)
class ClustersConfig:
    """Section `[clusters]`."""

    left: str = opt("allwise", "survey whose sample is grouped")
    groups: tuple[str, ...] = opt(("statistical",), "groups of features")
    rows: int = opt(20_000, "most sources, as many of each stratum, chosen by their identifiers")
    components: int = opt(50, "dimensions in which groups are sought")
    neighbours: int = opt(30, "neighbours that shape the map")
    least: int = opt(100, "sources of the smallest group")
    draws: int = opt(4, "samples of four fifths in which a group must come again")
    seed: int = opt(1, "of maps, draws and shuffles")

    @property
    def label(self) -> str:
        """Tells the surveys of a run apart."""
        return self.left


def scope(cfg: ClustersConfig) -> dict[str, list[str]]:
    """What a run replaces."""
    return {"survey": [cfg.left]}


def clusters(inputs: Inputs, _: Group, cfg: ClustersConfig) -> Output:
    """The group of each source of the sample, and what each group is worth.

    Raises
    ------
    DataError
        If the sample is too small for two groups.
    """
    every = rows_of(inputs, cfg.left, "", wanted(cfg.groups))
    sample = varying(stratified(every, cfg.rows))
    if len(sample) < 2 * cfg.least:
        raise DataError(
            f"clusters of {cfg.left}: {len(sample)} sources, expected {2 * cfg.least}: raise splits.background_rows"
        )
    x = filled(sample.values, filling(sample.values, sample.names))
    of = grouped(x, cfg)
    worth = stability(x, of, cfg)
    mixed = shuffled(x, cfg.seed)
    by_chance = grouped(mixed, cfg)
    best = float(max(stability(mixed, by_chance, cfg), default=0.0))
    flat = placed(x, 2, cfg)
    label = labels_of(inputs, cfg.left).set_index("id")["label"]
    sources = pd.DataFrame(
        {"survey": cfg.left, "id": sample.id, "hpx29": sample.hpx29, "stratum": sample.stratum.astype(np.int32)}
    ).assign(cluster=of.astype(np.int32), x=flat[:, 0], y=flat[:, 1], label=label.reindex(sample.id).to_numpy())
    told = pd.DataFrame(_described(sources, worth, best, int(by_chance.max()) + 1)).assign(survey=cfg.left)
    return {t: framed(inputs.spark, d, t) for t, d in ((CLUSTERED, sources), (CLUSTERS, told))}


def stratified(rows: Rows, n: int) -> Rows:
    """At most n rows, of each stratum as many as of any other, as far as it has them.

    Notes
    -----
    Chosen by identifiers mixed by Fibonacci hashing (Knuth, TAOCP 3, 6.4), whatever the order of the rows.
    """
    with np.errstate(over="ignore"):
        order = np.argsort(rows.id * _GOLDEN, kind="stable")
    position = np.empty(len(rows), np.int64)
    for s in np.unique(rows.stratum):
        here = order[rows.stratum[order] == s]
        position[here] = np.arange(len(here))
    return rows.at(np.sort(np.lexsort((rows.id * _GOLDEN, position))[:n]))


def placed(x: NDArray[np.float32], components: int, cfg: ClustersConfig) -> Floats:
    """UMAP (McInnes, Healy and Melville 2018, arXiv:1802.03426), the same for the same seed."""
    from umap import UMAP  # noqa: PLC0415

    n = min(components, x.shape[1] - 1, len(x) - 2)
    near = min(cfg.neighbours, len(x) - 1)
    made = UMAP(n_components=n, n_neighbors=near, min_dist=0.0, random_state=cfg.seed, n_jobs=1).fit_transform(x)
    return np.asarray(made, np.float64)


def grouped(x: NDArray[np.float32], cfg: ClustersConfig) -> Ints:
    """Groups by HDBSCAN (Campello, Moulavi and Sander 2013, 10.1007/978-3-642-37456-2_14); -1 for none."""
    found = HDBSCAN(min_cluster_size=cfg.least, copy=True).fit_predict(placed(x, cfg.components, cfg))
    return np.asarray(found, np.int64)


def stability(x: NDArray[np.float32], of: Ints, cfg: ClustersConfig) -> Floats:
    """Of each group the mean over draws of the greatest Jaccard index with a group of the draw.

    Notes
    -----
    Hennig 2007 (10.1016/j.csda.2006.11.025): below 0.6 a group is not to be trusted.
    """
    found = np.zeros((cfg.draws, int(of.max()) + 1))
    for draw in range(cfg.draws):
        rng = np.random.default_rng((cfg.seed, draw))
        rows = np.sort(rng.choice(len(x), int(0.8 * len(x)), replace=False))
        again = grouped(x[rows], cfg)
        for k in range(found.shape[1]):
            here = of[rows] == k
            both = [(here & (again == j)).sum() / (here | (again == j)).sum() for j in range(int(again.max()) + 1)]
            found[draw, k] = max(both, default=0.0)
    return np.asarray(found.mean(0))


def shuffled(x: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """Columns shuffled each for itself: the same values, and nothing that belongs together."""
    rng = np.random.default_rng(seed)
    return np.stack([rng.permutation(column) for column in x.T], 1)


def _described(sources: pd.DataFrame, worth: Floats, best: float, n_by_chance: int) -> list[dict[str, Any]]:
    found = []
    for cluster, part in sources.groupby("cluster"):
        labels = part["label"].dropna()
        usual = labels.mode()
        is_group = int(cluster) >= 0
        value = float(worth[int(cluster)]) if is_group else None
        found.append(
            {
                "cluster": cluster,
                "n": len(part),
                "stability": value,
                "greatest_by_chance": best,
                "n_by_chance": n_by_chance,
                "is_group": bool(value is not None and value > max(best, 0.6)),
                "label": usual.iloc[0] if len(usual) else None,
                "label_share": float((labels == usual.iloc[0]).mean()) if len(usual) else None,
                "n_labelled": len(labels),
            }
        )
    return found


def tell(_: Inputs, __: ClustersConfig, rows: Mapping[str, int], ___: Mapping[str, Table]) -> dict[str, Any]:
    """How many sources were asked."""
    return {"sources grouped": rows[CLUSTERED.name]}
