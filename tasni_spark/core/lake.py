"""The lake: where tables are, and the only ways to read and to write them.

Why: every table is a Delta table of a frozen protocol (no deletion vectors, no column mapping, no clustering), so that
delta-rs, DuckDB and plain readers can open it. Rows are replaced by predicate, never appended, so that a group done
twice is a group done once. Layout is kept by writing: partitioned by sky tile, sorted inside each file, with statistics
on the columns that searches prune by.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import deltalake
import deltalake.exceptions
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads
from delta.tables import DeltaTable
from pyspark.sql import DataFrame, DataFrameWriter, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from tasni_spark.core import contract
from tasni_spark.core.errors import ConfigError, ContractError, DataError
from tasni_spark.core.files import Folder
from tasni_spark.core.spec import Col, Ref, Table

PROTOCOL = {
    "delta.enableDeletionVectors": "false",
    "delta.enableChangeDataFeed": "false",
}


LOOK_BACK = 20
"""Commits among which that of a killed run is looked for: the last of its table, unless others share the table."""


@dataclass(frozen=True)
class Commit:
    """What a replacement did: the version that it made and the rows that it wrote."""

    version: int
    rows: int


class Lake:
    """A root path (local, `s3://`, `abfss://`, `/Volumes/...`) or `catalog.schema`, and the tables below it.

    Parameters
    ----------
    spark : SparkSession
    root : str
        Root path or catalogue name.
    ops : str
        Folder of records, plans and leases; `<root>/_ops` where the root is a path.
    """

    def __init__(self, spark: SparkSession, root: str, ops: str = "") -> None:
        self.spark = spark
        self.is_path = "/" in root or "." not in root
        if not self.is_path and not ops:
            raise ConfigError(f"lake {root} is a catalogue: give --ops, a folder for its records and leases")
        self.root = Folder.at(root).uri if self.is_path else root
        self.ops = Folder.at(ops or f"{self.root}/_ops")

    def __repr__(self) -> str:
        return f"Lake({self.root})"

    # -- names ----------------------------------------------------------------------------------------------------

    def ref(self, name: str) -> Ref:
        """A table by name: `gaia_dr3`, at its current release, or `allwise@2013-11-13`, at a given one."""
        name, _, release = name.partition("@")
        if not release:
            release = (self._releases.read(f"{name}.json") or {"current": ""})["current"]
        return Ref(name, release)

    def publish(self, table: Table, facts: Mapping[str, Any]) -> None:
        """Make the release of a table the one that its bare name means; older ones stay beside it.

        Parameters
        ----------
        facts
            What is worth knowing about the release.
        """
        known = (self._releases.read(f"{table.name}.json") or {"releases": {}})["releases"]
        known[table.release] = dict(facts)
        self._releases.write(f"{table.name}.json", {"current": table.release, "releases": known})

    def published(self) -> dict[str, Any]:
        """Name of each table that has releases, to the current one and the facts about all."""
        return {n.removesuffix(".json"): self._releases.read(n) for n in self._releases.names(".json")}

    def facts(self, ref: Ref) -> dict[str, Any]:
        """What was published about a release; empty where nothing was."""
        return dict((self._releases.read(f"{ref.name}.json") or {"releases": {}})["releases"].get(ref.release, {}))

    def names(self) -> list[str]:
        """Names of all tables."""
        if self.is_path:
            return [n for n in Folder.at(self.root).folders() if not n.startswith("_") and self.exists(self.ref(n))]
        return [t.name for t in self.spark.catalog.listTables(self.root) if "__" not in t.name]

    def identifier(self, ref: Ref) -> str:
        """The table's name in Spark SQL."""
        if self.is_path:
            return f"delta.`{self.location(ref)}`"
        return f"{self.root}.{ref.name}" + (f"__{_word(ref.release)}" if ref.release else "")

    def location(self, ref: Ref) -> str:
        """The table's folder."""
        if self.is_path:
            return f"{self.root}/{ref.name}" + (f"/{_word(ref.release)}" if ref.release else "")
        return str(DeltaTable.forName(self.spark, self.identifier(ref)).detail().first()["location"])  # type: ignore[index]

    @property
    def _releases(self) -> Folder:
        return self.ops / "releases"

    # -- reading --------------------------------------------------------------------------------------------------

    def exists(self, ref: Ref) -> bool:
        """Whether the table is there."""
        if self.is_path:
            return deltalake.DeltaTable.is_deltatable(self.location(ref))
        return self.spark.catalog.tableExists(self.identifier(ref))

    def read(self, ref: Ref, version: int | None = None) -> DataFrame:
        """The table, at a version where one is given.

        Raises
        ------
        DataError
            If the table is not there.
        """
        if not self.exists(ref):
            raise DataError(f"lake {self.root}: no table {ref}: run the job that writes it first")
        reader = self.spark.read
        if version is not None:
            reader = reader.option("versionAsOf", version)
        return reader.table(self.identifier(ref))

    def version(self, ref: Ref) -> int:
        """The table's latest version."""
        return self._log(ref).version()

    def has_version(self, ref: Ref, version: int) -> bool:
        """Whether a version can still be read: its log is there, and the files that later versions dropped."""
        try:
            then = set(self._log(ref, version).file_uris())
        except deltalake.exceptions.DeltaError:
            return False
        return all(Folder.at(uri).is_file() for uri in then - set(self._log(ref).file_uris()))

    def files(self, ref: Ref, version: int | None = None) -> list[dict[str, Any]]:
        """The data files of a version, with rows, bytes, partition values and statistics, from the log alone."""
        return pa.table(self._log(ref, version).get_add_actions(flatten=True)).to_pylist()  # type: ignore[no-any-return]

    def rows(self, ref: Ref, version: int | None = None, tiles: Iterable[int] | None = None) -> int:
        """Rows of a version, of some tiles where given, from the log alone.

        Raises
        ------
        ContractError
            If tiles are asked of a table that is not partitioned by tile.
        """
        wanted = None if tiles is None else set(tiles)
        total = 0
        for file in self.files(ref, version):
            if wanted is not None and "partition.tile" not in file:
                raise ContractError(f"table {ref}: rows of a tile asked, but it is not partitioned by tile")
            if wanted is None or file["partition.tile"] in wanted:
                total += file["num_records"]
        return total

    def small(self, ref: Ref, version: int, columns: Sequence[str]) -> pa.Table:
        """Some columns of a small table on the driver, without a Spark job."""
        return self._log(ref, version).to_pyarrow_table(columns=list(columns))

    def few(self, ref: Ref, version: int, condition: pads.Expression, columns: Sequence[str] | None = None) -> pa.Table:
        """The few rows that meet a condition, on the driver, without a Spark job.

        Files and row groups whose statistics rule the condition out are not opened.
        """
        return self._log(ref, version).to_pyarrow_dataset().to_table(columns, filter=condition)

    def columns(self, ref: Ref) -> tuple[Col, ...]:
        """The columns of a table as they were declared, from the log alone."""
        return contract.declared(T.StructType.fromJson(json.loads(self._log(ref).schema().to_json())))

    def sort(self, ref: Ref) -> tuple[str, ...]:
        """The order of the rows in the files of a table, as it was declared when the table was made."""
        text = self.properties(ref).get("tasni.sort", "")
        return tuple(text.split(",")) if text else ()

    def properties(self, ref: Ref) -> dict[str, str]:
        """What is written into the log of a table, of Delta and of ours."""
        return dict(self._log(ref).metadata().configuration)

    def partition(self, ref: Ref) -> tuple[str, ...]:
        """The partition columns of a table."""
        return tuple(self._log(ref).metadata().partition_columns)

    def history(self, ref: Ref) -> list[dict[str, Any]]:
        """Commits, latest first: version, operation, metrics and the run that made them."""
        return [dict(h) for h in self._log(ref).history()]

    def _log(self, ref: Ref, version: int | None = None) -> deltalake.DeltaTable:
        return deltalake.DeltaTable(self.location(ref), version=version)

    # -- writing --------------------------------------------------------------------------------------------------

    def create(self, table: Table) -> None:
        """Create a table as it is declared, if it is not there.

        Raises
        ------
        ContractError
            If it is there with other columns.
        """
        if table.transient:
            return
        if self.exists(table.ref):
            faults = contract.violations([(c.name, c.type) for c in self.columns(table.ref)], table)
            if faults:
                raise ContractError(
                    f"table {table.ref} exists with other columns: {'; '.join(faults)}: "
                    "add columns by 'tasni upkeep --migrate', use another lake, or drop the table and run its job again"
                )
            return
        builder = DeltaTable.createIfNotExists(self.spark).comment(table.doc).addColumns(contract.struct(table))
        builder = (
            builder.location(self.location(table.ref))
            if self.is_path
            else builder.tableName(self.identifier(table.ref))
        )
        if table.partition:
            builder = builder.partitionedBy(*table.partition)
        for key, value in self._properties(table).items():
            builder = builder.property(key, value)
        builder.execute()

    def _properties(self, table: Table) -> dict[str, str]:
        found = PROTOCOL | {"tasni.table": table.name, "tasni.version": str(table.version)}
        found["tasni.sort"] = ",".join(table.sort)
        found["tasni.row_group_mb"] = str(table.row_group_mb)
        found["tasni.dictionaries"] = "*" if table.has_dictionaries else ",".join(table.dictionaries)
        if table.stats:
            found["delta.dataSkippingStatsColumns"] = ",".join(table.stats)
        if clause := contract.check_clause(table):
            found["delta.constraints.ranges"] = clause
        return found

    def shape(self, properties: Mapping[str, str]) -> None:
        """Say what Spark's next files are like: size of row groups, columns with a dictionary; as a table's own."""
        of = properties.get("tasni.dictionaries", "*")
        self.spark.conf.set("parquet.block.size", int(properties.get("tasni.row_group_mb", "128")) << 20)
        self.spark.conf.set("parquet.enable.dictionary", str(of == "*").lower())
        for path in of.split(",") if of != "*" else ():
            self.spark.conf.set(f"parquet.enable.dictionary#{path}", "true")

    def set_properties(self, ref: Ref, properties: Mapping[str, str]) -> None:
        """Set properties of a table, if they are not so."""
        has = self._log(ref).metadata().configuration
        if any(has.get(k) != v for k, v in properties.items()):
            told = ", ".join(f"{_literal(k)} = {_literal(v)}" for k, v in properties.items())
            self.spark.sql(f"ALTER TABLE {self.identifier(ref)} SET TBLPROPERTIES ({told})")

    def replace(
        self,
        df: DataFrame,
        table: Table,
        where: Mapping[str, Sequence[Any]],
        *,
        transaction: str,
        parts: int = 1,
        metadata: Mapping[str, Any] | None = None,
    ) -> Commit:
        """Replace the rows that `where` names by those of `df`, in one commit.

        Parameters
        ----------
        df
            New rows; they meet `where`.
        table
            The declaration; columns are checked and cast.
        where
            Values of the `replace_by` columns; empty replaces the table.
        transaction
            A name of this replacement: `run/table/group`.
        parts
            Number of tasks that write; a partitioned table gets four times as many partitions, as few tiles hash
            unevenly.
        metadata
            Stored with the commit, beside the transaction.

        Notes
        -----
        Where the log shows that there is nothing to replace the commit is an append, in a fifth of the time of a search
        for files to remove; where whole partitions are replaced Delta need not look for rows inside files. The
        transaction stands in the commit's metadata: Delta's own would replay the log for each commit. The lease sees to
        it that nobody else writes in between.
        """
        rows = contract.conform(df, table)
        if before := self._committed(table.ref, transaction):
            return before
        is_new = self._is_empty(table.ref, where)
        if where and is_new:
            strange = F.lit(f"table {table.ref}: a row outside the tiles and names that it replaces")
            rows = rows.where(F.assert_true(F.expr(predicate(where)), strange).isNull())
        self.shape(self._properties(table))
        by_rows = not set(where) <= set(table.partition)
        self.spark.conf.set("spark.databricks.delta.replaceWhere.dataColumns.enabled", str(by_rows).lower())
        writer = laid_out(rows, table.partition, table.sort, parts).write.format("delta")
        writer = writer.option("userMetadata", json.dumps({"transaction": transaction, **(metadata or {})}))
        if is_new:
            writer = writer.mode("append")
        else:
            writer = writer.mode("overwrite")
            writer = writer.option("replaceWhere", predicate(where)) if where else writer
        self.save(writer, table.ref)
        return self._committed(table.ref, transaction) or Commit(self.version(table.ref), 0)

    def replace_few(
        self, rows: pa.Table, table: Table, where: Mapping[str, Sequence[Any]], transaction: str, metadata: Any
    ) -> Commit:
        """The same for a few rows that the driver holds, without a Spark job: two CPU-seconds less."""
        if before := self._committed(table.ref, transaction):
            return before
        told = json.dumps({"transaction": transaction, **metadata})
        deltalake.write_deltalake(
            self.location(table.ref),
            rows.select(table.names),
            mode="overwrite",
            predicate=predicate(where),
            commit_properties=deltalake.CommitProperties(custom_metadata={"userMetadata": told}),
        )
        return self._committed(table.ref, transaction) or Commit(self.version(table.ref), 0)

    def save(self, writer: DataFrameWriter, ref: Ref) -> None:
        """Write to the table's place, by path where there is one: a table's name would be looked up three times."""
        if self.is_path:
            writer.save(self.location(ref))
        else:
            writer.saveAsTable(self.identifier(ref))

    def _committed(self, ref: Ref, transaction: str) -> Commit | None:
        """The commit of a replacement, where it has been made: a run that was killed may not know."""
        for commit in self._log(ref).history(LOOK_BACK):
            if json.loads(commit.get("userMetadata") or "{}").get("transaction") == transaction:
                metrics = commit["operationMetrics"]
                rows = metrics.get("numOutputRows", metrics.get("num_added_rows", 0))
                return Commit(int(commit["version"]), int(rows))
        return None

    def _is_empty(self, ref: Ref, where: Mapping[str, Sequence[Any]]) -> bool:
        """Whether no file can hold a row that a replacement would remove."""
        files = pa.table(self._log(ref).get_add_actions(flatten=True))
        for column, values in where.items():
            if f"partition.{column}" in files.column_names:
                files = files.filter(pc.is_in(files[f"partition.{column}"], pa.array(values)))
        return bool(files.num_rows == 0)


def predicate(where: Mapping[str, Sequence[Any]]) -> str:
    """A SQL condition: every column is one of its values."""
    return " AND ".join(f"{c} IN ({', '.join(_literal(v) for v in values)})" for c, values in where.items())


def laid_out(df: DataFrame, partition: Sequence[str], sort: Sequence[str], parts: int) -> DataFrame:
    """Rows as files should hold them: each partition together, sorted inside."""
    order = [*partition, *sort]
    if parts and partition:
        df = df.repartition(4 * parts, *partition)
    elif parts == 1:
        df = df.coalesce(1)
    elif parts and sort:
        df = df.repartitionByRange(parts, *[F.col(c) for c in sort])
    return df.sortWithinPartitions(*order) if order else df


def _literal(value: Any) -> str:
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return repr(value)


def _word(text: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in text)
