"""One writer: a live holder is respected, a dead one is not, a lost heartbeat ends the work."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tasni_spark.core import lease
from tasni_spark.core.errors import HeldError
from tasni_spark.core.files import Folder

HOLD = """
import sys, time
from tasni_spark.core import lease
from tasni_spark.core.files import Folder
with lease.held(Folder.at(sys.argv[1]), ["matches"], "other", 60):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_writer_is_refused_by_name_and_a_killed_one_is_not_waited_for(tmp_path: Path) -> None:
    folder = Folder.at(str(tmp_path))
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with (
        pytest.raises(HeldError, match="table matches is being written by run other"),
        lease.held(folder, ["matches"], "mine", 60),
    ):
        pass
    with lease.held(folder, ["another"], "mine", 60):
        pass
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with lease.held(folder, ["matches"], "mine", 60):
        assert len((folder / "matches").names()) == 1
    assert (folder / "matches").names() == []


def test_a_holder_elsewhere_lives_by_its_heartbeat(tmp_path: Path) -> None:
    folder = Folder.at(str(tmp_path))
    elsewhere = {"run": "r1", "host": "elsewhere", "pid": 1, "born": 0.0, "table": "t", "beat": time.time()}
    (folder / "t").write("r1-elsewhere-1.json", elsewhere)
    with pytest.raises(HeldError, match="process 1 on elsewhere"), lease.held(folder, ["t"], "r2", 60):
        pass
    (folder / "t").write("r1-elsewhere-1.json", elsewhere | {"beat": time.time() - 61})
    with lease.held(folder, ["t"], "r2", 60):
        pass


def test_waiting_for_a_shared_table(tmp_path: Path) -> None:
    folder = Folder.at(str(tmp_path))
    (folder / "t").write(
        "r1-elsewhere-1.json", {"run": "r1", "host": "elsewhere", "pid": 1, "born": 0.0, "beat": time.time()}
    )
    started = time.monotonic()
    with lease.held(folder, ["t"], "r2", timeout_s=1.5, wait_s=10):
        assert 1 < time.monotonic() - started < 5


def test_a_lost_heartbeat_forbids_commits(tmp_path: Path) -> None:
    with lease.held(Folder.at(str(tmp_path)), ["t"], "r1", timeout_s=100) as held:
        held.check()
        held._beat -= 101
        with pytest.raises(HeldError, match="could not renew its lease on t"):
            held.check()
