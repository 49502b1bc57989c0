"""Rows per CPU-second of ingest, crossmatch and search, and how they grow: `make bench`.

Every job runs in a process of its own, whose whole tree is measured; the cost of a session that does nothing is shown
and taken off. Figures are for the machine that runs them: compare rows of one table, not tables of two machines.

python -m tests.bench.pipeline --rows 250000 1000000 4000000 --repeat 3
"""

from __future__ import annotations

import argparse
import math
import shutil
import statistics
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tasni_spark.core import places
from tasni_spark.demo.files import schema
from tests.bench.usage import Usage, measured

TASNI = [sys.executable, "-c", "from tasni_spark.cli.main import run; run()"]
CORE = 30
"""Columns of the narrow ingest."""


def definition(folder: Path, name: str, columns: Iterable[str]) -> str:
    """A definition of AllWISE with some columns."""
    known = tomllib.loads((places.ROOT / "conf" / "surveys" / "allwise.toml").read_text())["columns"]
    arrow = {"int64": "bigint", "double": "double", "string": "string", "float": "double", "int32": "bigint"}
    types = {f.name: arrow.get(str(f.type), str(f.type)) for f in schema("allwise")}
    lines = [
        f'{c} = {{ type = "{known.get(c, {}).get("type", types.get(c, "double"))}", doc = "{c}", optional = true }}'
        for c in columns
    ]
    text = (places.ROOT / "conf" / "surveys" / "allwise.toml").read_text().partition("[columns]")[0]
    path = folder / f"{name}.toml"
    path.write_text(text.replace('name = "allwise"', f'name = "{name}"', 1) + "[columns]\n" + "\n".join(lines) + "\n")
    return str(path)


def run(folder: Path, *argv: str) -> Usage:
    """One command, measured."""
    used = measured([*TASNI, *argv], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if used.exit_code:
        raise SystemExit(f"tasni {' '.join(argv)}: exit {used.exit_code}")
    return used


def bench(rows: int, folder: Path) -> dict[str, tuple[int, Usage]]:
    """Each job at one size: rows that it is counted by, and its cost."""
    lake = ["--lake", "lake"]
    run(folder, "mock", "--rows", str(rows), "--out", "mock")
    core = list(tomllib.loads((places.ROOT / "conf/surveys/allwise.toml").read_text())["columns"])
    narrow = definition(folder, "allwise_core", core[:CORE])
    everything = definition(folder, "allwise_all", schema("allwise").names)
    big = f"--set=tiling.rows_per_tile={max(rows // 50, 10_000)}"
    run(folder, "run", "tiling", *lake, "--survey", "allwise", "--input", "mock/allwise", big)
    found = {"no-op session": (rows, run(folder, "sql", *lake, "-q", "SELECT 1"))}
    for name, survey in (("ingest, 30 columns", narrow), ("ingest, all columns", everything)):
        used = run(folder, "run", "ingest", *lake, "--survey", survey, "--input", "mock/allwise")
        found[name] = (rows, used)
    found["ingest, as defined"] = (
        rows,
        run(folder, "run", "ingest", *lake, "--survey", "allwise", "--input", "mock/allwise"),
    )
    for survey in ("gaia_dr3", "twomass"):
        run(folder, "run", "ingest", *lake, "--survey", survey, "--input", f"mock/{survey}")
    run(folder, "run", "coverage", *lake, "--surveys", "gaia_dr3,twomass,panstarrs1,nvss")
    found["density"] = (rows, run(folder, "run", "density", *lake, "--surveys", "gaia_dr3,twomass"))
    found["crossmatch, 2 surveys"] = (rows, run(folder, "run", "crossmatch", *lake, "--rights", "gaia_dr3,twomass"))
    found["search"] = (rows, run(folder, "run", "search", *lake))
    return found


def exponent(sizes: list[int], cost: list[float]) -> float:
    """Slope of log cost against log rows."""
    x, y = [math.log(s) for s in sizes], [math.log(max(c, 1e-3)) for c in cost]
    mx, my = statistics.fmean(x), statistics.fmean(y)
    return sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True)) / sum((a - mx) ** 2 for a in x)


def main() -> None:
    """Measure and print."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rows", type=int, nargs="+", default=[250_000, 1_000_000, 4_000_000])
    p.add_argument("--repeat", type=int, default=1, help="runs of each size; medians are shown")
    args = p.parse_args()
    cost: dict[str, dict[int, list[Usage]]] = {}
    for rows in args.rows:
        for _ in range(args.repeat):
            folder = Path(tempfile.mkdtemp(prefix="tasni-bench-"))
            try:
                for job, (_, used) in bench(rows, folder).items():
                    cost.setdefault(job, {}).setdefault(rows, []).append(used)
            finally:
                shutil.rmtree(folder)
    grid = Table("job", "rows", "CPU s", "net CPU s", "rows / net CPU s", "peak GiB", "exponent", box=None)
    idle = {rows: statistics.median(u.cpu_s for u in runs) for rows, runs in cost["no-op session"].items()}
    for job, by_rows in cost.items():
        net = {rows: statistics.median(u.cpu_s for u in runs) - idle[rows] for rows, runs in by_rows.items()}
        slope = exponent(list(net), list(net.values())) if len(net) > 1 and job != "no-op session" else math.nan
        for rows, runs in by_rows.items():
            gross, peak = statistics.median(u.cpu_s for u in runs), max(u.peak_gib for u in runs)
            rate = f"{rows / net[rows]:,.0f}" if net[rows] > 0 else ""
            shown = "" if math.isnan(slope) else f"{slope:.2f}"
            grid.add_row(job, f"{rows:,}", f"{gross:.1f}", f"{net[rows]:.1f}", rate, f"{peak:.2f}", shown)
    Console(width=120).print(grid)


if __name__ == "__main__":
    main()
