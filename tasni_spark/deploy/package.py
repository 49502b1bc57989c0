"""What travels to a platform: the jars of the lock and the Python packages that the suite imports."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterable

from packaging.requirements import Requirement

from tasni_spark.core import places
from tasni_spark.core.jars import Jar, locked

REQUIREMENTS = places.ROOT / "conf/requirements"


def jars(without: Iterable[str] = ()) -> list[Jar]:
    """The jars of the lock but those whose names begin so: what the platform has."""
    return [j for j in locked() if not j.name.startswith(tuple(without))]


def requirements(without: Iterable[str] = ()) -> str:
    """The lines of the lock, hashes included, for the packages that the suite imports but those that a platform has."""
    wanted = _needed() - set(without)
    entries = re.split(r"\n(?=\S)", (REQUIREMENTS / "lock.txt").read_text().strip())
    return "\n".join(e for e in entries if _plain(e.partition("==")[0]) in wanted) + "\n"


def _needed() -> set[str]:
    """Names of the packages of `suite.in`, and of all that these need."""
    lines = [line.partition("#")[0].strip() for line in (REQUIREMENTS / "suite.in").read_text().splitlines()]
    asked, found = [Requirement(line) for line in lines if line], set()
    while asked:
        one = asked.pop()
        if _plain(one.name) not in found and (one.marker is None or one.marker.evaluate({"extra": ""})):
            found.add(_plain(one.name))
            asked += [Requirement(r) for r in importlib.metadata.requires(one.name) or []]
    return found


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip()).lower()
