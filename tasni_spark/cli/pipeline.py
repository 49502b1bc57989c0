"""`tasni pipeline --conf FILE`: the jobs whose sections a file has, in the order of the map, in one session.

Why: planning a job of seconds keeps one core busy and leaves the others idle, and few jobs wait for all others, so that
`run.at_once` of them may run side by side.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from tasni_spark.cli.main import parser
from tasni_spark.cli.scripts import work
from tasni_spark.core import arguments, config
from tasni_spark.core.arguments import Request, RunConfig
from tasni_spark.core.errors import ConfigError
from tasni_spark.core.files import Folder
from tasni_spark.core.run import execute, summary
from tasni_spark.core.session import apart
from tasni_spark.core.work import label
from tasni_spark.deploy import drawing
from tasni_spark.pipeline import JOBS, STAGES

Part = tuple[str, str]


def main(argv: list[str]) -> int:
    """Run a pipeline, or go on with one."""
    p = parser("pipeline", "tasni pipeline --conf conf/pipeline/demo.toml\ntasni pipeline --conf my.toml --resume")
    arguments.add_common(p)
    p.add_argument("--again", action="store_true", help="run every job, also where nothing has changed")
    args = vars(p.parse_args(argv))
    return go(arguments.request(args | {"skip_done": not args["again"]}))


def go(request: Request) -> int:
    """Run all jobs of a request's configuration; the exit code of the first that is not done."""
    settings = config.read(request.conf, request.sets, ["run", "pipeline", *JOBS])
    how = settings.section("run", RunConfig)
    if strange := set(how.stages) - set(STAGES):
        raise ConfigError(f"run.stages: no stage {', '.join(sorted(strange))}; known: {', '.join(STAGES)}")
    waits = {p: w for p, w in drawing.waits(settings).items() if JOBS[p[0]].stage in (how.stages or STAGES)}
    if not waits:
        raise ConfigError("pipeline: no job has a section in the configuration: give --conf conf/pipeline/demo.toml")
    runs = Folder.at(how.ops or f"{request.lake or how.lake}/_ops") / "runs"
    run_id = _run_id(request, runs)

    def record_of(part: Part) -> dict[str, Any]:
        job, each = part
        name = label(JOBS[job], settings.section(job, work(job).config, each))
        before = (runs / run_id).read(f"{name}.json") if request.resume is not None else None
        if before and before["state"] == "done":
            print(f"{name}: done before", file=sys.stderr)
            return {"exit_code": 0}
        if how.at_once > 1:
            apart(how.spark)
        resume = run_id if request.resume is not None else None
        record = execute(work(job), JOBS, dataclasses.replace(request, run_id=run_id, each=each, resume=resume))
        print(json.dumps(record, default=str) if request.as_json else summary(record), flush=True)
        return record

    for record in _in_turn(waits, how.at_once, record_of):
        if record["exit_code"]:
            print(f"go on with: tasni pipeline {_flags(request)}--resume {run_id}", file=sys.stderr)
            return int(record["exit_code"])
    return 0


def _in_turn(
    waits: Mapping[Part, Sequence[Part]], at_once: int, record_of: Callable[[Part], dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Records of parts as they end; each begins when those that it waits for have ended."""
    if at_once == 1:  # in the main thread, which can be told to stop
        yield from map(record_of, waits)
        return
    left, running = dict(waits), dict[Future[dict[str, Any]], Part]()
    with ThreadPoolExecutor(at_once) as pool:
        while left or running:
            open_ones = {*left, *running.values()}
            ready = [part for part, before in left.items() if open_ones.isdisjoint(before)]
            for part in ready[: at_once - len(running)]:
                running[pool.submit(record_of, part)] = part
                del left[part]
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                del running[future]
                yield future.result()


def _run_id(request: Request, runs: Folder) -> str:
    if request.run_id:
        return request.run_id
    if request.resume is None:
        return f"{datetime.datetime.now(datetime.UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:4]}-pipeline"
    known = [r for r in runs.folders() if r.endswith("-pipeline")]
    if not request.resume and not known:
        raise ConfigError(f"{runs.uri}: no pipeline to resume")
    return request.resume or known[-1]


def _flags(request: Request) -> str:
    lake = f"--lake {request.lake} " if request.lake else ""
    return lake + "".join(f"--conf {c} " for c in request.conf) + "".join(f"--set {s} " for s in request.sets)
