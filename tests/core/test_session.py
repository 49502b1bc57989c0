"""Spark's settings live in conf/spark and nowhere else."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tasni_spark.core import places
from tasni_spark.core.places import settings
from tasni_spark.core.session import options

ROOT = Path(__file__).resolve().parents[2]


def test_profiles_share_what_results_depend_on() -> None:
    local, cluster = settings("local"), settings("cluster")
    for key in (
        "spark.sql.extensions",
        "spark.sql.session.timeZone",
        "spark.sql.ansi.enabled",
        "spark.kryo.registrator",
    ):
        assert local[key] == cluster[key]
    assert local["spark.driver.host"] == local["spark.driver.bindAddress"] == "127.0.0.1"
    assert "spark.master" not in cluster


def test_a_gpu_changes_nothing_but_what_it_needs() -> None:
    cluster, gpu = settings("cluster"), settings("gpu")
    changed = {k for k in cluster | gpu if cluster.get(k) != gpu.get(k)}
    assert {k for k in changed if not k.startswith("spark.rapids.")} == {"spark.plugins", "spark.kryo.registrator"}
    assert gpu["spark.kryo.registrator"].startswith(cluster["spark.kryo.registrator"] + ",com.nvidia.")
    assert gpu["spark.plugins"] == "com.nvidia.spark.SQLPlugin"


def test_no_master_in_code() -> None:
    for path in [*ROOT.glob("tasni_spark/**/*.py"), *ROOT.glob("jobs/*.py")]:
        assert not re.search(r"\.master\(", path.read_text()), path


def test_a_virtual_machine_takes_its_options_with_and_without_an_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An archive that fits nothing is passed over without a word, and so is the list of code that is compiled once."""
    monkeypatch.setattr(places, "classes", lambda: tmp_path / "classes.jsa")
    assert not any("SharedArchiveFile" in o for o in options())
    (tmp_path / "classes.jsa").write_bytes(b"no archive")
    given = [*settings("local")["spark.driver.extraJavaOptions"].split(), *options()]
    assert f"-XX:SharedArchiveFile={tmp_path / 'classes.jsa'}" in given
    done = subprocess.run(["java", *given, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("openjdk 17")
    assert not done.stderr
