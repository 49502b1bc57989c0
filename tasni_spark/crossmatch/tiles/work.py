"""The work of one group: read, match, write; it runs in a Spark worker or here, and needs nothing but files.

Why: what leaves a worker is a few numbers for each file it has written; the pairs go from the kernel to Parquet without
a row ever being made. Files that no commit names are invisible, so a worker may die at any moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasni_spark.core.files import Folder
from tasni_spark.crossmatch.config import HOW
from tasni_spark.crossmatch.tiles import associations, boxes, kernel, read
from tasni_spark.crossmatch.tiles.associations import Density, Written
from tasni_spark.crossmatch.tiles.compiled import Longs, Reals
from tasni_spark.crossmatch.tiles.frame import Frame, aligned
from tasni_spark.crossmatch.tiles.kernel import Left, Pairs
from tasni_spark.crossmatch.tiles.sides import Motion, Right, Rule, right_side
from tasni_spark.crossmatch.tiles.task import Part, Task

ERRORS = ("ra_error_arcsec", "dec_error_arcsec")
RUN = 4096
"""Left rows in one box: near a row group's share of a border, small beside it."""


@dataclass(frozen=True)
class Match:
    """What all groups of a match share.

    Parameters
    ----------
    left_survey, right_survey
        Names.
    left_root, right_root
        Paths or URIs of the positions tables.
    rule
        Radius and motion.
    how
        nearest | all | symmetric.
    k
        Where `how` is all: at most so many neighbours of each left source; 0 for all.
    has_score
        Whether pairs are weighed by the errors of both sides.
    prior
        Share of left sources that are expected to have a counterpart.
    density
        Density of the right survey; null makes `p_chance` null.
    frame
        Offsets by which right sources are moved first; null for none.
    """

    left_survey: str
    right_survey: str
    left_root: str
    right_root: str
    rule: Rule
    how: str = "nearest"
    k: int = 0
    has_score: bool = False
    prior: float = 0.5
    density: Density | None = None
    frame: Frame | None = None

    def __post_init__(self) -> None:
        if self.how not in HOW:
            raise ValueError(f"how is '{self.how}', expected one of {', '.join(HOW)}")

    @property
    def errors(self) -> tuple[str, ...]:
        """Columns of errors that both sides need."""
        return ERRORS if self.has_score or self.rule.sigmas else ()


class Found(NamedTuple):
    """Result of a group.

    Parameters
    ----------
    pairs
        Columns of `matches`, sorted by tile, left_id, rank.
    left
        Left sources of each tile.
    bad
        Left rows without a place, which are in none of them.
    """

    pairs: pa.Table
    left: dict[int, int]
    bad: int


def match_group(task: Task, match: Match) -> Found:
    """Match one group; nothing is written."""
    rule = match.rule
    left, tile = _left(match, task.left)
    near = boxes.of_rows(left.place, RUN)
    columns = Motion._fields if any(p.moves for p in task.right) else (("epoch",) if rule.allowance_masyr else ())
    right, right_tile = _tiled(match.right_root, task.right, [*columns, *match.errors], near, match.frame is not None)
    if match.frame is not None:
        right.place = aligned(right.place, right_tile, match.frame)
    own, epoch = len(left.id), left.columns.get("epoch", np.empty(0))
    ids, place, variance = left.id, left.place, _variance(left)
    if match.how == "symmetric" and task.halo:
        reach = max(p.reach_arcsec for p in task.right)
        around = [replace(p, reach_arcsec=reach) for p in task.halo]
        halo, _ = _left(match, around, boxes.of_rows(right.place, RUN))
        ids, place = np.concatenate([ids, halo.id]), np.concatenate([place, halo.place])
        epoch = np.concatenate([epoch, halo.columns.get("epoch", np.empty(0))])
        variance = np.concatenate([variance, _variance(halo)])
    side = _right(right, rule, bool(np.isnan(epoch).any()))
    here = Left(ids, place, epoch, variance)
    pairs = _pairs(match, here, side, own)
    names, prior = (match.left_survey, match.right_survey), match.prior if match.has_score else None
    table = associations.table(names, match.density, prior, pairs, (here, left.columns, tile), side)
    tiles, counts = np.unique(tile, return_counts=True)
    held = dict.fromkeys(task.tiles, 0) | dict(zip(tiles.tolist(), counts.tolist(), strict=True))
    return Found(table, held, left.bad)


def run_group(task: Task, match: Match, out: str) -> list[Written]:
    """Match one group and write its files below the folder of the `matches` table."""
    found = match_group(task, match)
    return associations.write(found.pairs, Folder.at(out), task.number, found.left, found.bad)


def worker(
    tasks: Sequence[str], match: Match, out: str
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """A function for `spark.range(...).mapInArrow(f, WRITTEN_DDL)`: each row names a group by its position.

    Parameters
    ----------
    tasks
        Groups as JSON.
    out
        Folder of the `matches` table.
    """

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch.column(0).to_pylist():
                written = run_group(Task.from_json(tasks[number]), match, out)
                yield associations.batch(written)

    return run


def _left(match: Match, parts: Sequence[Part], near: NDArray[np.float64] | None = None) -> tuple[read.Rows, Longs]:
    columns = ["epoch", *match.errors] if match.rule.is_late else [*match.errors]
    columns += ["hpx29"] if match.density is not None else []
    return _tiled(match.left_root, parts, columns, near)


def _tiled(
    root: str, parts: Sequence[Part], columns: list[str], near: NDArray[np.float64] | None, is_asked: bool = True
) -> tuple[read.Rows, Longs]:
    """Rows of a side and, where it is asked for, the tile of each: of its file, or a column where files do not say."""
    if not is_asked:
        return read.rows(Folder.at(root), parts, columns, near), np.empty(0, np.int64)
    columns = [*columns, *(["tile"] if any(p.tile is None for p in parts) else [])]
    rows = read.rows(Folder.at(root), parts, columns, near)
    tile = rows.columns.get("tile")
    if tile is None:
        tile = np.repeat(np.array([p.tile for p in parts], np.int64), rows.counts)
    return rows, tile.astype(np.int64, copy=False)


def _right(rows: read.Rows, rule: Rule, nulls: bool) -> Right:
    motion = None
    if "epoch" in rows.columns:
        still = np.broadcast_to(np.nan, len(rows.id))
        motion = Motion(*[np.ascontiguousarray(rows.columns.get(c, still), np.float64) for c in Motion._fields])
    return right_side(rows.id, rows.place, rule, motion, nulls, _variance(rows))


def _variance(rows: read.Rows) -> Reals:
    """Square of the error of each place, the mean of both directions; empty where errors were not read."""
    if not set(ERRORS) <= set(rows.columns):
        return np.empty(0)
    ra, dec = (rows.columns[c] for c in ERRORS)
    return np.asarray((ra * ra + dec * dec) / 2)


def _pairs(match: Match, left: Left, right: Right, own: int) -> Pairs:
    if match.how == "nearest":
        return kernel.nearest(left, right, match.rule)
    if match.how == "all":
        return kernel.ranked(left, right, match.rule, match.k)
    found = kernel.mutual(left, right, match.rule)
    mine = found.left < own
    return Pairs(found.left[mine], found.right[mine], found.c2[mine], found.rank[mine], found.n_neighbours[mine])


def preload() -> None:
    """Load all machine code; once in a daemon that workers are forked from, it costs none of them anything."""
    place = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    x = np.frombuffer(place.tobytes(), np.float64)
    boxes.inside(x, x, x, boxes.of_rows(place, RUN), np.empty((6, 3)), 0, np.empty(6, np.int64))
    still = Motion(*np.full((5, 2), np.nan))
    for rule in (Rule(1.0), Rule(1.0, 2000.0, 2010.0)):
        epoch = np.full(2, 2000.0) if rule.is_late else np.empty(0)
        left, right = Left(np.arange(2), place, epoch), right_side(np.arange(2), place.copy(), rule, still)
        kernel.mutual(left, right, rule)
        kernel.sep_arcsec(kernel.ranked(left, right, rule).c2)
