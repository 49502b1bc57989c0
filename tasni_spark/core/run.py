"""The door of every job: parse its command line, work, report, exit."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

from tasni_spark.core import arguments, config, log
from tasni_spark.core.arguments import Request, RunConfig
from tasni_spark.core.engine import Run
from tasni_spark.core.errors import TasniError
from tasni_spark.core.lake import Lake
from tasni_spark.core.session import session
from tasni_spark.core.spec import Job
from tasni_spark.core.work import Work


def run(work: Work, jobs: Mapping[str, Job]) -> NoReturn:
    """Run a job script: parse its command line, work, report, exit.

    Parameters
    ----------
    work
        The job.
    jobs
        The map, whose names are the known sections of configuration files.
    """
    sys.exit(main(work, jobs, sys.modules["__main__"].__doc__ or work.job.doc, sys.argv[1:]))


def main(work: Work, jobs: Mapping[str, Job], doc: str, argv: Sequence[str]) -> int:
    """Parse, work, report; the exit code. Errors that a user can cause are one line, a bug keeps its traceback."""
    with reported("--verbose" in argv) as status:
        request = arguments.parse(work.job.name, doc, work.config, argv)
        record = execute(work, jobs, request)
        if record and not request.explain:
            print(json.dumps(record, indent=1, default=str) if request.as_json else summary(record))
        status.code = record.get("exit_code", 0)
    return status.code


@dataclass
class Status:
    """The exit code of a command."""

    code: int = 0


@contextmanager
def reported(verbose: bool) -> Iterator[Status]:
    """Turn errors that a user can cause into one line on stderr and an exit code."""
    log.start(verbose)
    status = Status()
    try:
        yield status
    except TasniError as e:
        if verbose:
            traceback.print_exc()
        print(f"error: {e}", file=sys.stderr)
        status.code = e.exit_code


def execute(work: Work, jobs: Mapping[str, Job], request: Request) -> dict[str, Any]:
    """Run a job and return its record, which also stands in `<lake>/_ops/<run>/<job>.json`.

    Raises
    ------
    TasniError
        For whatever the user can mend.
    """
    settings = config.read(request.conf, request.sets, ["run", "pipeline", *jobs])
    if request.print_config:
        for key, value, origin in config.explain(settings, {"run": RunConfig, work.job.name: work.config}):
            print(f"{key} = {value!r}  # {origin}")
        return {}
    run_config = settings.section("run", RunConfig)
    log.start(request.verbose, run_config.log)
    cfg: Any = settings.section(work.job.name, work.config, request.each)
    lake = Lake(session(run_config.spark), request.lake or run_config.lake, run_config.ops)
    return Run(work, request, run_config, cfg, lake).go()


def summary(record: Mapping[str, Any]) -> str:
    """A run's record in a few lines."""
    lines = [f"{record['job']}: {record['state']} in {record['seconds']:.1f} s (run {record['run_id']})"]
    if record.get("message"):
        lines.append(f"  {record['message']}")
    lines += [f"  {name}: {rows:,} rows" for name, rows in record.get("rows", {}).items()]
    lines += [f"  {key}: {value}" for key, value in record.get("facts", {}).items()]
    lines += [f"  {step}: {n} groups" for step, n in record.get("groups", {}).items() if record["state"] == "planned"]
    if record.get("resume"):
        lines.append(f"  go on with: {record['resume']}")
    return "\n".join(lines)
