"""Classes of variability: rules over statistics, with probabilities that injected signals taught.

Why: a class is a guess, and a guess is worth its record. Of the trials that the rules put into a class, the share that
belongs there is its probability; how many constant curves they put there says how many of the finds to expect from
nothing at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray
from pyspark.sql import functions as F

from tasni_spark.core.config import opt
from tasni_spark.core.errors import DataError
from tasni_spark.core.plan import Group
from tasni_spark.core.work import Inputs, Output
from tasni_spark.tables.light_curves import BANDS
from tasni_spark.tables.variability import CLASS_COUNTS, VARIABILITY_CLASSES
from tasni_spark.variability import quality
from tasni_spark.variability.compiled import Floats

CLASSES = ("constant", "fading", "brightening", "periodic", "flaring", "stochastic", "unknown", "unmeasured")
USED = ("n_exposures", "rchi2", "stetson_j", "skew")
"""Statistics of each band that the rules look at."""
LEAST_EXPOSURES = 30
CONSTANT_RCHI2 = 1.3
VARIABLE_RCHI2 = 2.0
FLARE_SKEW = -2.0
STOCHASTIC_J = 0.3
LEAST_CYCLES = 2.0
"""Cycles that must have been seen, by convention: fewer are not told from a trend."""


@dataclass(frozen=True)
class ClassesConfig:
    """Section `[variability_classes]`."""

    survey: str = opt("neowise", "survey of single exposures")
    left: str = opt("allwise", "survey whose sources have light curves")
    greatest_log10_false_alarm: float = opt(-6.0, "log10 p of a period below which it counts")

    @property
    def label(self) -> str:
        """Tells the classes of a run apart."""
        return f"{self.survey}-{self.left}"


def scope(cfg: ClassesConfig) -> dict[str, list[str]]:
    """What a run replaces."""
    return {"survey": [cfg.survey], "left_survey": [cfg.left]}


def classify(values: Mapping[str, Mapping[str, ArrayLike]], claim: ArrayLike, is_periodic: ArrayLike) -> NDArray[Any]:
    """Class of each source, as an index into CLASSES.

    Parameters
    ----------
    values : (n,)
        USED of each band.
    claim : (n,)
        +1 for a claimed fade, -1 for a claimed brightening, else 0.
    is_periodic : (n,)
        Whether a period was found, seen LEAST_CYCLES times, that neither chance nor the cadence explains.

    Notes
    -----
    The first that holds: a claimed trend; a period; brighter outliers than a Gaussian has in both bands; scatter above
    the errors that successive exposures share, in both bands; no more scatter than the errors say; fewer than
    LEAST_EXPOSURES in either band. The rest is unknown.
    """
    n, rchi2, j, skew = (np.array([np.asarray(values[b][c], float) for b in BANDS]) for c in USED)
    with np.errstate(invalid="ignore"):
        seen = n >= LEAST_EXPOSURES
        both = seen.all(axis=0)
        is_flare = both & (skew <= FLARE_SKEW).all(axis=0) & (rchi2 >= CONSTANT_RCHI2).all(axis=0)
        is_red = both & (rchi2 >= VARIABLE_RCHI2).all(axis=0) & (j >= STOCHASTIC_J).all(axis=0)
        is_constant = seen.any(axis=0) & (~seen | (rchi2 < CONSTANT_RCHI2)).all(axis=0)
    rules = {
        "fading": np.asarray(claim) > 0,
        "brightening": np.asarray(claim) < 0,
        "periodic": np.asarray(is_periodic, bool),
        "flaring": is_flare,
        "stochastic": is_red,
        "constant": is_constant,
        "unmeasured": ~seen.any(axis=0),
    }
    return np.select(list(rules.values()), [CLASSES.index(name) for name in rules], CLASSES.index("unknown"))


BELONGS = {
    "none": ("constant",),
    "reversed": ("constant",),
    "shuffled": ("constant",),
    "linear": ("fading", "brightening"),
    "exponential": ("fading", "brightening"),
    "step": ("unknown", "stochastic"),
    "periodic": ("periodic", "stochastic"),
    "flare": ("flaring",),
    "walk": ("stochastic",),
}
"""Classes to which each kind of trial may rightly be put."""
NULLS = ("none", "reversed", "shuffled")


def record(kinds: ArrayLike, found: ArrayLike, counts: ArrayLike) -> dict[str, tuple[float, float]]:
    """What trials teach of each class: the share that belongs there, and the share of measured nulls that is put there.

    Parameters
    ----------
    kinds, found, counts : (k,)
        Kind, class and number of trials of that kind and class.

    Returns
    -------
    dict
        Class to (probability, rate under the null); NaN where no trial says anything. Every kind counts the same.
    """
    kind, name, n = np.asarray(kinds, str), np.asarray(found, str), np.asarray(counts, float)
    share = {k: n[kind == k] / n[kind == k].sum() for k in BELONGS if n[kind == k].sum() > 0}
    put = {c: {k: float(s[name[kind == k] == c].sum()) for k, s in share.items()} for c in CLASSES}
    nulls = np.isin(kind, NULLS) & (name != "unmeasured")
    taught = {}
    for c in CLASSES:
        every = sum(put[c].values())
        right = sum(v for k, v in put[c].items() if c in BELONGS[k])
        is_told = c != "unmeasured" and n[nulls].sum() > 0
        rate = float(n[nulls & (name == c)].sum() / n[nulls].sum()) if is_told else np.nan
        taught[c] = (right / every if every else np.nan, rate)
    return taught


def variability_classes(inputs: Inputs, _: Group, cfg: ClassesConfig) -> Output:
    """The class of every source."""
    here = (F.col("survey") == cfg.survey) & (F.col("left_survey") == cfg.left)
    picked = [F.max(F.when(F.col("band") == b, F.col(n))).alias(f"{b}_{n}") for b in BANDS for n in USED]
    key = ("survey", "left_survey", "tile", "hpx29", "id")
    rows = inputs.read("variability").where(here).groupBy(*key).agg(*picked)
    claims = inputs.read("trends").where(here).select("tile", "id", "is_claim", "sign")
    rows = rows.join(claims, ["tile", "id"], "left")
    fine = (F.col("log10_false_alarm") <= cfg.greatest_log10_false_alarm) & (F.size("cadence") == 0)
    fine &= F.col("period_d") * LEAST_CYCLES <= F.col("span_d")
    best = F.min_by("period_d", "log10_false_alarm").alias("period_d")
    known = inputs.read("periods").where(here & fine).groupBy("tile", "id").agg(best)
    rows = rows.join(known, ["tile", "id"], "left")
    types = ", ".join(f"{c.name} {c.type}" for c in VARIABILITY_CLASSES.columns)
    return {VARIABILITY_CLASSES: rows.mapInArrow(_classified(_taught(inputs, cfg)), types)}


def class_counts(inputs: Inputs, _: Group, cfg: ClassesConfig) -> Output:
    """Sources of each class beside what constant light curves would give."""
    here = (F.col("survey") == cfg.survey) & (F.col("left_survey") == cfg.left)
    counted = inputs.lake.read(VARIABILITY_CLASSES.ref).where(here).groupBy("class").count().collect()
    n = {r["class"]: r["count"] for r in counted}
    total, taught = sum(n.values()) - n.get("unmeasured", 0), _taught(inputs, cfg)
    rows = [(cfg.survey, cfg.left, c, n.get(c, 0), _known(total * taught[c][1]), _known(taught[c][0])) for c in CLASSES]
    types = ", ".join(f"{c.name} {c.type}" for c in CLASS_COUNTS.columns)
    return {CLASS_COUNTS: inputs.spark.createDataFrame(rows, types)}


def balance(inputs: Inputs, cfg: ClassesConfig, rows: Mapping[str, int]) -> None:
    """Every light curve has a class.

    Raises
    ------
    DataError
        If some were lost.
    """
    files = inputs.lake.files(inputs.lake.ref("variability"), inputs.version("variability"))
    mine = [f for f in files if (f["partition.survey"], f["partition.left_survey"]) == (cfg.survey, cfg.left)]
    came = sum(f["num_records"] for f in mine) // len(BANDS)
    if rows[VARIABILITY_CLASSES.name] != came:
        raise DataError(f"classes of {cfg.label}: {came} light curves, but {rows[VARIABILITY_CLASSES.name]} classes")


def _taught(inputs: Inputs, cfg: ClassesConfig) -> dict[str, tuple[float, float]]:
    if not inputs.has("injections"):
        return dict.fromkeys(CLASSES, (np.nan, np.nan))
    here = (F.col("survey") == cfg.survey) & (F.col("left_survey") == cfg.left)
    rows = inputs.read("injections").where(here).groupBy("kind", "class").count().collect()
    return record([r["kind"] for r in rows], [r["class"] for r in rows], [r["count"] for r in rows])


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _classified(
    taught: Mapping[str, tuple[float, float]],
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    probability = np.array([taught[c][0] for c in CLASSES])

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows = pa.Table.from_batches([batch])
            values: dict[str, dict[str, Floats]] = {
                b: {n: quality.floating(rows[f"{b}_{n}"]) for n in USED} for b in BANDS
            }
            claim = quality.floating(rows["sign"]) * (quality.floating(rows["is_claim"]) == 1.0)
            period = quality.floating(rows["period_d"])
            found = classify(values, np.nan_to_num(claim), np.isfinite(period))
            is_periodic = found == CLASSES.index("periodic")
            columns = {n: rows[n] for n in ("survey", "left_survey", "tile", "hpx29", "id")}
            columns |= {
                "class": pa.array(CLASSES).take(pa.array(found)),
                "probability": pa.array(probability[found], from_pandas=True),
                "period_d": pa.array(np.where(is_periodic, period, np.nan), from_pandas=True),
            }
            yield from pa.table(columns).select(VARIABILITY_CLASSES.names).to_batches()

    return run
