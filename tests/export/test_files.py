"""Files read back by astropy and pyarrow: values, nulls, units, UCDs and meanings are those of the declaration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from astropy import units as u
from astropy.io import fits
from astropy.table import Table

from tasni_spark.core.spec import Col
from tasni_spark.export import files

COLUMNS = (
    Col("id", "bigint", "Identifier", ucd="meta.id;meta.main", nullable=False),
    Col("n", "int", "Exposures", ucd="meta.number"),
    Col("pmra", "double", "Proper motion", "mas / yr", "pos.pm;pos.eq.ra"),
    Col("flux", "float", "Flux", "count", "phot.flux"),
    Col("w2mpro", "double", "W2", "mag", "phot.mag;em.IR.4-8um", mag_system="Vega"),
    Col("name", "string", "Name, quoted", ucd="meta.id"),
    Col("is_there", "boolean", "Whether it is there", ucd="meta.code"),
)
ROWS: dict[str, list[Any]] = {
    "id": [2**63 - 1, -(2**60) - 1, 999999],  # the last is astropy's own mark of a missing integer
    "n": [7, None, -3],
    "pmra": [1.5, None, -8118.9],
    "flux": [None, 0.25, -(2.0**-90)],
    "w2mpro": [14.5, 9.25, None],
    "name": ['a "b", c', "D'Arrest", None],
    "is_there": [True, False, True],
}


@pytest.fixture
def rows() -> pa.Table:
    types = [pa.int64(), pa.int32(), pa.float64(), pa.float32(), pa.float64(), pa.string(), pa.bool_()]
    return pa.table({c.name: pa.array(ROWS[c.name], t) for c, t in zip(COLUMNS, types, strict=True)})


def check(found: Table) -> None:
    for c in COLUMNS:
        column = found[c.name]
        values = np.ma.asarray(column).tolist()
        got = [None if isinstance(v, float) and np.isnan(v) else v for v in values]
        if c.type == "string":
            got = [(g.decode() if isinstance(g, bytes) else g) or None for g in got]
        assert got == ROWS[c.name], c.name
        assert column.unit == (u.Unit(c.unit) if c.unit else None)


@pytest.mark.parametrize("form", ["votable", "ecsv"])
def test_astropy_reads_values_units_and_ucds(rows: pa.Table, tmp_path: Path, form: str) -> None:
    out = tmp_path / "some.file"
    files._write_astropy(files.as_table(rows, COLUMNS), form, out)
    found = Table.read(out, format=files.ASTROPY[form])
    check(found)
    assert {c.name: found[c.name].meta.get("ucd") for c in COLUMNS} == {c.name: c.ucd for c in COLUMNS}
    assert found["name"].description == "Name, quoted"


def test_fits_has_units_and_ucds_in_its_header(rows: pa.Table, tmp_path: Path) -> None:
    out = tmp_path / "some.fits"
    files._write_astropy(files.as_table(rows, COLUMNS), "fits", out)
    check(Table.read(out))
    with fits.open(out) as hdus:
        hdus.verify("exception")
        header = hdus[1].header
        assert [header[f"TUCD{k}"] for k in range(1, 8)] == [c.ucd for c in COLUMNS]
        docs = [f"{c.doc} [mag, Vega]" if c.name == "w2mpro" else c.doc for c in COLUMNS]
        assert [header[f"TCOMM{k}"] for k in range(1, 8)] == docs
        assert header["TUNIT3"] == "mas yr-1"


def test_parquet_tells_units_to_pyarrow_and_to_astropy(rows: pa.Table, tmp_path: Path) -> None:
    out = tmp_path / "some.parquet"
    listed = rows.append_column("cuts", pa.array([["a"], [], ["b", "c"]], pa.list_(pa.string())))
    columns = (*COLUMNS, Col("cuts", "array<string>", "Cuts"))
    files._stream(listed.to_batches(max_chunksize=2), files.described(listed.schema, columns), "parquet", out)
    found = pq.read_table(out)
    assert found.to_pylist() == listed.to_pylist()
    told = found.schema.field("pmra").metadata
    assert told == {b"unit": b"mas / yr", b"ucd": b"pos.pm;pos.eq.ra", b"description": b"Proper motion"}
    with pytest.warns(UserWarning, match="longest string"):
        read = Table.read(out, exclude_names=["name"])  # astropy knows no null in a string
    assert read["pmra"].unit == u.Unit("mas / yr")
    assert read["pmra"].meta["ucd"] == "pos.pm;pos.eq.ra"
    assert read["id"].tolist() == ROWS["id"]
    assert list(read["cuts"][2]) == ["b", "c"]


def test_csv(rows: pa.Table, tmp_path: Path) -> None:
    out = tmp_path / "some.csv"
    files._stream(rows.to_batches(max_chunksize=2), files.described(rows.schema, COLUMNS), "csv", out)
    again = pacsv.read_csv(
        out, convert_options=pacsv.ConvertOptions(column_types=rows.schema, strings_can_be_null=True)
    )
    assert again.to_pylist() == rows.to_pylist()


def test_letters_that_fits_does_not_know(tmp_path: Path) -> None:
    column = (Col("name", "string", "Name"),)
    table = files.as_table(pa.table({"name": ["Bételgeuse"]}), column)
    files._write_astropy(table, "fits", tmp_path / "a.fits")
    assert Table.read(tmp_path / "a.fits")["name"].tolist() == ["B?telgeuse"]
