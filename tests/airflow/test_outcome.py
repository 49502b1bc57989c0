"""What Airflow makes of a run's record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from airflow_dags import outcome
from tasni_spark.core.files import Folder

STARTED = datetime(2026, 1, 2, 3, 4, 5, 600000, tzinfo=UTC)
SUBMIT = "Cannot execute: spark-submit jobs/search.py. {}\nLast spark-submit output:\nError code is: 2."


def written(code: int, state: str = "failed", after_s: int = 0) -> dict[str, object]:
    ended = (STARTED + timedelta(seconds=after_s)).isoformat(timespec="seconds")
    return {"job": "search-allwise", "state": state, "exit_code": code, "message": "m", "ended": ended}


@pytest.mark.parametrize(
    ("code", "helps"), [(1, True), (2, False), (3, False), (4, False), (5, True), (6, True), (7, False), (143, True)]
)
def test_exit_codes(code: int, helps: bool) -> None:
    assert outcome.verdict(written(code), STARTED, "")[0] is helps
    assert outcome.verdict(None, STARTED, SUBMIT.format(f"Error code is: {code}."))[0] is helps


def test_the_record_beats_the_message() -> None:
    assert outcome.verdict(written(5), STARTED, SUBMIT.format("Error code is: 2."))[0]


def test_an_old_record_does_not_count() -> None:
    assert not outcome.verdict(written(3), STARTED, "")[0]
    assert outcome.verdict(written(3, after_s=-1), STARTED, "")[0]


def test_what_is_done_but_incomplete_is_not_repeated() -> None:
    assert not outcome.verdict(written(5, "done"), STARTED, "")[0]


@pytest.mark.parametrize(
    ("told", "helps"),
    [
        ("Error code is: -9.", True),
        ("Error code is: 0. Kubernetes spark exit code is: 3", False),
        ("Error code is: 0. Kubernetes spark exit code is: 5", True),
        ("nothing", True),
    ],
)
def test_without_a_record(told: str, helps: bool) -> None:
    assert outcome.verdict(None, STARTED, SUBMIT.format(told))[0] is helps


def test_a_run_goes_on_where_it_has_a_plan(tmp_path: Path) -> None:
    runs = Folder.at(str(tmp_path))
    assert outcome.flag(runs, "r") == "--run-id=r"
    assert outcome.record(runs, "r") is None
    (runs / "r").write("search-allwise.plan", {})
    assert outcome.flag(runs, "r") == "--resume=r"
    (runs / "r").write("search-allwise.json", {"state": "done"})
    (runs / "r" / "search-allwise").write("0.json", {})
    assert outcome.record(runs, "r") == {"state": "done"}


def test_names_of_runs() -> None:
    name = outcome.run_id("manual__2026-01-02T03:04:05+00:00", STARTED, "ingest.allwise")
    assert name == outcome.run_id("manual__2026-01-02T03:04:05+00:00", STARTED, "ingest.allwise")
    assert name.startswith("20260102T030405-")
    assert not set(name) & set("/:+ ")
    assert name != outcome.run_id("manual__2026-01-02T03:04:05.1+00:00", STARTED, "ingest.allwise")


def test_events_tell_version_and_rows() -> None:
    record = {"versions": {"allwise@2013-11-13": 4, "rejects": 2}, "rows": {"allwise": 7}, "run_id": "r"}
    assert outcome.extras(record) == {
        "allwise": {"version": 4, "release": "2013-11-13", "rows": 7, "run": "r"},
        "rejects": {"version": 2, "release": "", "rows": 0, "run": "r"},
    }
