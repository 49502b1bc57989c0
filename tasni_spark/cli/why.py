"""`tasni why NAME`: every cut with value, threshold and verdict."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from rich.table import Table as Grid

from tasni_spark.cli.lake import add_lake, inputs
from tasni_spark.cli.main import console, parser
from tasni_spark.search import why
from tasni_spark.search.find import find
from tasni_spark.search.search import SearchConfig

READS = ("tiling", "coverage", "density", "matches", "match_tiles")
SURVEYS = ["allwise", "known_objects"]


def main(argv: list[str]) -> int:
    """Explain a source."""
    p = parser(
        "why", "tasni why J143046.35-025927.8\ntasni why 218.0,-2.99 --survey allwise --cut-set tasni_2025_as_run"
    )
    add_lake(p, "short")
    p.add_argument("name", help="designation, identifier, or ra,dec in deg")
    p.add_argument("--survey", default="", help=f"survey that was searched (default: {', then '.join(SURVEYS)})")
    p.add_argument("--cut-set", action="append", default=[], help="repeatable (default: tasni_2025)")
    p.add_argument("--json", action="store_true", help="as JSON")
    args = p.parse_args(argv)
    surveys = [args.survey] if args.survey else SURVEYS
    cfg = SearchConfig(surveys[0], tuple(args.cut_set) or ("tasni_2025",))
    read = inputs(args, [*READS, *cfg.beside, *surveys, *(f"{s}_positions" for s in surveys)])
    survey, row = find(read, [s for s in surveys if read.has(s)] or surveys[:1], args.name)
    cfg = dataclasses.replace(cfg, left=survey)
    found = why.explain(read, cfg, row)
    if args.json:
        told = {
            s: about | {"cuts": [dataclasses.asdict(line) for line in lines]} for s, (about, lines) in found.items()
        }
        print(json.dumps(told, indent=1))
        return 0
    for cut_set, (about, lines) in found.items():
        show(cfg.left, cut_set, about, lines)
    return 0


def show(survey: str, cut_set: str, about: dict[str, Any], lines: list[why.Line]) -> None:
    """Print the cuts of one set."""
    fails = [line.cut for line in lines if line.verdict == "FAIL"]
    dark = [line.cut for line in lines if line.verdict == "unknown"]
    ending = f"rejected by {', '.join(fails)}" if fails else "kept: it fails no cut"
    ending += f"; not to be judged: {', '.join(dark)}" if dark else ""
    ending += f"; flags: {', '.join(about['flags'])}" if about["flags"] else ""
    synthetic = " (SYNTHETIC)" if about.get("is_synthetic") else ""
    out = console()
    out.print(
        f"{survey} {about['id']}{synthetic}, tile {about['tile']}, cut set {cut_set}", style="bold", highlight=False
    )
    grid = Grid("cut", "value", "keeps", "verdict", "meaning", box=None, pad_edge=False)
    styles = {"pass": "green", "FAIL": "bold red", "unknown": "yellow"}
    for line in lines:
        grid.add_row(line.cut, line.value, line.threshold, f"[{styles[line.verdict]}]{line.verdict}[/]", line.doc)
    out.print(grid)
    out.print(ending + "\n", highlight=False)
