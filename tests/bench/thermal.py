"""Rows per CPU-second of the job thermal on generated rows: the whole process tree, session and commits included.

python -m tests.bench.thermal --rows 4000000
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tasni_spark.photometry.magnitudes import BANDS, LIMIT_SIGMAS, MAG_PER_SNR, flux_mjy, magnitude
from tests.bench.pipeline import definition, run

CHUNK = 500_000


def generated(n: int, rng: np.random.Generator, first: int) -> pa.Table:
    """Sources over the whole sky with the colours of stars and galaxies, limits at the depths of AllWISE."""
    w2 = 16.5 - rng.exponential(1.2, n)
    true = [w2 + rng.normal(0.3, 0.5, n), w2, w2 - rng.normal(1.0, 1.2, n), w2 - rng.normal(2.0, 2.0, n)]
    columns = {
        "designation": np.arange(first, first + n).astype(str),
        "cntr": np.arange(first, first + n),
        "ra": rng.uniform(0.0, 360.0, n),
        "dec": np.degrees(np.arcsin(rng.uniform(-1.0, 1.0, n))),
        "sigra": np.full(n, 0.1),
        "sigdec": np.full(n, 0.1),
    }
    for band, mag in zip(BANDS, true, strict=True):
        flux = flux_mjy(mag, band)
        sigma = np.hypot(flux_mjy(band.depth_mag, band) / 5.0, 0.02 * flux)
        seen = flux + sigma * rng.standard_normal(n)
        is_limit = seen < LIMIT_SIGMAS * sigma
        kept = np.where(is_limit, np.maximum(seen, 0.0) + LIMIT_SIGMAS * sigma, seen)
        columns[f"{band.name}mpro"] = magnitude(kept, band)
        columns[f"{band.name}sigmpro"] = np.where(is_limit, np.nan, MAG_PER_SNR * sigma / kept)
    return pa.table({name: pa.array(values, from_pandas=True) for name, values in columns.items()})


def main() -> None:
    """Make, ingest, measure, print."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rows", type=int, default=4_000_000)
    args = p.parse_args()
    folder, rng = Path(tempfile.mkdtemp(prefix="tasni-bench-")), np.random.default_rng(1)
    try:
        (folder / "raw").mkdir()
        for k, first in enumerate(range(0, args.rows, CHUNK)):
            table = generated(min(CHUNK, args.rows - first), rng, first)
            pq.write_table(table, folder / "raw" / f"{k}.parquet")
        survey, lake = definition(folder, "generated", table.column_names), ["--lake", "lake"]
        run(folder, "run", "tiling", *lake, "--survey", survey, "--input", "raw")
        run(folder, "run", "ingest", *lake, "--survey", survey, "--input", "raw")
        idle = run(folder, "sql", *lake, "-q", "SELECT 1")
        used = run(folder, "run", "thermal", *lake, "--left", "generated")
        for name, cpu_s in (
            ("all", used.cpu_s),
            ("without that of a session that does nothing", used.cpu_s - idle.cpu_s),
        ):
            print(f"{args.rows:,} rows, {cpu_s:.1f} CPU s, {name}: {args.rows / cpu_s:,.0f} rows per CPU-second")
        print(f"{used.wall_s:.1f} s on the clock, peak {used.peak_gib:.2f} GiB")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
