"""The command line that all jobs share, and what it asks for."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from tasni_spark.core.config import opt
from tasni_spark.core.errors import ConfigError


@dataclass(frozen=True)
class RunConfig:
    """How runs work: section `[run]`."""

    lake: str = opt("lake", "root path of the lake, or catalog.schema")
    ops: str = opt("", "folder of records and leases; needed where the lake is a catalogue")
    spark: str = opt("local", "profile in conf/spark, or a .conf file")
    checkpoint_rows: int = opt(10_000_000, "rows of the tiling's survey in one group: what a failure can cost")
    rows_per_part: int = opt(1_000_000, "rows written by one task")
    at_once: int = opt(1, "jobs of a pipeline that its session runs side by side, where none waits for the other")
    stages: tuple[str, ...] = opt((), "stages of the map that a pipeline runs; none for all")
    attempts: int = opt(2, "times that a failing group is tried before it is left for later")
    gate: str = opt("", "module:function that judges what a run wrote, as tasni_spark.quality:gate; exit code 4")
    log: str = opt("text", "text | json: lines of the log, in JSON with run, job, step and group")
    lease_timeout_s: float = opt(120.0, "seconds after which a silent holder of a table is dead")
    lease_wait_s: float = opt(300.0, "seconds to wait for a table that several jobs share")

    def __post_init__(self) -> None:
        if self.log not in ("text", "json"):
            raise ValueError(f"log is '{self.log}', expected text or json")
        for name in ("checkpoint_rows", "rows_per_part", "at_once", "attempts"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, found {getattr(self, name)}")


@dataclass(frozen=True)
class Request:
    """What the command line asks of a run."""

    lake: str = ""
    conf: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    tiles: str = "all"
    limit_tiles: int = 0
    run_id: str = ""
    each: str = ""
    resume: str | None = None
    skip_done: bool = False
    quarantine: bool = False
    dry_run: bool = False
    explain: bool = False
    print_config: bool = False
    as_json: bool = False
    verbose: bool = False


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line and exit code 2, like all others."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the usage."""
        raise ConfigError(f"{self.prog}: {message}; see {self.prog} --help")


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add the flags that every job has."""
    add = parser.add_argument
    add("--lake", default="", metavar="ROOT", help="root path of the lake, or catalog.schema (default: lake)")
    add("--conf", metavar="FILE", action="append", default=[], help="TOML file of settings; repeatable, later ones win")
    add("--set", metavar="KEY=VALUE", action="append", default=[], dest="sets", help="one setting: section.key=value")
    add(
        "--tiles",
        default="all",
        metavar="WHICH",
        help="all | order/pixel,... | cone:ra,dec,radius (deg) | moc:FILE | region:FILE (default: all)",
    )
    add("--each", default="", metavar="NAME", help="the part [JOB.each.NAME] of the settings, on top of [JOB]")
    add("--limit-tiles", type=int, default=0, metavar="N", help="at most N tiles")
    add("--run-id", default="", metavar="ID", help="name of the run (default: the time)")
    add(
        "--resume",
        nargs="?",
        const="",
        metavar="RUN",
        help="go on with a run (default: the last one of this job); beside --run-id: start it where it is new",
    )
    add("--quarantine", action="store_true", help="leave unreadable input files out, list them and exit 5")
    add("--dry-run", action="store_true", help="print the plan and stop")
    add("--explain", action="store_true", help="print the physical plan of the first group and stop")
    add("--print-config", action="store_true", help="print every value in force with its origin and stop")
    add("--json", action="store_true", dest="as_json", help="results as JSON")
    add("--verbose", action="store_true", help="log more, keep tracebacks")


def parse(job: str, doc: str, config: type, argv: Sequence[str]) -> Request:
    """Parse a job's command line; every field of its configuration is a flag too.

    Raises
    ------
    ConfigError
        For an unknown flag or a malformed value.
    """
    parser = Parser(prog=f"tasni run {job}", description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_common(parser)
    own = parser.add_argument_group(f"settings of this job, as --set {job}.KEY=VALUE")
    fields = [f for f in dataclasses.fields(config) if "doc" in f.metadata]
    for f in fields:
        default = "" if f.default is dataclasses.MISSING or f.default in ("", ()) else f" (default: {f.default})"
        told = (f.metadata["doc"] + default).replace("%", "%%")
        switch: dict[str, Any] = {"nargs": "?", "const": "true"} if isinstance(f.default, bool) else {}
        own.add_argument("--" + f.name.replace("_", "-"), metavar="VALUE", help=told, **switch)
    given = vars(parser.parse_args(list(argv)))
    sets = [f"{job}.{f.name}={given[f.name]}" for f in fields if given[f.name] is not None]
    return request(given, sets)


def request(given: dict[str, Any], sets: Sequence[str] = ()) -> Request:
    """A request from parsed flags."""
    names = {f.name for f in dataclasses.fields(Request)} - {"conf", "sets"}
    return Request(
        conf=tuple(given["conf"]), sets=(*given["sets"], *sets), **{k: v for k, v in given.items() if k in names}
    )
