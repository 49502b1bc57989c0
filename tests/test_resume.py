"""The driver is killed in the middle of a job; what `--resume` makes of it equals a run that nothing disturbed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasni_spark.core.arguments import Request
from tasni_spark.core.compare import compare
from tasni_spark.core.errors import ConfigError
from tasni_spark.core.lake import Lake

pytestmark = pytest.mark.e2e
ROWS, GROUPS = 32_000, 4


@pytest.fixture(scope="module")
def sky(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mock sky of 32,000 AllWISE sources."""
    from tasni_spark.demo.mock import MockConfig, make

    out = tmp_path_factory.mktemp("sky") / "mock"
    make(spark, MockConfig(str(out), rows=ROWS))
    return out


def test_a_killed_run_resumes_to_the_same_tables(
    spark: Any, job: Callable[..., Any], sky: Path, tmp_path: Path
) -> None:
    sets = (f"run.checkpoint_rows={ROWS // GROUPS + 2000}", "run.spark='short'")
    lakes = {name: Lake(spark, str(tmp_path / name)) for name in ("whole", "killed")}
    job("tiling", lakes["whole"], survey="allwise", input=str(sky / "allwise"), rows_per_tile=2000)
    shutil.copytree(lakes["whole"].root, lakes["killed"].root)
    flags = [f"--set={s}" for s in sets]
    command = [sys.executable, "-m", "tests.chaos.driver", "ingest", "--lake", lakes["killed"].root, "--run-id", "k"]
    command += ["--survey", "allwise", "--input", str(sky / "allwise"), *flags]
    faults = os.environ | {"TASNI_KILL": "cluster:2:after"}
    dead = subprocess.run(command, env=faults, start_new_session=True, check=False, capture_output=True)
    assert dead.returncode == -signal.SIGKILL

    killed = lakes["killed"]
    assert killed.read(killed.ref("allwise@2013-11-13")).count() < ROWS
    with pytest.raises(ConfigError, match=r"cannot be resumed.*checkpoint_rows"):
        job("ingest", killed, survey="allwise", input=str(sky / "allwise"), request=Request(resume="k"))
    again = Request(resume="k", sets=sets)
    record = job("ingest", killed, survey="allwise", input=str(sky / "allwise"), request=again)
    assert record["groups"]["cluster"] >= GROUPS
    assert record["rows"]["allwise"] == ROWS
    job("ingest", lakes["whole"], survey="allwise", input=str(sky / "allwise"))
    for table in ("allwise", "allwise_positions"):
        one, other = (lake.read(lake.ref(table)) for lake in lakes.values())
        found = compare(one, other, ["id"])
        assert found.is_equal, str(found)
        assert found.rows == (ROWS, ROWS)
