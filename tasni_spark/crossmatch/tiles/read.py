"""Rows of Parquet files that can matter to a match, as plain arrays.

Why: a worker decodes row groups whose box comes near a left source, and keeps of them the rows that do: at the borders
of a group most of the right side goes away before it costs anything. Buffers are viewed, not converted: pyarrow's
`to_numpy` would import pandas, which takes longer than a million rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyarrow import fs

from tasni_spark.core.errors import DataError
from tasni_spark.core.files import Folder
from tasni_spark.crossmatch.tiles import boxes
from tasni_spark.crossmatch.tiles.compiled import Longs, Reals
from tasni_spark.crossmatch.tiles.task import Part

PLACE = ("x", "y", "z")
WHOLE = ("tile", "hpx29")
"""Columns of whole numbers; all others are reals."""


@dataclass
class Rows:
    """Rows of one side.

    Parameters
    ----------
    id
        Identifiers.
    place : (n, 3)
        Unit vectors.
    columns
        What else was asked for; reals with NaN for null.
    counts
        Rows kept of each file, in its order.
    read, bad
        Rows decoded; those among them without a place or an identifier, which are not kept.
    """

    id: Longs
    place: Reals
    columns: dict[str, NDArray[Any]] = field(default_factory=dict)
    counts: list[int] = field(default_factory=list)
    read: int = 0
    bad: int = 0


@dataclass(frozen=True)
class _Chunk:
    """A row group to read: its file, number and rows, and the boxes in which its rows matter."""

    file: pq.ParquetFile
    number: int
    rows: int
    near: Reals


def rows(folder: Folder, parts: Sequence[Part], columns: Sequence[str], near: Reals | None = None) -> Rows:
    """Read some files of a table.

    Parameters
    ----------
    folder
        The table's folder.
    parts
        Its files.
    columns
        Columns beside id, x, y, z. Reals that a file lacks are null: Delta adds columns without touching files.
    near : (n, 6)
        Boxes; rows farther from all of them than the part's reach are left out. None keeps every row.

    Raises
    ------
    DataError
        If a file lacks another column.
    """
    needed = ["id", *PLACE, *(c for c in columns if c in WHOLE)]
    chunks = [_chunks(folder, part, needed, near) for part in parts]
    room = sum(c.rows for file in chunks for c in file)
    found = Rows(np.empty(room, np.int64), np.empty((room, 3)))
    found.columns = {c: np.empty(room, np.int64 if c in WHOLE else np.float64) for c in columns}
    n = 0
    for file in chunks:
        before = n
        for chunk in file:
            n += _append(found, chunk, n)
        found.counts.append(n - before)
        if file:
            file[0].file.close()
    found.id, found.place = found.id[:n], found.place[:n]
    found.columns = {c: v[:n] for c, v in found.columns.items()}
    return found


def _chunks(folder: Folder, part: Part, needed: Sequence[str], near: Reals | None) -> list[_Chunk]:
    file = _opened(folder, part)
    names = file.schema_arrow.names
    if lacking := [c for c in needed if c not in names]:
        raise DataError(f"file {part.path}: no column {', '.join(lacking)}: expected a positions table")
    kept = []
    for number in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(number)
        some = np.empty((0, 6))
        if near is not None:
            box, reach = _box(group, names), float(boxes.chord(part.reach_arcsec))
            some = near[boxes.meets(box, near, reach)] + np.array([-reach] * 3 + [reach] * 3)
            if not len(some):
                continue
        kept.append(_Chunk(file, number, group.num_rows, some))
    return kept


def _opened(folder: Folder, part: Part) -> pq.ParquetFile:
    path = part.path if "://" in part.path or part.path.startswith("/") else f"{folder.path}/{part.path}"
    local = isinstance(folder.system, fs.LocalFileSystem)
    system = fs.LocalFileSystem(use_mmap=True) if local else folder.system
    if "://" in path:
        path = Folder.at(path).path
    return pq.ParquetFile(system.open_input_file(path), pre_buffer=not local)


def _box(group: pq.RowGroupMetaData, names: Sequence[str]) -> Reals:
    box = boxes.SKY.copy()
    for k, name in enumerate(PLACE):
        found = group.column(names.index(name)).statistics
        if found is not None and found.has_min_max:
            box[k], box[k + 3] = found.min, found.max
    return box


def _append(found: Rows, chunk: _Chunk, at: int) -> int:
    """Read a row group and write what is wanted of it behind the rows that are there; the number of these."""
    have = chunk.file.schema_arrow.names
    wanted = ["id", *PLACE, *(c for c in found.columns if c in have)]
    table = chunk.file.read_row_group(chunk.number, wanted, use_threads=False)
    found.read += len(table)
    if table["id"].null_count:
        found.bad += table["id"].null_count
        table = table.filter(pc.is_valid(table["id"]))
    x, y, z = (_array(table[c], np.float64) for c in PLACE)
    rows = np.empty(len(table), np.int64)
    kept, bad = boxes.inside(x, y, z, chunk.near, found.place, at, rows)
    found.bad += bad
    which = slice(None) if kept == len(table) else rows[:kept]
    found.id[at : at + kept] = _array(table["id"], np.int64)[which]
    for name, target in found.columns.items():
        if name in have:
            target[at : at + kept] = _array(table[name], target.dtype.type)[which]
        else:
            target[at : at + kept] = np.nan
    return kept


def _array(column: pa.ChunkedArray, kind: Any) -> NDArray[Any]:
    """A column as an array, a view where it can be; a null is NaN, or 0 where integers are asked for."""
    plain = pa.int64() if kind is np.int64 else pa.float64()
    if column.type != plain:
        column = column.cast(plain)
    if column.null_count:
        column = pc.fill_null(column, float("nan") if kind is np.float64 else 0)
    parts = []
    for chunk in column.chunks:
        data = chunk.buffers()[1]
        parts.append(np.frombuffer(data, kind, len(chunk), chunk.offset * 8) if len(chunk) else np.empty(0, kind))
    found = parts[0] if len(parts) == 1 else np.concatenate([np.empty(0, kind), *parts])
    found.flags.writeable = False  # views are: one machine code for both
    return found
