"""Plans of whole jobs: no step of the map may cost more than its rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from tasni_spark.core import config
from tasni_spark.core.arguments import Request
from tasni_spark.core.plan import Group
from tasni_spark.core.work import Inputs, filled
from tasni_spark.pipeline import JOBS

from .conftest import ROOT

pytestmark = pytest.mark.spark
SLOW = {
    "a nested loop": re.compile("BroadcastNestedLoopJoin|CartesianProduct"),
    "a window over the whole table": re.compile(r"windowspecdefinition\([^,()]* (?:ASC|DESC)"),
    "a Python row at a time": re.compile("BatchEvalPython"),
}


def plans(lake: Any, work: Any, cfg: Any, request: Request) -> list[str]:
    """The physical plans of the first group of each step that can be computed from the tables of a finished run."""
    from tasni_spark.core.arguments import RunConfig

    inputs = Inputs.latest(lake, filled(work.job.reads, cfg))
    inputs = Inputs(lake, request, RunConfig(), "", inputs.pins, dict(work.prepare(inputs, cfg)))
    found = []
    for step in work.steps:
        group = (*step.groups(inputs, cfg), Group(0))[0]
        frames = step.compute(inputs, group, cfg).values()
        found += [f._jdf.queryExecution().toString() for f in frames if isinstance(f, DataFrame)]
    return found


@pytest.mark.parametrize(
    ("job", "sets"),
    [
        ("density", ()),
        ("crossmatch", ("crossmatch.engine='sql'",)),
        ("search", ()),
        ("thermal", ()),
        ("ranking", ()),
        ("periods", ()),
        ("variability_classes", ()),
    ],
)
def test_no_step_costs_more_than_its_rows(
    demo_lake: Any, script: Callable[[str], ModuleType], job: str, sets: tuple[str, ...]
) -> None:
    work = script(job).WORK
    settings = config.read((str(ROOT / "conf" / "pipeline" / "demo.toml"),), sets, ["run", "pipeline", *JOBS])
    cfg = settings.section(job, work.config, (*settings.instances(job), "")[0])
    texts = plans(demo_lake, work, cfg, Request())
    assert texts
    assert {why for why, sign in SLOW.items() for text in texts if sign.search(text)} == set()


def test_the_signs_are_known(spark: Any) -> None:
    rows = spark.range(5)
    near = rows.join(rows.withColumnRenamed("id", "k"), F.expr("id < k * 2"))
    assert SLOW["a nested loop"].search(near._jdf.queryExecution().toString())
    for window, is_whole in ((Window.orderBy("id"), True), (Window.partitionBy("id").orderBy("id"), False)):
        text = rows.select(F.row_number().over(window))._jdf.queryExecution().toString()
        assert bool(SLOW["a window over the whole table"].search(text)) == is_whole
