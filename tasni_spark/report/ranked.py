"""What models make of the survey: the page's part on the ranked list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pyspark.sql import functions as F

from tasni_spark.core.work import Inputs

SHOWN = 60
AT = (10, 30, 100, 300, 1_000, 3_000, 10_000)
"""Lengths of the list at which it is judged."""
CLAIMED_AT = (0.05, 0.1, 0.2)
"""False-discovery rates at which sources are claimed to be strange."""


@dataclass(frozen=True)
class Ranked:
    """The ranked list of one survey.

    Parameters
    ----------
    rows
        The head of the list.
    measures
        Of each model, on blocks that it has not seen.
    refused
        Features that the audit refuses, with the ground.
    n_audited
        Features that it asked.
    heads
        For each length of list: `n` sources, `n_trained` that trained the models, `n_false` expected not to be of the
        target, and, where truth was planted, `n_sought` of it and `n_asked`, both without those that trained.
    n_planted
        Planted sources of the target that trained nothing; None without truth.
    claims
        Sources claimed to be strange, by false-discovery rate.
    """

    rows: list[dict[str, Any]]
    measures: list[dict[str, Any]]
    refused: list[dict[str, Any]]
    n_audited: int
    heads: list[dict[str, Any]]
    n_planted: int | None = None
    claims: dict[float, int] = field(default_factory=dict)


def ranked(inputs: Inputs, left: str, truth: str, sought: str) -> Ranked | None:
    """The list of a survey; None where it was not ranked."""
    if not inputs.has("standings"):
        return None
    listed = inputs.read("standings").where(F.col("survey") == left)
    if listed.isEmpty():
        return None
    heads, n_planted = _heads(inputs, left, truth, sought)
    name = inputs.lake.facts(inputs.lake.ref(left)).get("designation") or "id"
    named = inputs.read(left).select("id", "tile", F.col(name).cast("string").alias("name"))
    rows = listed.where(F.col("position") <= SHOWN).join(named, ["id", "tile"], "left").orderBy("position")
    claims = listed.agg(*[F.count_if(F.col("q_outlier") <= q).alias(str(q)) for q in CLAIMED_AT]).collect()[0]
    audited = _of(inputs, "feature_audit", left)
    return Ranked(
        [r.asDict() for r in rows.collect()],
        [m for m in _of(inputs, "model_measures", left) if m["target"] == sought],
        [f for f in audited if f["ground"]],
        len(audited),
        heads,
        n_planted,
        dict(zip(CLAIMED_AT, claims, strict=True)),
    )


def _of(inputs: Inputs, table: str, left: str) -> list[dict[str, Any]]:
    if not inputs.has(table):
        return []
    return [r.asDict() for r in inputs.read(table).where(F.col("survey") == left).collect()]


def _heads(inputs: Inputs, left: str, truth: str, sought: str) -> tuple[list[dict[str, Any]], int | None]:
    """The list cut at several lengths, and the planted sources that it could find."""
    listed = inputs.read("standings").where(F.col("survey") == left)
    is_new = F.col("trained_as").isNull()
    planted = None
    rows = listed.select("id", "position", is_new.alias("is_new"), "expected_false_positives")
    if inputs.has(truth):
        classes = inputs.read(truth).select("id", (F.col("class") == sought).alias("is_sought"))
        rows = rows.join(classes, "id", "left")
        trained = inputs.read("splits").where((F.col("survey") == left) & F.col("label").isNotNull()).select("id")
        planted = classes.where("is_sought").join(trained, "id", "left_anti").count()
    else:
        rows = rows.withColumn("is_sought", F.lit(None).cast("boolean"))
    sums = [
        {
            "n": F.count_if(F.col("position") <= k),
            "n_trained": F.count_if((F.col("position") <= k) & ~F.col("is_new")),
            "n_false": F.max(F.when(F.col("position") <= k, F.col("expected_false_positives"))),
            "n_sought": F.count_if((F.col("position") <= k) & F.col("is_new") & F.col("is_sought")),
        }
        for k in AT
    ]
    told = rows.agg(F.array(*[F.struct(*[c.alias(n) for n, c in s.items()]) for s in sums])).collect()[0][0]
    return [{"at": k, **h.asDict()} for k, h in zip(AT, told, strict=True) if h["n"] == k], planted


def measured(measures: Sequence[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """One measure of all models, the best first."""
    return sorted((m for m in measures if m["measure"] == name), key=lambda m: -(m["value"] or 0))
