"""`tasni map`: every job, what it reads, what it writes."""

from __future__ import annotations

import json

from rich.table import Table as Grid

from tasni_spark.cli.main import console, parser
from tasni_spark.pipeline import JOBS


def main(argv: list[str]) -> int:
    """Print the map."""
    p = parser("map", "tasni map\ntasni map --json")
    p.add_argument("--json", action="store_true", help="as JSON")
    if p.parse_args(argv).json:
        rows = [{"job": j.name, "doc": j.doc, "reads": j.reads, "writes": j.writes} for j in JOBS.values()]
        print(json.dumps(rows, indent=1))
        return 0
    grid = Grid("job", "reads", "writes", "what it does", box=None, pad_edge=False)
    for job in JOBS.values():
        grid.add_row(job.name, "\n".join(job.reads), "\n".join(job.writes), job.doc + "\n")
    console().print(grid, markup=False)
    return 0
