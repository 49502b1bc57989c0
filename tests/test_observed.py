"""What a run tells of itself: the cost of its tasks, and the verdict of the gate."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasni_spark import quality
from tasni_spark.core.arguments import Request
from tasni_spark.core.errors import QualityError
from tasni_spark.explore import records
from tasni_spark.quality import Check
from tasni_spark.tables.ops import OPS_PROGRESS, OPS_RUNS

pytestmark = pytest.mark.spark
GATE = "run.gate=tasni_spark.quality:gate"


def test_a_run_is_measured_and_judged(
    lake: Any, job: Callable[..., Any], mock_sky: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"survey": "allwise", "input": str(mock_sky / "allwise"), "rows_per_tile": 5000}
    made = job("tiling", lake, request=Request(sets=(GATE,), run_id="a"), **settings)
    assert made["facts"]["checks"] == 1
    assert made["tasks"] > 0
    assert 0 < made["cpu_s"] <= made["task_s"] * 1.1
    assert made["shuffle_bytes"] >= 0
    assert made["skew"] >= 1
    told = records(lake)
    run, group = (told[t].where("run_id = 'a'").collect() for t in (OPS_RUNS, OPS_PROGRESS))
    assert (run[0]["tasks"], run[0]["task_s"]) == (made["tasks"], made["task_s"])
    assert sum(g["tasks"] for g in group) == made["tasks"]

    bad, odd = (Check(n, s, "tiling", "", "SELECT 1") for n, s in (("bad", "fail"), ("odd", "warn")))
    monkeypatch.setattr(quality, "checks", lambda: [bad, odd])
    with pytest.raises(QualityError, match=r"1 checks fail: bad: 1 rows: see tasni sql --file sql/checks/bad.sql$"):
        job("tiling", lake, request=Request(sets=(GATE,), run_id="b"), **settings)
    record = (lake.ops / "runs" / "b").read("tiling.json")
    assert (record["exit_code"], record["state"]) == (QualityError.exit_code, "failed")
    monkeypatch.setattr(quality, "checks", lambda: [odd])
    again = job("tiling", lake, request=Request(sets=(GATE,), resume="b"), **settings)
    assert (again["state"], again["facts"]["checks"]) == ("done", 1)


def test_a_run_id_beside_resume_begins_or_goes_on(lake: Any, job: Callable[..., Any], mock_sky: Path) -> None:
    """For platforms that try again with the same arguments."""
    settings = {"survey": "allwise", "input": str(mock_sky / "allwise"), "rows_per_tile": 5000}
    first, second = (job("tiling", lake, request=Request(run_id="r", resume=""), **settings) for _ in range(2))
    assert (first["state"], second["state"]) == ("done", "done")
    assert first["versions"] == second["versions"]
