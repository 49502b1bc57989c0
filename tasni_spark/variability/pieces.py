"""Pieces of sky that a worker can hold: which files they need, and the rows of these files that lie there.

Why: a tile of the galactic plane or of an ecliptic pole may hold a hundred times the detections of another. Work is cut
by rows, on the driver by what the log says of files, and again in the worker by what footers say of row groups: no code
knows of poles.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from tasni_spark.core.files import Folder
from tasni_spark.sky import cover
from tasni_spark.sky.tiling import span

Ranges = NDArray[np.int64]


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
    found = []
    for tile in tiles:
        start, end = span(tile)
        own = sum(_share(f, start, end) for f in exposures)
        parts = 1
        while own / parts > most_rows and end - start > parts:
            parts *= 4
        step = (end - start) // parts
        for k in range(parts):
            a, b = start + k * step, start + (k + 1) * step
            region = cover.merged([(a, b)])
            near, far = cover.grown(region, reach_deg), cover.grown(region, 2 * reach_deg)
            found.append(Piece(tile, a, b, _meeting(exposures, near), _meeting(left, far)))
    return found


def _share(file: Mapping[str, Any], start: int, end: int) -> float:
    """Rows of a file that lie in a range, were they spread evenly over its own."""
    low, high = file.get("min.hpx29"), file.get("max.hpx29")
    if low is None or high is None:
        return float(file["num_records"])
    shared = min(high + 1, end) - max(low, start)
    return float(max(0.0, shared / (high + 1 - low)) * file["num_records"])


def _meeting(files: Sequence[Mapping[str, Any]], region: Ranges) -> tuple[str, ...]:
    return tuple(
        unquote(f["path"])
        for f in files
        if f.get("min.hpx29") is None or cover.overlaps(region, f["min.hpx29"], f["max.hpx29"] + 1)
    )


def fitting(piece: Piece, folder: Folder, most_rows: int) -> Iterator[Piece]:
    """The same piece in pieces of at most about so many detections, by the row groups of its files."""
    groups = [g for path in piece.exposures for g in _row_groups(folder, path)]
    todo = [piece]
    while todo:
        p = todo.pop()
        step = (p.end - p.start) // 4
        if step and sum(_share(g, p.start, p.end) for g in groups) > most_rows:
            cuts = [(p.start + k * step, p.start + (k + 1) * step) for k in (3, 2, 1, 0)]
            todo += [replace(p, start=a, end=b) for a, b in cuts]
        else:
            yield p


def _row_groups(folder: Folder, path: str) -> list[dict[str, Any]]:
    with _opened(folder, path) as file:
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
            groups = [n for n in range(file.metadata.num_row_groups) if _touches(file, n, names.index("hpx29"), region)]
            if groups:
                table = file.read_row_groups(groups, [c for c in columns if c in names], use_threads=False)
                tables.append(_inside(table, region))
    if tables:
        return pa.concat_tables(tables, promote_options="default")
    return pa.table({c: pa.array([], pa.int64() if c in ("id", "hpx29") else pa.float64()) for c in columns})


def _touches(file: pq.ParquetFile, group: int, column: int, region: Ranges) -> bool:
    ends = file.metadata.row_group(group).column(column).statistics
    return ends is None or not ends.has_min_max or cover.overlaps(region, ends.min, ends.max + 1)


def _inside(table: pa.Table, region: Ranges) -> pa.Table:
    pixel = table["hpx29"].to_numpy()
    at = np.searchsorted(region[:, 1], pixel, side="right")
    inside = (at < len(region)) & (region[np.minimum(at, len(region) - 1), 0] <= pixel)
    return table if inside.all() else table.filter(pa.array(inside))
