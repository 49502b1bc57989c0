"""What platforms are told agrees with the map, the pipeline and the locks."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tasni_spark.cli import deploy
from tasni_spark.core import places
from tasni_spark.core.arguments import Parser, add_common
from tasni_spark.core.jars import locked
from tasni_spark.deploy import databricks, emr_serverless, package
from tasni_spark.deploy.drawing import Drawing, drawings, platform

LOCK = {j.name: j.sha256 for j in locked()}


@pytest.fixture(scope="module")
def bundle() -> dict[str, str]:
    return databricks.files(platform("databricks"))


@pytest.fixture(scope="module")
def requests() -> dict[str, str]:
    return emr_serverless.files(platform("emr_serverless"))


@pytest.fixture(scope="module")
def drawn() -> dict[str, Drawing]:
    return {d.name: d for d in drawings(platform("databricks"))}


def job(bundle: dict[str, str], name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(bundle[f"resources/{name}.yml"])["resources"]["jobs"][name]
    return found


def known(arguments: list[str]) -> None:
    """Arguments are flags of jobs."""
    parser = Parser()
    add_common(parser)
    given = parser.parse_args(arguments)
    assert given.run_id
    assert given.resume == ""


def test_a_bundle_has_the_tasks_of_the_map(bundle: dict[str, str], drawn: dict[str, Drawing]) -> None:
    for name, drawing in drawn.items():
        tasks = {t["task_key"]: t for t in job(bundle, name)["tasks"]}
        own = {t.id.replace(".", "-"): t for t in drawing.tasks}
        assert set(own) == {k for k in tasks if not k.startswith("then_")}
        for key, task in own.items():
            assert {d["task_key"] for d in tasks[key].get("depends_on", [])} == {
                b.replace(".", "-") for b in task.after
            }
            script = tasks[key]["spark_python_task"]["python_file"].removeprefix("../")
            assert bundle[script] == (places.ROOT / script).read_text()
            if task.job != "upkeep":
                known(tasks[key]["spark_python_task"]["parameters"])


def test_what_reads_its_tables_follows_the_ingest(bundle: dict[str, str], drawn: dict[str, Drawing]) -> None:
    after = {t["task_key"]: t for t in job(bundle, "tasni_ingest")["tasks"] if "run_job_task" in t}
    assert set(after) == {"then_search", "then_variability"}
    for key, task in after.items():
        assert task["run_job_task"] == {"job_id": f"${{resources.jobs.tasni_{key.removeprefix('then_')}.id}}"}
        assert len(task["depends_on"]) == len(drawn["tasni_ingest"].tasks)


def test_the_bundle_has_two_targets_and_the_variables_it_uses(bundle: dict[str, str]) -> None:
    main = yaml.safe_load(bundle["databricks.yml"])
    assert {name: t["mode"] for name, t in main["targets"].items()} == {"dev": "development", "prod": "production"}
    used = {v for text in bundle.values() for v in re.findall(r"\$\{var\.(\w+)\}", text)}
    assert used == set(main["variables"])
    assert main["targets"]["dev"]["variables"]["lake"] != main["variables"]["lake"]["default"]


def test_the_init_script_checks_the_jars_of_the_lock(bundle: dict[str, str]) -> None:
    told = {name: sha for sha, name in re.findall(r"^(\w{64}) (\S+\.jar)$", bundle["init.sh"], re.MULTILINE)}
    assert told == {n: s for n, s in LOCK.items() if not n.startswith(("delta-", "spark-avro"))}
    assert any(name.startswith("sedona") for name in told)
    subprocess.run(["bash", "-n"], input=bundle["init.sh"], text=True, check=True)
    init = job(bundle, "tasni_search")["job_clusters"][0]["new_cluster"]["init_scripts"]
    assert init == [{"workspace": {"destination": "${workspace.file_path}/init.sh"}}]


def test_packages_are_those_of_the_lock_that_the_suite_imports(bundle: dict[str, str]) -> None:
    found = dict(re.findall(r"^([\w.-]+)==(\S+)", bundle["requirements.txt"], re.MULTILINE))
    every = dict(re.findall(r"^([\w.-]+)==(\S+)", (package.REQUIREMENTS / "lock.txt").read_text(), re.MULTILINE))
    assert found.items() <= every.items()
    assert {"astropy", "numba", "deltalake", "apache-sedona"} <= set(found)
    assert not {"pyspark", "delta-spark", "pytest", "ruff"} & set(found)
    assert bundle["requirements.txt"].count("--hash=sha256:") > len(found)


def test_delta_and_its_catalogue_are_the_runtimes_own() -> None:
    told = databricks.properties()
    assert told["spark.sql.extensions"] == "org.apache.sedona.sql.SedonaSqlExtensions"
    assert "spark.sql.catalog.spark_catalog" not in told
    assert told["spark.sql.ansi.enabled"] == "false"


def test_requests_bring_the_jars_of_the_lock(requests: dict[str, str]) -> None:
    runs = {n: json.loads(t) for n, t in requests.items() if n.endswith(".json") and "/" in n}
    for name, run in runs.items():
        submit = run["jobDriver"]["sparkSubmit"]
        jars = re.search(r"spark\.jars=(\S+)", submit["sparkSubmitParameters"])
        assert jars
        assert {Path(j).name for j in jars[1].split(",")[2:]} == {n for n in LOCK if not n.startswith("delta-")}
        script = submit["entryPoint"].removeprefix("s3://bucket/tasni/suite/")
        assert f"home/{script}" in requests
        if "maintenance" not in name:
            known(submit["entryPointArguments"])
    order = sorted(n for n in runs if n.startswith("tasni_search/"))
    assert [n.partition("-")[2].removesuffix(".json") for n in order] == [
        t.id for d in drawings(platform("emr_serverless")) if d.name == "tasni_search" for t in d.tasks
    ]
    subprocess.run(["bash", "-n"], input=requests["run.sh"], text=True, check=True)


def test_the_command_writes_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert deploy.main(["render", "--target", "emr-serverless", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "run.sh").stat().st_mode & 0o100
    assert "files for emr-serverless" in capsys.readouterr().out
