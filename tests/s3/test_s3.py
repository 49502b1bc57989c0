"""The lake on a real S3 server: the same tables as on disk, whatever happens to the server, and one writer."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.s3.conftest import BUCKET, Server
from tests.small import ROWS, assert_same, ended, pipeline, start, tasni

pytestmark = pytest.mark.s3
CHECKPOINT = f"--set=run.checkpoint_rows={ROWS // 4}"


@pytest.fixture(scope="module")
def conf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline over a mock sky on disk."""
    folder = tmp_path_factory.mktemp("sky")
    tasni("mock", "--rows", str(ROWS), "--out", folder / "mock")
    return pipeline(folder, folder / "mock")


@pytest.fixture(scope="module")
def whole(conf: Path) -> Path:
    """The lake on disk."""
    lake = conf.parent / "whole"
    tasni("pipeline", "--conf", conf, "--lake", lake)
    return lake


def until(true: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Wait for something to be true while a process lives."""
    while not true():
        assert process.poll() is None, ended(process).stderr
        time.sleep(0.05)


def test_a_search_on_s3_equals_one_on_disk(server: Server, conf: Path, whole: Path) -> None:
    lake = f"s3a://{BUCKET}/lake"
    tasni("pipeline", "--conf", conf, "--lake", lake, environment=server.environment)
    assert (server.folder / BUCKET / "lake" / "candidates" / "_delta_log").is_dir()
    assert_same(whole, lake, server.environment)


def test_a_server_that_dies_in_the_middle(server: Server, conf: Path, whole: Path) -> None:
    lake, ops = f"s3a://{BUCKET}/other", server.folder / BUCKET / "other" / "_ops"
    flags = ("pipeline", "--conf", str(conf), "--lake", lake, CHECKPOINT, "--run-id", "r")
    run = start(*flags, environment=server.environment)
    for job in ("ingest-allwise/cluster-00000.json", "crossmatch-allwise/crossmatch-00000.json"):
        until((ops / "runs" / "r" / job).exists, run)
        server.kill()
        time.sleep(5)
        server.start()
    found = ended(run)
    if found.returncode:
        tasni(*flags[:-2], "--resume", "r", environment=server.environment)
    assert_same(whole, lake, server.environment)


def test_a_second_writer_is_refused(server: Server, conf: Path) -> None:
    lake = f"s3a://{BUCKET}/third"
    flags = ("run", "tiling", "--conf", str(conf), "--lake", lake)
    tasni(*flags, environment=server.environment)
    flags = ("run", "ingest", "--conf", str(conf), "--lake", lake, "--each", "allwise", CHECKPOINT)
    first = start(*flags, environment=server.environment)
    leases = server.folder / BUCKET / "third" / "_ops" / "leases"
    until(lambda: any(leases.glob("allwise@*/*.json")), first)
    os.kill(first.pid, signal.SIGSTOP)  # so that it holds the table until the second has been told
    try:
        second = ended(start(*flags, environment=server.environment))
    finally:
        os.kill(first.pid, signal.SIGCONT)
    assert second.returncode == 6, second.stderr
    assert "is being written by run" in second.stderr
    assert ended(first).returncode == 0
