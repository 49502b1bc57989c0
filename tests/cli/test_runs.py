"""Two runs compared: the tables that both wrote, at the versions that they left, in the rows that were theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasni_spark.cli import compare
from tasni_spark.cli.runs import committed, compared, records
from tasni_spark.core.errors import DataError
from tasni_spark.core.lake import Lake
from tasni_spark.core.spec import Col, Table

pytestmark = pytest.mark.spark
THINGS = Table(
    "things",
    "Things",
    (
        Col("survey", "string", "Survey", nullable=False),
        Col("id", "bigint", "Identifier", nullable=False),
        Col("v", "double", "Value"),
    ),
    key=("survey", "id"),
    partition=("survey",),
    sort=("id",),
    replace_by=("survey",),
)


def run(lake: Any, name: str, survey: str, *values: tuple[int, float]) -> None:
    """What the engine leaves of a job: one commit with its scope, one record."""
    rows = lake.spark.createDataFrame([(survey, *v) for v in values], "survey string, id bigint, v double")
    scope = {"survey": [survey]}
    told = {"scope": scope}
    lake.replace(rows, THINGS, scope, transaction=f"{name}/job/step/0/things", metadata=told)
    record = {"run_id": name, "job": "job", "state": "done", "ended": name, "rows": {"things": len(values)}}
    (lake.ops / "runs" / name).write("job.json", record | {"versions": {"things": lake.version(THINGS.ref)}})


def test_runs_are_compared_at_their_versions_and_in_their_scope(lake: Any) -> None:
    lake.create(THINGS)
    run(lake, "a", "one", (1, 1.0), (2, 2.0))
    run(lake, "other", "two", (9, 9.0))
    run(lake, "b", "one", (1, 1.0), (2, 2.0 + 1e-15))
    run(lake, "c", "one", (1, 1.0), (3, 2.5))
    assert str(compared(lake, "a", "b")["things"]) == "equal: 2 rows"
    differing = compared(lake, "a", "c")["things"]
    assert (differing.is_equal, differing.only_first, differing.only_second) == (False, 1, 1)
    assert not compared(lake, "a", "b", relative=0.0)["things"].is_equal
    runs = lake.ops / "runs"
    assert committed(runs, "b") == {"things": lake.version(THINGS.ref) - 1}
    assert [r["job"] for r in records(runs, "a")] == ["job"]
    with pytest.raises(DataError, match=r"no run aa \(did you mean 'a'\?\).*tasni runs list"):
        compared(lake, "aa", "b")
    with pytest.raises(DataError, match=r"no table in common: they wrote things and things"):
        compared(lake, "a", "b", ["matches"])


def test_lakes_are_compared_as_they_are(lake: Any, tmp_path: Path) -> None:
    other = Lake(lake.spark, str(tmp_path / "other"))
    for each, value in ((lake, 2.0), (other, 2.0 + 1e-15)):
        each.create(THINGS)
        run(each, "a", "one", (1, 1.0), (2, value))
    assert str(compare.compared(lake, other)["things"]) == "equal: 2 rows"
    run(other, "b", "two", (1, 1.0))
    assert compare.compared(lake, other)["things"].only_second == 1
    with pytest.raises(DataError, match=r"no table matches: compare others with --tables"):
        compare.compared(lake, other, ["matches"])
