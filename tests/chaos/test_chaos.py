"""Runs that die, stumble and meet, at two million rows; each result equals that of a run that nothing disturbed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tasni_spark.core.compare import compare
from tasni_spark.core.files import Folder
from tasni_spark.core.lake import Lake
from tasni_spark.core.places import SYNTHETIC
from tasni_spark.core.upkeep import compact

pytestmark = pytest.mark.chaos
ROWS = int(os.environ.get("TASNI_CHAOS_ROWS", "2000000"))
SETS = (f"run.checkpoint_rows={ROWS // 8 + ROWS // 40}", "run.spark='short'", f"tiling.rows_per_tile={ROWS // 50}")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where sky and lakes are; TASNI_CHAOS_DIR keeps them for the next call, so that tests can run one by one."""
    found = Path(os.environ.get("TASNI_CHAOS_DIR") or tmp_path_factory.mktemp("chaos"))
    found.mkdir(exist_ok=True)
    return found


@pytest.fixture(scope="module")
def sky(spark: Any, place: Path) -> Path:
    """The mock sky."""
    from tasni_spark.demo.mock import MockConfig, make

    out = place / "mock"
    if not (Folder.at(str(out)).read(SYNTHETIC) or {}).get("rows"):
        make(spark, MockConfig(str(out), rows=ROWS))
    return out


def command(lake: Lake, job: str, *flags: str) -> list[str]:
    """A job in a process of its own."""
    sets = [f"--set={s}" for s in SETS]
    return [sys.executable, "-m", "tests.chaos.driver", job, "--lake", lake.root, *sets, *flags]


def ran(lake: Lake, job: str, *flags: str, **faults: str) -> subprocess.CompletedProcess[str]:
    """Run one to its end, or to its death."""
    return subprocess.run(
        command(lake, job, *flags),
        env=os.environ | faults,
        start_new_session=True,
        check=False,
        capture_output=True,
        text=True,
    )


def copied(spark: Any, lake: Lake, root: Path) -> Lake:
    """The same lake at another place; files that no table changes are linked."""
    subprocess.run(["cp", "-rl", lake.root, root], check=True)
    return Lake(spark, str(root))


def tiled(spark: Any, sky: Path, root: Path) -> Lake:
    """A lake with its tiling."""
    lake = Lake(spark, str(root))
    assert ran(lake, "tiling", "--survey", "allwise", "--input", str(sky / "allwise")).returncode == 0
    return lake


@pytest.fixture(scope="module")
def ready(spark: Any, sky: Path, place: Path) -> Lake:
    """A lake with two surveys, as ingested when nothing happens."""
    if (place / "ready.done").exists():
        return Lake(spark, str(place / "ready"))
    lake = tiled(spark, sky, place / "ready")
    for survey in ("allwise", "gaia_dr3"):
        assert ran(lake, "ingest", "--survey", survey, "--input", str(sky / survey)).returncode == 0
    assert ran(lake, "density", "--surveys", "gaia_dr3").returncode == 0
    (place / "ready.done").touch()
    return lake


@pytest.fixture(scope="module")
def whole(spark: Any, ready: Lake, place: Path) -> Lake:
    """The same, searched, when nothing happens."""
    if (place / "whole.done").exists():
        return Lake(spark, str(place / "whole"))
    lake = copied(spark, ready, place / "whole")
    assert ran(lake, "crossmatch", "--rights", "gaia_dr3").returncode == 0
    assert ran(lake, "search", "--run-id", "s").returncode == 0
    (place / "whole.done").touch()
    return lake


def assert_same(one: Lake, other: Lake, *tables: tuple[str, list[str]]) -> None:
    for name, key in tables:
        found = compare(one.read(one.ref(name)), other.read(other.ref(name)), key)
        assert found.is_equal, f"{name}: {found}"
        assert found.rows[0] > 0


INGESTED = (("allwise", ["id"]), ("allwise_positions", ["id"]))
MATCHED = (("matches", ["left_id", "right_id"]), ("match_tiles", ["right_survey", "tile"]))


def test_ingest_killed_at_three_places(spark: Any, sky: Path, ready: Lake, tmp_path: Path) -> None:
    lake = tiled(spark, sky, tmp_path / "lake")
    flags = ("--survey", "allwise", "--input", str(sky / "allwise"))
    for place in ("stage:3:before", "cluster:2:after", "cluster:5:before"):
        resume = ("--resume", "k") if place != "stage:3:before" else ("--run-id", "k")
        assert ran(lake, "ingest", *flags, *resume, TASNI_KILL=place).returncode == -signal.SIGKILL
    assert ran(lake, "ingest", *flags, "--resume", "k").returncode == 0
    assert_same(ready, lake, *INGESTED)


def test_a_poisoned_group_is_left_for_later_and_a_compaction_comes_between(
    spark: Any, ready: Lake, whole: Lake, tmp_path: Path
) -> None:
    lake = copied(spark, ready, tmp_path / "lake")
    flags = ("--rights", "gaia_dr3")
    partial = ran(lake, "crossmatch", *flags, "--run-id", "p", TASNI_POISON="crossmatch:3")
    assert partial.returncode == 5, partial.stderr
    assert "--resume p" in partial.stdout
    done = (lake.ops / "runs" / "p" / "crossmatch-allwise").names(".json")
    assert {f"crossmatch-{n:05d}.json" for n in (4, 5)} <= set(done)
    for table in ("matches", "allwise_positions"):
        compact(lake, lake.ref(table))
    assert ran(lake, "crossmatch", *flags, "--resume", "p").returncode == 0
    assert_same(whole, lake, *MATCHED)


def test_crossmatch_killed_before_and_after_a_commit(spark: Any, ready: Lake, whole: Lake, tmp_path: Path) -> None:
    lake = copied(spark, ready, tmp_path / "lake")
    flags = ("--rights", "gaia_dr3")
    for place, name in (("crossmatch:1:before", "--run-id"), ("crossmatch:2:after", "--resume")):
        assert ran(lake, "crossmatch", *flags, name, "k", TASNI_KILL=place).returncode == -signal.SIGKILL
    assert ran(lake, "crossmatch", *flags, "--resume", "k").returncode == 0
    assert_same(whole, lake, *MATCHED)
    assert_nothing_else_is_seen(lake)


def test_a_worker_of_the_tile_engine_is_killed(spark: Any, ready: Lake, whole: Lake, tmp_path: Path) -> None:
    lake = copied(spark, ready, tmp_path / "lake")
    run = subprocess.Popen(command(lake, "crossmatch", "--rights", "gaia_dr3", "--engine", "tiles"))
    killed = False
    while run.poll() is None:
        for worker in () if killed else workers(run.pid):
            worker.kill()
            killed = True
        time.sleep(0.02)
    assert killed
    assert run.returncode == 0
    assert_same(whole, lake, *MATCHED)
    assert_nothing_else_is_seen(lake)


def workers(pid: int) -> list[psutil.Process]:
    """Python workers below a driver: what their daemon has forked."""
    daemons: dict[int, tuple[psutil.Process, int]] = {}
    with contextlib.suppress(psutil.Error):
        for p in psutil.Process(pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):  # a zombie has no command line
                if "tasni_spark.crossmatch.tiles.daemon" in p.cmdline():
                    daemons[p.pid] = p, p.ppid()
    return [p for p, parent in daemons.values() if parent in daemons]


def assert_nothing_else_is_seen(lake: Lake) -> None:
    """Files of attempts that died may lie about, but no reader of the table meets one."""
    found = lake.read(lake.ref("matches"))
    key = ["left_survey", "right_survey", "left_id", "right_id"]
    assert found.count() == found.select(*key).distinct().count() == lake.rows(lake.ref("matches"))


def test_two_runs_at_once_and_a_changed_cut_set(whole: Lake, tmp_path: Path) -> None:
    first = subprocess.Popen(command(whole, "search"), start_new_session=True, stderr=subprocess.DEVNULL)
    try:
        while not (whole.ops / "leases" / "verdicts").names() and first.poll() is None:
            time.sleep(0.05)
        second = ran(whole, "search")
        assert second.returncode == 6, second.stderr
        assert "is being written by run" in second.stderr
    finally:
        assert first.wait() == 0
    changed = tmp_path / "changed.toml"
    text = (Path(__file__).parents[2] / "conf" / "cuts" / "tasni_2025.toml").read_text()
    changed.write_text(text)
    assert ran(whole, "search", "--run-id", "c", "--cut-sets", str(changed)).returncode == 0
    changed.write_text(text.replace(">= 5", ">= 6"))
    refused = ran(whole, "search", "--resume", "c", "--cut-sets", str(changed))
    assert refused.returncode == 2
    assert "cannot be resumed" in refused.stderr


def test_the_driver_is_the_job(whole: Lake, job: Callable[..., Any]) -> None:
    """The process that is killed above does what the job does in this one."""
    record = job("search", whole)
    assert record["rows"]["verdicts"] == ROWS
