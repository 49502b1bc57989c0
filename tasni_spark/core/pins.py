"""Named sets of table versions: what a paper or a data release rests on, kept readable and checked.

Why: Delta drops files after a week and logs after a month, so a version number in a paper is worth nothing by itself.
A pin writes versions down with a digest of their files, has VACUUM spare them, and keeps the tables' logs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from tasni_spark.core.errors import ConfigError, DataError, nearest
from tasni_spark.core.files import Folder
from tasni_spark.core.lake import Lake
from tasni_spark.core.spec import Ref

KEEP_LOG = {"delta.logRetentionDuration": "interval 36500 days"}
"""Properties of a table of which a version is pinned."""


def folder(lake: Lake) -> Folder:
    """Where pins are."""
    return lake.ops / "pins"


def names(lake: Lake) -> list[str]:
    """Names of all pins."""
    return [n.removesuffix(".json") for n in folder(lake).names(".json")]


def versions(lake: Lake, name: str) -> dict[str, int]:
    """Table, with its release, to its version under a name.

    Raises
    ------
    DataError
        If there is no such name.
    """
    return {table: int(told["version"]) for table, told in _read(lake, name).items()}


def pin(lake: Lake, name: str, tables: Sequence[str] = ()) -> dict[str, dict[str, Any]]:
    """Write down the present versions of tables, all of them if none is named, under a name that is new.

    Raises
    ------
    ConfigError
        If the name is taken: what it stands for must never change.
    """
    if name in names(lake):
        raise ConfigError(f"release {name} is there already and never changes: choose another name")
    refs = [lake.ref(t) for t in tables or lake.names()]
    found = {str(ref): _state(lake, ref, lake.version(ref)) for ref in refs}
    folder(lake).write(f"{name}.json", found)
    for ref in refs:
        lake.set_properties(ref, KEEP_LOG)
    return found


def faults(lake: Lake, name: str) -> dict[str, str]:
    """What is wrong with the tables of a name; empty when every version can be read and has the files it had."""
    found = {}
    for table, told in _read(lake, name).items():
        ref = Ref(*table.partition("@")[::2])
        if not lake.exists(ref) or not lake.has_version(ref, told["version"]):
            found[table] = f"version {told['version']} can no longer be read"
        elif _state(lake, ref, told["version"]) != told:
            found[table] = f"version {told['version']} has other files than when it was pinned"
    return found


def _read(lake: Lake, name: str) -> dict[str, dict[str, Any]]:
    told: dict[str, dict[str, Any]] | None = folder(lake).read(f"{name}.json")
    if told is None:
        raise DataError(f"lake {lake.root}: no release {name}{nearest(name, names(lake))}: see 'tasni release list'")
    return told


def _state(lake: Lake, ref: Ref, version: int) -> dict[str, Any]:
    files = sorted((f["path"], f["size_bytes"], f["num_records"]) for f in lake.files(ref, version))
    digest = hashlib.sha256(json.dumps(files).encode()).hexdigest()
    return {"version": version, "rows": sum(f[2] for f in files), "files": len(files), "digest": digest}
