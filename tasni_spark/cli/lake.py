"""What the commands that look at a lake have in common."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from tasni_spark.core.errors import DataError
from tasni_spark.core.lake import Lake
from tasni_spark.core.session import session
from tasni_spark.core.work import Inputs


def add_lake(parser: argparse.ArgumentParser, spark: str = "local") -> None:
    """Add `--lake`, `--ops` and `--spark`, whose default is a profile for jobs of seconds or of minutes."""
    parser.add_argument("--lake", default="lake", metavar="ROOT", help="root path, or catalog.schema (default: lake)")
    parser.add_argument("--ops", default="", help="folder of records; needed where the lake is a catalogue")
    parser.add_argument("--spark", default=spark, help=f"profile in conf/spark (default: {spark})")
    parser.add_argument("--verbose", action="store_true", help="keep tracebacks")


def open_lake(args: argparse.Namespace, **properties: str) -> Lake:
    """The lake of a command line.

    Parameters
    ----------
    properties
        Further properties of Spark, as `core.session.session` has them.

    Raises
    ------
    DataError
        If a local path holds none.
    """
    root = str(args.lake)
    if "://" not in root and "." not in root.lstrip("./") and not Path(root).is_dir():
        raise DataError(f"lake {root}: no such folder: give --lake, or make one with 'tasni demo'")
    return Lake(session(args.spark, **properties), root, args.ops)


def inputs(args: argparse.Namespace, names: Sequence[str]) -> Inputs:
    """Tables of the lake as they are now."""
    return Inputs.latest(open_lake(args), names)
