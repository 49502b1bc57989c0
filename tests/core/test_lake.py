"""The lake: declared tables, replacement by predicate, versions, releases, and one comparator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasni_spark.core import parts
from tasni_spark.core.compare import compare
from tasni_spark.core.errors import ContractError, DataError
from tasni_spark.core.files import Folder
from tasni_spark.core.lake import predicate
from tasni_spark.core.spec import Col, Ref, Table
from tasni_spark.core.upkeep import compact

pytestmark = pytest.mark.spark

TABLE = Table(
    "things",
    "Things",
    (
        Col("id", "bigint", "Identifier", nullable=False),
        Col("tile", "bigint", "Tile"),
        Col("survey", "string", "Survey"),
        Col("dec", "double", "Declination", "deg", "pos.eq.dec", range=(-90, 90)),
    ),
    key=("id",),
    partition=("tile",),
    sort=("id",),
    replace_by=("tile", "survey"),
    stats=("id", "dec"),
)


def rows(spark: Any, *values: tuple[Any, ...]) -> Any:
    return spark.createDataFrame(list(values), "id bigint, tile bigint, survey string, dec double")


def stored(lake: Any, version: int | None = None) -> list[tuple[Any, ...]]:
    return sorted(tuple(r) for r in lake.read(TABLE.ref, version).collect())


def test_replacement_is_by_predicate_and_idempotent(spark: Any, lake: Any) -> None:
    lake.create(TABLE)
    lake.create(TABLE)
    first = lake.replace(
        rows(spark, (1, 4, "a", 1.0), (2, 5, "a", 2.0)), TABLE, {"tile": [4, 5], "survey": ["a"]}, transaction="r/0"
    )
    assert first.rows == 2
    lake.replace(rows(spark, (3, 4, "b'c", 3.0)), TABLE, {"tile": [4, 5], "survey": ["b'c"]}, transaction="r/1")
    assert stored(lake) == [(1, 4, "a", 1.0), (2, 5, "a", 2.0), (3, 4, "b'c", 3.0)]
    again = lake.replace(rows(spark, (9, 4, "a", 9.0)), TABLE, {"tile": [4], "survey": ["a"]}, transaction="r/0")
    assert again.version == first.version
    lake.replace(rows(spark, (7, 4, "a", 7.0)), TABLE, {"tile": [4], "survey": ["a"]}, transaction="r/2")
    assert stored(lake) == [(2, 5, "a", 2.0), (3, 4, "b'c", 3.0), (7, 4, "a", 7.0)]
    assert stored(lake, first.version) == [(1, 4, "a", 1.0), (2, 5, "a", 2.0)]
    assert lake.rows(TABLE.ref) == 3
    assert lake.rows(TABLE.ref, tiles=[4]) == 2
    assert lake.rows(TABLE.ref, first.version, [5]) == 1


def test_rows_outside_the_predicate_are_refused(spark: Any, lake: Any) -> None:
    lake.create(TABLE)
    with pytest.raises(Exception, match="table things: a row outside the tiles"):
        lake.replace(rows(spark, (1, 6, "a", 1.0)), TABLE, {"tile": [4], "survey": ["a"]}, transaction="r/0")
    assert stored(lake) == []
    lake.replace(rows(spark, (1, 4, "a", 1.0)), TABLE, {"tile": [4], "survey": ["a"]}, transaction="r/1")
    with pytest.raises(Exception, match="DELTA_REPLACE_WHERE_MISMATCH"):
        lake.replace(rows(spark, (1, 6, "a", 1.0)), TABLE, {"tile": [4], "survey": ["a"]}, transaction="r/2")
    assert len(stored(lake)) == 1


def test_constraints_hold(spark: Any, lake: Any) -> None:
    lake.create(TABLE)
    with pytest.raises(Exception, match="DELTA_VIOLATE_CONSTRAINT"):
        lake.replace(rows(spark, (1, 4, "a", 91.0)), TABLE, {"tile": [4], "survey": ["a"]}, transaction="r/0")
    with pytest.raises(Exception, match="NOT_NULL"):
        lake.replace(rows(spark, (None, 4, "a", 1.0)), TABLE, {"tile": [4], "survey": ["a"]}, transaction="r/1")


def test_the_protocol_is_frozen(spark: Any, lake: Any) -> None:
    """delta-rs, DuckDB and plain readers must read every table."""
    lake.create(TABLE)
    detail = spark.sql(f"DESCRIBE DETAIL {lake.identifier(TABLE.ref)}").first()
    assert (detail["minReaderVersion"], detail["minWriterVersion"]) == (1, 3)
    assert detail["properties"]["delta.enableDeletionVectors"] == "false"
    assert detail["properties"]["delta.dataSkippingStatsColumns"] == "id,dec"
    comments = {r["col_name"]: r["comment"] for r in spark.sql(f"DESCRIBE {lake.identifier(TABLE.ref)}").collect()}
    assert comments["dec"] == "Declination [deg]"


def test_all_faults_are_listed(spark: Any, lake: Any) -> None:
    wrong = spark.createDataFrame([(1, "x", 2.0, 3)], "idd bigint, tile string, survey double, extra int")
    with pytest.raises(ContractError) as e:
        lake.replace(wrong, TABLE, {}, transaction="r/0")
    text = str(e.value)
    for fault in (
        "column id (bigint) is missing (did you mean 'idd'?)",
        "column tile is string, expected bigint",
        "column survey is double, expected string",
        "column dec (double) is missing",
        "column extra is not declared",
    ):
        assert fault in text


def test_widths_are_cast_and_kinds_are_not(spark: Any, lake: Any) -> None:
    lake.create(TABLE)
    narrow = spark.createDataFrame([(1, 4, "a", 1.5)], "id int, tile smallint, survey string, dec float")
    lake.replace(narrow, TABLE, {"tile": [4], "survey": ["a"]}, transaction="r/0")
    assert stored(lake) == [(1, 4, "a", 1.5)]


def test_another_table_in_the_place_is_refused(lake: Any) -> None:
    lake.create(TABLE)
    other = TABLE.but(columns=(*TABLE.columns, Col("more", "int", "More")))
    with pytest.raises(ContractError, match=r"table things exists with other columns: column more \(int\) is missing"):
        lake.create(other)


def test_releases_lie_beside_each_other(spark: Any, lake: Any) -> None:
    old, new = TABLE.but(release="2013-11-13"), TABLE.but(release="2026")
    for table, value in ((old, 1), (new, 2)):
        lake.create(table)
        lake.replace(rows(spark, (value, 4, "a", 0.0)), table, {}, transaction=f"r/{value}")
        lake.publish(table, {"rows": value})
    assert lake.ref("things") == Ref("things", "2026")
    assert lake.read(lake.ref("things")).first()["id"] == 2
    assert lake.read(lake.ref("things@2013-11-13")).first()["id"] == 1
    assert lake.facts(lake.ref("things@2013-11-13")) == {"rows": 1}
    assert lake.names() == ["things"]


def test_a_missing_table_says_so(lake: Any) -> None:
    with pytest.raises(DataError, match="no table nothing: run the job that writes it first"):
        lake.read(Ref("nothing"))


def test_a_version_whose_files_are_gone_is_known_to_be(spark: Any, lake: Any) -> None:
    lake.create(TABLE)
    first = lake.replace(rows(spark, (1, 4, "a", 1.0)), TABLE, {}, transaction="r/0")
    lake.replace(rows(spark, (2, 4, "a", 1.0)), TABLE, {}, transaction="r/1")
    assert lake.has_version(TABLE.ref, first.version)
    assert not lake.has_version(TABLE.ref, 99)
    spark.conf.set("spark.databricks.delta.retentionDurationCheck.enabled", "false")
    spark.sql(f"VACUUM {lake.identifier(TABLE.ref)} RETAIN 0 HOURS")
    assert not lake.has_version(TABLE.ref, first.version)


@pytest.mark.parametrize("of_measures", [True, False])
def test_what_comes_often_is_stored_once(spark: Any, lake: Any, tmp_path: Path, of_measures: bool) -> None:
    columns = ("id bigint", "n int", "word string", "x float", "many array<float>", "flags array<int>")
    table = Table("kinds", "All kinds", tuple(Col(*c.split(), "doc") for c in columns), ("id",), sort=("id",)).but(
        has_dictionaries=of_measures
    )
    rows = [(k, 1, "same", 0.5, [0.5, 0.5], [1, 1]) for k in range(100)]
    lake.create(table)
    lake.replace(spark.createDataFrame(rows, ", ".join(columns)), table, {}, transaction="t", parts=2)
    assert compact(lake, table.ref) == 2
    arrow = pa.Table.from_pylist([dict(zip(table.names, r, strict=True)) for r in rows], parts.schema(table))
    parts.write(arrow, table.but(partition=("word",)), Folder.at(str(tmp_path / "arrow")))
    for folder in (lake.location(table.ref), tmp_path / "arrow"):
        file = max(Path(folder).rglob("*.parquet"), key=lambda p: p.stat().st_mtime)
        group = pq.ParquetFile(file).metadata.row_group(0)
        found = {group.column(k).path_in_schema: group.column(k).encodings for k in range(group.num_columns)}
        of = {name for name, encodings in found.items() if any("DICTIONARY" in e for e in encodings)}
        seldom = {"x", "many.list.element"} if of_measures else set()
        words = {"word"} if folder != tmp_path / "arrow" else set()  # its partition there
        assert of - ({"id"} if of_measures else set()) == {"n", "flags.list.element"} | words | seldom


def test_predicates_are_quoted() -> None:
    assert predicate({"a": ["x'y", "\\"], "n": [1, 2]}) == "a IN ('x\\'y', '\\\\') AND n IN (1, 2)"


def test_comparison(spark: Any) -> None:
    a = rows(spark, (1, 4, "a", 1.0), (2, 4, None, None), (3, 4, "c", 3.0), (3, 4, "c", 3.0))
    same = rows(spark, (3, 4, "c", 3.0), (1, 4, "a", 1.0 + 1e-13), (3, 4, "c", 3.0), (2, 4, None, None))
    assert compare(a, same, ["id"]).is_equal
    assert str(compare(a, same, ["id"])) == "equal: 4 rows"
    once = compare(a, rows(spark, (1, 4, "a", 1.0), (2, 4, None, None), (3, 4, "c", 3.0)), ["id"])
    assert (once.only_first, once.only_second, once.is_equal) == (1, 0, False)
    other = compare(a, rows(spark, (1, 4, "b", 1.001), (2, 4, None, 0.0), (3, 5, "c", 3.0), (4, 4, "c", 3.0)), ["id"])
    assert other.differing == {"tile": 1, "survey": 1, "dec": 2}
    assert (other.only_first, other.only_second) == (1, 1)
    assert compare(a, a.drop("dec"), ["id"]).missing == ("dec",)
    assert compare(a, a.drop("dec"), ["id"], ignore=["dec"]).is_equal
