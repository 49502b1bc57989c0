"""A pipeline does again only what has changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasni_spark.cli import pipeline
from tasni_spark.core.arguments import Request

from .conftest import TOML, catalogue, write

pytestmark = pytest.mark.spark


def test_only_what_has_changed_is_done_again(
    lake: Any, job: Callable[..., Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = write(catalogue(), tmp_path / "raw", "parquet")
    own = f"survey={str(TOML)!r}"
    conf = tmp_path / "own.toml"
    conf.write_text(
        f"[tiling]\n{own}\ninput={str(raw)!r}\nrows_per_tile=10\n[coverage]\nsurveys=[{str(TOML)!r}]\n"
        f"[ingest.each.tiny]\n{own}\ninput={str(raw)!r}\n[density]\nsurveys=['tiny']\n"
    )

    def states(**also: Any) -> dict[str, str]:
        assert pipeline.go(Request(lake=lake.root, conf=(str(conf),), skip_done=True, **also)) == 0
        lines = [line for line in capsys.readouterr().out.splitlines() if " (run " in line]
        return {line.partition(":")[0]: line.partition(": ")[2].partition(" in ")[0] for line in lines}

    names = ["tiling", "coverage", "ingest-tiny", "density"]
    assert states() == dict.fromkeys(names, "done")
    assert states() == {**dict.fromkeys(names, "up to date"), "tiling": "done"}  # which finds that the lake has one
    same = dict.fromkeys(names, "up to date")
    assert states(sets=("coverage.depth=10",)) == {**same, "coverage": "done"}
    job("ingest", lake, survey=str(TOML), input=str(write(catalogue(40), tmp_path / "other", "parquet")))
    assert states() == {**dict.fromkeys(names, "done"), "tiling": "up to date"}
    assert lake.rows(lake.ref("tiny")) == 60
    write(catalogue(50), raw, "parquet")
    assert states() == {**same, "ingest-tiny": "done", "density": "done"}
    assert lake.rows(lake.ref("tiny")) == 50
