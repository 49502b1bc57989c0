"""One match by the portable engine, by the CPU cores of a machine and by its GPU, in one session.

Two ways. `job`: the crossmatch job on a lake; RAPIDS 25.04 reads and writes Delta on the CPU, so that rows go to the
GPU and back. `files`: the same join of the same files as plain Parquet, all of it on the GPU. Seconds on the clock and
their medians; all runs of one size must give the same pairs; on stderr what RAPIDS leaves on the CPU. Jar: make
jars-gpu.

python -m tests.bench.gpu --sizes S L X --repeat 3
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from rich.console import Console
from rich.table import Table

from tasni_spark.cli.scripts import work
from tasni_spark.core import gpu
from tasni_spark.core.arguments import Request
from tasni_spark.core.places import jars
from tasni_spark.core.run import execute
from tasni_spark.core.session import session
from tasni_spark.crossmatch import choice, sql
from tasni_spark.crossmatch.motion import Epochs
from tasni_spark.pipeline import JOBS
from tests.bench import twoskies
from tests.bench.crossmatch import MATCHES, RADIUS_ARCSEC, SIZES, WRITTEN, hashed

DEVICES = {"cpu": "false", "gpu": "true"}
SKY_ARCSEC2 = 4 * math.pi * (math.degrees(1) * 3600) ** 2


def ready(folder: Path, size: str) -> None:
    """A sky and its lake, unless they are there."""
    if not (folder / "held.npy").exists():
        twoskies.make(folder, SIZES[size])
        twoskies.prepare(folder, ["left", "right"])
        execute(work("density"), JOBS, Request(lake=str(folder / "lake"), sets=('density.surveys=["right"]',)))


def job(_: SparkSession, folder: Path) -> None:
    """The job, into a lake without matches."""
    for table in ("matches", "match_tiles"):
        shutil.rmtree(folder / "lake" / table, ignore_errors=True)
    asked = ('crossmatch.left="left"', 'crossmatch.rights=["right"]', 'crossmatch.engine="sql"', 'run.spark="gpu"')
    execute(work("crossmatch"), JOBS, Request(lake=str(folder / "lake"), sets=asked))


def joined(spark: SparkSession, folder: Path) -> DataFrame:
    """The join of the files of both positions tables."""
    left, right = (spark.read.parquet(str(folder / "lake" / f"{side}_positions")) for side in ("left", "right"))
    around = right.count() / SKY_ARCSEC2
    rights = [sql.Right("right", right, RADIUS_ARCSEC)]
    needed = left.select("id", "hpx29", "x", "y", "z", "epoch")
    cubes = sql.Geometry(sql.cell_arcsec(around, 0.0, RADIUS_ARCSEC))
    return choice.nearest(sql.pairs(needed, rights, Epochs(2010.5, 2010.5), cubes), ["hpx29"])


def files(spark: SparkSession, folder: Path) -> None:
    """The join from plain files to plain files."""
    joined(spark, folder).write.mode("overwrite").parquet(str(folder / "out"))


WAYS: dict[str, tuple[Callable[[SparkSession, Path], None], tuple[str, str, str]]] = {
    "job": (job, MATCHES),
    "files": (files, WRITTEN),
}


def main() -> None:
    """Measure and print."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--sizes", nargs="+", choices=list(SIZES), default=["S"])
    p.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    p.add_argument("--repeat", type=int, default=3, help="runs of each; medians are shown")
    p.add_argument("--memory", default="16g", help="of the JVM")
    p.add_argument("--keep", type=Path, help="a folder that keeps the skies for another run")
    p.add_argument("--without-gpu", action="store_true", help="the CPU alone, and what RAPIDS says of the plan")
    args = p.parse_args()
    cores = len(os.sched_getaffinity(0))
    spark = session(
        "cluster" if args.without_gpu else "gpu",
        "bench",
        spark__master=f"local[{cores}]",
        spark__driver__memory=args.memory,
        spark__driver__extraClassPath=f"{jars()}/*:{gpu.jar()}",
        spark__rapids__sql__explain="NOT_ON_GPU",
        spark__ui__enabled="false",
        spark__ui__showConsoleProgress="false",
    )
    log4j = spark.sparkContext._jvm.org.apache.logging.log4j
    log4j.core.config.Configurator.setLevel("com.nvidia.spark.rapids.GpuOverrides", log4j.Level.WARN)
    root = args.keep or Path(tempfile.mkdtemp(prefix="tasni-bench-"))
    grid = Table("size", "way", "device", f"wall s, of {cores} cores", "krows / s", "pairs", "hash", box=None)
    try:
        for size in args.sizes:
            for row in measure(spark, root / size, size, args):
                grid.add_row(*row)
        if args.without_gpu:
            print("stays on the CPU:", gpu.off_gpu(joined(spark, root / args.sizes[0])))
    finally:
        if not args.keep:
            shutil.rmtree(root)
    Console(width=120).print(grid)


def measure(spark: SparkSession, folder: Path, size: str, args: argparse.Namespace) -> Iterator[tuple[str, ...]]:
    """Lines of the table at one size."""
    spark.conf.set("spark.rapids.sql.enabled", "false")
    ready(folder, size)
    answers = set()
    for way in args.ways:
        act, where = WAYS[way]
        for device in ("cpu",) if args.without_gpu else DEVICES:
            spark.conf.set("spark.rapids.sql.enabled", DEVICES[device])
            seconds = []
            for _ in range(args.repeat):
                started = time.monotonic()
                act(spark, folder)
                seconds.append(round(time.monotonic() - started, 2))
            pairs, code = hashed(folder, where)
            answers.add((pairs, code))
            print(json.dumps({"size": size, "way": way, "device": device, "seconds": seconds}), flush=True)
            median = statistics.median(seconds)
            yield (
                size,
                way,
                device,
                f"{median:.1f}",
                f"{SIZES[size] / median / 1000:,.0f}",
                f"{pairs:,}",
                f"{code:016x}",
            )
    if len(answers) > 1:
        raise SystemExit(f"size {size}: runs differ in their pairs: {answers}")


if __name__ == "__main__":
    main()
