"""The jars that the suite needs: listed in `conf/jars/jars.lock`, verified by size and hash."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from tasni_spark.core import places


@dataclass(frozen=True)
class Jar:
    """One line of the lock."""

    name: str
    size: int
    sha256: str


def locked() -> list[Jar]:
    """The jars of the lock."""
    lines = (places.ROOT / "conf/jars/jars.lock").read_text().splitlines()
    fields = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    return [Jar(name, int(size), sha256) for name, size, sha256 in fields]


def faults(folder: Path) -> list[str]:
    """What is wrong with the jars of a folder, one line a jar; empty when all are as locked."""
    found = []
    for jar in locked():
        path = folder / jar.name
        if not path.is_file():
            found.append(f"{jar.name}: missing from {folder}")
        elif path.stat().st_size != jar.size:
            found.append(f"{jar.name}: {path.stat().st_size} bytes, expected {jar.size}")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != jar.sha256:
            found.append(f"{jar.name}: its sha256 is not that of the lock")
    return found
