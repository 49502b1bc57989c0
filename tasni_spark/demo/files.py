"""Published formats: column lists, and tables written in exactly that form.

Why: a catalogue is made of the few dozen columns that matter; the others are there because the ingest must find its
columns among them. They are filled in only as a file is written, all alike, and cost almost nothing.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from tasni_spark.core.files import Folder

Rows = dict[str, Any]
"""Published columns by name: arrays of NumPy, or of Arrow where they are strings or may be null."""
MARK = {"tasni": "SYNTHETIC"}
"""Metadata of every file made here."""
_DTYPES = {
    pa.int8(): np.int8,
    pa.int16(): np.int16,
    pa.int32(): np.int32,
    pa.int64(): np.int64,
    pa.float32(): np.float32,
    pa.float64(): np.float64,
}
MISSING = {"panstarrs1": -999}
"""What a survey writes for a missing number; the others leave it null."""


@lru_cache(maxsize=16)
def schema(survey: str) -> pa.Schema:
    """Columns of a survey's published table, in order.

    Parameters
    ----------
    survey
        Name of a file in `schemas`: a line `name type` for each column.
    """
    fields = [pa.field(name, type) for name, type in _types(survey).items()]
    return pa.schema(fields, metadata=MARK)


@lru_cache(maxsize=16)
def _types(survey: str) -> dict[str, pa.DataType]:
    lines = (Path(__file__).parent / "schemas" / f"{survey}.txt").read_text().splitlines()
    pairs = [line.split() for line in lines if not line.startswith("#")]
    return {name: pa.type_for_alias(type) for name, type in pairs}


def table(survey: str, columns: Rows) -> pa.Table:
    """Columns as the survey types them; NaN is null in all columns.

    Notes
    -----
    Arrays are wrapped, not converted: `pa.array` would import pandas, at the cost of forty leaves.
    """
    types = _types(survey)
    arrays = [v if isinstance(v, pa.Array) else array(v, types[name]) for name, v in columns.items()]
    return pa.Table.from_arrays(arrays, names=list(columns))


def array(values: NDArray[Any], type: pa.DataType, missing: NDArray[np.bool_] | None = None) -> pa.Array:
    """Numbers or truths as an Arrow array.

    Parameters
    ----------
    values : (n,)
    type
        Arrow type wanted.
    missing : (n,)
        Which are null; those that are NaN, where it is not given.
    """
    if missing is None and values.dtype.kind == "f":
        missing = np.isnan(values)
    n_missing = 0 if missing is None else int(np.count_nonzero(missing))
    valid = None
    if missing is not None and n_missing:
        valid = pa.py_buffer(np.packbits(~missing, bitorder="little"))
        values = np.where(missing, 0, values)
    if type in _DTYPES:
        data = np.ascontiguousarray(values, _DTYPES[type])
    else:
        data = np.packbits(values.astype(bool), bitorder="little")
    return pa.Array.from_buffers(type, len(values), [valid, pa.py_buffer(data)], n_missing)


def widened(survey: str, rows: pa.Table) -> pa.Table:
    """All published columns in order; those that are not given are missing."""
    types = _types(survey)
    given = dict(zip(rows.column_names, rows.columns, strict=True))
    blanks = {t: _blank(rows.num_rows, t, MISSING.get(survey)) for t in set(types.values())}
    return pa.Table.from_arrays([given.get(name, blanks[t]) for name, t in types.items()], schema=schema(survey))


def _blank(n: int, type: pa.DataType, missing: int | None) -> pa.Array:
    if missing is None or not (pa.types.is_integer(type) or pa.types.is_floating(type)):
        return pa.nulls(n, type)
    return array(np.full(n, missing), type)


def write(survey: str, rows: pa.Table, folder: Folder, name: str) -> None:
    """Write one Parquet file of one row group, with all published columns.

    Notes
    -----
    Only columns of one repeated value are worth a dictionary; nulls need none.
    """
    full = widened(survey, rows)
    same = set(_types(survey)) - set(rows.column_names) if survey in MISSING else set()
    folder.system.create_dir(folder.path, recursive=True)
    with folder.system.open_output_stream(f"{folder.path}/{name}") as stream:
        pq.write_table(full, stream, use_dictionary=sorted(same), row_group_size=max(full.num_rows, 1))
