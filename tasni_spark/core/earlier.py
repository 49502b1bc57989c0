"""Earlier runs of a job: which to go on with, which has done the same work, and who has written since.

Why: a run that is resumed must not mix its rows with those of another run, and a pipeline need not do again what
nothing has changed since. Both ask the records of runs and the commits of tables, never the tables' rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tasni_spark.core.errors import ConfigError
from tasni_spark.core.files import Folder
from tasni_spark.core.lake import Lake
from tasni_spark.core.plan import Plan
from tasni_spark.core.spec import Ref, Table

LOOK_BACK = 50
"""Runs among which one that has done the same work is looked for."""


def last(runs: Folder, label: str) -> str:
    """The last run that planned a job.

    Raises
    ------
    ConfigError
        If there is none.
    """
    for run_id in reversed(runs.folders()):
        if f"{label}.plan" in (runs / run_id).names(".plan"):
            return run_id
    raise ConfigError(f"{runs.uri}: no run of {label} to resume")


def writers(
    lake: Lake, tables: Sequence[Table], scope: Mapping[str, Sequence[Any]], since: Mapping[str, int]
) -> Iterator[tuple[Ref, str]]:
    """The runs that have replaced rows of a scope since some versions of the tables, with the table."""
    for table in tables:
        for commit in lake.history(table.ref):
            if int(commit["version"]) <= since.get(str(table.ref), -1):
                break
            told = json.loads(commit.get("userMetadata") or "{}")
            run_id = told.get("transaction", "").partition("/")[0]
            theirs = told.get("scope", {})
            if run_id and all(set(values) & set(theirs[c]) for c, values in scope.items() if c in theirs):
                yield table.ref, run_id


def check_not_overwritten(lake: Lake, tables: Sequence[Table], scope: Mapping[str, Sequence[Any]], plan: Plan) -> None:
    """Refuse to mix two runs in one table.

    Raises
    ------
    ConfigError
        If another run has replaced what this one would go on with.
    """
    for ref, writer in writers(lake, tables, scope, plan.outputs):
        if writer != plan.run_id:
            raise ConfigError(f"run {plan.run_id}: table {ref} has been written by run {writer} since: start a new run")


def same_work(
    lake: Lake, tables: Sequence[Table], scope: Mapping[str, Sequence[Any]], plan: Plan
) -> dict[str, Any] | None:
    """The record of the last finished run of a job, if a new one would read the same and do the same.

    Parameters
    ----------
    lake, tables, scope
        Where the job writes, what, and which rows it replaces there.
    plan
        That of the new run.
    """
    runs = lake.ops / "runs"
    for run_id in reversed(runs.folders()[-LOOK_BACK:]):
        record, then = (runs / run_id).read(f"{plan.job}.json"), Plan.load(runs / run_id, plan.job)
        if record and then and (record["state"], record["exit_code"]) == ("done", 0):
            is_there = bool(tables) and all(str(t.ref) in plan.outputs for t in tables)
            is_untouched = is_there and not any(writers(lake, tables, scope, record["versions"]))
            return dict(record) if is_untouched and then.is_same_work(plan) else None
    return None
