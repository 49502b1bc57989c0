"""A lake opened for questions: its tables, views and functions under their names in Spark SQL.

from tasni_spark.explore import open_lake
spark = open_lake("lake")
spark.sql("SELECT cut_set, count(*) FROM candidates GROUP BY cut_set").show()
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession

from tasni_spark.core import contract, places
from tasni_spark.core.lake import Lake
from tasni_spark.core.session import session
from tasni_spark.core.spec import Ref, Table
from tasni_spark.sky.functions import register
from tasni_spark.tables.models import STANDINGS
from tasni_spark.tables.ops import OPS_PROGRESS, OPS_RUNS, SURVEYS
from tasni_spark.tables.survey import REJECTS
from tasni_spark.tables.thermal import THERMAL
from tasni_spark.variability import functions


def open_lake(root: str, ops: str = "", profile: str = "local") -> SparkSession:
    """A session in which the lake's tables, the views of `sql/views` and the sky's functions can be named.

    Parameters
    ----------
    root, ops
        As in `core.lake.Lake`.
    profile
        Profile in `conf/spark`.
    """
    lake = Lake(session(profile), root, ops)
    name_all(lake)
    return lake.spark


def name_all(lake: Lake) -> list[str]:
    """Register tables, records, functions and views; the names of the views that could not be made are returned."""
    names = lake.names()
    for name in names:
        lake.read(lake.ref(name)).createOrReplaceTempView(name)
    for table in (REJECTS, THERMAL, STANDINGS):  # empty where nothing was rejected, or no job has run: views read them
        if table.name not in names:
            lake.spark.createDataFrame([], contract.struct(table)).createOrReplaceTempView(table.name)
    for table, frame in records(lake).items():
        frame.createOrReplaceTempView(table.name)
    register(lake.spark, tiles(lake))
    functions.register(lake.spark)
    left_out = []
    for path in sorted((places.ROOT / "sql" / "views").glob("*.sql")):
        try:
            lake.spark.sql(path.read_text()).createOrReplaceTempView(path.stem)
        except AnalysisException:
            left_out.append(path.stem)
    return left_out


def tiles(lake: Lake) -> list[int]:
    """Tiles of the lake, empty where it has none yet."""
    ref = Ref("tiling")
    return lake.small(ref, lake.version(ref), ["tile"])["tile"].to_pylist() if lake.exists(ref) else []


def records(lake: Lake) -> dict[Table, DataFrame]:
    """The small files under `_ops` as tables."""
    runs = (lake.ops / "runs").uri
    patterns = {OPS_RUNS: "*/*.json", OPS_PROGRESS: "*/*/*.json"}
    return {SURVEYS: _surveys(lake)} | {table: _read(lake, table, f"{runs}/{p}") for table, p in patterns.items()}


def _read(lake: Lake, table: Table, path: str) -> DataFrame:
    """JSON files; no rows where there are none yet, as in a lake's first run."""
    try:
        return lake.spark.read.schema(contract.struct(table)).option("multiLine", True).json(path)
    except AnalysisException:
        return lake.spark.createDataFrame([], contract.struct(table))


def _surveys(lake: Lake) -> DataFrame:
    rows: list[dict[str, Any]] = []
    for survey, known in lake.published().items():
        for release, facts in known["releases"].items():
            if facts["survey"] == survey:
                rows.append(facts | {"release": release, "is_current": release == known["current"]})
    frame = pd.DataFrame(rows, columns=list(SURVEYS.names))
    return (
        lake.spark.createDataFrame(frame, contract.struct(SURVEYS))
        if rows
        else lake.spark.createDataFrame([], contract.struct(SURVEYS))
    )
