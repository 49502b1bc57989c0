"""Rows per CPU-second of scoring through Spark beside the bare libraries, and of features by group; one table.

Every way is a process of its own, whose whole tree is measured; what a session that reads the same rows and asks no
model costs is taken off. Rows are random, models those of a search: 200 isolation trees of 256 rows, 300 trees of
LightGBM of 31 leaves, 50 features. LightGBM's own library is measured where it is installed: make bench-ml does that,
in an environment of its own.

python -m tests.bench.models --sizes 10000 100000 1000000 --lake lake
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table
from sklearn.ensemble import IsolationForest

from tasni_spark.core.files import Folder
from tasni_spark.models import registry
from tasni_spark.models.fit import FitConfig
from tasni_spark.models.learners import LEARNERS
from tasni_spark.models.registry import Trained, filling
from tasni_spark.models.sample import wanted
from tasni_spark.models.scoring import KEYS, scored
from tasni_spark.tables.features import GROUPS
from tests.bench.usage import Usage, measured

COLUMNS = 50
TRAINING = 20_000
NAMES = wanted(("photometric",))[:COLUMNS]
SPARK = ("isolation_forest", "isolation_arrays", "lightgbm", "xgboost", "robust_distance")
BARE = ("bare isolation forest", "bare LightGBM")
LIGHTGBM = Path(__file__).resolve().parents[2] / ".venv-lightgbm" / "bin" / "python"
BY_LIGHTGBM = """
import sys, numpy, lightgbm
x = numpy.load(sys.argv[2])
if len(sys.argv) > 3:
    model = lightgbm.Booster(model_file=sys.argv[1])
    model.predict(x, num_threads=1, raw_score=True)
"""


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    way: str
    rows: int
    gross: float
    net: float
    peak_gib: float


def drawn(n: int, seed: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Features of made-up sources: correlated, with a tenth null."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 8)) @ np.random.default_rng(0).normal(size=(8, COLUMNS)) + rng.normal(size=(n, COLUMNS))
    x[rng.random(x.shape) < 0.1] = np.nan
    return x.astype(np.float32)


def prepare(folder: Path, sizes: list[int]) -> None:
    """Models and rows."""
    from tasni_spark.core.session import session

    spark = session("local", "bench")
    x = drawn(TRAINING, 1)
    y = (np.nan_to_num(x[:, 0]) + np.random.default_rng(2).normal(size=TRAINING) > 4).astype(float)
    home, ids = Folder.at(str(folder / "models")), {}
    for learner in SPARK:
        kind = LEARNERS[learner]
        empty = Trained(learner, NAMES, filling(x, NAMES) if kind.is_filled else registry.Filling(), None)
        model = kind.fit(empty.prepared(x), y, np.ones(TRAINING), np.zeros(TRAINING, np.int64), FitConfig(), spark)
        made = Trained(learner, NAMES, empty.filling, model, {}, {"about": "bench"})
        ids[learner] = registry.save(made, home, "bench", "bench", "")
    home.write("ids.json", ids)
    for n in sizes:
        values, keys = drawn(n, 3), np.arange(n)
        np.save(folder / f"{n}.npy", values)
        same = {"survey": pa.array(["bench"] * n), "tile": pa.array(keys % 7), "hpx29": pa.array(keys)}
        same |= {"id": pa.array(keys), "stratum": pa.array((keys % 27).astype(np.int32))}
        columns = {c: pa.array(values[:, k], from_pandas=True) for k, c in enumerate(NAMES)}
        (folder / str(n)).mkdir()
        for k in range(8):
            part = pa.table({**{c: same[c] for c in KEYS}, **columns}).slice(k * n // 8, (k + 1) * n // 8 - k * n // 8)
            pq.write_table(part, folder / str(n) / f"{k}.parquet", use_dictionary=False)


def score(folder: Path, rows: int, way: str) -> None:
    """What one process does: score every row, and throw the scores away."""
    if way == BARE[0]:
        x = np.nan_to_num(np.load(folder / f"{rows}.npy"))
        model = IsolationForest(n_estimators=200, max_samples=256, random_state=1, n_jobs=1).fit(x[:TRAINING])
        model.score_samples(x)
        return
    from tasni_spark.core.session import session

    spark = session("local", "bench")
    frame = spark.read.parquet(str(folder / str(rows)))
    if way != "none":
        home = Folder.at(str(folder / "models"))
        ids = {way: (home.read("ids.json") or {})[way]}
        frame = scored(frame, [registry.load(home, ids[way], spark)], home, ids)
    frame.write.format("noop").mode("overwrite").save()


def extract(lake: str, group: str) -> None:
    """Features of one group of every source of a lake; none of them: the session and the sources alone."""
    from pyspark.sql import functions as F

    from tasni_spark.core.lake import Lake
    from tasni_spark.core.session import session
    from tasni_spark.core.work import Inputs
    from tasni_spark.features.extract import FeaturesConfig, extracted
    from tasni_spark.pipeline import JOBS
    from tasni_spark.sky.tiling import groups
    from tasni_spark.tables.features import FEATURES
    from tasni_spark.tables.features.bands import SURVEYS

    known = Lake(session("local", "bench"), lake)
    names = [*(n for n in JOBS["features"].reads if "{" not in n), "feature_strata", "allwise", *SURVEYS]
    inputs, cfg = Inputs.latest(known, names), FeaturesConfig()
    chosen = [f for f in FEATURES.values() if f.group == group]
    for part in groups(inputs, cfg):
        here = inputs.read("allwise").where(F.col("tile").isin(list(part.tiles))).select("id", "tile")
        rows = extracted(inputs, part, cfg, chosen) if chosen else here
        rows.write.format("noop").mode("overwrite").save()


def spent(*words: str) -> Usage:
    """What a call of this module costs."""
    used = measured([sys.executable, "-m", "tests.bench.models", *words])
    if used.exit_code:
        raise SystemExit(f"{' '.join(words)}: exit {used.exit_code}")
    return used


def lightgbm(folder: Path, rows: int) -> Row | None:
    """The library itself, where it is installed."""
    if not LIGHTGBM.exists():
        return None
    model = next((folder / "models").glob("lightgbm-*")) / "artefact" / "model.txt"
    words = [str(LIGHTGBM), "-c", BY_LIGHTGBM, str(model), str(folder / f"{rows}.npy")]
    idle, used = measured(words), measured([*words, "score"])
    return Row(BARE[1], rows, used.cpu_s, used.cpu_s - idle.cpu_s, used.peak_gib)


def bench(sizes: list[int]) -> list[Row]:
    """Scoring."""
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        spent("--prepare", name, "--sizes", *map(str, sizes))
        for n in sizes:
            idle = spent("--folder", name, "--sizes", str(n), "--way", "none")
            for way in SPARK:
                used = spent("--folder", name, "--sizes", str(n), "--way", way)
                found.append(Row(way, n, used.cpu_s, used.cpu_s - idle.cpu_s, used.peak_gib))
            used = spent("--folder", name, "--sizes", str(n), "--way", BARE[0])
            none = measured([sys.executable, "-c", "import tests.bench.models"])
            found.append(Row(BARE[0], n, used.cpu_s, used.cpu_s - none.cpu_s, used.peak_gib))
            if row := lightgbm(folder, n):
                found.append(row)
    return found


def by_group(lake: str) -> list[Row]:
    """Features by group, net of a call without one."""
    from deltalake import DeltaTable

    (release,) = (Path(lake) / "allwise").iterdir()
    rows = DeltaTable(release).to_pyarrow_dataset().count_rows()
    idle = spent("--lake", lake, "--group", "none")
    found = []
    for group in GROUPS:
        used = spent("--lake", lake, "--group", group)
        found.append(Row(f"features: {group}", rows, used.cpu_s, used.cpu_s - idle.cpu_s, used.peak_gib))
    return found


def shown(rows: list[Row]) -> Table:
    """The rows, with the exponent of the growth of net CPU-seconds from the size before."""
    grid = Table("way", "rows", "CPU s", "net CPU s", "rows / CPU s", "net", "exponent", "peak GiB", box=None)
    before: dict[str, Row] = {}
    for r in rows:
        last = before.get(r.way)
        grows = f"{math.log(r.net / last.net) / math.log(r.rows / last.rows):.2f}" if last and last.net > 0 else ""
        rate = f"{r.rows / r.net:,.0f}" if r.net > 0 else ""
        grid.add_row(
            r.way,
            f"{r.rows:,}",
            f"{r.gross:.1f}",
            f"{r.net:.1f}",
            f"{r.rows / r.gross:,.0f}",
            rate,
            grows,
            f"{r.peak_gib:.2f}",
        )
        before[r.way] = r
    return grid


def main() -> None:
    """Measure and print."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    p.add_argument("--lake", help="a lake with everything that features read: features by group, instead of scoring")
    p.add_argument("--prepare", type=Path, help="in this process, unmeasured: models and rows into a folder")
    p.add_argument("--folder", type=Path, help="in this process: score what lies there")
    p.add_argument("--way", help="with it")
    p.add_argument("--group", choices=("none", *GROUPS), help="in this process: features of the lake")
    args = p.parse_args()
    if args.prepare:
        prepare(args.prepare, args.sizes)
    elif args.folder:
        score(args.folder, args.sizes[0], args.way)
    elif args.group:
        extract(args.lake, args.group)
    else:
        Console(width=120).print(shown(by_group(args.lake) if args.lake else bench(args.sizes)))


if __name__ == "__main__":
    main()
