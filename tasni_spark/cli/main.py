"""`tasni`: one command, one module each beside this one."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import NoReturn

from rich.console import Console

from tasni_spark import __version__
from tasni_spark.core.arguments import Parser
from tasni_spark.core.run import reported

COMMANDS = {
    "demo": "make a mock sky, search it, write the report",
    "pipeline": "run the jobs of a configuration in the order of the map",
    "run": "run one job",
    "mock": "write a mock sky in the published formats",
    "doctor": "say what is missing on this machine, and what to do about it",
    "status": "list the runs of a lake",
    "runs": "list what runs committed, or compare two of them",
    "compare": "compare two lakes, table by table; exit code 4 if unequal",
    "show": "show all that is known of a source or of a place",
    "why": "say why a source was kept or rejected",
    "audit": "say whether a model may be trained on a table, and why not",
    "sql": "ask the lake in SQL, with the sky's functions",
    "export": "write a table as VOTable, FITS, ECSV, CSV, Parquet or HATS",
    "gpu-plan": "say what of a job would not run on a GPU",
    "map": "show every job, what it reads and what it writes",
    "release": "name a set of table versions, which upkeep spares, and verify it",
    "deploy": "write what Databricks or EMR Serverless need to run the jobs",
    "upkeep": "compact tables and delete files that nobody needs",
}


def run() -> NoReturn:
    """Entry point."""
    sys.exit(main(sys.argv[1:]))


def main(argv: Sequence[str]) -> int:
    """Parse, act, report; the exit code."""
    with reported("--verbose" in argv) as status:
        if argv and argv[0] in COMMANDS:
            module = importlib.import_module(f"tasni_spark.cli.{argv[0].replace('-', '_')}")
            status.code = module.main(list(argv[1:]))
        else:
            parser = Parser(prog="tasni", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
            parser.description = "A search of the infrared sky for cold, faint and strange sources.\n\n" + "\n".join(
                f"  tasni {name:<10}{doc}" for name, doc in COMMANDS.items()
            )
            parser.epilog = "example:\n  tasni demo\n  tasni why J143046.35-025927.8 --help"
            parser.add_argument("--version", action="version", version=__version__)
            parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help="see above; each has --help")
            parser.parse_args(list(argv))
    return status.code


def console() -> Console:
    """Where tables are printed: as wide as the terminal, or as wide as they are where there is none."""
    found = Console()
    return found if found.is_terminal else Console(width=10_000)


def parser(command: str, example: str) -> Parser:
    """A parser for one command, with an example below its flags."""
    return Parser(
        prog=f"tasni {command}",
        description=COMMANDS[command][0].upper() + COMMANDS[command][1:] + ".",
        epilog="example:\n" + "\n".join(f"  {line}" for line in example.splitlines()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
