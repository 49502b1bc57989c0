"""Files that workers write, and the commit that makes them part of a table.

Why: rows with arrays cost more on their way through the JVM than all that is computed of them. A worker writes Parquet
itself, sorted and one file a partition; what it tells the driver is a path, a size and the statistics of each file, and
delta-rs makes the files of a group one replacement. Files that no commit names are invisible, so a worker may die at
any moment.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import fs

from tasni_spark.core.files import Folder
from tasni_spark.core.spec import Table

_TYPES = {
    "bigint": pa.int64(),
    "int": pa.int32(),
    "double": pa.float64(),
    "float": pa.float32(),
    "boolean": pa.bool_(),
    "string": pa.string(),
}


class Written(NamedTuple):
    """A file: table, path in its folder, size, rows, and partition values and statistics as JSON."""

    table: str
    path: str
    bytes: int
    rows: int
    partition: str
    stats: str


WRITTEN = pa.schema([(f, pa.int64() if f in ("bytes", "rows") else pa.string()) for f in Written._fields])
WRITTEN_DDL = ", ".join(f"{f.name} {'bigint' if f.type == pa.int64() else 'string'}" for f in WRITTEN)
"""The same as Spark writes it."""


def schema(table: Table) -> pa.Schema:
    """Arrow schema of a declared table."""
    return pa.schema([pa.field(c.name, _arrow(c.type), c.nullable) for c in table.columns])


def write(rows: pa.Table, table: Table, folder: Folder) -> list[Written]:
    """Write rows as sorted files, one for each partition.

    Parameters
    ----------
    rows
        Columns of the declaration in any order.
    table
        The declaration.
    folder
        The table's folder.
    """
    whole = rows.select(table.names).cast(schema(table))
    kept = [c for c in table.names if c not in table.partition]
    found = []
    for values in whole.select(list(table.partition)).group_by(list(table.partition)).aggregate([]).to_pylist():
        mask = pc.equal(whole[table.partition[-1]], values[table.partition[-1]])
        for name in table.partition[:-1]:
            mask = pc.and_(mask, pc.equal(whole[name], values[name]))
        piece = whole if len(whole) == pc.sum(mask).as_py() else whole.filter(mask)
        piece = _sorted(piece.select(kept), table)
        below = "/".join(f"{c}={values[c]}" for c in table.partition)
        path = f"{below}/part-{uuid.uuid4().hex}.parquet"  # a repeated attempt writes another file
        if isinstance(folder.system, fs.LocalFileSystem):
            folder.system.create_dir(f"{folder.path}/{below}", recursive=True)
        with folder.system.open_output_stream(f"{folder.path}/{path}") as stream:
            per_row = max(1, piece.nbytes // len(piece))
            group = max(1, (table.row_group_mb << 20) // per_row)
            pq.write_table(piece, stream, row_group_size=group, use_dictionary=list(table.dictionaries))
            size = stream.tell()
        partition = json.dumps({c: str(v) for c, v in values.items()})
        found.append(Written(table.name, path, size, len(piece), partition, _stats(piece, table)))
    return found


def batch(written: Sequence[Written]) -> pa.RecordBatch:
    """Rows for the driver."""
    columns = [[w[k] for w in written] for k in range(len(WRITTEN))]
    return pa.record_batch([pa.array(c, f.type) for c, f in zip(columns, WRITTEN, strict=True)], schema=WRITTEN)


def adopt(
    location: str,
    table: Table,
    written: Iterable[Written],
    where: Mapping[str, Sequence[Any]],
    transaction: str,
    metadata: Mapping[str, Any],
    storage: dict[str, str] | None = None,
) -> None:
    """Make files the whole of what `where` names, in one commit; a second commit of the transaction does nothing.

    Parameters
    ----------
    location
        The table, which is there.
    where
        Values of partition columns.
    transaction, metadata
        As `Lake.replace` has them.
    """
    import deltalake  # noqa: PLC0415 - workers do without
    import deltalake.transaction  # noqa: PLC0415

    log = deltalake.DeltaTable(location, storage_options=storage)
    if log.transaction_version(transaction) is not None:
        return
    now = int(time.time() * 1000)
    actions: list[deltalake.transaction.AddAction | deltalake.transaction.RemoveAction] = [
        deltalake.transaction.AddAction(w.path, w.bytes, json.loads(w.partition), now, True, w.stats)
        for w in written
        if w.table == table.name
    ]
    log.create_write_transaction(
        actions,
        "overwrite",
        log.schema(),
        partition_by=list(table.partition),
        partition_filters=[(c, "in", [str(v) for v in values]) for c, values in where.items()],
        commit_properties=deltalake.transaction.CommitProperties(
            app_transactions=[deltalake.transaction.Transaction(transaction, 0)],
            custom_metadata={"userMetadata": json.dumps({"transaction": transaction, **metadata})},
        ),
    )


def _arrow(kind: str) -> pa.DataType:
    return pa.list_(_TYPES[kind[6:-1]]) if kind.startswith("array<") else _TYPES[kind]


def _sorted(piece: pa.Table, table: Table) -> pa.Table:
    """Rows in the order of the declaration; arrays are moved only where they must be."""
    order = pc.sort_indices(piece, [(c, "ascending") for c in table.sort]).to_numpy()
    return piece if (order[1:] > order[:-1]).all() else piece.take(order)


def _stats(piece: pa.Table, table: Table) -> str:
    """Statistics of a file as the Delta log has them."""
    low: dict[str, Any] = {}
    high: dict[str, Any] = {}
    for name in table.stats:
        ends = pc.min_max(piece[name]).as_py()
        if ends["min"] is not None and ends["min"] == ends["min"]:
            low[name], high[name] = ends["min"], ends["max"]
    nulls = {name: piece[name].null_count for name in table.stats}
    return json.dumps({"numRecords": len(piece), "minValues": low, "maxValues": high, "nullCount": nulls})
