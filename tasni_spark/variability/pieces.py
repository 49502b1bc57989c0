"""Pieces of sky that a worker can hold: which files they need, and the rows of these files that lie there.

Why: a tile of the galactic plane or of an ecliptic pole may hold a hundred times the detections of another. Work is cut
by rows, on the driver by what the log says of files, and again in the worker by what footers say of row groups: no code
knows of poles.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from urllib.parse import unquote

import astropy.units as u
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from astropy.coordinates import Latitude, Longitude
from cdshealpix.nested import lonlat_to_healpix
from numpy.typing import NDArray
from pyarrow import fs

from tasni_spark.core.errors import DataError
from tasni_spark.core.files import Folder
from tasni_spark.sky import cover
from tasni_spark.sky.healpix import ORDER
from tasni_spark.sky.tiling import span

Ranges = NDArray[np.int64]
EVERYWHERE = 12 * 4**29 - 1
"""The last pixel of order 29."""
_PIXEL, _PUBLISHED_ORDER = re.compile(r"healpix_k5=(\d+)/"), 5


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
            told += _row_groups(file, path)
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


def published(folder: Folder) -> list[dict[str, Any]]:
    """Files as an archive publishes them, in folders `healpix_k5=PIXEL`, as `Lake.files` tells of those of a table.

    Raises
    ------
    DataError
        If a file says nowhere which pixel it holds.
    """
    selector = fs.FileSelector(folder.path, recursive=True)
    found = [f for f in folder.system.get_file_info(selector) if f.is_file and f.extension == "parquet"]
    paths = sorted(f.path.removeprefix(f"{folder.path}/") for f in found)

    def told(path: str) -> dict[str, Any]:
        if _PIXEL.search(path) is None:
            raise DataError(f"{path}: no folder healpix_k5=PIXEL says where it lies: ingest the survey instead")
        with _opened(folder, path) as file:
            ends = dict(zip(("min.hpx29", "max.hpx29"), _ends(path), strict=True))
            return {"path": path, "num_records": file.metadata.num_rows, **ends}

    with ThreadPoolExecutor(16) as threads:
        return list(threads.map(told, paths))


def _ends(path: str) -> tuple[int, int]:
    """First and last pixel of order 29 of a published file."""
    found = _PIXEL.search(path)
    pixel = int(found[1]) if found else 0
    shift = 2 * (ORDER - _PUBLISHED_ORDER)
    return pixel << shift, ((pixel + 1) << shift) - 1


def _row_groups(file: pq.ParquetFile, path: str) -> list[dict[str, Any]]:
    """Rows of each row group and where they lie, as `Lake.files` tells of files."""
    names = file.schema_arrow.names
    found = []
    for n in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(n)
        if "hpx29" not in names:
            known = dict(zip(("min.hpx29", "max.hpx29"), _ends(path), strict=True))
        else:
            ends = group.column(names.index("hpx29")).statistics
            known = {"min.hpx29": ends.min, "max.hpx29": ends.max} if ends is not None and ends.has_min_max else {}
        found.append({"num_records": group.num_rows, **known})
    return found


def _opened(folder: Folder, path: str) -> pq.ParquetFile:
    where = path if "://" in path or path.startswith("/") else f"{folder.path}/{path}"
    return pq.ParquetFile(folder.system.open_input_file(where), pre_buffer=False)


def rows(folder: Folder, paths: Collection[str], columns: Collection[str], region: Ranges, key: str = "id") -> pa.Table:
    """Rows of files that lie in a region; columns that a file lacks are left out, or null beside others.

    Parameters
    ----------
    key
        The column that is to be `id`.

    Notes
    -----
    Row groups are chosen by their least and greatest hpx29, rows by their own. Published files have none: theirs is
    worked out, and the other columns are read only where some row lies in the region.

    Raises
    ------
    DataError
        If a published row has no key, place or time.
    """
    tables = []
    for path in paths:
        with _opened(folder, path) as file:
            names = file.schema_arrow.names
            groups = Spread.of(_row_groups(file, path)).meeting(region)
            wanted = [key if c == "id" else c for c in columns]
            for n in [groups.tolist()] if "hpx29" in names and len(groups) else []:
                table = file.read_row_groups(n, [c for c in wanted if c in names], use_threads=False)
                tables.append(_inside(table, region))
            for n in groups.tolist() if "hpx29" not in names else []:
                place = _placed(file.read_row_group(n, [key, "ra", "dec", "mjd"], use_threads=False), path)
                here = np.flatnonzero(_is_inside(place["hpx29"].to_numpy(), region))
                if len(here):
                    others = [c for c in wanted if c in names and c not in place.column_names]
                    table = file.read_row_group(n, others, use_threads=False)
                    for name in place.column_names:
                        table = table.append_column(name, place[name])
                    tables.append(table if len(here) == len(table) else table.take(pa.array(here)))
    tables = [t.rename_columns(["id" if c == key else c for c in t.column_names]) for t in tables]
    if tables:
        return pa.concat_tables(tables, promote_options="permissive")
    return pa.table({c: pa.array([], pa.int64() if c in ("id", "hpx29") else pa.float64()) for c in columns})


def _placed(table: pa.Table, path: str) -> pa.Table:
    """Published rows with their pixel of order 29."""
    if bad := max(table[c].null_count for c in table.column_names):
        raise DataError(
            f"{path}: {bad} rows without key, place or time: ingest the survey, which rejects them one by one"
        )
    ra, dec = (table[c].cast(pa.float64()).to_numpy() for c in ("ra", "dec"))
    pixel = lonlat_to_healpix(Longitude(ra * u.deg), Latitude(dec * u.deg), ORDER)
    return table.append_column("hpx29", pa.array(pixel.astype(np.int64)))


def _inside(table: pa.Table, region: Ranges) -> pa.Table:
    inside = _is_inside(table["hpx29"].to_numpy(), region)
    return table if inside.all() else table.filter(pa.array(inside))


def _is_inside(pixel: NDArray[np.int64], region: Ranges) -> NDArray[np.bool_]:
    at = np.searchsorted(region[:, 1], pixel, side="right")
    return np.asarray((at < len(region)) & (region[np.minimum(at, len(region) - 1), 0] <= pixel))
