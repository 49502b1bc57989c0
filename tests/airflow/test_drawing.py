"""The DAGs are the map: same jobs, same edges, same tables; drawn without Spark and without Airflow."""

from __future__ import annotations

import ast
import dataclasses
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tasni_spark.core.arguments import Parser, add_common
from tasni_spark.core.errors import ConfigError
from tasni_spark.core.places import ROOT
from tasni_spark.core.spec import Job
from tasni_spark.deploy import drawing
from tasni_spark.deploy.drawing import Drawing, Platform, platform
from tasni_spark.pipeline import JOBS


@pytest.fixture(scope="module")
def drawn() -> dict[str, Drawing]:
    return {d.stage: d for d in drawing.drawings(platform("local"))}


def test_it_needs_neither_spark_nor_airflow() -> None:
    code = "import sys, tasni_spark.deploy.drawing, airflow_dags.outcome; print([m for m in sys.modules if m in %r])"
    bad = ["pyspark", "airflow", "pyarrow", "pandas"]
    told = subprocess.run([sys.executable, "-c", code % bad], capture_output=True, text=True, check=True, cwd=ROOT)
    assert told.stdout.strip() == "[]"


def test_every_job_of_the_pipeline_has_a_task(drawn: dict[str, Drawing]) -> None:
    with (ROOT / "conf/pipeline/demo.toml").open("rb") as file:
        sections = tomllib.load(file)
    assert {t.job for d in drawn.values() for t in d.tasks} == {*sections, "upkeep"} - {"run"}
    assert [t.part for t in drawn["ingest"].tasks if t.job == "ingest"] == list(sections["ingest"]["each"])


def test_edges_are_those_that_a_person_reads_off_the_map(drawn: dict[str, Drawing]) -> None:
    after = {t.id: set(t.after) for d in drawn.values() for t in d.tasks}
    assert after["tiling"] == after["coverage"] == after["density"] == set()
    assert after["ingest.allwise"] == after["ingest.nvss"] == {"tiling"}
    assert after["crossmatch"] == {"density"}
    assert after["search.allwise"] == {"coverage", "density", "crossmatch"}
    assert {"search.allwise", "search.known_objects", "thermal.known_objects"} <= after["report"]


def test_edges_between_jobs_are_those_of_the_map(drawn: dict[str, Drawing]) -> None:
    for d in drawn.values():
        found = {(a.partition(".")[0], t.job) for t in d.tasks for a in t.after if a.partition(".")[0] != t.job}
        own = [t.job for t in d.tasks]
        assert found == {(w, r) for w, r in drawing.edges(JOBS.values()) if w in own and r in own}


def test_a_table_has_one_writer_at_a_time(drawn: dict[str, Drawing]) -> None:
    for d in drawn.values():
        above: dict[str, set[str]] = {}
        for task in d.tasks:
            above[task.id] = set(task.after).union(*(above[a] for a in task.after))
            for other in d.tasks[: d.tasks.index(task)]:
                if set(task.writes) & set(other.writes) - {"rejects"}:
                    assert other.id in above[task.id], (other.id, task.id)


def test_a_new_job_finds_its_place() -> None:
    new = Job("another", "New", "x:X", reads=("candidates", "{left}"), writes=("others",))
    found = drawing.edges([*JOBS.values(), new])
    assert {w for w, r in found if r == "another"} == {"ingest", "search"}


def test_a_search_waits_for_the_tables_that_it_reads(drawn: dict[str, Drawing]) -> None:
    written = [t for task in drawn["ingest"].tasks for t in task.writes]
    assert drawn["ingest"].schedule is None
    assert set(drawn["search"].schedule or ()) == set(written) - {"rejects"}
    assert "allwise_positions" in written
    assert "neowise" in written
    assert "neowise_positions" not in written  # detections have none


def test_the_gate_is_there() -> None:
    module, _, name = drawing.GATE.partition(":")
    tree = ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text())
    assert name in {f.name for f in tree.body if isinstance(f, ast.FunctionDef)}


def test_arguments_are_flags_of_jobs() -> None:
    where = dataclasses.replace(platform("local"), ops="ops", spark="cluster")
    for d in drawing.drawings(where)[:-1]:
        for task in d.tasks:
            parser = Parser()
            add_common(parser)
            given = parser.parse_args([a.replace(drawing.RUN, "--resume=x") for a in task.arguments])
            assert given.each == task.part
            assert given.sets == ["run.ops=ops", "run.spark=cluster", f"run.gate={drawing.GATE}"]
            assert Path(task.script).is_file()
            assert given.resume == "x"


def test_tasks_are_documented(drawn: dict[str, Drawing]) -> None:
    for d in drawn.values():
        for task in d.tasks:
            assert drawing.script_doc(task.job) in task.doc
        assert d.doc


@pytest.mark.parametrize("name", [p.stem for p in (ROOT / "conf/airflow").glob("*.toml")])
def test_platforms_are_drawn(name: str) -> None:
    where = platform(name)
    tasks = [t for d in drawing.drawings(where) for t in d.tasks]
    assert all(t.script.startswith(where.root + "/jobs/") for t in tasks)
    assert all(any(where.lake in a for a in t.arguments) for t in tasks)


def test_an_unknown_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text('platfrom = "spark"')
    with pytest.raises(ConfigError, match="did you mean 'platform'"):
        platform(str(tmp_path / "my.toml"))


def test_records_are_where_the_engine_writes_them() -> None:
    assert Platform(lake="s3://b/lake").runs == "s3://b/lake/_ops/runs"
    assert Platform(lake="main.tasni", ops="s3://b/ops").runs == "s3://b/ops/runs"
