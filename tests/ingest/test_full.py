"""Every published column: names, kinds, widths and values as in the files, rows in = rows out + rejected."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasni_spark.core.arguments import Request, parse
from tasni_spark.ingest import full
from tasni_spark.ingest.formats import RawFile
from tasni_spark.ingest.ingest import IngestConfig
from tasni_spark.ingest.survey import load

from .conftest import TOML


def raw(path: str, *columns: tuple[str, str], in_path: tuple[str, ...] = ()) -> RawFile:
    return RawFile(path, "parquet", 1, 1, columns, in_path)


def test_files_together_hold_all_columns_at_their_widest() -> None:
    files = [
        raw("/x/k=7/a", ("Ra", "double"), ("mag", "float"), ("n", "smallint"), in_path=("k",)),
        raw("/x/k=8/b", ("RA", "double"), ("mag", "double"), ("n", "int"), ("new", "string"), in_path=("k",)),
    ]
    held = [("Ra", "double"), ("mag", "double"), ("n", "int"), ("k", "int"), ("new", "string")]
    assert full.columns(files) == (held, [])


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        ([("a", "int"), ("A", "int")], "column a is there twice, in other case"),
        ([("Tile", "string")], "column Tile has the name of one of ours"),
        ([("v", "list<item: double>")], "column v is list<item: double>: numbers, strings and booleans can be stored"),
        ([("E_RA max", "double")], "column 'E_RA max' has a character that Delta tables cannot have in names"),
    ],
)
def test_columns_that_cannot_be_stored_are_named(columns: list[tuple[str, str]], fault: str) -> None:
    assert full.columns([raw("/x/a", *columns)])[1] == [f"all_columns: {fault}"]


def test_one_column_of_two_kinds_is_a_fault() -> None:
    files = [raw("/x/a", ("moon_lev", "string")), raw("/x/b", ("moon_lev", "bigint"))]
    assert full.columns(files)[1] == ["all_columns: column moon_lev is string in one file and bigint in another"]


def test_documentation_comes_from_the_definition() -> None:
    table = full.table(load(str(TOML)), [("W1mag", "float"), ("x", "double")], tiled=True)
    assert [(c.name, c.type, c.doc) for c in table.columns[3:]] == [
        ("W1mag", "float", "Magnitude"),
        ("x", "double", "As published"),
    ]
    assert (table.name, table.release, table.partition) == ("tiny_full", "1", ("tile",))


@pytest.mark.parametrize("flag", [["--all-columns"], ["--all-columns=true"], ["--set", "ingest.all_columns=true"]])
def test_it_is_a_switch(flag: list[str]) -> None:
    assert "ingest.all_columns=true" in parse("ingest", "", IngestConfig, [*flag, "--survey", "allwise"]).sets


@pytest.mark.spark
def test_allwise_has_300_columns(
    interpreted: None, lake: Any, job: Callable[..., Any], mock_sky: Path, tmp_path: Path
) -> None:
    leaf = next((mock_sky / "allwise").rglob("*.parquet"))
    published = pq.ParquetFile(leaf).read().slice(0, 30)
    bad = published.slice(0, 1).set_column(1, "ra", pa.array([500.0]))
    copy = tmp_path / leaf.relative_to(mock_sky)
    copy.parent.mkdir(parents=True)
    pq.write_table(pa.concat_tables([published, bad]), copy)
    source = str(tmp_path / "allwise")
    job("tiling", lake, survey="allwise", input=source, rows_per_tile=20)
    record = job("ingest", lake, survey="allwise", input=source, request=Request(sets=("ingest.all_columns=true",)))
    assert record["rows"] == {"allwise": 30, "allwise_positions": 30, "allwise_full": 30, "rejects": 1}
    stored = lake.read(lake.ref("allwise_full"))
    types = {pa.int64(): "bigint", pa.float64(): "double", pa.float32(): "float", pa.string(): "string"}
    as_published = [(f.name, types[f.type]) for f in published.schema]
    assert len(as_published) == 298
    ours, theirs = stored.dtypes[:3], stored.dtypes[3:]
    assert ours == [("id", "bigint"), ("tile", "bigint"), ("hpx29", "bigint")]
    assert theirs == [*as_published, ("healpix_k0", "int"), ("healpix_k5", "int")]
    got = {r["cntr"]: r.asDict() for r in stored.collect()}
    for row in published.to_pylist():
        again = got[row["cntr"]]
        assert {name: again[name] for name in row} == row
        assert again["id"] == row["cntr"]
        assert f"healpix_k5={again['healpix_k5']}/" in str(leaf)
    tiles = lake.read(lake.ref("allwise_positions")).select("id", "tile", "hpx29").collect()
    assert {(r["id"], r["tile"], r["hpx29"]) for r in tiles} == {(r["id"], r["tile"], r["hpx29"]) for r in got.values()}
    assert len({r["tile"] for r in tiles}) > 1
