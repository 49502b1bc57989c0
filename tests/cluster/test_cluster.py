"""The suite on a real cluster: the same tables as in one process, whatever dies on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.cluster.conftest import JARS, Cluster
from tests.small import ROOT, ROWS, assert_same, ended, pipeline, tasni

pytestmark = pytest.mark.cluster
Clusters = Callable[..., Cluster]
GROUPS = f"--set=run.checkpoint_rows={ROWS // 4}"
TABLES = ("allwise", "allwise_positions")


@pytest.fixture(scope="module")
def conf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline over a mock sky."""
    folder = tmp_path_factory.mktemp("sky")
    tasni("mock", "--rows", str(ROWS), "--out", folder / "mock")
    return pipeline(folder, folder / "mock")


@pytest.fixture(scope="module")
def whole(conf: Path) -> Path:
    """What comes out of one process."""
    lake = conf.parent / "whole"
    tasni("pipeline", "--conf", conf, "--lake", lake)
    return lake


def cpu_s(process: subprocess.Popen[str], seen: dict[int, float]) -> float:
    """CPU seconds of a process and all below it, those that have ended included as far as they were seen."""
    family = psutil.Process(process.pid)
    for one in [family, *family.children(recursive=True)]:
        try:
            times = one.cpu_times()
            seen[one.pid] = times.user + times.system
        except psutil.NoSuchProcess:
            continue
    return sum(seen.values())


def watched(cluster: Cluster, process: subprocess.Popen[str]) -> tuple[float, float]:
    """Wall and CPU seconds of a submit, its executors included."""
    began, seen = time.monotonic(), {}
    while process.poll() is None:
        for one in (process, *(p for n, p in cluster.parts.items() if n != "master")):
            try:
                cpu_s(one, seen)
            except psutil.NoSuchProcess:
                continue
        time.sleep(0.2)
    return time.monotonic() - began, sum(seen.values())


@pytest.mark.parametrize("executors", [1, 2])
def test_a_pipeline_on_a_cluster(
    cluster: Clusters, conf: Path, whole: Path, tmp_path: Path, executors: int, capsys: pytest.CaptureFixture[str]
) -> None:
    made = cluster(executors)
    run = made.submit("pipeline", "--conf", conf, "--lake", tmp_path / "lake", cores=executors)
    wall, cpu = watched(made, run)
    found = ended(run)
    assert found.returncode == 0, found.stderr
    with capsys.disabled():
        print(f"\n{ROWS:,} sources, {executors} executors: {wall:.0f} s, {cpu:.0f} CPU-s")
    assert_same(whole, tmp_path / "lake")


def until(true: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Wait for something to be true while a submit lives."""
    while not true():
        assert process.poll() is None, ended(process).stderr
        time.sleep(0.02)


@pytest.fixture
def lake(conf: Path, tmp_path: Path) -> Path:
    """A lake with its tiling."""
    tasni("run", "tiling", "--conf", conf, "--lake", tmp_path / "lake")
    return tmp_path / "lake"


def ingest(cluster: Cluster, conf: Path, lake: Path, *flags: str) -> Any:
    """Store a survey in several groups."""
    return cluster.submit("ingest", "--conf", conf, "--lake", lake, "--each", "allwise", GROUPS, *flags)


def groups(lake: Path) -> int:
    """Groups that are done."""
    return len(list((lake / "_ops/runs/r/ingest-allwise").glob("cluster-*.json")))


def driver(lake: Path) -> int:
    """The process that holds the table; 0 where none does."""
    held = list((lake / "_ops/leases").glob("allwise@*/*.json"))
    return int(held[0].stem.rpartition("-")[2]) if held else 0


def assert_whole(whole: Path, lake: Path) -> None:
    """The survey is as one process stores it."""
    tasni("compare", str(whole), "--lake", str(lake), "--spark", "short", "--tables", *TABLES)


def assert_resumes(cluster: Cluster, conf: Path, whole: Path, lake: Path) -> None:
    """The run goes on, and the tables are whole."""
    found = ended(ingest(cluster, conf, lake, "--resume", "r"))
    assert found.returncode == 0, found.stderr
    assert_whole(whole, lake)


def test_a_worker_dies(cluster: Clusters, conf: Path, whole: Path, lake: Path) -> None:
    made = cluster(2)
    run = ingest(made, conf, lake, "--run-id", "r")
    until(lambda: groups(lake) > 0, run)
    made.kill("w1")
    found = ended(run)
    assert found.returncode == 0, found.stderr
    assert_whole(whole, lake)


def test_shuffle_files_are_lost(cluster: Clusters, conf: Path, whole: Path, lake: Path) -> None:
    made, lost = cluster(2), 0
    run = ingest(made, conf, lake, "--run-id", "r")
    while lost < 2 and run.poll() is None:
        for file in made.home.glob("w*/local/**/shuffle_*.data"):
            file.unlink(missing_ok=True)
            lost += 1
    found = ended(run)
    assert lost >= 2
    assert found.returncode == 0, found.stderr
    assert_whole(whole, lake)


def test_the_local_disk_is_full(cluster: Clusters, conf: Path, whole: Path, lake: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={6 * ROWS}", "tmpfs", disk], check=False).returncode:
        pytest.skip("a full disk needs the right to mount one")
    try:
        full = cluster(2, SPARK_LOCAL_DIRS=str(disk))
        found = ended(ingest(full, conf, lake, "--run-id", "r"))
        assert found.returncode == 5, found.stderr
        assert "No space left on device" in found.stdout + found.stderr
        assert "--resume r" in found.stdout
        for name in ("w0", "w1"):
            full.kill(name)
            full.worker(f"healthy-{name}")
        assert_resumes(full, conf, whole, lake)
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.mark.parametrize("end", ["SIGTERM", "SIGKILL", "JVM"])
def test_the_driver_dies(cluster: Clusters, conf: Path, whole: Path, lake: Path, end: str) -> None:
    made = cluster(2)
    run = ingest(made, conf, lake, "--run-id", "r")
    until(lambda: groups(lake) > 0, run)
    python = driver(lake)
    if end == "SIGTERM":
        os.kill(python, signal.SIGTERM)
        assert ended(run).returncode == 143
    elif end == "SIGKILL":
        os.killpg(run.pid, signal.SIGKILL)
        ended(run)
    else:
        os.kill(psutil.Process(python).ppid(), signal.SIGKILL)
        ended(run)
        psutil.Process(python).wait(120) if psutil.pid_exists(python) else None
    assert groups(lake) < 4
    assert_resumes(made, conf, whole, lake)


def test_a_packed_environment(cluster: Clusters, conf: Path, whole: Path, tmp_path: Path) -> None:
    """As cloud platforms have it: jars and an environment travel with the submit, nothing is installed on workers."""
    packed = ROOT / "dist" / "environment.tar.gz"
    if not packed.is_file():
        pytest.skip("no packed environment: make package")
    spark = {
        "spark.driver.extraClassPath": ":".join(map(str, JARS)),
        "spark.executor.extraClassPath": "",
        "spark.jars": ",".join(map(str, JARS)),
        "spark.archives": f"{packed}#environment",
        "spark.pyspark.python": "./environment/bin/python",
        "spark.pyspark.driver.python": str(ROOT / ".venv/bin/python"),
    }
    lake = tmp_path / "lake"
    subprocess.run(["cp", "-r", whole, lake], check=True)
    found = ended(cluster(2).submit("crossmatch", "--conf", conf, "--lake", lake, "--run-id", "again", spark=spark))
    assert found.returncode == 0, found.stderr
    tasni("compare", str(whole), "--lake", str(lake), "--spark", "short", "--tables", "matches", "match_tiles")
