"""A standalone Spark cluster on loopback, from the installed Spark: a master and workers of one core each."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyspark
import pytest

from tests.small import ROOT, free_port

SPARK = Path(pyspark.__file__).parent
JARS = sorted((ROOT / ".jars").glob("*.jar"))


@dataclass
class Cluster:
    """Master and workers; each process leads a group of its own, so that a worker dies with its executors."""

    home: Path
    port: int = field(default_factory=free_port)
    web: int = field(default_factory=free_port)
    parts: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def _start(self, name: str, *words: str, **environment: str) -> None:
        own = {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_HOME": str(SPARK), "SPARK_CONF_DIR": str(ROOT / "conf/spark")}
        own |= {"SPARK_DAEMON_MEMORY": "256m"}
        self.parts[name] = subprocess.Popen(
            [SPARK / "bin/spark-class", *words],
            env=os.environ | own | environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def master(self) -> str:
        """Its address."""
        return f"spark://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the master."""
        words = ("--host", "127.0.0.1", "--port", str(self.port), "--webui-port", str(self.web))
        self._start("master", "org.apache.spark.deploy.master.Master", *words)

    def worker(self, name: str, **environment: str) -> None:
        """Start a worker, and wait until the master knows it."""
        before, place = self.alive(), self.home / name
        own = {"SPARK_WORKER_DIR": str(place / "work"), "SPARK_LOCAL_DIRS": str(place / "local")}
        words = ("--host", "127.0.0.1", "--cores", "1", "--memory", "2g", "--webui-port", "0", self.master)
        self._start(name, "org.apache.spark.deploy.worker.Worker", *words, **own | environment)
        end = time.monotonic() + 60
        while self.alive() <= before:
            assert time.monotonic() < end, f"worker {name} has not come"
            time.sleep(0.2)

    def alive(self) -> int:
        """Workers that the master knows."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.web}/json/") as answer:
                return int(json.load(answer)["aliveworkers"])
        except OSError:
            return 0

    def kill(self, name: str) -> None:
        """As a power cut would: a worker and its executors."""
        process = self.parts.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def submit(self, script: str, *flags: str | Path, cores: int = 2, spark: dict[str, str] | None = None) -> Any:
        """Submit a job of the suite in client mode."""
        classes = str(ROOT / ".jars" / "*")
        conf = {
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.memory": "2g",
            "spark.driver.extraClassPath": classes,
            "spark.executor.extraClassPath": classes,
            "spark.executor.memory": "1500m",
            "spark.cores.max": str(cores),
            "spark.pyspark.python": str(ROOT / ".venv/bin/python"),
            "spark.sql.shuffle.partitions": "4",
            "spark.ui.enabled": "false",
            **(spark or {}),
        }
        words = [w for k, v in conf.items() for w in ("--conf", f"{k}={v}")]
        command = [SPARK / "bin/spark-submit", "--master", self.master, *words, ROOT / "jobs" / f"{script}.py"]
        own = {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_HOME": str(SPARK), "SPARK_CONF_DIR": str(ROOT / "conf/spark")}
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [*command, "--set", "run.spark=cluster", *flags],
            env=os.environ | own,
            cwd=ROOT,
            stdout=pipe,
            stderr=pipe,
            text=True,
            start_new_session=True,
        )


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Callable[..., Cluster]]:
    """Clusters that end with the test."""
    made: list[Cluster] = []

    def make(workers: int = 2, **environment: str) -> Cluster:
        found = Cluster(tmp_path / "cluster")
        made.append(found)
        found.start()
        for n in range(workers):
            found.worker(f"w{n}", **environment)
        return found

    yield make
    for one in made:
        for name in list(one.parts):
            one.kill(name)
