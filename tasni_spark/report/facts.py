"""What the report tells, as small Python data: every query here ends in a bounded number of rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tasni_spark.core.config import opt
from tasni_spark.core.work import Inputs
from tasni_spark.photometry.dwarfs import NEAREST_Y_DWARF_PC
from tasni_spark.report.fades import Fades, fades
from tasni_spark.report.known import known, with_heat
from tasni_spark.report.quality import quality
from tasni_spark.report.ranked import Ranked, ranked
from tasni_spark.sky.footprint import with_observed
from tasni_spark.sky.healpix import hpx_parent

MAP_ORDER = 5
SHOWN = 200
COLOUR_BINS = 0.1


@dataclass(frozen=True)
class ReportConfig:
    """Section `[report]`."""

    left: str = opt("allwise", "survey that was searched")
    out: str = opt("report.html", "file to write")
    truth: str = opt("mock_truth", "table of planted objects, where there is one")
    sought: str = opt("cold_dwarf", "class of planted objects that the search is for")
    exposures: str = opt("neowise", "survey of single exposures, where trends were judged in it")
    also: tuple[str, ...] = opt((), "further surveys that were searched")
    known: str = opt("known_objects", "survey of known objects, where the lake has it")
    dwarfs: str = opt("reference_dwarfs", "survey of known dwarfs, where the searched one was matched with it")
    is_list: bool = opt(False, "whether the searched survey is itself a list of candidates, to be judged as a whole")

    @property
    def surveys(self) -> tuple[str, ...]:
        """All surveys that were searched."""
        return (self.left, *self.also)


@dataclass(frozen=True)
class Flow:
    """The cut-flow of one set over one survey."""

    cut_set: str
    survey: str
    steps: list[dict[str, Any]]
    n_candidates: int
    n_complete: int

    @property
    def n_in(self) -> int:
        """Sources judged."""
        return int(self.steps[0]["n_in"])

    @property
    def expected_lost(self) -> float:
        """True orphans that all vetoes together are expected to lose to unrelated sources."""
        return float(sum(s["expected_lost"] or 0.0 for s in self.steps))

    @property
    def unknown(self) -> list[dict[str, Any]]:
        """Cuts that could not be judged for some sources, worst first."""
        found = [s for s in self.steps if s["n_unknown"]]
        return sorted(found, key=lambda s: -s["n_unknown"])


@dataclass(frozen=True)
class Facts:
    """Everything on the page."""

    flows: list[Flow]
    candidates: dict[tuple[str, str], list[dict[str, Any]]]
    recall: dict[str, list[dict[str, Any]]]
    surveys: list[dict[str, Any]]
    versions: dict[str, int]
    sky: NDArray[np.int64]
    colours: list[dict[str, Any]] = field(default_factory=list)
    known: list[dict[str, Any]] = field(default_factory=list)
    listed: dict[str, Any] = field(default_factory=dict)
    quality: list[dict[str, Any]] = field(default_factory=list)
    fades: Fades | None = None
    ranked: Ranked | None = None

    @property
    def synthetic(self) -> list[str]:
        """Surveys whose rows are made up."""
        return [s["survey"] for s in self.surveys if s.get("is_synthetic")]


def gather(inputs: Inputs, cfg: ReportConfig) -> Facts:
    """Ask the lake."""
    flows = [f for survey in cfg.surveys for f in _flows(inputs, survey)]
    return Facts(
        flows=flows,
        candidates={(f.cut_set, f.survey): _candidates(inputs, f) for f in flows},
        recall={f.cut_set: _recall(inputs, cfg, f) for f in flows if f.survey == cfg.left},
        surveys=_surveys(inputs),
        versions=dict(inputs.pins),
        sky=_sky(inputs, cfg.left),
        colours=_colours(inputs, cfg.left),
        known=known(inputs, cfg.known),
        listed=listed(inputs, cfg) if cfg.is_list else {},
        quality=quality(inputs, cfg.left),
        fades=fades(inputs, cfg.left, cfg.exposures, cfg.truth),
        ranked=ranked(inputs, cfg.left, cfg.truth, cfg.sought),
    )


def _flows(inputs: Inputs, survey: str) -> list[Flow]:
    names = ("n_in", "n_pass", "n_fail", "n_unknown", "n_fail_all", "n_fail_only", "expected_lost")
    rows = inputs.read("cutflow").where(F.col("survey") == survey).groupBy("cut_set", "step", "cut")
    table = rows.agg(*[F.sum(n).alias(n) for n in names]).orderBy("cut_set", "step").collect()
    kept = {r["cut_set"]: (r["n"], r["complete"]) for r in _kept(inputs, survey).collect()}
    found = []
    for cut_set in sorted({r["cut_set"] for r in table}):
        steps = [r.asDict() for r in table if r["cut_set"] == cut_set]
        n, complete = kept.get(cut_set, (0, 0))
        found.append(Flow(cut_set, survey, steps, n, complete))
    return found


def _kept(inputs: Inputs, survey: str) -> DataFrame:
    rows = inputs.read("candidates").where(F.col("survey") == survey).groupBy("cut_set")
    return rows.agg(F.count("*").alias("n"), F.count_if("is_complete").alias("complete"))


def _candidates(inputs: Inputs, flow: Flow) -> list[dict[str, Any]]:
    mine = (F.col("cut_set") == flow.cut_set) & (F.col("survey") == flow.survey)
    rows = inputs.read("candidates").where(mine)
    photometry = inputs.read(flow.survey)
    bands = [
        c for c in ("w1mpro", "w1sigmpro", "w2mpro", "w2sigmpro", "w3mpro", "w3sigmpro") if c in photometry.columns
    ]
    order = [F.desc("is_complete"), F.size("unknown"), F.col("p_veto"), F.col("id")]
    if inputs.has("ranking"):
        price = inputs.read("ranking").where(mine).select("id", "tile", "rank", "recall", "expected_false_positives")
        rows, order = rows.join(price, ["id", "tile"], "left"), [F.asc_nulls_last("rank"), *order]
    full = rows.orderBy(*order).limit(SHOWN).join(photometry.select("id", "tile", *bands), ["id", "tile"])
    return [r.asDict() for r in with_heat(full, inputs, flow.survey).orderBy(*order).collect()]


def _recall(inputs: Inputs, cfg: ReportConfig, flow: Flow) -> list[dict[str, Any]]:
    """Of the planted objects of each class that the survey holds, how many were kept."""
    if not inputs.has(cfg.truth):
        return []
    mine = (F.col("cut_set") == flow.cut_set) & (F.col("survey") == flow.survey)
    kept = inputs.read("candidates").where(mine).select("id", F.lit(1).alias("kept"))
    truth = inputs.read(cfg.truth).select("id", "class").join(kept, "id", "left")
    counts = truth.groupBy("class").agg(F.count("*").alias("n"), F.count("kept").alias("kept")).orderBy("class")
    return [r.asDict() for r in counts.collect()]


def _surveys(inputs: Inputs) -> list[dict[str, Any]]:
    found = [inputs.lake.facts(inputs.lake.ref(name.partition("@")[0])) for name in inputs.pins]
    return sorted((dict(s) for s in {f["survey"]: f for f in found if f}.values()), key=lambda s: s["survey"])


def _sky(inputs: Inputs, survey: str) -> NDArray[np.int64]:
    """Sources judged, per cell of order MAP_ORDER."""
    rows = inputs.read("verdicts").where(F.col("survey") == survey)
    one_set = rows.where(F.col("cut_set") == rows.agg(F.min("cut_set")).collect()[0][0])
    cells: pd.DataFrame = one_set.groupBy(hpx_parent(F.col("hpx29"), MAP_ORDER).alias("cell")).count().toPandas()
    return np.bincount(cells["cell"], weights=cells["count"], minlength=12 * 4**MAP_ORDER).astype(np.int64)


def _colours(inputs: Inputs, survey: str) -> list[dict[str, Any]]:
    """Sources measured in W1, W2 and W3, counted in bins of colour."""
    rows = inputs.read(survey)
    if not {"w1sigmpro", "w2sigmpro", "w3sigmpro"} <= set(rows.columns):
        return []
    measured = rows.where("w1sigmpro IS NOT NULL AND w2sigmpro IS NOT NULL AND w3sigmpro IS NOT NULL")
    x, y = F.col("w2mpro") - F.col("w3mpro"), F.col("w1mpro") - F.col("w2mpro")
    bins = [F.round(v / COLOUR_BINS).cast("int").alias(n) for n, v in (("w2_w3", x), ("w1_w2", y))]
    return [r.asDict() for r in measured.groupBy(*bins).count().collect()]


def listed(inputs: Inputs, cfg: ReportConfig) -> dict[str, Any]:
    """Of a list of candidates as a whole: how near they would be as dwarfs, dwarfs known, what was never observed.

    Notes
    -----
    `nearer` is null where the lake has no `thermal`, `n_known` where the list was not matched with known dwarfs.
    """
    rows = inputs.read(cfg.left)
    found: dict[str, Any] = {"n": inputs.rows(cfg.left), "nearer": None, "farthest_pc": None, "n_known": None}
    if inputs.has("thermal"):
        distance = F.col("distance_if_dwarf_pc")
        asked = F.count_if(distance < NEAREST_Y_DWARF_PC).alias("nearer"), F.max(distance).alias("farthest_pc")
        heat = inputs.read("thermal").where(F.col("survey") == cfg.left).agg(*asked).first()
        assert heat is not None
        found |= heat.asDict()
    if inputs.has("match_tiles"):
        mine = (F.col("left_survey") == cfg.left) & (F.col("right_survey") == cfg.dwarfs)
        if not inputs.read("match_tiles").where(mine).isEmpty():
            found["n_known"] = inputs.read("matches").where(mine).select("left_id").distinct().count()
    surveys = sorted(set(inputs.small("coverage", "survey")["survey"].to_pylist())) if inputs.has("coverage") else []
    for survey in surveys:
        rows = with_observed(rows, inputs.read("coverage"), survey, f"observed_{survey}")
    dark = rows.agg(*[F.count_if(~F.col(f"observed_{s}")).alias(s) for s in surveys]).first() if surveys else None
    return found | {"unobserved": {s: n for s, n in dark.asDict().items() if n} if dark else {}}
