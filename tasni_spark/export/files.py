"""One table as one file: VOTable, FITS, ECSV, CSV or Parquet.

Why: Spark stages the rows as Parquet in as many files as it likes, on storage that all workers see; one file is then
made from batches of these. CSV and Parquet are streamed. astropy holds a table in memory, so its formats end at
IN_MEMORY_ROWS.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.dataset as pads
import pyarrow.parquet as pq
from astropy.io import fits
from astropy.table import MaskedColumn, Table
from astropy.table.meta import get_yaml_from_table
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tasni_spark.core.errors import DataError
from tasni_spark.core.files import Folder
from tasni_spark.core.spec import Col

IN_MEMORY_ROWS = 1_000_000
"""Rows up to which astropy's formats are written: about 1 GB of 60 columns."""
ASTROPY = {"votable": "votable", "fits": "fits", "ecsv": "ascii.ecsv"}
STREAMED = ("csv", "parquet")
_NUMPY = {"boolean": "?", "tinyint": "i2", "smallint": "i2", "int": "i4", "bigint": "i8", "float": "f4", "double": "f8"}


def write(rows: DataFrame, columns: Sequence[Col], form: str, out: Path, stage: Folder) -> int:
    """Write rows to one file.

    Parameters
    ----------
    rows, columns
        The rows and the declarations of their columns; all but Parquet have arrays and maps as JSON.
    form
        One of ASTROPY and STREAMED.
    out
        The file; it is there whole or not at all.
    stage
        A folder for the time of writing.

    Returns
    -------
    int
        Rows written.

    Raises
    ------
    DataError
        If there are more rows than astropy should hold.
    """
    if form != "parquet":
        rows = rows.select([F.to_json(c.name).alias(c.name) if _is_nested(c) else F.col(c.name) for c in columns])
    if form in ASTROPY:
        rows = rows.limit(IN_MEMORY_ROWS + 1)
    part = out.with_name(f".{out.name}.part")
    try:
        rows.write.mode("overwrite").parquet(stage.uri)
        staged = pads.dataset(stage.path, format="parquet", filesystem=stage.system)
        n = int(staged.count_rows())
        if form in STREAMED:
            _stream(staged.to_batches(), described(staged.schema, columns), form, part)
        elif n > IN_MEMORY_ROWS:
            raise DataError(
                f"{out}: more than {IN_MEMORY_ROWS:,} rows, and {form} is made in memory: choose --format parquet, csv "
                "or hats, or fewer rows with --where"
            )
        else:
            _write_astropy(as_table(staged.to_table(), columns), form, part)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
        stage.delete_all()
    return n


def _is_nested(c: Col) -> bool:
    return c.type.startswith(("array", "map", "struct"))


def _stream(batches: Iterable[pa.RecordBatch], schema: pa.Schema, form: str, out: Path) -> None:
    writer: Any = pq.ParquetWriter(out, schema) if form == "parquet" else pacsv.CSVWriter(out, schema)
    with writer:
        for batch in batches:
            writer.write(batch.cast(schema))


def described(schema: pa.Schema, columns: Sequence[Col]) -> pa.Schema:
    """A schema with unit, UCD and meaning of each column.

    Notes
    -----
    Each field has `unit`, `ucd`, `mag_system` and `description`; `table_meta_yaml` is where
    `astropy.table.Table.read` looks.
    """
    known = {c.name: c for c in columns}
    fields = []
    for field in schema:
        c = known.get(field.name, Col(field.name, "", ""))
        told = {"unit": c.unit, "ucd": c.ucd, "mag_system": c.mag_system, "description": c.doc}
        fields.append(field.with_metadata({k: v for k, v in told.items() if v}))
    yaml = get_yaml_from_table(as_table(schema.empty_table(), [known[n] for n in schema.names if n in known]))
    return pa.schema(fields, {"table_meta_yaml": "\n".join(yaml)})


def as_table(rows: pa.Table, columns: Sequence[Col]) -> Table:
    """An astropy table with units, UCDs and meanings; nulls are masked, integers stay exact."""
    found = Table()
    for c in columns:
        values = rows[c.name]
        if c.type in _NUMPY:
            dtype = np.dtype(_NUMPY[c.type])
            data = values.fill_null(dtype.type(0).item()).to_numpy().astype(dtype)
        else:
            data = np.array([v or "" for v in values.to_pylist()], dtype=np.str_)
        meta = {k: v for k, v in (("ucd", c.ucd), ("mag_system", c.mag_system)) if v}
        doc = f"{c.doc} [{c.measure}]" if c.mag_system else c.doc
        about = {"unit": c.unit or None, "description": doc, "meta": meta}
        found[c.name] = MaskedColumn(data, mask=values.is_null().to_numpy(), **about)
        if data.dtype.kind == "i":
            found[c.name].fill_value = np.iinfo(data.dtype).min
    return found


def _write_astropy(table: Table, form: str, out: Path) -> None:
    if form == "ecsv":
        table.write(out, format="ascii.ecsv", delimiter=",")
    elif form == "votable":
        table.write(out, format="votable", tabledata_format="binary2")
    else:
        _write_fits(table, out)


def _write_fits(table: Table, out: Path) -> None:
    """FITS, which is ASCII, with `TUCDn` and `TCOMMn` as TOPCAT has them."""
    for name in table.colnames:
        if table[name].dtype.kind == "U":
            table[name] = MaskedColumn(
                np.char.encode(table[name].filled(""), "ascii", "replace"), **_about(table[name])
            )
    hdu = fits.table_to_hdu(table)
    for k, name in enumerate(table.colnames, 1):
        hdu.header[f"TUCD{k}"] = table[name].meta.get("ucd", "")
        hdu.header[f"TCOMM{k}"] = table[name].description
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(out)


def _about(column: MaskedColumn) -> dict[str, Any]:
    return {"unit": column.unit, "description": column.description, "meta": column.meta}
