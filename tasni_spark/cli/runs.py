"""`tasni runs`: what runs committed, and whether two of them committed the same."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from rich.table import Table as Grid

from tasni_spark.cli.lake import add_lake, open_lake
from tasni_spark.cli.main import console, parser
from tasni_spark.core.arguments import Parser
from tasni_spark.core.compare import Comparison, compare
from tasni_spark.core.errors import DataError, QualityError, nearest
from tasni_spark.core.files import Folder
from tasni_spark.core.lake import Lake, predicate
from tasni_spark.core.spec import Ref
from tasni_spark.tables import TABLES

LISTED = ("run_id", "job", "state", "ended", "rows", "versions")


def main(argv: list[str]) -> int:
    """List runs, or compare two."""
    p = parser("runs", "tasni runs list --last 3\ntasni runs compare 20260301T120000-pipeline again --tables matches")
    actions = p.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    listing = actions.add_parser("list", help="tables and versions that each job committed")
    listing.add_argument("--last", type=int, default=10, metavar="N", help="at most N runs (default: 10)")
    comparing = actions.add_parser("compare", help="compare the tables that two runs committed; exit code 4 if unequal")
    comparing.add_argument("first", metavar="A", help="a run, as 'tasni runs list' names it")
    comparing.add_argument("second", metavar="B", help="another")
    comparing.add_argument("--tables", nargs="+", default=[], metavar="TABLE", help="default: all that both wrote")
    comparing.add_argument(
        "--relative", type=float, default=1e-12, metavar="X", help="floats may differ by this fraction (default: 1e-12)"
    )
    for action in (listing, comparing):
        add_lake(action)
        action.add_argument("--json", action="store_true", help="as JSON")
    args = p.parse_args(argv)
    return _list(args) if args.action == "list" else _compare(args)


def _list(args: argparse.Namespace) -> int:
    runs = Folder.at(args.ops or f"{args.lake}/_ops") / "runs"
    found = [r for run_id in reversed(runs.folders()[-args.last :]) for r in records(runs, run_id)]
    if args.json:
        print(json.dumps([{n: r.get(n) for n in LISTED} for r in found], indent=1))
        return 0
    grid = Grid("run", "job", "state", "ended", "rows", "tables", box=None, pad_edge=False)
    for r in found:
        tables = ", ".join(f"{t} v{v}" for t, v in r["versions"].items())
        grid.add_row(r["run_id"], r["job"], r["state"], r["ended"], f"{sum(r['rows'].values()):,}", tables)
    if found:
        console().print(grid, markup=False)
    else:
        print(f"lake {args.lake}: no run has ended yet")
    return 0


def records(runs: Folder, run_id: str) -> list[dict[str, Any]]:
    """Records of the jobs of a run that have ended, in the order of their ends."""
    found = [(runs / run_id).read(n) for n in (runs / run_id).names(".json")]
    return sorted(found, key=lambda r: (r["ended"], r["job"]))


def committed(runs: Folder, run_id: str) -> dict[str, int]:
    """Table to the version that a run left.

    Raises
    ------
    DataError
        If there is no such run.
    """
    if run_id not in runs.folders():
        raise DataError(f"{runs.uri}: no run {run_id}{nearest(run_id, runs.folders())}: see 'tasni runs list'")
    return {t: v for r in records(runs, run_id) for t, v in r["versions"].items()}


def _compare(args: argparse.Namespace) -> int:
    lake = open_lake(args)
    found = compared(lake, args.first, args.second, args.tables, args.relative)
    return tell(found, (args.first, args.second), args.json)


def tell(found: Mapping[str, Comparison], sides: tuple[str, str], as_json: bool) -> int:
    """Print comparisons; the exit code says whether all are equal."""
    if as_json:
        told = {t: dataclasses.asdict(c) | {"is_equal": c.is_equal} for t, c in found.items()}
        print(json.dumps(told, indent=1))
    else:
        grid = Grid("table", *sides, "", box=None, pad_edge=False)
        for name, c in found.items():
            grid.add_row(name, f"{c.rows[0]:,}", f"{c.rows[1]:,}", "equal" if c.is_equal else str(c))
        console().print(grid, markup=False, highlight=False)
    return 0 if all(c.is_equal for c in found.values()) else QualityError.exit_code


def compared(
    lake: Lake, first: str, second: str, tables: list[str] | None = None, relative: float = 1e-12
) -> dict[str, Comparison]:
    """Each table that two runs wrote, at the version that each left, compared.

    Parameters
    ----------
    first, second
        Runs.
    tables
        Names, with release; none means all that both wrote.
    relative
        As in `core.compare`.

    Raises
    ------
    DataError
        If they wrote no table in common, or a version can no longer be read.

    Notes
    -----
    Of a table that several runs share, only the rows that a run replaces are compared (the scope of its commits).
    """
    runs = lake.ops / "runs"
    left, right = committed(runs, first), committed(runs, second)
    names = [t for t in left if t in right and (not tables or t in tables or t.partition("@")[0] in tables)]
    if not names:
        wrote = " and ".join(", ".join(side) or "nothing" for side in (left, right))
        raise DataError(f"runs {first} and {second}: no table in common: they wrote {wrote}")
    found = {}
    for name in names:
        ref = lake.ref(name)
        for run_id, version in ((first, left[name]), (second, right[name])):
            if not lake.has_version(ref, version):
                raise DataError(f"table {name}: version {version} of run {run_id} is gone: run the job again")
        sides = []
        for run_id, version in ((first, left[name]), (second, right[name])):
            rows, own = lake.read(ref, version), scope(lake, name, run_id)
            sides.append(rows.where(predicate(own)) if own else rows)
        found[name] = compare(sides[0], sides[1], key(ref), relative=relative)
    return found


def key(ref: Ref) -> tuple[str, ...]:
    """The columns that identify a row of a table; surveys have an identifier."""
    return TABLES[ref.name].key if ref.name in TABLES else ("id",)


def scope(lake: Lake, table: str, run_id: str) -> dict[str, list[Any]]:
    """The values whose rows a run replaced in a table; empty for all."""
    found: dict[str, list[Any]] = {}
    for commit in lake.history(lake.ref(table)):
        told = json.loads(commit.get("userMetadata") or "{}")
        if told.get("transaction", "").startswith(f"{run_id}/"):
            for column, values in told.get("scope", {}).items():
                found[column] = sorted({*found.get(column, []), *values})
    return found
