"""Declarations hold what they promise: units, UCDs, documentation, keys; the map and the dictionary agree with them."""

from __future__ import annotations

import re
from pathlib import Path

import astropy.units as u
import pytest
from astropy.io.votable.ucd import parse_ucd

from tasni_spark.core.spec import Table
from tasni_spark.ingest.survey import load
from tasni_spark.pipeline import JOBS
from tasni_spark.tables import RECORDS, TABLES
from tasni_spark.tables.survey import positions

ROOT = Path(__file__).resolve().parents[2]
SURVEYS = sorted(p.stem for p in (ROOT / "conf/surveys").glob("*.toml"))
ALL: list[Table] = [*TABLES.values(), *RECORDS.values(), positions("any")]
ALL += [load(s).tables(tiled=True)[0] for s in SURVEYS]
WIDE = {"features"}
"""Read by name, fewer than 95 columns at a time."""
TYPE = re.compile(r"^(tinyint|smallint|int|bigint|float|double|string|binary|boolean|array<\w+>|map<\w+,\w+>)$")


@pytest.mark.parametrize("table", ALL, ids=lambda t: t.name)
def test_declaration(table: Table) -> None:
    assert table.doc
    assert len(set(table.names)) == len(table.columns)
    for role in ("key", "partition", "sort", "replace_by", "stats"):
        assert set(getattr(table, role)) <= set(table.names), role
    assert table.key
    assert not set(table.stats) & set(table.partition), "Delta keeps no statistics of partition columns"
    plain = {"int", "bigint", "float", "double", "string"}
    assert {table.column(c).type for c in table.stats} <= plain, "Delta keeps no statistics of other types"
    assert len(table.columns) < 100 or table.name in WIDE, "above 100 Spark gives up generated code, vectorised reads"
    for c in table.columns:
        assert c.doc, c.name
        assert TYPE.match(c.type), c
        u.Unit(c.unit)
        assert c.ucd, c.name
        parse_ucd(c.ucd, check_controlled_vocabulary=True, has_colon=True)
        assert (c.mag_system in {"Vega", "AB"}) == c.is_magnitude, c.name


@pytest.mark.parametrize("survey", SURVEYS)
def test_bands_are_parallel(survey: str) -> None:
    """What is said of W1 is said of W2, in the same words and unit."""
    columns = load(survey).columns
    for name, column in columns.items():
        if name.startswith("w1") and (twin := columns.get(name.replace("w1", "w2", 1))):
            assert (twin.type, twin.unit, twin.optional) == (column.type, column.unit, column.optional)
            assert twin.doc.replace("W2", "W1").replace("w2", "w1").replace("4.6", "3.4") == column.doc
            assert twin.ucd.replace("em.IR.4-8um", "em.IR.3-4um") == column.ucd
        elif name.startswith("w1"):
            raise AssertionError(f"{survey}: {name} has no twin")


def test_every_table_has_one_writer_and_every_reader_a_table() -> None:
    written = [name for job in JOBS.values() for name in job.writes]
    assert set(TABLES) <= set(written)
    assert len(written) == len(set(written))
    for job in JOBS.values():
        for name in job.reads:
            assert name in written or "{" in name, (job.name, name)


def test_every_job_has_a_script_and_a_sentence() -> None:
    scripts = {p.stem: p.read_text() for p in (ROOT / "jobs").glob("*.py")}
    assert set(scripts) == {*JOBS, "upkeep", "pipeline"}  # of all tables, of all jobs
    for name, text in scripts.items():
        assert 'if __name__ == "__main__":' in text
        assert "Example:" in text
        assert len(text.splitlines()) <= 40, name
