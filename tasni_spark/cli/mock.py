"""`tasni mock`: a mock sky in the published formats."""

from __future__ import annotations

import argparse
import dataclasses
import json

from rich.table import Table as Grid

from tasni_spark.cli.main import console, parser
from tasni_spark.core.config import build
from tasni_spark.core.session import session
from tasni_spark.demo.mock import MockConfig, make


def main(argv: list[str]) -> int:
    """Write one."""
    p = parser("mock", "tasni mock --rows 200000 --out mock\ntasni mock --rows 10000000 --out mock-large --seed 2")
    add_fields(p)
    p.add_argument("--spark", default="local", help="profile in conf/spark (default: local)")
    p.add_argument("--json", action="store_true", help="as JSON")
    p.add_argument("--verbose", action="store_true", help="keep tracebacks")
    args = p.parse_args(argv)
    cfg = config(args)
    counts = make(session(args.spark), cfg)
    if args.json:
        print(json.dumps(counts))
        return 0
    grid = Grid("SYNTHETIC survey", "rows", box=None, pad_edge=False)
    for survey, rows in counts.items():
        grid.add_row(survey, f"{rows:,}")
    console().print(grid)
    return 0


def add_fields(p: argparse.ArgumentParser) -> None:
    """Add a flag for each setting of a mock sky."""
    defaults = {"out": "mock"}
    for f in dataclasses.fields(MockConfig):
        default = defaults.get(f.name, f.default)
        kind = str if f.name == "out" else int
        p.add_argument(f"--{f.name}", type=kind, default=default, help=f"{f.metadata['doc']} (default: {default})")


def config(args: argparse.Namespace) -> MockConfig:
    """The settings of a command line."""
    return build(MockConfig, {f.name: getattr(args, f.name) for f in dataclasses.fields(MockConfig)}, "mock")
