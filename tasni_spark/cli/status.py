"""`tasni status`: the runs of a lake, from their records; no Spark is started."""

from __future__ import annotations

import json
from typing import Any

from rich.table import Table as Grid

from tasni_spark.cli.main import console, parser
from tasni_spark.core.files import Folder


def main(argv: list[str]) -> int:
    """List runs, latest first."""
    p = parser("status", "tasni status --lake lake\ntasni status --last 3 --json")
    p.add_argument("--lake", default="lake", metavar="ROOT", help="root path of the lake (default: lake)")
    p.add_argument("--ops", default="", help="folder of records, where the lake is a catalogue")
    p.add_argument("--last", type=int, default=10, metavar="N", help="at most N runs (default: 10)")
    p.add_argument("--json", action="store_true", help="as JSON")
    args = p.parse_args(argv)
    found = rows(Folder.at(args.ops or f"{args.lake}/_ops") / "runs", args.last)
    if args.json:
        print(json.dumps(found, indent=1))
        return 0
    if not found:
        print(f"lake {args.lake}: no runs yet")
        return 0
    grid = Grid("run", "job", "state", "groups", "rows", "seconds", "message", box=None, pad_edge=False)
    for r in found:
        grid.add_row(*[str(r[k]) for k in ("run_id", "job", "state", "groups", "rows", "seconds", "message")])
    console().print(grid, markup=False)
    return 0


def rows(runs: Folder, last: int) -> list[dict[str, Any]]:
    """One row a job of each run; a job without a record is still running, or was killed."""
    found = []
    for run_id in reversed(runs.folders()[-last:]):
        folder = runs / run_id
        for name in folder.names(".plan"):
            job = name.removesuffix(".plan")
            plan, record = folder.read(name), folder.read(f"{job}.json") or {}
            groups = sum(len(g) for g in plan["steps"].values())
            entries = [(folder / job).read(n) for n in (folder / job).names(".json")]
            done = [e for e in entries if e["state"] == "done"]
            found.append(
                {
                    "run_id": run_id,
                    "job": job,
                    "state": record.get("state", "running or killed"),
                    "groups": f"{len(done)}/{groups}",
                    "rows": sum(record.get("rows", {}).values()) or sum(sum(e["rows"].values()) for e in done),
                    "seconds": record.get("seconds", round(sum(e["seconds"] for e in done), 1)),
                    "message": record.get("message", f"go on with: --resume {run_id}"),
                }
            )
    return found
