"""What a worker is told: which files to read, and for which group."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """A file to read.

    Parameters
    ----------
    path
        Relative to its table, or absolute.
    rows
        Its rows.
    tile
        Value of the partition column `tile`; None where the table is not partitioned by it.
    reach_arcsec
        How near a right file's row must come to matter; 0 on the left side.
    moves
        Whether the file may hold proper motions; false on the left side, whose motions are not used.
    """

    path: str
    rows: int
    tile: int | None = None
    reach_arcsec: float = 0.0
    moves: bool = False


@dataclass(frozen=True)
class Task:
    """One group.

    Parameters
    ----------
    number
        Position in the plan, from 0.
    left, right
        Files of either side; right may be empty.
    halo
        Left files around, for the matches that are nearest both ways: their own pairs are not wanted.
    """

    number: int
    left: tuple[Part, ...]
    right: tuple[Part, ...]
    halo: tuple[Part, ...] = ()

    @property
    def rows(self) -> int:
        """Rows of all files."""
        return sum(p.rows for p in (*self.left, *self.right, *self.halo))

    @property
    def tiles(self) -> tuple[int, ...]:
        """Tiles that the group holds whole; empty for a left table that is not partitioned by tile."""
        return tuple(dict.fromkeys(p.tile for p in self.left if p.tile is not None))

    def to_json(self) -> str:
        """The group as a worker gets it."""
        return json.dumps(dataclasses.asdict(self))

    @staticmethod
    def from_json(text: str) -> Task:
        """The group that `to_json` wrote."""
        data = json.loads(text)
        sides = {s: tuple(Part(**p) for p in data[s]) for s in ("left", "right", "halo")}
        return Task(data["number"], **sides)
