"""Jobs that Airflow really submits: its lake equals that of a pipeline; a task that dies and is cleared resumes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.small import ROOT, ROWS, assert_same, free_port, tasni

httpx = pytest.importorskip("httpx", reason="httpx comes with Airflow's environment")
pytestmark = pytest.mark.airflow
PATIENCE_S = 1200


@pytest.fixture(scope="module")
def mock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mock sky in the published formats."""
    out = tmp_path_factory.mktemp("sky") / "mock"
    tasni("mock", "--rows", str(ROWS), "--out", out)
    return out


def assert_as_the_pipeline(folder: Path) -> None:
    """The lake that Airflow filled equals the one that `tasni pipeline` fills in one session."""
    tasni("pipeline", "--conf", folder / "pipeline.toml", "--lake", folder / "whole")
    assert_same(folder / "whole", folder / "lake")


def test_a_search_that_airflow_submits(
    dags: Callable[[str], dict[str, Any]],
    platform: Callable[..., str],
    events: Callable[[float], dict[str, dict[str, Any]]],
    mock: Path,
    tmp_path: Path,
) -> None:
    started = time.time()
    made = dags(platform(mock=str(mock)))
    assert made["tasni_ingest"].test().state == "success"
    assert made["tasni_search"].test().state == "success"
    told = events(started)
    assert told["allwise"]["rows"] == ROWS
    assert {"gaia_dr3_positions", "density", "matches", "verdicts", "candidates", "cutflow"} <= set(told)
    for table in ("matches", "candidates"):
        log = sorted((tmp_path / "lake" / table / "_delta_log").glob("*.json"))
        assert told[table]["version"] == int(log[-1].stem)
    assert_as_the_pipeline(tmp_path)


class Api:
    """Airflow's REST API."""

    def __init__(self, port: int, home: Path) -> None:
        self.base, self.home = f"http://127.0.0.1:{port}", home
        self.headers: dict[str, str] = {}

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        """One request; the answer as JSON."""
        answer = httpx.request(method, f"{self.base}/{path}", json=body, headers=self.headers, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def log_in(self) -> None:
        """As the user admin, with the password that Airflow wrote down."""
        users = json.loads((self.home / "simple_auth_manager_passwords.json.generated").read_text())
        body = {"username": "admin", "password": users["admin"]}
        self.headers = {"Authorization": f"Bearer {self('POST', 'auth/token', body)['access_token']}"}

    def run(self, dag: str) -> dict[str, Any]:
        """The last run of a DAG, or nothing."""
        found = self("GET", f"api/v2/dags/{dag}/dagRuns?order_by=-run_after")["dag_runs"]
        return dict(found[0]) if found else {}

    def tasks(self, dag: str) -> dict[str, dict[str, Any]]:
        """Tasks of the last run, by identifier."""
        run = self.run(dag)["dag_run_id"]
        found = self("GET", f"api/v2/dags/{dag}/dagRuns/{run}/taskInstances?limit=100")["task_instances"]
        return {t["task_id"]: t for t in found}


def until(true: Callable[[], Any], what: str) -> Any:
    """Wait for something to be true."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        try:
            if found := true():
                return found
        except (httpx.HTTPError, FileNotFoundError, KeyError):
            pass
        time.sleep(0.2)
    pytest.fail(f"waited {PATIENCE_S} s for {what}")


@pytest.fixture
def airflow(platform: Callable[..., str], mock: Path, tmp_path: Path) -> Iterator[Api]:
    """All parts of Airflow on loopback, over an empty database and an empty lake."""
    home, port = tmp_path / "airflow", free_port()
    own = {"AIRFLOW_HOME": str(home), "PORT": str(port), "AIRFLOW__CORE__UNIT_TEST_MODE": "False"}
    own["TASNI_AIRFLOW"] = platform(mock=str(mock), retries=0)
    with (tmp_path / "airflow.log").open("w") as log:
        parts = subprocess.Popen([ROOT / "conf/airflow/airflow.sh"], env=os.environ | own, stdout=log, stderr=log)
    api = Api(port, home)
    try:
        until(lambda: api.log_in() or api.headers, "the API")
        until(lambda: api("GET", "api/v2/dags/tasni_ingest"), "the DAGs")
        yield api
    finally:
        parts.terminate()
        parts.wait(60)


def killed(leases: Path, table: str) -> bool:
    """Kill the driver that holds a table, as soon as one does."""
    for file in leases.glob(f"{table}@*/*.json"):
        os.kill(json.loads(file.read_text())["pid"], signal.SIGKILL)
        return True
    return False


def test_a_running_airflow(airflow: Api, tmp_path: Path) -> None:
    airflow("POST", "api/v2/dags/tasni_ingest/dagRuns", {"logical_date": None})
    until(lambda: killed(tmp_path / "lake/_ops/leases", "gaia_dr3_positions"), "a driver to kill")
    until(lambda: airflow.run("tasni_ingest")["state"] == "failed", "the failure")
    states = {name: task["state"] for name, task in airflow.tasks("tasni_ingest").items()}
    assert states["ingest.gaia_dr3"] == "failed"
    assert states["tiling"] == states["ingest.allwise"] == "success"
    assert airflow.run("tasni_search") == {}

    run = airflow.run("tasni_ingest")["dag_run_id"]
    wanted = {"dry_run": False, "dag_run_id": run, "only_failed": True, "reset_dag_runs": True}
    airflow("POST", "api/v2/dags/tasni_ingest/clearTaskInstances", wanted)
    until(lambda: airflow.run("tasni_search").get("state") in ("success", "failed"), "the search")
    told = {t: airflow.tasks(d)[t]["state"] for d in ("tasni_ingest", "tasni_search") for t in airflow.tasks(d)}
    assert set(told.values()) == {"success"}, told
    assert airflow.run("tasni_search")["run_type"] == "asset_triggered"
    again = airflow.tasks("tasni_ingest")["ingest.gaia_dr3"]
    assert again["try_number"] == 2
    assert again["rendered_fields"]["application_args"][-1].startswith("--resume=")
    assert_as_the_pipeline(tmp_path)
