"""Upkeep of tables: sorted compaction, and VACUUM that spares what unfinished runs and releases have pinned.

Why: plain OPTIMIZE leaves files unsorted, and searches by place prune by sorted files; plain VACUUM takes the versions
away that a stopped run needs to go on.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from delta.tables import DeltaTable

from tasni_spark.core import contract, pins
from tasni_spark.core.errors import ContractError
from tasni_spark.core.lake import Lake, laid_out, predicate
from tasni_spark.core.plan import Plan
from tasni_spark.core.spec import Ref, Table

KEEP_HOURS = 168.0
"""Age in hours from which VACUUM removes files that no version needs: the default of Delta."""


def compact(lake: Lake, ref: Ref) -> int:
    """Rewrite partitions of several files as one sorted file each; rows and readers notice nothing.

    Returns
    -------
    int
        Files that were replaced.
    """
    partition = lake.partition(ref)
    files = Counter(tuple(f[f"partition.{c}"] for c in partition) for f in lake.files(ref))
    split = [values for values, n in files.items() if n > 1]
    if not split:
        return 0
    rows, where = lake.read(ref), _any_of(partition, split)
    rows = rows.where(where) if partition else rows
    lake.shape(lake.properties(ref))
    writer = laid_out(rows, partition, lake.sort(ref), max(1, len(split) // 4)).write.format("delta")
    writer = writer.mode("overwrite").option("dataChange", "false")
    lake.save(writer.option("replaceWhere", where) if partition else writer, ref)
    return sum(files[values] for values in split)


def _any_of(columns: Sequence[str], partitions: Sequence[tuple[Any, ...]]) -> str:
    """A SQL condition that names partitions; those that differ in the last column only are one term."""
    last: dict[tuple[Any, ...], list[Any]] = {}
    for values in partitions:
        last.setdefault(values[:-1], []).extend(values[-1:])
    terms = [
        predicate(
            {**{c: [v] for c, v in zip(columns, first, strict=False)}, **({columns[-1]: rest} if columns else {})}
        )
        for first, rest in last.items()
    ]
    return " OR ".join(f"({term})" for term in terms)


def migrate(lake: Lake, table: Table) -> list[str]:
    """Give a stored table the columns that a newer declaration has, null in its rows, and record the version.

    Returns
    -------
    list of str
        Columns that were added.

    Raises
    ------
    ContractError
        If the declaration has changed otherwise: then its rows must be made anew.
    """
    has = lake.read(table.ref).dtypes
    names = [name for name, _ in has]
    new = [c for c in table.columns if c.name not in names and c.nullable]
    if faults := contract.violations([*has, *((c.name, c.type) for c in new)], table):
        raise ContractError(
            f"table {table.ref}: cannot be migrated: {'; '.join(faults)}: drop it and run its job again"
        )
    if new:
        empty = lake.spark.createDataFrame([], contract.struct(table))
        lake.save(empty.write.format("delta").mode("append").option("mergeSchema", "true"), table.ref)
    lake.set_properties(table.ref, {"tasni.version": str(table.version)})
    return [c.name for c in new]


def vacuum(lake: Lake, ref: Ref, keep_hours: float = KEEP_HOURS) -> int:
    """Delete files that no version of the last hours needs, no release and no unfinished run.

    Returns
    -------
    h
        The age that was spared: `keep_hours`, or more where an older version is pinned; whole hours, to which
        Delta would round it down.
    """
    spared = math.ceil(max(keep_hours, _age_of_pin(lake, ref)))
    lake.spark.conf.set("spark.databricks.delta.retentionDurationCheck.enabled", "false")
    try:
        table = lake.identifier(ref)
        DeltaTable.forName(lake.spark, table).vacuum(spared)
    finally:
        lake.spark.conf.unset("spark.databricks.delta.retentionDurationCheck.enabled")
    return spared


def pinned(lake: Lake) -> Mapping[str, int]:
    """Oldest version of each table that a release, or a run which is not done, has pinned."""
    found: dict[str, int] = {}
    for name in pins.names(lake):
        for table, version in pins.versions(lake, name).items():
            found[table] = min(version, found.get(table, version))
    runs = lake.ops / "runs"
    for run_id in runs.folders():
        for name in (runs / run_id).names(".plan"):
            label = name.removesuffix(".plan")
            record = (runs / run_id).read(f"{label}.json")
            plan = Plan.load(runs / run_id, label)
            if plan is None or (record or {}).get("state") == "done":
                continue
            for table, version in plan.pins.items():
                found[table] = min(version, found.get(table, version))
    return found


def _age_of_pin(lake: Lake, ref: Ref) -> float:
    """Hours since the version that a run has pinned was followed by another; 0 where none is pinned."""
    version = pinned(lake).get(str(ref))
    if version is None:
        return 0.0
    later = [c["timestamp"] for c in lake.history(ref) if int(c["version"]) == version + 1]
    return (time.time() - later[0] / 1000) / 3600 + 0.1 if later else 0.0
