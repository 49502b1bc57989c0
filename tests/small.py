"""A small search in processes of its own, for tests of what runs it: a cluster, an object store, a scheduler."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TASNI = ROOT / ".venv/bin/tasni"
ROWS = int(os.environ.get("TASNI_SMALL_ROWS", "20000"))
PIPELINE = """
[run]
lake = "lake"
spark = "short"
[tiling]
survey = "allwise"
input = "{mock}/allwise"
rows_per_tile = {rows_per_tile}
[coverage]
surveys = ["allwise", "gaia_dr3", "panstarrs1"]
moc.panstarrs1 = "{maps}/panstarrs1.fits"
[ingest.each]
allwise = {{ survey = "allwise", input = "{mock}/allwise" }}
gaia_dr3 = {{ survey = "gaia_dr3", input = "{mock}/gaia_dr3" }}
[density]
surveys = ["gaia_dr3"]
[crossmatch]
rights = ["gaia_dr3"]
[search]
cut_sets = ["tasni_2025", "cold_dwarf"]
"""
FILLED = ("allwise", "matches", "verdicts", "candidates", "cutflow")
"""Tables that must not be empty."""


def start(*words: str | Path, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """The command line, begun."""
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [TASNI, *words],
        env=environment,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=pipe,
        stderr=pipe,
        text=True,
        start_new_session=True,
    )


def ended(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    """A process and what it said, when it has ended."""
    out, err = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def tasni(*words: str | Path, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The command line, done; it must succeed."""
    found = ended(start(*words, environment=environment))
    assert found.returncode == 0, f"{words}: {found.returncode}\n{found.stdout}\n{found.stderr}"
    return found


def pipeline(folder: Path, mock: Path | str = "mock") -> Path:
    """The configuration of a search of one survey with another, in tiles so small that there are many."""
    (folder / "pipeline.toml").write_text(PIPELINE.format(mock=mock, rows_per_tile=ROWS // 16, maps=f"{mock}/moc"))
    return folder / "pipeline.toml"


def assert_same(one: str | Path, other: str | Path, environment: Mapping[str, str] | None = None) -> None:
    """Two lakes hold the same, and something."""
    found = tasni("compare", str(one), "--lake", str(other), "--spark", "short", "--json", environment=environment)
    rows = {name: told["rows"][0] for name, told in json.loads(found.stdout).items()}
    assert rows["allwise"] == ROWS
    assert min(rows[name] for name in FILLED) > 0, rows


def free_port() -> int:
    """A port of the loopback that nobody listens to."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])
