"""The data dictionary is what the declarations say, today."""

from __future__ import annotations

import doctest
import re

import pytest

from tasni_spark.cli import dictionary
from tasni_spark.core.spec import Col, Table
from tasni_spark.tables import RECORDS, TABLES
from tasni_spark.tables import dictionary as sections
from tasni_spark.tables.dictionary import row, section

TEXT = dictionary.FILE.read_text()
SECTIONS = {m[1]: m[2] for m in re.finditer(r"^### `([^`]+)`\n(.*?)(?=^##|\Z)", TEXT, re.MULTILINE | re.DOTALL)}


def test_it_is_not_stale() -> None:
    assert dictionary.text() == TEXT, "sql/DICTIONARY.md is stale: run 'make dictionary'"


def test_every_table_is_there_once() -> None:
    surveys = {s.name for s in dictionary.surveys()}
    assert len(surveys) > 5
    assert set(SECTIONS) == {*TABLES, *RECORDS, "{survey}_positions", *surveys}
    assert TEXT.count("\n### ") == len(SECTIONS)


@pytest.mark.parametrize("table", [*TABLES.values(), *RECORDS.values()], ids=lambda t: t.name)
def test_every_column_is_there(table: Table) -> None:
    rows = re.findall(r"^\| `([^`]+)` \|", SECTIONS[table.name], re.MULTILINE)
    assert tuple(rows) == table.names
    assert f"Version {table.version}" in SECTIONS[table.name]


def test_published_columns_of_surveys_are_there() -> None:
    for survey in dictionary.surveys():
        for column in survey.tables(tiled=True)[0].columns[3:]:
            unit = f"{column.unit}, {column.mag_system}" if column.mag_system else column.unit
            assert f"| `{column.name}` | {column.type} | {unit} | {column.ucd} |" in SECTIONS[survey.name]


def test_what_markdown_would_read_as_markup_is_escaped() -> None:
    columns = (Col("a", "array<string>", "x < y | z", "deg", "pos", False, (0, 360)),)
    last = section(Table("t", "A table", columns, key=("a",))).splitlines()[-1]
    assert last == r"| `a` | array&lt;string> | deg | pos | 0 .. 360 | no | x &lt; y \| z |"
    assert row(("a", "b")) == "| a | b |"


def test_its_example_holds() -> None:
    assert doctest.testmod(sections) == (0, 2)


def test_main_writes_the_file(tmp_path: object, capsys: pytest.CaptureFixture[str]) -> None:
    file = dictionary.Path(str(tmp_path)) / "D.md"
    assert dictionary.main(file) == 0
    assert file.read_text() == TEXT
    assert "D.md" in capsys.readouterr().out
