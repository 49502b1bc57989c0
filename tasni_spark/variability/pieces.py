"""Pieces of sky that a worker can hold: which files they need, and the rows of these files that lie there.

Why: a tile of the galactic plane or of an ecliptic pole may hold a hundred times the detections of another. Work is cut
by rows, on the driver by what the log says of files, and again in the worker by what footers say of row groups: no code
knows of poles.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from tasni_spark.core.files import Folder
from tasni_spark.sky import cover
from tasni_spark.sky.tiling import span

Ranges = NDArray[np.int64]
EVERYWHERE = 12 * 4**29 - 1
"""The last pixel of order 29."""


@dataclass(frozen=True)
class Piece:
    """What one worker does.

    Parameters
    ----------
    tile
        The tile whose sources it owns, or some of them.
    start, end
        Order-29 pixels of these: first, and first behind.
    exposures, left
        Paths of the files of both sides that reach there.
    """

    tile: int
    start: int
    end: int
    exposures: tuple[str, ...]
    left: tuple[str, ...]


class Spread(NamedTuple):
    """Where rows lie, file by file or row group by row group: least and greatest pixel of order 29, and rows."""

    low: Ranges
    high: Ranges
    rows: NDArray[np.float64]

    @staticmethod
    def of(parts: Sequence[Mapping[str, Any]]) -> Spread:
        """What `Lake.files` tells; a part that does not say where its rows lie may lie anywhere."""
        ends = [[p.get(f"{end}.hpx29") for p in parts] for end in ("min", "max")]
        low = [0 if v is None else v for v in ends[0]]
        high = [EVERYWHERE if v is None else v for v in ends[1]]
        rows = np.array([p["num_records"] for p in parts], np.float64)
        return Spread(np.array(low, np.int64), np.array(high, np.int64), rows)

    def within(self, start: int, end: int) -> float:
        """Rows in a range, were those of each part spread evenly."""
        shared = np.minimum(self.high + 1, end) - np.maximum(self.low, start)
        return float((np.maximum(shared, 0) / (self.high + 1 - self.low) * self.rows).sum())

    def meeting(self, region: Ranges) -> NDArray[np.int64]:
        """Parts that may have rows in a region."""
        first = np.searchsorted(region[:, 1], self.low, side="right")
        begins = np.append(region[:, 0], EVERYWHERE + 1)[first]
        return np.flatnonzero(begins <= self.high)


def pieces(
    tiles: Sequence[int],
    exposures: Sequence[Mapping[str, Any]],
    left: Sequence[Mapping[str, Any]],
    reach_deg: float,
    most_rows: int,
) -> list[Piece]:
    """Cut tiles into pieces of at most about so many detections.

    Parameters
    ----------
    exposures, left
        Files of both sides, as `Lake.files` tells them.
    reach_deg : deg
        How far an exposure may lie from its source.
    """
    sides = (Spread.of(exposures), Spread.of(left))
    paths = [[unquote(f["path"]) for f in side] for side in (exposures, left)]
    found = []
    for tile in tiles:
        start, end = span(tile)
        own, count = sides[0].within(start, end), 1
        while own / count > most_rows and end - start > count:
            count *= 4
        step = (end - start) // count
        for a in range(start, end, step):
            region = cover.merged([(a, a + step)])
            near = [cover.grown(region, k * reach_deg) for k in (1, 2)]
            chosen = [tuple(p[i] for i in s.meeting(r)) for p, s, r in zip(paths, sides, near, strict=True)]
            found.append(Piece(tile, a, a + step, *chosen))
    return found


def fitting(piece: Piece, folder: Folder, most_rows: int) -> Iterator[Piece]:
    """The same piece in pieces of at most about so many detections, by the row groups of its files."""
    told: list[dict[str, Any]] = []
    for path in piece.exposures:
        with _opened(folder, path) as file:
            told += _row_groups(file)
    groups = Spread.of(told)
    todo = [piece]
    while todo:
        p = todo.pop()
        step = (p.end - p.start) // 4
        if step and groups.within(p.start, p.end) > most_rows:
            cuts = [(p.start + k * step, p.start + (k + 1) * step) for k in (3, 2, 1, 0)]
            todo += [replace(p, start=a, end=b) for a, b in cuts]
        else:
            yield p


def _row_groups(file: pq.ParquetFile) -> list[dict[str, Any]]:
    """Rows of each row group and where they lie, as `Lake.files` tells of files."""
    at = file.schema_arrow.names.index("hpx29")
    found = []
    for n in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(n)
        ends = group.column(at).statistics
        known = {"min.hpx29": ends.min, "max.hpx29": ends.max} if ends is not None and ends.has_min_max else {}
        found.append({"num_records": group.num_rows, **known})
    return found


def _opened(folder: Folder, path: str) -> pq.ParquetFile:
    where = path if "://" in path or path.startswith("/") else f"{folder.path}/{path}"
    return pq.ParquetFile(folder.system.open_input_file(where), pre_buffer=False)


def rows(folder: Folder, paths: Collection[str], columns: Collection[str], region: Ranges) -> pa.Table:
    """Rows of sorted files that lie in a region; columns that a file lacks are left out, or null beside others.

    Notes
    -----
    Row groups are chosen by their least and greatest hpx29, rows by their own.
    """
    tables = []
    for path in paths:
        with _opened(folder, path) as file:
            names = file.schema_arrow.names
            groups = Spread.of(_row_groups(file)).meeting(region)
            if len(groups):
                table = file.read_row_groups(groups.tolist(), [c for c in columns if c in names], use_threads=False)
                tables.append(_inside(table, region))
    if tables:
        return pa.concat_tables(tables, promote_options="default")
    return pa.table({c: pa.array([], pa.int64() if c in ("id", "hpx29") else pa.float64()) for c in columns})


def _inside(table: pa.Table, region: Ranges) -> pa.Table:
    pixel = table["hpx29"].to_numpy()
    at = np.searchsorted(region[:, 1], pixel, side="right")
    inside = (at < len(region)) & (region[np.minimum(at, len(region) - 1), 0] <= pixel)
    return table if inside.all() else table.filter(pa.array(inside))
