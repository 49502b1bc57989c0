"""Sources per CPU-second of nesting and of the statistics, each in several forms: `make bench-lightcurves`.

Every form works on the same mock exposures in the same run. What runs in this process is timed by its own CPU clock;
what runs in Spark by the CPU-seconds of the whole process tree, without the session's start and one warm-up. Figures
are for the machine that runs them: compare rows of one table, not tables of two machines.

python -m tests.bench.lightcurves --sources 1000 20000 --slow 300
python -m tests.bench.lightcurves --sources 100000 --times 10    # a million nested sources
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from cdshealpix.nested import lonlat_to_healpix
from pyspark.sql import functions as F
from rich.console import Console
from rich.table import Table

from tasni_spark.core import parts
from tasni_spark.core.session import session
from tasni_spark.tables.light_curves import LIGHTCURVES
from tasni_spark.tables.variability import VARIABILITY
from tasni_spark.variability import gather, measures, periods, suite
from tasni_spark.variability import lightcurves as lc
from tasni_spark.variability import variability as v
from tasni_spark.variability.exposures import Exposures, of_source
from tasni_spark.variability.pieces import pieces
from tests.bench.usage import spent

EXPOSURES = 300
VISITS = 22
GRIDS = 60
SOURCES = 747_634_026
"""Sources of AllWISE (Cutri et al. 2013, 2013wise.rept....1C)."""
DETECTIONS = 200e9
SEARCHED = 0.01
"""Share of the light curves that passes the screen for periods, each with two full grids and 2 x 20 nulls."""
NEST, SUITE, PERIODS = (
    "nest: workers read and write files",
    "suite, visits, tests: file lists",
    "periods: own sums, full grid and window",
)


def exposures(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Exposures of sources of which one in a hundred fades or brightens, as a detections table has them."""
    place = np.sort(rng.random((n, 2)), axis=0)
    t = np.sort(56700 + 182.6 * rng.integers(0, VISITS, (n, EXPOSURES)) + rng.random((n, EXPOSURES)), axis=1)
    source = np.repeat(np.arange(n), EXPOSURES)
    rows = {"id": np.arange(n * EXPOSURES), "source": source, "mjd": t.ravel()}
    ra, dec = 45.0 + 5.0 * place[:, 0], 5.0 + 5.0 * np.linspace(0, 1, n)
    rows["ra"] = np.repeat(ra, EXPOSURES) + rng.normal(0, 3e-5, n * EXPOSURES)
    rows["dec"] = np.repeat(dec, EXPOSURES) + rng.normal(0, 3e-5, n * EXPOSURES)
    slope = np.where(rng.random(n) < 0.01, rng.normal(0, 0.03, n), 0.0)
    change = np.repeat(slope, EXPOSURES) * (t.ravel() - 58000) / 365.25
    for band in ("w1", "w2"):
        error = rng.uniform(0.02, 0.08, n * EXPOSURES)
        rows[f"{band}mpro"] = 13 + change + error * rng.normal(size=n * EXPOSURES)
        rows[f"{band}sigmpro"] = error
    return pd.DataFrame(rows)


def cost(work: Callable[[], Any]) -> tuple[float, float]:
    """CPU-seconds of the tree, and seconds on the clock; after a warm-up."""
    work()
    return spent(work)


def kernel(pieces: Sequence[dict[str, Exposures]]) -> None:
    """Visits and the suite of both bands over arrays that are in memory, so many light curves at once as the job."""
    for x in pieces:
        measures.values_of(x, measures.visits_of(x), None)


def full_grids(x: Exposures, n: int, method: str) -> list[int]:
    """Where the highest peak of some light curves is on the whole grid."""
    config = periods.PeriodConfig(method=method)
    return [int(periods.periodogram(*of_source(x, i), config).power.argmax()) for i in range(n)]


def of_one(g: pd.DataFrame) -> pd.DataFrame:
    """The statistics of one source: what a group a source costs."""
    found = suite.statistics([0, len(g)], g["mjd"], g["w1mpro"], g["w1sigmpro"])
    return pd.DataFrame({"source": g["source"].iloc[:1], "slope": found["slope_mag_per_yr"]})


def positions(shots: pd.DataFrame) -> pd.DataFrame:
    """Where the sources are."""
    left = shots.groupby("source", as_index=False)[["ra", "dec"]].mean().rename(columns={"source": "id"})
    a, d = np.radians(left["ra"]), np.radians(left["dec"])
    left = left.assign(x=np.cos(a) * np.cos(d), y=np.sin(a) * np.cos(d), z=np.sin(d), epoch=2014.0)
    return left.assign(**dict.fromkeys(gather.MOTION, np.nan))


def stored(rows: pd.DataFrame, folder: Path) -> list[dict[str, Any]]:
    """Write rows in the order of the sky curve; what a log would tell of the file."""
    pixel = lonlat_to_healpix(rows["ra"].to_numpy() * u.deg, rows["dec"].to_numpy() * u.deg, 29).astype(np.int64)
    folder.mkdir()
    table = pa.Table.from_pandas(rows.assign(hpx29=pixel).sort_values("hpx29"), preserve_index=False)
    pq.write_table(table, folder / "a.parquet", row_group_size=100_000)
    return [{"path": "a.parquet", "num_records": len(rows), "min.hpx29": pixel.min(), "max.hpx29": pixel.max()}]


def bench(n: int, slow: int, times: int, folder: Path, spark: Any) -> Iterator[tuple[str, int, float, float]]:
    """Each form at one size: name, sources, CPU-seconds, seconds; the statistics of all files so many times over."""
    shots = exposures(n, np.random.default_rng(n))
    files = [stored(shots, folder / "neowise"), stored(positions(shots), folder / "left_positions")]
    tiles = [4**2 + k for k in range(4)]
    cfg = lc.LightcurvesConfig()
    out = folder / "lightcurves"
    roots = (str(folder / "neowise"), str(folder / "left_positions"), str(out))
    work = pieces(tiles, files[0], files[1], 0.003, max(len(shots) // 2, 1))
    nest = gather.worker(work, roots, 0.003, cfg)

    def by_worker() -> None:
        shutil.rmtree(out, ignore_errors=True)
        spark.range(0, len(work), 1, len(work)).mapInArrow(nest, parts.WRITTEN_DDL).collect()

    yield NEST, n, *cost(by_worker)
    read = spark.read.parquet(roots[0])
    columns = [c for c in read.columns if c not in ("source", "ra", "dec", "hpx29")]
    listed = read.groupBy("source").agg(F.sort_array(F.collect_list(F.struct("mjd", *columns))).alias("rows"))
    to = str(folder / "listed")
    yield "nest: collect_list of structs", n, *cost(lambda: listed.write.mode("overwrite").parquet(to))

    written = [str(p) for p in sorted(out.rglob("*.parquet"))]
    curves = pa.concat_tables([pq.ParquetFile(p).read(measures.READS) for p in written]).combine_chunks()
    assert len(curves) == n
    starts = range(0, n, measures.PIECE_CURVES)
    inside = [measures.exposures_of(curves.slice(k, measures.PIECE_CURVES), ()) for k in starts]
    yield "suite: kernel, in memory", n, *cost(lambda: kernel(inside))
    some_curves, grids = inside[0]["w2"], min(GRIDS, n)
    yield PERIODS, grids, *cost(lambda: full_grids(some_curves, grids, "fft"))
    yield "periods: nifty-ls, the same peaks", grids, *cost(lambda: full_grids(some_curves, grids, "nifty"))
    assert full_grids(some_curves, grids, "fft") == full_grids(some_curves, grids, "nifty")
    one = v.VariabilityConfig()
    tasks = [[(str(Path(p).relative_to(out)), int(Path(p).parent.name.partition("=")[2]))] for p in written] * times
    places = {t.name: str(folder / t.name) for t in (LIGHTCURVES, *v.WRITES)}
    todo = v.worker(tasks, places, one)
    numbers = spark.range(0, len(tasks), 1, len(tasks))
    yield SUITE, n * times, *cost(lambda: numbers.mapInArrow(todo, parts.WRITTEN_DDL).collect())
    nested = spark.read.parquet(str(out))

    def through(batches: Any) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            found = measures.tables_of(pa.Table.from_batches([batch]), one, [VARIABILITY])[VARIABILITY.name]
            yield from found.select(VARIABILITY.names).cast(parts.schema(VARIABILITY)).to_batches()

    types = ", ".join(f"{c.name} {c.type}" for c in VARIABILITY.columns)
    asked = nested.select("survey", "left_survey", F.col("tile").cast("bigint"), *measures.READS)
    whole = asked.mapInArrow(through, types)
    yield "suite: mapInArrow over nested rows", n, *cost(lambda: whole.write.format("noop").mode("overwrite").save())
    few = shots[shots["source"] < slow]
    yield "suite, one band: pandas groupby", slow, *cost(lambda: few.groupby("source")[list(few.columns)].apply(of_one))
    some = read.where(F.col("source") < slow)
    apply = some.groupBy("source").applyInPandas(of_one, "source bigint, slope double")
    yield "suite, one band: applyInPandas", slow, *cost(lambda: apply.write.format("noop").mode("overwrite").save())


def whole_sky(rates: dict[str, float], ingest: float) -> str:
    """What all of AllWISE and NEOWISE would cost at these rates, with the formula."""
    seconds = {"D / (300 r_nest)": DETECTIONS / (EXPOSURES * rates[NEST]), "N / r_suite": SOURCES / rates[SUITE]}
    seconds["42 s N / r_grid"] = SOURCES * SEARCHED * 42 / rates[PERIODS]
    if ingest:
        seconds["D / r_ingest"] = DETECTIONS / ingest
    terms = " + ".join(f"{name} = {x / 3600:,.0f}" for name, x in seconds.items())
    facts = f"D = {DETECTIONS:g} detections, N = {SOURCES:,} sources, s = {SEARCHED:g} searched for periods"
    return f"whole sky, {facts}: {terms}: {sum(seconds.values()) / 3600:,.0f} CPU-hours"


def growth(rates: list[tuple[str, int, float]]) -> str:
    """How CPU-seconds of each form grow with the number of sources: the exponent between the first and last size."""
    found = []
    for name in dict.fromkeys(n for n, _, _ in rates):
        sizes = [(s, cpu) for n, s, cpu in rates if n == name]
        if len(sizes) > 1 and sizes[0][0] != sizes[-1][0]:
            exponent = np.log(sizes[-1][1] / sizes[0][1]) / np.log(sizes[-1][0] / sizes[0][0])
            found.append(f"{name} {exponent:.2f}")
    return "growth of CPU-seconds with sources, exponent: " + "; ".join(found)


def main() -> None:
    """Measure and print."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--sources", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    p.add_argument(
        "--ingest", type=float, default=0.0, help="rows that ingest takes in a CPU-second, as make bench says"
    )
    p.add_argument("--slow", type=int, default=300, help="sources of the slow forms")
    p.add_argument("--times", type=int, default=1, help="read the nested files so many times over: a larger sky")
    args = p.parse_args()
    spark = session("local", "bench")
    grid = Table("form", "sources", "CPU s", "s", "sources / CPU s", "exposures / CPU s", box=None)
    measured: list[tuple[str, int, float]] = []
    for n in args.sources:
        folder = Path(tempfile.mkdtemp(prefix="tasni-bench-"))
        try:
            for name, sources, cpu, wall in bench(n, min(args.slow, n), args.times, folder, spark):
                rate = sources / max(cpu, 1e-3)
                measured.append((name, sources, cpu))
                numbers = (f"{cpu:.2f}", f"{wall:.2f}", f"{rate:,.0f}", f"{rate * EXPOSURES:,.0f}")
                grid.add_row(name, f"{sources:,}", *numbers)
        finally:
            shutil.rmtree(folder)
    console = Console(width=120)
    console.print(grid)
    console.print(growth(measured), highlight=False)
    rates = {name: sources / max(cpu, 1e-3) for name, sources, cpu in measured}
    console.print(whole_sky(rates, args.ingest), highlight=False)


if __name__ == "__main__":
    main()
