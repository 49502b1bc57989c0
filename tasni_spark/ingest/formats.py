"""Raw files: which there are, what columns and rows they hold, how to read them in bounded memory.

Why: everything that can be wrong with a file is found here, before a row is stored, from footers and headers. Parquet
is left to Spark; tables that astropy or pyarrow read come in blocks, so that no file must fit in memory.
"""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from astropy.io import fits
from astropy.io.votable import parse_single_table
from astropy.table import Table
from pyarrow import fs

from tasni_spark.core.errors import DataError
from tasni_spark.core.files import Folder

BLOCK_ROWS = 65_536
SUFFIXES = {
    ".parquet": "parquet",
    ".parq": "parquet",
    ".csv": "csv",
    ".csv.gz": "csv",
    ".ecsv": "ecsv",
    ".tbl": "ipac",
    ".vot": "votable",
    ".votable": "votable",
    ".xml": "votable",
    ".fits": "fits",
    ".fit": "fits",
}
_SIMPLE = {
    pa.int8(): "tinyint",
    pa.int16(): "smallint",
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.uint8(): "smallint",
    pa.uint16(): "int",
    pa.uint32(): "bigint",
    pa.uint64(): "decimal(20,0)",
    pa.float32(): "float",
    pa.float64(): "double",
    pa.bool_(): "boolean",
    pa.string(): "string",
    pa.large_string(): "string",
}
SPARK_TYPES = frozenset(_SIMPLE.values())
FORMATS = ("parquet", "csv", "ecsv", "ipac", "votable", "fits")
Pairs = list[tuple[str, str]]
Header = tuple[Pairs, Pairs, int]
"""(name, type) of the columns, (name, unit) of those whose unit is stated, number of rows."""


@dataclass(frozen=True)
class RawFile:
    """One input file.

    Parameters
    ----------
    path, format, bytes
        Path or URI, one of FORMATS, size.
    rows
        Rows, from the footer, the header, or by counting lines.
    columns
        (name, Spark SQL type) in file order; text files have strings.
    in_path
        Columns that only the path knows (`healpix_k5=8277`).
    units
        (name, unit) of the columns whose unit the header of a FITS, VOTable, IPAC or ECSV table states.
    """

    path: str
    format: str
    bytes: int
    rows: int
    columns: tuple[tuple[str, str], ...]
    in_path: tuple[str, ...] = ()
    units: tuple[tuple[str, str], ...] = ()


def discover(location: str, wanted: str = "") -> list[tuple[str, str, int]]:
    """(path, format, bytes) of the data files at a location, in order of path.

    Parameters
    ----------
    location
        A file; a folder, also hive-partitioned; a HATS catalogue or collection, of which only the primary table is
        taken, never the margins.
    wanted
        One of FORMATS, where the names do not tell.

    Raises
    ------
    DataError
        If there is nothing there, or nothing of a known format.
    """
    place = Folder.at(location)
    info = place.system.get_file_info(place.path)
    if info.type == fs.FileType.NotFound:
        raise DataError(f"input {location}: no such file or folder")
    if info.type == fs.FileType.File:
        files = [info]
    else:
        folder = _hats_dataset(place)
        files = place.system.get_file_info(fs.FileSelector(folder.path, recursive=True))
        files = [f for f in files if f.type == fs.FileType.File and f.base_name[0] not in "_."]
    found = []
    for file in sorted(files, key=lambda f: f.path):
        suffix = next((s for s in SUFFIXES if file.base_name.lower().endswith(s)), "")
        if suffix or wanted:
            found.append((_uri(place, file.path), wanted or SUFFIXES[suffix], file.size))
    if not found:
        raise DataError(f"input {location}: no data files; known endings: {', '.join(SUFFIXES)}")
    return found


def _hats_dataset(place: Folder) -> Folder:
    primary = _property(place, "collection.properties", "hats_primary_table_url")
    if primary:
        place = place / primary
    is_hats = any((place / n).is_file() for n in ("hats.properties", "properties"))
    return place / "dataset" if is_hats else place


def _property(place: Folder, file: str, key: str) -> str:
    if not (place / file).is_file():
        return ""
    with place.system.open_input_stream(f"{place.path}/{file}") as stream:
        found = re.search(rf"^{key}=(.+)$", stream.read().decode(), re.MULTILINE)
    return found.group(1).strip() if found else ""


def _uri(place: Folder, path: str) -> str:
    if "://" not in place.uri:
        return path
    return place.uri.split("://")[0] + "://" + path


def inspect_all(files: Sequence[tuple[str, str, int]]) -> tuple[list[RawFile], list[str]]:
    """Footers and headers of all files, and the faults of those that cannot be read."""
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda f: _try(lambda: inspect(*f), f[0]), files))
    return [f for f in found if isinstance(f, RawFile)], [f for f in found if isinstance(f, str)]


def _try(act: Callable[[], RawFile], path: str) -> RawFile | str:
    try:
        return act()
    except DataError as e:
        return str(e)
    except Exception as e:
        return f"{path}: cannot be read: {type(e).__name__}: {(str(e).splitlines() or [''])[0][:200]}"


def inspect(path: str, format: str, size: int) -> RawFile:
    """Columns and rows of one file.

    Raises
    ------
    DataError
        If the file is empty.
    """
    if size == 0:
        raise DataError(f"{path}: the file is empty (0 bytes)")
    in_path = tuple(re.findall(r"/(\w+)=[^/]+(?=/)", path))
    if format == "parquet":
        place = Folder.at(path)
        with place.system.open_input_file(place.path) as source:
            footer = pq.ParquetFile(source)
            columns = tuple((f.name, spark_type(f.type)) for f in footer.schema_arrow)
            return RawFile(path, format, size, footer.metadata.num_rows, columns, in_path)
    found, units, rows = _HEADERS[format](path)
    return RawFile(path, format, size, rows, tuple(found), in_path, tuple(units))


def spark_type(type: pa.DataType) -> str:
    """The Spark SQL type of an Arrow type; nested and other types by their Arrow name."""
    return _SIMPLE.get(type, str(type))


# -- tables that are not Parquet --------------------------------------------------------------------------------------


def blocks(path: str, format: str, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """A file's columns in blocks; those of text formats are strings, as written."""
    yield from _BLOCKS[format](path, list(columns))


def _open(path: str) -> Any:
    place = Folder.at(path)
    return place.system.open_input_stream(place.path, compression="gzip" if path.endswith(".gz") else None)


def _lines(path: str) -> Iterator[str]:
    yield from io.TextIOWrapper(_open(path), encoding="utf-8")


def _csv_header(path: str) -> Header:
    lines = (line for line in _uncommented(path) if line.strip())
    header = next(lines, "")
    names = pacsv.read_csv(io.BytesIO(header.encode())).column_names
    return [(n, "string") for n in names], [], sum(1 for _ in lines)


def _uncommented(path: str) -> Iterator[str]:
    """Lines of a CSV file but for those at its top that begin with #."""
    return itertools.dropwhile(lambda line: line.startswith("#"), _lines(path))


def _csv_blocks(path: str, columns: list[str]) -> Iterator[pa.RecordBatch]:
    convert = pacsv.ConvertOptions(
        column_types=dict.fromkeys(columns, pa.string()),
        include_columns=columns,
        strings_can_be_null=True,
        null_values=[""],
    )
    comments = sum(1 for _ in itertools.takewhile(lambda line: line.startswith("#"), _lines(path)))
    with _open(path) as source:
        yield from pacsv.open_csv(source, pacsv.ReadOptions(skip_rows=comments), convert_options=convert)


def _split_header(path: str, format: str) -> tuple[list[str], Iterator[str]]:
    """Header lines of an ECSV or IPAC table, and the lines of its rows."""
    lines = (line for line in _lines(path) if line.strip())
    header: list[str] = []
    marks = ("#",) if format == "ecsv" else ("\\", "|")
    for line in lines:
        if not line.startswith(marks):
            if format == "ecsv":
                return [*header, line], lines
            return header, _chain(line, lines)
        header.append(line)
    return header, iter(())


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _text_blocks(format: str) -> Callable[[str, list[str]], Iterator[pa.RecordBatch]]:
    def read(path: str, columns: list[str]) -> Iterator[pa.RecordBatch]:
        header, rows = _split_header(path, format)
        block: list[str] = []
        for row in rows:
            block.append(row)
            if len(block) == BLOCK_ROWS:
                yield _from_astropy(_parse(header, block, format), columns)
                block = []
        if block:
            yield _from_astropy(_parse(header, block, format), columns)

    return read


def _text_header(format: str) -> Callable[[str], Header]:
    def read(path: str) -> Header:
        header, rows = _split_header(path, format)
        first = next(rows, None)
        if first is None:
            raise DataError(f"{path}: no rows")
        return *_astropy_columns(_parse(header, [first], format)), 1 + sum(1 for _ in rows)

    return read


def _parse(header: list[str], rows: list[str], format: str) -> Any:
    name = {"ecsv": "ascii.ecsv", "ipac": "ascii.ipac"}[format]
    return Table.read("".join(header) + "".join(rows), format=name)


def _astropy_columns(table: Any) -> tuple[Pairs, Pairs]:
    columns = [(n, _numpy_type(table[n].dtype)) for n in table.colnames]
    return columns, [(n, str(table[n].unit)) for n in table.colnames if table[n].unit]


def _numpy_type(dtype: Any) -> str:
    if dtype.kind in "SUO":
        return "string"
    return spark_type(pa.from_numpy_dtype(dtype.newbyteorder("=")))


def _from_astropy(table: Any, columns: list[str]) -> pa.RecordBatch:
    return pa.record_batch([_arrow(table[n], getattr(table[n], "mask", None)) for n in columns], names=columns)


def _arrow(values: Any, mask: Any = None) -> pa.Array:
    data = np.asarray(values)
    if data.dtype.kind == "S":
        data = np.char.decode(data, "utf-8")
    if data.dtype.kind in "UO":
        data = np.char.strip(data.astype(str)).astype(object)
    else:
        data = data.astype(data.dtype.newbyteorder("="))
    mask = None if mask is None or not np.ndim(mask) else np.asarray(mask)
    return pa.array(data, mask=mask, from_pandas=True)


@contextmanager
def _fits_table(path: str) -> Iterator[Any]:
    place = Folder.at(path)
    local = isinstance(place.system, fs.LocalFileSystem)
    with fits.open(place.path if local else place.system.open_input_file(place.path), memmap=local) as hdus:
        yield next(h for h in hdus if isinstance(h, fits.BinTableHDU | fits.TableHDU))


def _fits_header(path: str) -> Header:
    with _fits_table(path) as table:
        dtype = table.columns.dtype
        units = [(c.name, c.unit) for c in table.columns if c.unit]
        return [(n, _numpy_type(dtype[n])) for n in dtype.names], units, int(table.header["NAXIS2"])


def _fits_blocks(path: str, columns: list[str]) -> Iterator[pa.RecordBatch]:
    with _fits_table(path) as table:
        for start in range(0, table.header["NAXIS2"], BLOCK_ROWS):
            rows = table.data[start : start + BLOCK_ROWS]
            nulls = {n: table.columns[n].null for n in columns}
            arrays = [_arrow(rows[n], None if null in (None, "") else rows[n] == null) for n, null in nulls.items()]
            yield pa.record_batch(arrays, names=columns)


def _votable(path: str) -> Any:
    place = Folder.at(path)
    with place.system.open_input_file(place.path) as source:
        return parse_single_table(source).to_table(use_names_over_ids=True)


def _votable_header(path: str) -> Header:
    table = _votable(path)
    return *_astropy_columns(table), len(table)


def _votable_blocks(path: str, columns: list[str]) -> Iterator[pa.RecordBatch]:
    table = _votable(path)
    for start in range(0, len(table), BLOCK_ROWS):
        yield _from_astropy(table[start : start + BLOCK_ROWS], columns)


_HEADERS: Mapping[str, Callable[[str], Header]] = {
    "csv": _csv_header,
    "ecsv": _text_header("ecsv"),
    "ipac": _text_header("ipac"),
    "fits": _fits_header,
    "votable": _votable_header,
}
_BLOCKS: Mapping[str, Callable[[str, list[str]], Iterator[pa.RecordBatch]]] = {
    "csv": _csv_blocks,
    "ecsv": _text_blocks("ecsv"),
    "ipac": _text_blocks("ipac"),
    "fits": _fits_blocks,
    "votable": _votable_blocks,
}
