"""What fades, what brightens, and why the rest does not count: the page's part on trends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tasni_spark.core.work import Inputs

SHOWN = 60
NULLS = ("none", "reversed", "shuffled")
FADES = ("linear", "exponential")
GREATEST_SIGMA = 0.005
"""Error of a slope, in mag / yr, above which the verdict is `not_measurable` by default."""


@dataclass(frozen=True)
class Fades:
    """Trends of one survey.

    Parameters
    ----------
    verdicts
        Sources, fading and brightening, by verdict.
    n_tests, n_calibrated
        Tests made; sources whose W2 has enough control stars.
    w1_drift, w2_drift : mag / yr
        Drift of the whole sample.
    rows
        The likeliest trends, claims first.
    truth
        By planted kind of variability: sources, how many of them are claimed to fade and to brighten, and in `classes`
        how many were put in each.
    classes
        Sources of each class of variability, and how many constant light curves would give.
    trials
        Trials of fades by slope and brightness, and how many were claimed with the right sign; trials of nulls.
    deepest_w2 : mag
        The faintest W2 at which a slope is still measured well enough to be claimed; None for none.
    """

    verdicts: list[dict[str, Any]]
    n_tests: int
    n_calibrated: int
    w1_drift: float | None
    w2_drift: float | None
    rows: list[dict[str, Any]]
    truth: list[dict[str, Any]] = field(default_factory=list)
    classes: list[dict[str, Any]] = field(default_factory=list)
    trials: list[dict[str, Any]] = field(default_factory=list)
    deepest_w2: float | None = None

    @property
    def null_trials(self) -> tuple[int, int]:
        """Trials in which nothing fades, and how many of them were claimed."""
        nulls = [t for t in self.trials if t["slope_bin"] is None]
        return sum(t["n"] for t in nulls), sum(t["n_claimed"] for t in nulls)

    @property
    def n(self) -> int:
        """Sources judged."""
        return sum(v["n"] for v in self.verdicts)

    @property
    def claims(self) -> int:
        """Sources that are claimed to fade or to brighten."""
        return sum(v["n"] for v in self.verdicts if v["is_claim"])


def fades(inputs: Inputs, left: str, exposures: str, truth: str) -> Fades | None:
    """Trends of the sources of `left` in the exposures of another survey; None where they were not judged."""
    if not inputs.has("trends"):
        return None
    mine = _mine(inputs, "trends", left, exposures)
    whole = mine.groupBy("verdict", "is_claim").agg(
        F.count("*").alias("n"),
        F.count_if(F.col("sign") > 0).alias("fading"),
        F.count_if(F.col("sign") < 0).alias("brightening"),
    )
    verdicts = [r.asDict() for r in whole.orderBy(F.desc("is_claim"), F.desc("n"), "verdict").collect()]
    if not verdicts:
        return None
    names = ("n_tests", "w1_drift_mag_per_yr", "w2_drift_mag_per_yr")
    told = mine.agg(*[F.max(n) for n in names], F.count_if(F.col("w2_n_controls") > 0)).collect()[0]
    return Fades(
        verdicts,
        told[0],
        told[3],
        told[1],
        told[2],
        _rows(inputs, mine, left),
        _truth(inputs, mine, truth, left, exposures),
        _all(inputs, "class_counts", left, exposures),
        _trials(inputs, left, exposures),
        _deepest(inputs, left, exposures),
    )


def _mine(inputs: Inputs, table: str, left: str, exposures: str) -> DataFrame:
    """Rows of a table that are of one survey."""
    return inputs.read(table).where((F.col("left_survey") == left) & (F.col("survey") == exposures))


def _rows(inputs: Inputs, trends: DataFrame, left: str) -> list[dict[str, Any]]:
    order = [F.desc("is_claim"), F.asc_nulls_last("w2_log10_q"), F.col("id")]
    shown = trends.where("w2_slope_mag_per_yr IS NOT NULL").orderBy(*order).limit(SHOWN)
    name = inputs.lake.facts(inputs.lake.ref(left)).get("designation") or "id"
    named = inputs.read(left).select("id", "tile", F.col(name).cast("string").alias("name"))
    return [r.asDict() for r in shown.join(named, ["id", "tile"], "left").orderBy(*order).collect()]


def _truth(inputs: Inputs, trends: DataFrame, truth: str, left: str, exposures: str) -> list[dict[str, Any]]:
    if not inputs.has(truth):
        return []
    slope = F.abs("slope_mag_per_yr")
    kind = F.when(slope >= 0.015, F.concat("variability", F.lit(", 15 mmag/yr and more")))
    kind = F.coalesce(kind, F.when(slope < 0.015, F.concat("variability", F.lit(", less than 15 mmag/yr"))))
    planted = inputs.read(truth).select("id", F.coalesce(kind, "variability", F.lit("constant")).alias("kind"))
    claimed = [
        F.count_if(F.col("is_claim") & (F.col("sign") == s)).alias(n) for n, s in (("fading", 1), ("brightening", -1))
    ]
    judged = F.count_if(~F.col("verdict").isin("blended", "moving", "saturated", "too_short", "truncated"))
    rows = trends.join(planted, "id").groupBy("kind").agg(F.count("*").alias("n"), judged.alias("able"), *claimed)
    found = [r.asDict() | {"classes": {}} for r in rows.orderBy("kind").collect()]
    if inputs.has("variability_classes"):
        classes = _mine(inputs, "variability_classes", left, exposures)
        put = classes.join(trends.select("tile", "id"), ["tile", "id"], "left_semi")
        of = {row["kind"]: row["classes"] for row in found}
        for r in put.join(planted, "id").groupBy("kind", "class").count().collect():
            of[r["kind"]][r["class"]] = r["count"]
    return found


def _all(inputs: Inputs, table: str, left: str, exposures: str) -> list[dict[str, Any]]:
    """The same of a small table, in memory; empty where it is not there."""
    if not inputs.has(table):
        return []
    mine = (pc.field("left_survey") == left) & (pc.field("survey") == exposures)
    return inputs.few(table, mine)


def _trials(inputs: Inputs, left: str, exposures: str) -> list[dict[str, Any]]:
    found: dict[tuple[int | None, int | None], list[int]] = {}
    for row in _all(inputs, "completeness", left, exposures):
        if row["kind"] in (*NULLS, *FADES):
            sums = found.setdefault((row["slope_bin"], row["w2_bin"]), [0, 0, 0])
            for k, name in enumerate(("n", "n_claimed", "n_right")):
                sums[k] += row[name]
    return [
        {"slope_bin": slope, "w2_bin": w2, "n": n, "n_claimed": claimed, "n_right": right}
        for (slope, w2), (n, claimed, right) in found.items()
    ]


def _deepest(inputs: Inputs, left: str, exposures: str) -> float | None:
    if not inputs.has("trend_tests"):
        return None
    tests = _mine(inputs, "trend_tests", left, exposures)
    measured = F.col("w2_sigma_slope_mag_per_yr") <= GREATEST_SIGMA
    whole = (F.col("w2_n_visits") >= 6) & (F.col("w2_span_yr") >= 8)
    deepest: float | None = tests.where(measured & whole).agg(F.max("w2_mean_mag")).collect()[0][0]
    return deepest
