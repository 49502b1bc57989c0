"""Pairs as rows of `matches`: columns, order, Parquet files, and what a commit has to know of each file."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyarrow import fs

from tasni_spark.core import parts
from tasni_spark.core.files import Folder
from tasni_spark.crossmatch import likelihood
from tasni_spark.crossmatch.tiles.compiled import Longs, Reals
from tasni_spark.crossmatch.tiles.kernel import Left, Pairs, sep_arcsec
from tasni_spark.crossmatch.tiles.sides import Right
from tasni_spark.tables.associations import MATCHES

SCHEMA = parts.schema(MATCHES)


@dataclass(frozen=True)
class Density:
    """Surface density of the right survey.

    Parameters
    ----------
    order
        Order of the cells.
    cell
        Cells, sorted.
    per_arcsec2
        Density in each, in arcsec-2.
    empty_per_arcsec2
        Density elsewhere: one source a cell.
    """

    order: int
    cell: Longs
    per_arcsec2: Reals
    empty_per_arcsec2: float

    def around(self, hpx29: Longs) -> Reals:
        """Density at order-29 pixels."""
        wanted = hpx29 >> (2 * (29 - self.order))
        if not len(self.cell):
            return np.full(len(wanted), self.empty_per_arcsec2)
        place = np.minimum(np.searchsorted(self.cell, wanted), len(self.cell) - 1)
        return np.where(self.cell[place] == wanted, self.per_arcsec2[place], self.empty_per_arcsec2)


class Written(NamedTuple):
    """What a group did in one tile.

    Parameters
    ----------
    task
        Number of the group.
    tile
        The tile.
    path
        File, relative to the table; empty where there is no pair.
    bytes, rows, stats
        Size, rows and statistics of the file, as the Delta log has them.
    n_left, n_matched
        Left sources looked at, and those with a match.
    n_bad
        Left rows without a place; those of the whole group, told with its first tile.
    """

    task: int
    tile: int
    path: str
    bytes: int
    rows: int
    stats: str
    n_left: int
    n_matched: int
    n_bad: int


_KINDS = {"path": pa.string(), "stats": pa.string()}
WRITTEN = pa.schema([(name, _KINDS.get(name, pa.int64())) for name in Written._fields])
WRITTEN_DDL = ", ".join(f"{f.name} {'string' if f.name in _KINDS else 'bigint'}" for f in WRITTEN)
"""The same as Spark writes it."""


def table(
    surveys: tuple[str, str],
    density: Density | None,
    prior: float | None,
    pairs: Pairs,
    left: tuple[Left, Mapping[str, NDArray[Any]], Longs],
    right: Right,
) -> pa.Table:
    """Pairs with the columns of `matches`, sorted by tile, left_id, rank.

    Parameters
    ----------
    surveys
        Names of the left and the right one.
    density
        Of the right survey; None makes the chance probability and the posterior null.
    prior
        Share of left sources expected to have a counterpart; None for no score.
    left
        The left side, what else was read of it, and its tiles.
    """
    here, read, tile = left
    order = _order(tile[pairs.left], here.id[pairs.left])
    rows, other, c2 = pairs.left[order], pairs.right[order], pairs.c2[order]
    sep, zeros = sep_arcsec(c2), _arrow(np.zeros(len(order), np.int32))
    null: Any = pa.nulls(len(order), pa.float64())
    chance, score, bayes, posterior = null, null, null, null
    if density is not None:
        per_arcsec2 = density.around(read["hpx29"][rows].astype(np.int64, copy=False))
        chance = _arrow(-np.expm1(-np.pi * sep * sep * per_arcsec2))
    if prior is not None:
        variance = here.variance_arcsec2[rows] + right.variance_arcsec2[other]
        squares = sep * sep / variance
        factor = likelihood.bayes_factor(squares, variance)
        score, bayes = _measured(squares), _measured(factor)
        if density is not None:
            posterior = _measured(likelihood.posterior(factor, prior, per_arcsec2))
    columns = {
        "left_survey": _texts([surveys[0]]).take(zeros),
        "right_survey": _texts([surveys[1]]).take(zeros),
        "tile": _arrow(tile[rows]),
        "left_id": _arrow(here.id[rows]),
        "right_id": _arrow(right.id[other]),
        "sep_arcsec": _arrow(sep),
        "rank": _arrow(pairs.rank[order]),
        "n_neighbours": _arrow(pairs.n_neighbours[order]),
        "p_chance": chance,
        "score": score,
        "bayes_factor": bayes,
        "p_match": posterior,
        "is_propagated": _bits(right.is_propagated[other]),
    }
    return pa.table([columns[c] for c in SCHEMA.names], schema=SCHEMA)


def write(pairs: pa.Table, folder: Folder, task: int, left: dict[int, int], bad: int) -> list[Written]:
    """Write the pairs of each tile to a file of its own, under the partitions of `matches`.

    Parameters
    ----------
    pairs
        Sorted by tile.
    folder
        Folder of the table.
    task
        Number of the group.
    left
        Left sources of each tile; tiles without pairs get no file.
    bad
        Left rows without a place.
    """
    tiles = _view(pairs["tile"])
    found: list[Written] = []
    for tile, n_left in sorted(left.items()):
        start, end = np.searchsorted(tiles, [tile, tile + 1])
        piece = pairs.slice(start, end - start)
        path, size, stats, matched = "", 0, "", 0
        if len(piece):
            path, size = _file(piece, folder, tile, task)
            stats, matched = _stats(piece)
        found.append(Written(task, tile, path, size, len(piece), stats, n_left, matched, bad if not found else 0))
    return found


def batch(written: list[Written]) -> pa.RecordBatch:
    """Rows for the driver."""
    columns = [[w[k] for w in written] for k in range(len(WRITTEN))]
    arrays = [
        _texts([str(v) for v in values]) if pa.types.is_string(field.type) else _arrow(np.array(values, np.int64))
        for values, field in zip(columns, WRITTEN, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=WRITTEN)


def _file(piece: pa.Table, folder: Folder, tile: int, task: int) -> tuple[str, int]:
    values = {"left_survey": piece["left_survey"][0], "right_survey": piece["right_survey"][0], "tile": tile}
    below = "/".join(f"{c}={values[c]}" for c in MATCHES.partition)
    # A repeated attempt writes another file: the one that the log names is never written over.
    path = f"{below}/part-{task:05d}-{uuid.uuid4().hex}.parquet"
    if isinstance(folder.system, fs.LocalFileSystem):
        folder.system.create_dir(f"{folder.path}/{below}", recursive=True)
    kept = [c for c in SCHEMA.names if c not in MATCHES.partition]
    with folder.system.open_output_stream(f"{folder.path}/{path}") as stream:
        pq.write_table(piece.select(kept), stream, use_dictionary=list(MATCHES.dictionaries), compression="snappy")
        size = stream.tell()
    return path, size


def _stats(piece: pa.Table) -> tuple[str, int]:
    """Statistics of a file as the Delta log has them, and how many left sources it holds."""
    first = _view(piece["left_id"])
    low: dict[str, Any] = {"left_id": int(first[0])}
    high: dict[str, Any] = {"left_id": int(first[-1])}
    for name in MATCHES.stats[1:]:
        values = _view(piece[name])
        low[name], high[name] = values.min().item(), values.max().item()
    nulls = dict.fromkeys(MATCHES.stats, 0)
    told = {"numRecords": len(piece), "minValues": low, "maxValues": high, "nullCount": nulls}
    return json.dumps(told), int(np.count_nonzero(np.diff(first)) + 1)


def _view(column: pa.ChunkedArray) -> NDArray[Any]:
    chunk = column.combine_chunks()
    kind = np.int64 if pa.types.is_int64(chunk.type) else np.float64
    if not len(chunk):
        return np.empty(0, kind)
    return np.frombuffer(chunk.buffers()[1], kind, len(chunk), 8 * chunk.offset)


def _order(tile: Longs, left_id: Longs) -> Longs:
    """Rows by tile and left_id; those of one left source stay as they are."""
    unique = len(left_id) < 2 or not (left_id[1:] == left_id[:-1]).any()
    order = np.argsort(left_id, kind=None if unique else "stable")
    if len(tile) and (tile != tile[0]).any():
        tiles = np.unique(tile)
        code = np.searchsorted(tiles, tile[order])
        # Sixteen bits sort in a single pass over the rows.
        order = order[np.argsort(code.astype(np.uint16) if len(tiles) < 1 << 16 else code, kind="stable")]
    return order


def _arrow(values: NDArray[Any]) -> pa.Array:
    """An array without a copy, and without pandas, which `pa.array` imports."""
    values = np.ascontiguousarray(values)
    return pa.Array.from_buffers(_NUMPY[values.dtype.char], len(values), [None, pa.py_buffer(values)])


_NUMPY = {np.dtype(k).char: v for k, v in (("i8", pa.int64()), ("i4", pa.int32()), ("f8", pa.float64()))}


def _measured(values: Reals) -> pa.Array:
    """An array whose NaN are null."""
    known = ~np.isnan(values)
    if known.all():
        return _arrow(values)
    bits = pa.py_buffer(np.packbits(known, bitorder="little"))
    return pa.Array.from_buffers(pa.float64(), len(values), [bits, pa.py_buffer(np.ascontiguousarray(values))])


def _texts(values: list[str]) -> pa.Array:
    data = [v.encode() for v in values]
    ends = np.cumsum([0, *map(len, data)]).astype(np.int32)
    return pa.Array.from_buffers(pa.string(), len(data), [None, pa.py_buffer(ends), pa.py_buffer(b"".join(data))])


def _bits(values: NDArray[np.uint8]) -> pa.Array:
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(np.packbits(values, bitorder="little"))])
