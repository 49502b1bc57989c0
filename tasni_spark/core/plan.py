"""Plans: which versions a run reads, and in which groups it works.

Why: a run pins its input versions when it starts and writes the plan down. Killed anywhere, `--resume` reads the same
plan and goes on at the first group that is not done, so the result equals that of a run that was never interrupted.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tasni_spark.core.config import differences
from tasni_spark.core.errors import ConfigError
from tasni_spark.core.files import Folder


@dataclass(frozen=True)
class Group:
    """One unit of work: sky tiles, or input files.

    Parameters
    ----------
    number
        Position in its step, from 0.
    tiles
        Tile numbers, in the order of the sky curve.
    files
        Paths of input files.
    rows, bytes
        Expected size.
    """

    number: int
    tiles: tuple[int, ...] = ()
    files: tuple[str, ...] = ()
    rows: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class Plan:
    """What a run will do.

    Parameters
    ----------
    run_id, job
        The run, and the job's label in it (`ingest-allwise`).
    config
        All values in force, to compare with those of a resumed run.
    code
        Version of each declared table that is written.
    pins
        Version of each table that is read.
    outputs
        Version of each table that is written, before the run.
    steps
        Groups of each step.
    notes
        Facts found while planning that later steps need.
    sources
        Digest of what the run depends on beside the lake: its input files and this program.
    """

    run_id: str
    job: str
    config: Mapping[str, Any]
    code: Mapping[str, int]
    pins: Mapping[str, int]
    outputs: Mapping[str, int]
    steps: Mapping[str, tuple[Group, ...]]
    notes: dict[str, Any] = field(default_factory=dict)
    sources: str = ""

    def save(self, folder: Folder) -> None:
        """Write the plan beside the run's record."""
        folder.write(f"{self.job}.plan", dataclasses.asdict(self))

    @staticmethod
    def load(folder: Folder, job: str) -> Plan | None:
        """The plan of an earlier attempt; None if there was none."""
        data = folder.read(f"{job}.plan")
        if data is None:
            return None
        steps = {
            name: tuple(Group(**{**g, "tiles": tuple(g["tiles"]), "files": tuple(g["files"])}) for g in groups)
            for name, groups in data.pop("steps").items()
        }
        return Plan(steps=steps, **data)

    def is_same_work(self, other: Plan) -> bool:
        """Whether both plans read the same and do the same; what their tables held before does not matter."""
        mine, theirs = (
            json.loads(json.dumps(dataclasses.asdict(dataclasses.replace(p, run_id="", outputs={}))))
            for p in (self, other)
        )
        return bool(mine == theirs)

    def check_same(self, config: Mapping[str, Any], code: Mapping[str, int]) -> None:
        """Refuse to resume under another configuration or other declarations.

        Raises
        ------
        ConfigError
            Naming every difference.
        """
        faults = differences(_flat(self.config), _flat(config)) + [
            f"declaration of table {d}" for d in differences(self.code, code)
        ]
        if faults:
            raise ConfigError(
                f"run {self.run_id}: {self.job} cannot be resumed, it was planned otherwise: {'; '.join(faults)}: "
                "start a new run, or go back to the old values"
            )


def grouped(items: Iterable[tuple[Any, int]], size: int) -> list[list[Any]]:
    """Consecutive items, a group ending where its weights would pass `size`."""
    groups: list[list[Any]] = []
    total = 0
    for item, weight in items:
        if not groups or total + weight > size:
            groups.append([])
            total = 0
        groups[-1].append(item)
        total += weight
    return groups


def by_tiles(tiles: Sequence[tuple[int, int]], size: int) -> tuple[Group, ...]:
    """Groups of consecutive (tile, rows) of about `size` rows."""
    rows = dict(tiles)
    return tuple(Group(n, tiles=tuple(g), rows=sum(rows[t] for t in g)) for n, g in enumerate(grouped(tiles, size)))


def _flat(data: Mapping[str, Any], at: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{at}{key}.")
        else:
            flat[f"{at}{key}"] = list(value) if isinstance(value, tuple) else value
    return flat
