"""Rows per CPU-second of asking a footprint of 60,000 ranges whether it holds a place.

Each way runs in a process of its own, whose whole tree is measured; the cost of a session that makes the same rows
and asks nothing is taken off. The peer is a join on the ranges alone, which is a nested loop, on fewer rows.

python -m tests.bench.observed --rows 20000000
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from rich.console import Console
from rich.table import Table

from tasni_spark.core.session import session
from tasni_spark.sky.footprint import by_cell, with_observed
from tests.bench.usage import measured

RANGES = 60_000
PEER = 2_000
"""Of so many rows the peer is asked one."""


def ranges() -> pd.DataFrame:
    """Disjoint ranges all over the sky, cut at the cells: half of it is inside."""
    borders = np.sort(np.random.default_rng(8).choice(12 << 40, 2 * RANGES, replace=False)) << 18
    cells = by_cell(borders.reshape(-1, 2))
    return pd.DataFrame(cells, columns=["cell", "start", "end"]).assign(survey="bench")


def by_range(rows: DataFrame, coverage: DataFrame) -> DataFrame:
    """The peer: no equality in the join."""
    inside = (rows["hpx29"] >= coverage["start"]) & (rows["hpx29"] < coverage["end"])
    return rows.join(F.broadcast(coverage), inside, "left").select("hpx29", F.col("start").isNotNull().alias("seen"))


def work(way: str, rows: int) -> None:
    """What one process does."""
    spark = session("local", "bench")
    places = spark.range(rows).select((F.rand(3) * float(12 << 58)).cast("bigint").alias("hpx29"))
    coverage = spark.createDataFrame(ranges())
    coverage.count()
    if way == "cells":
        places = with_observed(places, coverage, "bench", "seen")
    elif way == "ranges":
        places = by_range(places, coverage)
    places.write.format("noop").mode("overwrite").save()


def cpu_s(way: str, rows: int) -> float:
    """CPU-seconds of one process and all below it."""
    used = measured([sys.executable, "-m", "tests.bench.observed", "--rows", str(rows), "--way", way])
    if used.exit_code:
        raise SystemExit(f"{way}: exit {used.exit_code}")
    return used.cpu_s


def main() -> None:
    """Measure and print."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rows", type=int, default=20_000_000)
    p.add_argument("--way", choices=("none", "cells", "ranges"), help="in this process, unmeasured")
    args = p.parse_args()
    if args.way:
        work(args.way, args.rows)
        return
    grid = Table("way", "rows", "CPU s", "net CPU s", "rows / net CPU s", box=None)
    for way, rows in (("cells", args.rows), ("ranges", args.rows // PEER)):
        gross, idle = cpu_s(way, rows), cpu_s("none", rows)
        grid.add_row(way, f"{rows:,}", f"{gross:.1f}", f"{gross - idle:.1f}", f"{rows / (gross - idle):,.0f}")
    Console(width=100).print(grid)


if __name__ == "__main__":
    main()
