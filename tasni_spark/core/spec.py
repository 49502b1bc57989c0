"""Declarations: what a column, a table and a job are. Pure data, no Spark.

Why: a table is declared once, here in kind and in `tasni_spark.tables` in fact. Schemas, DDL, column comments, checks,
the data dictionary and the edges of the DAGs all derive from the declaration (the idea of LSST's felis).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

_KINDS = {
    "tinyint": "integer",
    "smallint": "integer",
    "int": "integer",
    "bigint": "integer",
    "float": "floating",
    "double": "floating",
}

_SELDOM = ("bigint", "float", "double")
"""Types of identifiers and measures, whose values seldom come twice."""


def kind(spark_type: str) -> str:
    """The kind of a Spark SQL type: all integers are one kind, both floating widths another."""
    return _KINDS.get(spark_type, spark_type)


@dataclass(frozen=True)
class Col:
    """One column.

    Parameters
    ----------
    name, type, doc
        Name, Spark SQL type (`bigint`, `double`, `array<string>`), one line of documentation.
    unit, ucd
        Unit as astropy writes it (VOUnit), Unified Content Descriptor (UCD 1+).
    nullable
        Whether null, meaning *not measured*, may occur.
    range
        Least and greatest value allowed, both inclusive.
    mag_system
        What the zero point of a magnitude is: `Vega` or `AB`; empty for all else.
    """

    name: str
    type: str
    doc: str
    unit: str = ""
    ucd: str = ""
    nullable: bool = True
    range: tuple[float, float] | None = None
    mag_system: str = ""

    @property
    def is_magnitude(self) -> bool:
        """Whether it has a zero point: errors, colours and other differences have none."""
        return self.unit == "mag" and self.ucd.startswith("phot.mag") and "arith.diff" not in self.ucd

    @property
    def leaf(self) -> str:
        """Its path in a Parquet file, where the values of an array lie deeper."""
        return f"{self.name}.list.element" if self.type.startswith("array<") else self.name

    @property
    def is_frequent(self) -> bool:
        """Whether values come often, by their type: words, flags and small numbers do."""
        return self.type.removeprefix("array<").removesuffix(">") not in _SELDOM

    @property
    def measure(self) -> str:
        """Unit, with the system where it is a magnitude: `mag, Vega`."""
        return ", ".join(filter(None, (self.unit, self.mag_system)))


class Ref(NamedTuple):
    """The name of a table and, where it has several, the release: all that reading needs."""

    name: str
    release: str = ""

    def __str__(self) -> str:
        return f"{self.name}@{self.release}" if self.release else self.name


@dataclass(frozen=True)
class Table:
    """One table.

    Parameters
    ----------
    name, doc
        Plural noun; one line of documentation.
    columns, key
        Columns in order; those whose values identify a row.
    release
        Release of the survey that a survey table holds; tables of ours have none.
    partition, sort
        Partition columns; order of the rows within a file.
    replace_by
        The columns that say which rows one unit of work replaces.
    stats
        Columns whose least and greatest value each file keeps, for skipping files.
    row_group_mb
        Size of a Parquet row group, uncompressed. Small where regions are read, large where all is.
    has_dictionaries
        Whether measures come often, as those do that a catalogue rounds: each is then stored once a file. Computed ones
        seldom do, and to look for those that do costs more than to write them all.
    shared
        Whether runs of several jobs write it: leased for a commit instead of a run.
    transient
        Whether it lives only as long as its run: plain Parquet, no log.
    version
        Version of the declaration; a change stands in CHANGELOG.md.
    """

    name: str
    doc: str
    columns: tuple[Col, ...]
    key: tuple[str, ...]
    release: str = ""
    partition: tuple[str, ...] = ()
    sort: tuple[str, ...] = ()
    replace_by: tuple[str, ...] = ()
    stats: tuple[str, ...] = ()
    row_group_mb: int = 128
    has_dictionaries: bool = True
    shared: bool = False
    transient: bool = False
    version: int = 1

    @property
    def ref(self) -> Ref:
        """Name and release."""
        return Ref(self.name, self.release)

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(c.name for c in self.columns)

    @property
    def dictionaries(self) -> tuple[str, ...]:
        """Paths of the columns of which a file keeps a dictionary."""
        return tuple(c.leaf for c in self.columns if self.has_dictionaries or c.is_frequent)

    def column(self, name: str) -> Col:
        """The column of that name; KeyError if there is none."""
        for c in self.columns:
            if c.name == name:
                return c
        raise KeyError(f"table {self.name} has no column {name}")

    def but(self, **changes: object) -> Table:
        """The same table with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Job:
    """One job of the map.

    Parameters
    ----------
    name, doc
        Name, after the table that it writes; one line of documentation.
    reads, writes
        Tables. A name in braces is filled from the job's configuration: `{left}_positions`.
    config
        `module:Class` of its configuration, so that the map imports nothing.
    tiled
        Whether it works in groups of sky tiles (else it is global: one commit).
    stage
        The part of the whole that a scheduler runs at once: `ingest`, `search`.
    """

    name: str
    doc: str
    config: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    tiled: bool = True
    stage: str = "search"
