"""One match by every engine and by others, on the same mock sky in the same run: `make bench-crossmatch`.

Left rows per CPU-second of the whole process tree, Python workers included; net of a session that does nothing. Sizes:
S 1 M x 2 M, L 4 M x 8 M, X 16 M x 32 M over the sky; P 1 M x 2 M in ten square degrees on the Galactic plane. The
pairs of a row are counted and hashed; rows of one size must agree. Figures are for the machine that runs them: compare
rows of one table, not tables of two machines.

python -m tests.bench.crossmatch --sizes L X --repeat 3 --rows tiles sql duckdb --keep /tmp/sky
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from tests.bench import peers, twoskies
from tests.bench.pipeline import TASNI, exponent
from tests.bench.usage import Usage, measured

RADIUS_ARCSEC = 3.0
SIZES = {"S": 1_000_000, "L": 4_000_000, "X": 16_000_000, "P": 1_000_000}
LSDB_PYTHON = Path(".venv-lsdb/bin/python").absolute()


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Parameters
    ----------
    name
        What is measured.
    command
        `f(folder)`: the process.
    pairs
        Where its pairs are, and the names of both identifiers; none for what finds none.
    idle
        The row whose cost is taken off: a session that does nothing, of the same profile.
    alike
        Rows of the same value must give the same pairs.
    """

    name: str
    command: Callable[[Path], list[str]]
    pairs: tuple[str, str, str] | None = None
    idle: str = ""
    alike: str = "still"


def job(engine: str, right: str) -> Callable[[Path], list[str]]:
    """The job itself, into a lake without matches; with tiles the JVM only hands out work, as in jobs of seconds."""

    def command(folder: Path) -> list[str]:
        for table in ("matches", "match_tiles"):
            shutil.rmtree(folder / "lake" / table, ignore_errors=True)
        profile = "short" if engine == "tiles" else "local"
        flags = ["--left", "left", "--rights", json.dumps([right]), "--engine", engine, "--set", f"run.spark={profile}"]
        return [*TASNI, "run", "crossmatch", "--lake", str(folder / "lake"), *flags]

    return command


def own(way: str) -> Callable[[Path], list[str]]:
    """Something of this file, in a process of its own."""

    def command(folder: Path) -> list[str]:
        for old in ("out", "lake") if way == "prepare" else ("out",):
            shutil.rmtree(folder / old, ignore_errors=True)
        (folder / "out").mkdir(parents=True)
        return [sys.executable, "-m", "tests.bench.crossmatch", "--way", way, "--keep", str(folder)]

    return command


def lsdb(what: str) -> Callable[[Path], list[str]]:
    """LSDB, in its own environment."""

    def command(folder: Path) -> list[str]:
        out = folder / ("hats" if what == "import" else "out")
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        (folder / "by_lsdb.py").write_text(peers.LSDB)
        return [str(LSDB_PYTHON), str(folder / "by_lsdb.py"), what, str(folder), str(out), str(RADIUS_ARCSEC)]

    return command


MATCHES, WRITTEN = ("lake/matches", "left_id", "right_id"), ("out", "left_id", "right_id")
ROWS = {
    "noop": Row("a session that does nothing", own("noop")),
    "noop-short": Row("the same, profile short", own("noop-short")),
    "prepare": Row("preparation: read, hpx29, sort, write", own("prepare"), None, "noop"),
    "tiles": Row("tiles", job("tiles", "right"), MATCHES, "noop-short"),
    "tiles-motion": Row("tiles, with motion", job("tiles", "moving"), MATCHES, "noop-short", "moving"),
    "sql": Row("sql", job("sql", "right"), MATCHES, "noop"),
    "sql-motion": Row("sql, with motion", job("sql", "moving"), MATCHES, "noop", "moving"),
    "sedona": Row("sedona", job("sedona", "right"), MATCHES, "noop"),
    "shapes": Row("Sedona: right sources in 10,000 polygons", own("shapes"), None, "noop"),
    "ranges": Row("ranges: right sources in a map of cells", own("ranges"), None, "noop"),
    "attach": Row("Spark: both sides' columns to stored pairs", own("attach"), None, "noop"),
    "ckdtree": Row("cKDTree, all columns", own("ckdtree"), WRITTEN),
    "duckdb": Row("DuckDB, association only", own("duckdb"), WRITTEN),
    "duckdb-wide": Row("DuckDB, all columns", own("duckdb-wide"), WRITTEN),
    "lsdb-import": Row("LSDB, import", lsdb("import")),
    "lsdb": Row("LSDB, association only", lsdb("match"), ("out/pairs/pairs/dataset", "id_left", "id_right")),
}


def work(way: str, folder: Path) -> None:
    """What one process does."""
    if way in ("noop", "noop-short"):
        from tasni_spark.core.session import session

        session("short" if way == "noop-short" else "local", "bench").range(1).count()
    elif way == "prepare":
        twoskies.prepare(folder, ["left", "right"])
    elif way == "moving":
        twoskies.prepare(folder, ["moving"])
    elif way in ("shapes", "ranges"):
        inside(folder, way)
    elif way == "attach":
        peers.attach(folder / "lake", folder, folder / "out")
    elif way == "ckdtree":
        peers.ckdtree(folder, folder / "out", RADIUS_ARCSEC)
    else:
        peers.duckdb(folder, folder / "out", RADIUS_ARCSEC, wide=way == "duckdb-wide")


def inside(folder: Path, way: str) -> None:
    """Sources of the right survey in hexagons of one degree, or in a map of 60,000 ranges: counted."""
    import pandas as pd

    from tasni_spark.core.session import session
    from tasni_spark.crossmatch import shapes
    from tasni_spark.sky.footprint import with_observed
    from tests.bench.observed import ranges

    spark = session("local", "bench")
    rows = spark.read.format("delta").load(str(folder / "lake" / "right_positions"))
    if way == "ranges":
        found = with_observed(rows, spark.createDataFrame(ranges()), "bench", "seen").where("seen")
    else:
        rng, turn = np.random.default_rng(9), np.radians(60 * np.arange(6))
        centres = zip(rng.uniform(0, 360, 10_000), np.degrees(np.arcsin(rng.uniform(-0.98, 0.98, 10_000))), strict=True)
        made = [
            shapes.polygons(
                str(k), [[list(zip(ra + np.cos(turn) / np.cos(np.radians(d)), d + np.sin(turn), strict=True))]]
            )
            for k, (ra, d) in enumerate(centres)
        ]
        found = shapes.shape_join(rows, spark.createDataFrame(pd.DataFrame(made), shapes.SHAPES_DDL))
    print(f"{found.count():,} of {rows.count():,} sources", file=sys.stderr)


def run(command: list[str]) -> Usage:
    """One process, measured."""
    used = measured(command, stdout=subprocess.DEVNULL)
    if used.exit_code:
        raise SystemExit(f"exit {used.exit_code}: {' '.join(command)}")
    return used


def hashed(folder: Path, where: tuple[str, str, str]) -> tuple[int, int]:
    """Pairs, and the sum of their 64-bit hashes, which no order changes."""
    total, count = 0, 0
    path, *names = where
    for file in sorted((folder / path).rglob("*.parquet")):
        if not file.name.startswith(("_", ".")):
            table = pq.ParquetFile(file).read(names)
            left, right = (table[n].to_numpy().astype(np.uint64) for n in names)
            total += int(mixed(mixed(left) ^ right).sum(dtype=np.uint64))
            count += len(left)
    return count, total % 2**64


def mixed(x: np.ndarray) -> np.ndarray:
    """The finaliser of splitmix64 (Steele, Lea and Flood 2014, OOPSLA '14)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(x ^ (x >> np.uint64(31)))


def ready(folder: Path, size: str, row: str) -> None:
    """Make what a row needs and is not there: the sky, the lake, and the densities."""
    if not (folder / "held.npy").exists():
        twoskies.make(folder, SIZES[size], is_field=size == "P")
    if ROWS[row].pairs != MATCHES and row not in ("attach", "shapes", "ranges"):
        return
    lake = folder / "lake"
    for way, right in (("prepare", "right"), ("moving", "moving")):
        if way in ("prepare", ROWS[row].alike) and not (lake / f"{right}_positions").exists():
            run(own(way)(folder))
            shutil.rmtree(lake / "density", ignore_errors=True)
    if not (lake / "density").exists():
        surveys = [s for s in ("right", "moving") if (lake / f"{s}_positions").exists()]
        run([*TASNI, "run", "density", "--lake", str(lake), "--surveys", json.dumps(surveys)])


def measure(
    folder: Path, size: str, rows: Sequence[str], repeat: int
) -> dict[str, tuple[list[Usage], tuple[int, int]]]:
    """Each row at one size: its costs, and its pairs and their hash."""
    found = {}
    for name in rows:
        ready(folder, size, name)
        if name == "attach" and not (folder / "lake" / "matches").exists():
            run(ROWS["tiles"].command(folder))
        runs = [run(ROWS[name].command(folder)) for _ in range(repeat)]
        where = ROWS[name].pairs
        found[name] = (runs, hashed(folder, where) if where else (0, 0))
        told = found[name][1]
        print(
            f"{size} {name}: {[round(u.cpu_s, 1) for u in runs]} CPU s, {told[0]:,} pairs", file=sys.stderr, flush=True
        )
    for alike in {r.alike for r in ROWS.values()}:
        answers = {found[n][1] for n in found if ROWS[n].pairs and ROWS[n].alike == alike}
        if len(answers) > 1:
            raise SystemExit(f"size {size}: rows differ in their pairs: {answers}")
    return found


def drawn(found: dict[str, dict[str, tuple[list[Usage], tuple[int, int]]]]) -> Table:
    """The table."""
    names = ("row", "size", "CPU s", "krows / CPU s", "net", "wall s", "peak GiB", "pairs", "hash", "exponent")
    grid = Table(*names, box=None)
    for name, row in ROWS.items():
        sizes = [s for s in found if name in found[s]]
        gross = {s: statistics.median(u.cpu_s for u in found[s][name][0]) for s in sizes}
        idle = {s: [u.cpu_s for u in found[s][row.idle][0]] if row.idle in found[s] else [0.0] for s in sizes}
        net = {s: gross[s] - statistics.median(idle[s]) for s in sizes}
        grown = [s for s in sizes if s != "P"]
        slope = exponent([SIZES[s] for s in grown], [net[s] for s in grown]) if len(grown) > 1 else math.nan
        for s in sizes:
            runs, (pairs, code) = found[s][name]
            rows = SIZES[s] * {"prepare": 3, "shapes": 2, "ranges": 2}.get(name, 1) / 1000
            rates = (
                ("", "") if name.startswith("noop") else (f"{rows / gross[s]:,.0f}", f"{rows / max(net[s], 0.1):,.0f}")
            )
            wall, peak = statistics.median(u.wall_s for u in runs), max(u.peak_gib for u in runs)
            told = (f"{pairs:,}", f"{code:016x}") if row.pairs else ("", "")
            shown = "" if math.isnan(slope) or name.startswith("noop") else f"{slope:.2f}"
            grid.add_row(row.name, s, f"{gross[s]:.1f}", *rates, f"{wall:.0f}", f"{peak:.2f}", *told, shown)
    return grid


def main() -> None:
    """Measure and print."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--sizes", nargs="+", choices=list(SIZES), default=["S"])
    p.add_argument("--rows", nargs="+", choices=list(ROWS), default=[r for r in ROWS if "lsdb" not in r])
    p.add_argument("--repeat", type=int, default=1, help="runs of each row; medians are shown")
    p.add_argument("--keep", type=Path, help="a folder that keeps the skies for another run")
    p.add_argument("--way", help=argparse.SUPPRESS)
    args = p.parse_args()
    if args.way:
        work(args.way, args.keep)
        return
    root = args.keep or Path(tempfile.mkdtemp(prefix="tasni-bench-"))
    try:
        found = {size: measure(root / size, size, args.rows, args.repeat) for size in args.sizes}
    finally:
        if not args.keep:
            shutil.rmtree(root)
    Console(width=150).print(drawn(found))


if __name__ == "__main__":
    main()
