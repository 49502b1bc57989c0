"""Who explores a lake reads: writing, calling out and reading everything by mistake are refused or told."""

from __future__ import annotations

from typing import Any

import pytest

from tasni_spark.core.errors import ConfigError
from tasni_spark.core.questions import asked, cost, seal, warning
from tasni_spark.core.spec import Col, Table

pytestmark = pytest.mark.spark
THINGS = Table(
    "things",
    "Things",
    (Col("id", "bigint", "Identifier", nullable=False), Col("tile", "bigint", "Tile", nullable=False)),
    key=("id",),
    partition=("tile",),
    sort=("id",),
    replace_by=("tile",),
)


@pytest.fixture
def things(spark: Any, lake: Any) -> Any:
    """A table of four tiles, under its name."""
    lake.create(THINGS)
    rows = spark.range(4000).selectExpr("id", "id % 4 AS tile")
    lake.replace(rows, THINGS, {"tile": [0, 1, 2, 3]}, transaction="r/0")
    lake.read(THINGS.ref).createOrReplaceTempView("things")
    return lake


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO {t} VALUES (1, 2)",
        "FROM {t} INSERT INTO {t} SELECT *",
        "WITH w AS (SELECT * FROM {t}) INSERT OVERWRITE {t} SELECT * FROM w",
        "DELETE FROM {t}",
        "UPDATE {t} SET id = 1",
        "MERGE INTO {t} AS a USING {t} AS b ON a.id = b.id WHEN MATCHED THEN DELETE",
        "DROP TABLE {t}",
        "CREATE TABLE other USING delta AS SELECT * FROM {t}",
        "TRUNCATE TABLE {t}",
        "VACUUM {t} RETAIN 0 HOURS",
        "OPTIMIZE {t}",
        "INSERT OVERWRITE DIRECTORY '/tmp/out' USING parquet SELECT * FROM {t}",
        "ADD JAR '/tmp/x.jar'",
        "SELECT TRANSFORM(id) USING 'cat' AS (x) FROM {t}",
        "SELECT * FROM (SELECT TRANSFORM(id) USING 'cat' AS (x) FROM {t}) AS s",
    ],
)
def test_what_writes_is_refused(things: Any, statement: str) -> None:
    before = things.version(THINGS.ref)
    with pytest.raises(ConfigError, match="tasni sql only reads"):
        asked(things.spark, statement.format(t=things.identifier(THINGS.ref)), {})
    assert things.version(THINGS.ref) == before


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        ("SELECT * FROM things WHERE tile = :t;", 1000),
        ("WITH w AS (SELECT * FROM things) SELECT count(*) FROM w", 1),
        ("SELECT a.id FROM things AS a JOIN things AS b USING (id) UNION ALL SELECT 1", 4001),
        ("DESCRIBE things", 2),
        ("EXPLAIN SELECT * FROM things", 1),
        ("SET spark.sql.session.timeZone", 1),
        ("VALUES (1), (2)", 2),
    ],
)
def test_what_reads_is_answered(things: Any, statement: str, rows: int) -> None:
    assert asked(things.spark, statement, {"t": 2} if ":t" in statement else {}).count() == rows


def test_functions_that_call_out_are_gone(spark: Any) -> None:
    apart = spark.newSession()
    call = "('java.lang.System', 'getProperty', 'user.home') AS x"
    assert asked(apart, f"SELECT reflect{call}", {}).first()["x"]
    seal(apart)
    for name in ("reflect", "java_method"):
        with pytest.raises(Exception, match=name):
            asked(apart, f"SELECT {name}{call}", {})
    assert asked(spark, f"SELECT reflect{call}", {}).first()["x"]


def test_a_question_that_reads_much_is_told(things: Any) -> None:
    everything = asked(things.spark, "SELECT sum(id) FROM things", {})
    one_tile = asked(things.spark, "SELECT sum(id) FROM things WHERE tile = 1", {})
    files, read = cost(everything)
    assert files == 4
    assert cost(one_tile)[0] == 1
    assert cost(one_tile)[1] < read / 2
    assert warning(everything) == ""
    assert "in 4 files: a condition on tile or hpx29" in warning(everything, huge_bytes=read)
    assert warning(one_tile, huge_bytes=read) == ""
