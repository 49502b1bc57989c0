"""What the tasks of a piece of work have cost: time, garbage collection, spills, shuffles, skew.

Why: these are what Spark's event log would tell, asked of the running application after each group, so that they stand
beside the group's rows and need no file, no history server and no second program.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from py4j.protocol import Py4JError
from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)
SUMMED = ("tasks", "task_s", "cpu_s", "gc_s", "spilled_bytes", "shuffle_bytes")
"""Counts that add up; `skew` is the greatest: longest over median time of the tasks of a stage."""
LONG_MS = 1000
"""Stages whose longest task is shorter than this are never skewed."""


@contextmanager
def named(spark: SparkSession, name: str, told: str) -> Iterator[None]:
    """Give the Spark jobs of a block a name, by which they are found, and a description, which Spark's pages show."""
    spark.sparkContext.setJobGroup(name, told)
    try:
        yield
    finally:
        for key in ("spark.jobGroup.id", "spark.job.description", "spark.job.interruptOnCancel"):
            spark.sparkContext.setLocalProperty(key, None)  # type: ignore[arg-type]


def of(spark: SparkSession, name: str) -> dict[str, float]:
    """What the jobs of a name have cost.

    Returns
    -------
    dict
        `tasks`, `task_s`, `cpu_s`, `gc_s` (s), `spilled_bytes` (memory and disk), `shuffle_bytes` (written), `skew`;
        empty where the platform does not tell.
    """
    try:
        spark._jsc.sc().listenerBus().waitUntilEmpty()
        tracker, store = spark._jsc.sc().statusTracker(), spark._jsc.sc().statusStore()
        jobs = [tracker.getJobInfo(n) for n in tracker.getJobIdsForGroup(name)]
        stages = {s for job in jobs if job.isDefined() for s in job.get().stageIds()}
        return total([_stage(spark, store, s) for s in sorted(stages)])
    except Py4JError as e:
        logger.debug("no metrics of tasks: %s", e)
        return {}


def total(parts: list[dict[str, float]]) -> dict[str, float]:
    """The sum of several; empty for none."""
    told = [p for p in parts if p]
    if not told:
        return {}
    found: dict[str, float] = {key: round(sum(p[key] for p in told), 3) for key in SUMMED}
    return found | {"skew": max(p["skew"] for p in told)}


def _stage(spark: SparkSession, store: Any, stage: int) -> dict[str, float]:
    data = store.lastStageAttempt(stage)
    if not data.numCompleteTasks():  # skipped: its output was there
        return {}
    jvm: Any = spark._jvm
    ends = spark.sparkContext._gateway.new_array(jvm.double, 2)  # type: ignore[union-attr]
    ends[0], ends[1] = 0.5, 1.0
    spread = store.taskSummary(stage, data.attemptId(), ends)
    median, longest = (spread.get().executorRunTime().apply(n) for n in (0, 1)) if spread.isDefined() else (0, 0)
    return {
        "tasks": data.numCompleteTasks(),
        "task_s": data.executorRunTime() / 1e3,
        "cpu_s": data.executorCpuTime() / 1e9,
        "gc_s": data.jvmGcTime() / 1e3,
        "spilled_bytes": data.memoryBytesSpilled() + data.diskBytesSpilled(),
        "shuffle_bytes": data.shuffleWriteBytes(),
        "skew": round(longest / max(median, 1.0), 2) if longest > LONG_MS else 1.0,
    }
