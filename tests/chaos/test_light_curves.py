"""From exposures as published to verdicts, killed in every job on the way: the tables equal those of a quiet run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tasni_spark.core.compare import compare
from tasni_spark.core.files import Folder
from tasni_spark.core.lake import Lake
from tasni_spark.demo.leaf import write_group
from tasni_spark.demo.leaves import plan
from tasni_spark.demo.mock import MockConfig, finish, prepare

pytestmark = pytest.mark.chaos
ROWS = int(os.environ.get("TASNI_CHAOS_CURVES", "2450000"))
"""Sources of a mock AllWISE, of which one in 115 has single exposures; only their parts of the sky are made."""
SETS = ("run.spark='short'", f"run.checkpoint_rows={ROWS // 50}", f"tiling.rows_per_tile={ROWS // 300}")
JOBS = {  # job to the places where it is killed
    "lightcurves": ("lightcurves:1:before", "lightcurves:3:after"),
    "variability": ("variability:2:after",),
    "trends": ("drift:0:after", "calibrated:2:before", "trends:0:after"),
}
KEYS = {"lightcurves": ["id"], "visits": ["id", "band"], "variability": ["id", "band"], "trends": ["id"]}


def ran(lake: Lake, job: str, *flags: str, kill: str = "") -> int:
    """A job in a process of its own; its exit code."""
    sets = [f"--set={s}" for s in SETS]
    command = [sys.executable, "-m", "tests.chaos.driver", job, "--lake", lake.root, *sets, *flags]
    faults = os.environ | ({"TASNI_KILL": kill} if kill else {})
    done = subprocess.run(command, env=faults, start_new_session=True, check=False, capture_output=True, text=True)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr[-2000:]
    return done.returncode


def make_monitored(out: Path) -> int:
    """The parts of a mock sky that have single exposures, and how many sources have them."""
    cfg = MockConfig(out=str(out), rows=ROWS)
    prepare(cfg)
    leaves = [leaf for leaf in plan(ROWS) if leaf.is_monitored]
    counts: Counter[str] = Counter()
    for group in sorted({leaf.pixel >> 8 for leaf in leaves}):
        counts.update(write_group(group, Folder.at(cfg.out), cfg.rows, cfg.seed)[0])
    finish(cfg, dict(counts), "")
    return sum(leaf.rows for leaf in leaves)


def test_the_raw_path_killed_and_resumed(spark: Any, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    monitored = make_monitored(raw)
    lakes = [Lake(spark, str(tmp_path / name)) for name in ("whole", "killed")]
    for lake in lakes:
        assert ran(lake, "tiling", "--survey", "allwise", "--input", str(raw / "allwise")) == 0
        assert ran(lake, "ingest", "--survey", "allwise", "--input", str(raw / "allwise")) == 0
    for job, places in JOBS.items():
        flags = ["--input", str(raw / "neowise")] if job == "lightcurves" else []
        assert ran(lakes[0], job, *flags) == 0
        name = ["--run-id", job]
        for place in places:
            assert ran(lakes[1], job, *flags, *name, kill=place) == -signal.SIGKILL, (job, place)
            name = ["--resume", job]
        assert ran(lakes[1], job, *flags, *name) == 0
    for table, key in KEYS.items():
        one, other = (lake.read(lake.ref(table)) for lake in lakes)
        found = compare(one, other, key)
        assert found.is_equal, f"{table}: {found}"
        assert found.rows[0] > 0.8 * monitored
