"""Other doors to a lake, as the README has them: JDBC, Spark's own command line, and readers without Spark."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyspark
import pytest
from pyspark.sql import functions as F

from tasni_spark.tables import CANDIDATES
from tests.small import ROOT, free_port

pytestmark = pytest.mark.spark
README = (ROOT / "README.md").read_text()
SPARK = Path(pyspark.__file__).parent
DOORS = README[README.index("## Other doors") :].split("```")


def recipe(word: str) -> str:
    """The command of the README that has a word in it."""
    found = [line for block in DOORS[1::2] for line in block.replace("\\\n", " ").splitlines() if word in line]
    assert len(found) == 1, word
    return found[0]


def told(command: str, lake: Any, port: int = 0) -> subprocess.CompletedProcess[str]:
    """What a command says in a folder with the lake under its usual name."""
    place = Path(lake.root).parent
    own = {"SPARK_HOME": str(SPARK), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_CONF_DIR": str(ROOT / "conf/spark")}
    path = f"{SPARK}/bin:{Path(sys.executable).parent}:{os.environ['PATH']}"
    text = command.replace("10000", str(port)).replace("conf/spark", f"{ROOT}/conf/spark")
    text = text.replace(".jars", f"{ROOT}/.jars")
    return subprocess.run(
        text, shell=True, check=False, capture_output=True, text=True, cwd=place, env=os.environ | own | {"PATH": path}
    )


@pytest.fixture
def few(lake: Any) -> Any:
    """A lake with seven candidates and nothing else."""
    fill = {"string": F.lit("x"), "boolean": F.lit(False)}
    columns = [
        (F.lit(None) if c.nullable else fill.get(c.type, F.col("n"))).cast(c.type).alias(c.name)
        for c in CANDIDATES.columns
    ]
    lake.create(CANDIDATES)
    lake.replace(lake.spark.range(7).toDF("n").select(*columns), CANDIDATES, {}, transaction="r/0")
    return lake


def test_readers_without_spark(few: Any) -> None:
    code = next(b for b in DOORS[1::2] if "duckdb" in b).removeprefix("python\n")
    found = told(f"python -c '{code}'", few)
    assert found.returncode == 0, found.stderr
    assert re.search(r"\b7\b", found.stdout)


def test_the_command_line_of_spark(few: Any) -> None:
    found = told(recipe("spark-sql"), few)
    assert found.returncode == 0, found.stderr
    assert found.stdout.split()[-1] == "7"


def test_jdbc(few: Any, tmp_path: Path) -> None:
    port = free_port()
    words = [Path(sys.executable).parent / "tasni", "sql", "--lake", few.root, "--spark", "short"]
    server = subprocess.Popen([*words, "--serve", str(port)], cwd=tmp_path, stderr=subprocess.DEVNULL)
    try:
        while server.poll() is None:
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.2)
        found = told(recipe("beeline"), few, port)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)
    assert found.returncode == 0, found.stderr
    assert "| 7 " in found.stdout
    assert "| 2.0 " in found.stdout, "the sky's functions are there"
