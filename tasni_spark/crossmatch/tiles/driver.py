"""The engine without Spark: plan, match group by group in this process, commit each; and the commit that a job uses.

Why: delta-rs commits the files of a group as one replacement of its tiles, which takes milliseconds; the table's log
remembers the transaction, so that a group done twice is a group done once.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import deltalake
import deltalake.transaction

from tasni_spark.crossmatch.tiles import plan
from tasni_spark.crossmatch.tiles.associations import SCHEMA, Written
from tasni_spark.crossmatch.tiles.work import Match, run_group
from tasni_spark.tables.associations import MATCHES


def match_files(
    left_path: str, right_path: str, match: Match, out: str, rows: int = 4_000_000, transaction: str = "match_files"
) -> list[Written]:
    """Match two Delta tables in this process and commit the pairs to a third.

    Parameters
    ----------
    left_path, right_path
        Positions tables; they and the left epochs override what `match` says.
    match
        Surveys, rule and how.
    out
        The `matches` table; made if it is not there.
    rows
        Wanted rows of a group.
    transaction
        Name of the run; groups that it has committed are not done again.
    """
    left, right = plan.add_actions(left_path), plan.add_actions(right_path)
    first, last = plan.epochs(left)
    rule = replace(match.rule, first_epoch=first, last_epoch=last)
    match = replace(match, rule=rule, left_root=left_path, right_root=right_path)
    found = []
    for task in plan.tasks(left, right, rule, rows, halo=match.how == "symmetric"):
        name = f"{transaction}/matches/{task.number}"
        if not is_done(out, name):
            written = run_group(task, match, out)
            commit(out, written, match, name, tiles=task.tiles)
            found += written
    return found


def is_done(location: str, transaction: str, storage: dict[str, str] | None = None) -> bool:
    """Whether the table's log holds a transaction."""
    if not deltalake.DeltaTable.is_deltatable(location, storage):
        return False
    return deltalake.DeltaTable(location, storage_options=storage).transaction_version(transaction) is not None


def commit(
    location: str,
    written: Iterable[Written],
    match: Match,
    transaction: str,
    tiles: Sequence[int] = (),
    metadata: Mapping[str, Any] | None = None,
    storage: dict[str, str] | None = None,
) -> int | None:
    """Make a group's files the whole content of its tiles, in one commit.

    Parameters
    ----------
    location
        The `matches` table.
    written
        What the group's tasks wrote.
    tiles
        Tiles to replace; empty adds the files to what is there, for a left table that is not partitioned by tile.
    transaction
        A name of this replacement; a second commit of it does nothing.
    metadata
        Stored with the commit beside the transaction, as `Lake.replace` does.
    storage
        Options of the object store.

    Returns
    -------
    int or None
        Version made; None if the transaction was there already.
    """
    if not deltalake.DeltaTable.is_deltatable(location, storage):
        deltalake.DeltaTable.create(
            location, SCHEMA, "ignore", partition_by=list(MATCHES.partition), storage_options=storage
        )
    table = deltalake.DeltaTable(location, storage_options=storage)
    if table.transaction_version(transaction) is not None:
        return None
    surveys = {"left_survey": match.left_survey, "right_survey": match.right_survey}
    now = int(time.time() * 1000)
    actions: list[deltalake.transaction.AddAction | deltalake.transaction.RemoveAction] = [
        deltalake.transaction.AddAction(w.path, w.bytes, {**surveys, "tile": str(w.tile)}, now, True, w.stats)
        for w in written
        if w.path
    ]
    where = [(c, "=", v) for c, v in surveys.items()]
    table.create_write_transaction(
        actions,
        "overwrite" if tiles else "append",
        table.schema(),
        partition_by=list(MATCHES.partition),
        partition_filters=[*where, ("tile", "in", [str(t) for t in tiles])] if tiles else None,
        commit_properties=deltalake.transaction.CommitProperties(
            app_transactions=[deltalake.transaction.Transaction(transaction, 0)],
            custom_metadata={"userMetadata": json.dumps({"transaction": transaction, **(metadata or {})})},
        ),
    )
    table.update_incremental()
    return int(table.version())
