"""The demo's lake in SQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tasni_spark.core import contract
from tasni_spark.explore import name_all
from tasni_spark.tables.survey import REJECTS
from tests.sql.files import TIER5

REJECTED = [("made_up", "1", "a.parquet", n, "ra is 400", "{}") for n in (1, 2)] + [
    ("made_up", "1", "b.parquet", None, "no id", "{}")
]


@pytest.fixture(scope="module")
def named(demo_lake: Any) -> Iterator[Any]:
    """The demo's lake in SQL, with what it lacks: the first edition's table, and rejected rows."""
    spark = demo_lake.spark
    assert name_all(demo_lake) == []
    spark.createDataFrame(
        TIER5, "designation string, w1mpro double, w2mpro double, w3mpro double, anomaly_score double"
    ).createOrReplaceTempView("allwise_tier5")
    rejected = spark.createDataFrame(REJECTED, contract.struct(REJECTS))
    if "rejects" in demo_lake.names():
        rejected = rejected.unionByName(demo_lake.read(demo_lake.ref("rejects")))
    rejected.createOrReplaceTempView("rejects")
    yield spark
    for name in ("allwise_tier5", "rejects"):
        spark.catalog.dropTempView(name)
    name_all(demo_lake)
