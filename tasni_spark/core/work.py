"""What a job script hands to the engine: inputs, steps, work. Declarations only; the engine is in `engine.py`."""

from __future__ import annotations

import importlib
import itertools
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.dataset as pads
from pyspark.sql import DataFrame, SparkSession

from tasni_spark.core import transient
from tasni_spark.core.arguments import Request, RunConfig
from tasni_spark.core.errors import DataError
from tasni_spark.core.files import Folder
from tasni_spark.core.lake import Commit, Lake
from tasni_spark.core.plan import Group
from tasni_spark.core.spec import Job, Table

Output = Mapping[Table, DataFrame | Callable[[str, Mapping[str, Any]], Commit]]
"""What a group writes: rows of each table, or a function that commits them itself, under a transaction and metadata."""


@dataclass(frozen=True)
class Inputs:
    """What a job may read: tables at the versions that the run has pinned.

    Parameters
    ----------
    lake, request, settings
        The lake; the command line; section `[run]`.
    run_id
        The run.
    pins
        Version of each table, by name and release.
    notes
        Facts found while planning.
    label
        The job's name in the run.
    kept
        Small tables that have been read.
    """

    lake: Lake
    request: Request
    settings: RunConfig
    run_id: str
    pins: Mapping[str, int] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    label: str = ""
    kept: dict[tuple[str, ...], pa.Table] = field(default_factory=dict, compare=False)

    @staticmethod
    def latest(lake: Lake, names: Sequence[str]) -> Inputs:
        """Inputs outside a run: tables as they are now, those that are not there left out."""
        refs = [lake.ref(name) for name in names]
        return Inputs(lake, Request(), RunConfig(), "", {str(r): lake.version(r) for r in refs if lake.exists(r)})

    @property
    def spark(self) -> SparkSession:
        """The session."""
        return self.lake.spark

    def has(self, name: str) -> bool:
        """Whether the run may read a table of that name: it was there when the run began."""
        return str(self.lake.ref(name)) in self.pins

    def read(self, name: str) -> DataFrame:
        """A table at its pinned version."""
        return self.lake.read(self.lake.ref(name), self.version(name))

    def small(self, name: str, *columns: str) -> pa.Table:
        """Some columns of a small table at its pinned version, read once a run."""
        wanted = (name, *columns)
        if wanted not in self.kept:
            self.kept[wanted] = self.lake.small(self.lake.ref(name), self.version(name), columns)
        return self.kept[wanted]

    def few(self, name: str, condition: pads.Expression, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """The few rows of a table that meet a condition, at its pinned version, without a Spark job."""
        found: list[dict[str, Any]] = self.lake.few(
            self.lake.ref(name), self.version(name), condition, columns
        ).to_pylist()
        return found

    def version(self, name: str) -> int:
        """The pinned version of a table.

        Raises
        ------
        DataError
            If the run has not pinned it: it was not there, or the job does not declare to read it.
        """
        ref = self.lake.ref(name)
        if str(ref) not in self.pins:
            raise DataError(f"lake {self.lake.root}: no table {ref}: run the job that writes it first (tasni map)")
        return self.pins[str(ref)]

    def rows(self, name: str, tiles: Sequence[int] | None = None) -> int:
        """Rows of a table at its pinned version, from the log alone."""
        return self.lake.rows(self.lake.ref(name), self.version(name), tiles)

    def transient(self, table: Table) -> Folder:
        """Where this run of this job keeps a transient table."""
        return self.lake.ops / "transient" / self.run_id / self.label / table.name

    def own_rows(self, table: Table, **partition: Any) -> int:
        """How many rows an earlier step of this run wrote to a transient table."""
        return transient.rows(self.transient(table), **partition)

    def own(self, table: Table) -> DataFrame:
        """What an earlier step of this run wrote."""
        if table.transient:
            return transient.read(self.spark, table, self.transient(table))
        return self.lake.read(table.ref)


@dataclass(frozen=True)
class Step:
    """One step of a job.

    Parameters
    ----------
    name
        Shown in progress and record.
    compute
        `f(inputs, group, config)`: the tables that the group writes.
    groups
        `f(inputs, config)`: the groups, in order.
    rescue
        `f(inputs, group, config, error)`: what to do about a failed group: raise a better error, return a smaller
        group to try instead, or None for the usual retry.
    """

    name: str
    compute: Callable[[Inputs, Group, Any], Output]
    groups: Callable[[Inputs, Any], Sequence[Group]]
    rescue: Callable[[Inputs, Group, Any, Exception], Group | None] = lambda *_: None


@dataclass(frozen=True)
class Work:
    """A job made runnable.

    Parameters
    ----------
    job
        Its entry in the map.
    steps
        Its steps, in order; a step starts when all groups of the one before are done.
    tables
        `f(config, notes)`: declarations of the tables that it writes.
    scope
        `f(config)`: values of the `replace_by` columns that the whole run replaces, tiles aside.
    definitions
        `f(config)`: what the configuration names and files define, which must be the same when a run is resumed.
    sources
        `f(config, notes)`: files that the job reads beside the lake's tables.
    prepare
        `f(inputs, config)`: facts to find out once, when the run is planned.
    balance
        `f(inputs, config, rows)`: raises DataError unless rows in = rows out + rows rejected; `rows` holds the rows
        written to each table.
    finish
        `f(inputs, config, rows, tables)`: what to do when all is committed; its result stands in the record.
    """

    job: Job
    steps: tuple[Step, ...]
    tables: Callable[[Any, Mapping[str, Any]], Sequence[Table]]
    scope: Callable[[Any], Mapping[str, Sequence[Any]]] = lambda _: {}
    definitions: Callable[[Any], Mapping[str, Any]] = lambda _: {}
    sources: Callable[[Any, Mapping[str, Any]], Sequence[str]] = lambda *_: ()
    prepare: Callable[[Inputs, Any], Mapping[str, Any]] = lambda *_: {}
    balance: Callable[[Inputs, Any, Mapping[str, int]], None] = lambda *_: None
    finish: Callable[[Inputs, Any, Mapping[str, int], Mapping[str, Table]], Mapping[str, Any]] = lambda *_: {}

    @property
    def config(self) -> type:
        """The class of the job's configuration."""
        module, _, name = self.job.config.partition(":")
        return getattr(importlib.import_module(module), name)  # type: ignore[no-any-return]


def whole(_: Inputs, __: Any) -> tuple[Group, ...]:
    """One group: the whole table. The grouping of global jobs."""
    return (Group(0),)


def label(job: Job, cfg: Any) -> str:
    """The job's name in a run; with what the configuration calls itself, as in `ingest-allwise`."""
    own = getattr(cfg, "label", "")
    return f"{job.name}-{own}" if own else job.name


def filled(names: Sequence[str], cfg: Any) -> list[str]:
    """Table names with the fields of a configuration filled in: one for each value, none for an empty field."""
    found = []
    for name in names:
        fields = [f for _, f, _, _ in string.Formatter().parse(name) if f]
        values = [[v] * bool(v) if isinstance(v := getattr(cfg, f), str) else v for f in fields]
        for combination in itertools.product(*values):
            found.append(name.format(**dict(zip(fields, combination, strict=True))))
    return list(dict.fromkeys(found))
