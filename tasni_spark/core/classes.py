"""An archive of the classes that a session loads: the next JVM maps them instead of reading, checking and linking them.

Why: of twelve CPU-seconds in which a session starts and counts one row, half go into classes (JEP 350, dynamic class
data sharing). The archive holds for one JVM and one list of jars, and a JVM that does not fit it starts without.
"""

from __future__ import annotations

import tempfile
from typing import Any

from pyspark.sql import functions as F

from tasni_spark.core import places
from tasni_spark.core.lake import Lake
from tasni_spark.core.session import session
from tasni_spark.core.spec import Col, Table

ROWS = Table(
    "rows",
    "What a session is made to touch",
    (Col("tile", "bigint", "Tile"), Col("id", "bigint", "Row"), Col("x", "double", "Value", range=(0, 1))),
    key=("id",),
    partition=("tile",),
    sort=("id",),
    replace_by=("tile",),
    stats=("id",),
)


def make() -> None:
    """Start a session, do a little of all that jobs do, and let the JVM write its archive when it ends."""
    places.classes().unlink(missing_ok=True)
    options = places.settings("short")["spark.driver.extraJavaOptions"]
    options += f" -XX:ArchiveClassesAtExit={places.classes()} -Xlog:disable"
    spark = session("short", "classes", spark__driver__extraJavaOptions=options)
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(spark, folder)
        lake.create(ROWS)
        rows = spark.range(100).withColumns({"tile": F.col("id") % 4, "x": F.rand(1)})
        lake.replace(rows, ROWS, {"tile": [0, 1, 2, 3]}, transaction="rows")
        least = lake.read(ROWS.ref).groupBy("tile").agg(F.min(F.struct("x", "id")).alias("least"))
        rows.join(F.broadcast(least), "tile").collect()
    gateway: Any = spark.sparkContext._gateway
    spark.stop()
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait()


if __name__ == "__main__":
    make()
