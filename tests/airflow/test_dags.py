"""The DAGs as Airflow sees them; some of them run, with a stand-in for spark-submit or with the real one."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasni_spark.deploy import drawing
from tasni_spark.pipeline import STAGES

pytestmark = pytest.mark.airflow
ROOT = Path(__file__).resolve().parents[2]
Dags = Callable[[str], dict[str, Any]]
STAND_IN = """#!{python}
# Writes what a run writes, and ends with the next of the given exit codes.
import datetime, json, pathlib, sys
given = dict(a.split("=", 1) for a in sys.argv if a.startswith("--") and "=" in a)
script = pathlib.Path(next(a for a in sys.argv if a.endswith(".py"))).stem
run = given.get("--run-id") or given["--resume"]
folder = pathlib.Path(given["--lake"]) / "_ops/runs" / run
folder.mkdir(parents=True, exist_ok=True)
log = pathlib.Path(given["--lake"]) / "submits"
with log.open("a") as f:
    f.write(" ".join([script, given.get("--each", ""), "resume" if "--resume" in given else "new"]) + chr(10))
codes = json.loads(pathlib.Path({codes!r}).read_text()).get(script, [0])
code = codes[min(len([l for l in log.read_text().splitlines() if l.startswith(script + " ")]), len(codes)) - 1]
(folder / (script + ".plan")).write_text("{{}}")
if code >= 0:
    tables = {{"coverage": ["coverage"], "density": ["density"]}}.get(script, [])
    record = dict(job=script, run_id=run, state="failed" if code else "done", exit_code=code, message="told",
        versions={{t: 7 for t in tables}}, rows={{t: 70 for t in tables}},
        ended=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"))
    (folder / (script + ".json")).write_text(json.dumps(record))
sys.exit(1 if code < 0 else code)
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Give each job its exit codes, one a try; below 0 is a driver that dies without a record."""

    def write(**codes: list[int]) -> None:
        (tmp_path / "codes.json").write_text(json.dumps(codes))
        binary = tmp_path / "bin" / "spark-submit"
        binary.parent.mkdir()
        binary.write_text(STAND_IN.format(python=sys.executable, codes=str(tmp_path / "codes.json")))
        binary.chmod(binary.stat().st_mode | stat.S_IEXEC)
        monkeypatch.setenv("PATH", f"{binary.parent}:{os.environ['PATH']}")

    return write


def submits(tmp_path: Path) -> list[str]:
    return (tmp_path / "lake" / "submits").read_text().splitlines()


def test_structure(dags: Dags) -> None:
    made = dags("local")
    drawn = {d.name: d for d in drawing.drawings(drawing.platform("local"))}
    assert set(made) == set(drawn)
    for name, dag in made.items():
        assert {t.task_id: set(t.upstream_task_ids) for t in dag.tasks} == {
            t.id: set(t.after) for t in drawn[name].tasks
        }
        assert {t.task_id: tuple(a.name for a in t.outlets) for t in dag.tasks} == {
            t.id: t.writes for t in drawn[name].tasks
        }
        assert all(t.doc_md and t.retry_policy and t.retries for t in dag.tasks)
        assert "tasni" in dag.tags
    awaited = {a.name for a in made["tasni_search"].schedule}
    assert awaited == set(drawn["tasni_search"].schedule or ())


def test_parsing_takes_less_than_a_second() -> None:
    code = """
import time, sys, airflow.sdk
started = time.process_time()
import airflow_dags.tasni
print(time.process_time() - started, "pyspark" in sys.modules)
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert told[-1] == "False"
    assert float(told[-2]) < 1


def test_airflow_finds_no_fault(dags: Dags) -> None:
    dags("local")
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(ROOT / "airflow_dags")
    assert bag.import_errors == {}
    assert set(bag.dags) == {f"tasni_{stage}" for stage in (*STAGES, "maintenance")}


@pytest.mark.parametrize(
    ("name", "operator", "where"),
    [
        ("local", "SparkSubmitOperator", lambda t: t.application_args),
        ("databricks", "DatabricksSubmitRunOperator", lambda t: t.spark_python_task["parameters"]),
        (
            "emr_serverless",
            "EmrServerlessStartJobOperator",
            lambda t: t.job_driver["sparkSubmit"]["entryPointArguments"],
        ),
    ],
)
def test_platforms(dags: Dags, name: str, operator: str, where: Callable[[Any], list[str]]) -> None:
    task = dags(name)["tasni_search"].get_task("report")
    assert type(task).__name__ == operator
    assert where(task)[-1] == drawing.RUN
    assert getattr(task, "deferrable", True)


@pytest.mark.parametrize(
    ("codes", "state", "tries"),
    [
        ([0], "success", ["new"]),
        ([5, 0], "success", ["new", "resume"]),
        ([6, 143, 0], "success", ["new", "resume", "resume"]),
        ([-1, 0], "success", ["new", "resume"]),
        ([3, 0], "failed", ["new"]),
        ([5, 4, 0], "failed", ["new", "resume"]),
        ([5, 5, 5], "failed", ["new", "resume", "resume"]),
    ],
)
def test_tries(
    dags: Dags,
    platform: Callable[..., str],
    stand_in: Callable[..., None],
    tmp_path: Path,
    codes: list[int],
    state: str,
    tries: list[str],
) -> None:
    stand_in(coverage=codes)
    run = dags(platform(retries=2))["tasni_search"].test()
    assert [s.split(" ")[2] for s in submits(tmp_path) if s.startswith("coverage")] == tries
    assert run.state == state
    assert ("search  new" in submits(tmp_path)) is (state == "success")


def test_events_carry_versions(
    dags: Dags,
    platform: Callable[..., str],
    stand_in: Callable[..., None],
    events: Callable[[float], dict[str, dict[str, Any]]],
) -> None:
    stand_in()
    started = time.time()
    assert dags(platform())["tasni_search"].test().state == "success"
    told = events(started)
    assert told["coverage"]["version"] == told["density"]["version"] == 7
    assert told["coverage"]["rows"] == 70
    assert told["coverage"]["run"].endswith("-coverage")
