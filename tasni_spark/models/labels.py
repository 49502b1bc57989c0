"""The job `labels`: what independent evidence says of sources, by rules that declare the columns they rest on.

Why: a label must not be a formula of the features. So labels come from spectra and from other catalogues, each rule
says which columns of catalogues its condition uses, and the audit refuses features that are computed from these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from tasni_spark.core.config import opt
from tasni_spark.core.errors import DataError
from tasni_spark.core.plan import Group
from tasni_spark.core.work import Inputs, Output
from tasni_spark.tables.models import LABELS


class Rule(NamedTuple):
    """How a table labels sources.

    Parameters
    ----------
    name
        Named in every row.
    survey
        Table that knows.
    is_same_id
        Whether its `id` is that of the source; else the nearest counterpart in `matches` is taken.
    label, condition, evidence
        SQL over its columns: the class, which rows say something, what it rests on.
    uses
        Columns of catalogues, as `survey.column`, on which the condition rests: the lineage that the audit refuses.
    """

    name: str
    survey: str
    is_same_id: bool
    label: str
    condition: str
    evidence: str
    uses: tuple[str, ...]


_SIMBAD = {
    "agn": ("AGN", "QSO", "Sy1", "Sy2", "SyG", "BLL", "Bla", "rG"),
    "yso": ("Y*O", "TT*", "Or*", "Ae*", "out", "HH"),
    "agb": ("AB*", "LP*", "Mi*", "C*", "S*", "OH*", "pA*"),
    "galaxy": ("G", "LSB", "EmG", "SBG", "GiC", "GiG", "GiP"),
}
_TYPES = {t: label for label, types in _SIMBAD.items() for t in types}

RULES = (
    Rule("spectral_type", "reference_dwarfs", False, "'cold_dwarf'", "spt_num >= 16", "spt", ()),
    Rule("y_dwarf", "known_objects", False, "'cold_dwarf'", "spt IS NOT NULL", "spt", ()),
    Rule(
        "simbad_type",
        "simbad",
        False,
        "CASE " + " ".join(f"WHEN otype = '{t}' THEN '{label}'" for t, label in _TYPES.items()) + " END",
        f"otype IN ({', '.join(repr(t) for t in _TYPES)})",
        "otype",
        (),
    ),
    Rule("planted", "mock_truth", True, "class", "class IS NOT NULL", "'planted by tasni mock'", ()),
)
"""In the order of their weight: the first that speaks of a source is heard."""
USES = {r.name: r.uses for r in RULES}
SURVEYS = tuple(dict.fromkeys(r.survey for r in RULES))


@dataclass(frozen=True)
class LabelsConfig:
    """Section `[labels]`."""

    left: str = opt("allwise", "survey whose sources are labelled")
    known: tuple[str, ...] = opt(SURVEYS, "tables that label, where the lake has them")
    planted_share: float = opt(0.3, "share of the planted truth that is told; the rest judges what models make of it")

    def __post_init__(self) -> None:
        if not 0 <= self.planted_share <= 1:
            raise ValueError(f"planted_share is {self.planted_share}, expected 0 .. 1")

    @property
    def label(self) -> str:
        """Tells the surveys of a run apart."""
        return self.left


def scope(cfg: LabelsConfig) -> dict[str, list[str]]:
    """What a run replaces."""
    return {"survey": [cfg.left]}


def labels(inputs: Inputs, _: Group, cfg: LabelsConfig) -> Output:
    """One row for each source of which a rule speaks.

    Raises
    ------
    DataError
        If the lake has none of the tables that could.
    """
    found = [_by_rule(inputs, cfg, k, rule) for k, rule in enumerate(RULES) if inputs.has(rule.survey)]
    if not found:
        raise DataError(f"labels of {cfg.left}: the lake has none of {', '.join(SURVEYS)}: ingest one that labels")
    first = Window.partitionBy("id").orderBy("_order", "object_id")
    every = reduce(DataFrame.unionByName, found).withColumn("_n", F.row_number().over(first)).where("_n = 1")
    sources = inputs.read(cfg.left).select("id", "tile", "hpx29")
    rows = sources.join(every.drop("_n", "_order"), "id")
    return {LABELS: rows.withColumn("survey", F.lit(cfg.left)).select(*LABELS.names)}


def _by_rule(inputs: Inputs, cfg: LabelsConfig, order: int, rule: Rule) -> DataFrame:
    said = inputs.read(rule.survey).where(rule.condition)
    if rule.name == "planted":
        said = said.where(F.pmod(F.xxhash64("id", F.lit(rule.name)), F.lit(10_000)) < int(10_000 * cfg.planted_share))
    said = said.select(
        F.col("id").alias("object_id"),
        F.expr(rule.label).alias("label"),
        F.lit(rule.survey).alias("source"),
        F.expr(rule.evidence).cast("string").alias("evidence"),
        F.lit(rule.name).alias("rule"),
        F.lit(order).alias("_order"),
    )
    if rule.is_same_id:
        return said.withColumn("id", F.col("object_id"))
    if not inputs.has("matches"):
        return said.withColumn("id", F.col("object_id")).limit(0)
    pairs = inputs.read("matches").where(
        (F.col("left_survey") == cfg.left) & (F.col("right_survey") == rule.survey) & (F.col("rank") == 1)
    )
    return said.join(pairs.select(F.col("left_id").alias("id"), F.col("right_id").alias("object_id")), "object_id")


def balance(_: Inputs, cfg: LabelsConfig, rows: Mapping[str, int]) -> None:
    """Some source has a label.

    Raises
    ------
    DataError
        If none has.
    """
    if not rows[LABELS.name]:
        raise DataError(f"labels of {cfg.left}: no rule speaks of any source: match it with {', '.join(SURVEYS)}")
