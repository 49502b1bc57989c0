"""Tables that live for one run: plain Parquet beside the records, written group by group, dropped at the end.

Why: what one step hands to the next needs no history, no statistics and no transaction, only that a group done twice is
a group done once.
"""

from __future__ import annotations

import functools
import operator
from typing import Any

import pyarrow.dataset as pads
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import types as T

from tasni_spark.core import contract
from tasni_spark.core.files import Folder
from tasni_spark.core.spec import Table


def write(df: DataFrame, table: Table, at: Folder, group: int) -> int:
    """Write one group, replaced whole; the number of its rows."""
    place = at / f"group={group}"
    contract.conform(df, table).write.mode("overwrite").partitionBy(*table.partition).parquet(place.uri)
    return rows(place)


def read(spark: SparkSession, table: Table, at: Folder) -> DataFrame:
    """All groups, with their numbers in `group`."""
    return spark.read.schema(contract.struct(table).add("group", T.IntegerType())).parquet(at.uri)


def rows(at: Folder, **partition: Any) -> int:
    """Rows of all files below a folder, or of those of a partition, from their footers."""
    if not at.folders() and not at.names():
        return 0
    files = pads.dataset(at.path, format="parquet", filesystem=at.system, partitioning="hive")
    if not set(partition) <= set(files.schema.names):
        return 0
    wanted = [pads.field(name) == value for name, value in partition.items()]
    return int(files.count_rows(filter=functools.reduce(operator.and_, wanted)) if wanted else files.count_rows())
