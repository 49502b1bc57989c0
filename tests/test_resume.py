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
from tests.ingest.conftest import TOML, catalogue, write

pytestmark = pytest.mark.e2e
ROWS, GROUPS = 60, 3


def test_a_killed_run_resumes_to_the_same_tables(spark: Any, job: Callable[..., Any], tmp_path: Path) -> None:
    raw = write(catalogue(ROWS), tmp_path / "raw", "parquet")
    sets = (f"run.checkpoint_rows={ROWS // GROUPS}", "run.spark='short'")
    lakes = {name: Lake(spark, str(tmp_path / name)) for name in ("whole", "killed")}
    job("tiling", lakes["whole"], survey=str(TOML), input=str(raw), rows_per_tile=10)
    shutil.copytree(lakes["whole"].root, lakes["killed"].root)
    flags = [f"--set={s}" for s in sets]
    command = [sys.executable, "-m", "tests.chaos.driver", "ingest", "--lake", lakes["killed"].root, "--run-id", "k"]
    command += ["--survey", str(TOML), "--input", str(raw), *flags]
    faults = os.environ | {"TASNI_KILL": "cluster:1:after"}
    dead = subprocess.run(command, env=faults, start_new_session=True, check=False, capture_output=True)
    assert dead.returncode == -signal.SIGKILL

    killed = lakes["killed"]
    assert killed.read(killed.ref("tiny@1")).count() < ROWS
    with pytest.raises(ConfigError, match=r"cannot be resumed.*checkpoint_rows"):
        job("ingest", killed, survey=str(TOML), input=str(raw), request=Request(resume="k"))
    again = Request(resume="k", sets=sets)
    record = job("ingest", killed, survey=str(TOML), input=str(raw), request=again)
    assert record["groups"]["cluster"] >= GROUPS
    assert record["rows"]["tiny"] == ROWS
    job("ingest", lakes["whole"], survey=str(TOML), input=str(raw))
    for table in ("tiny", "tiny_positions"):
        one, other = (lake.read(lake.ref(table)) for lake in lakes.values())
        found = compare(one, other, ["id"])
        assert found.is_equal, str(found)
        assert found.rows == (ROWS, ROWS)
