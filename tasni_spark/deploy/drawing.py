"""What a scheduler runs, drawn from the map and one pipeline's configuration. Neither it nor Spark is needed here.

Why: a new job of the map is a new task, with its edges, tables and documentation, and nothing is written twice. Names
in braces are names of surveys, which only a job's own code can resolve: two of them meet where they have the same rest,
so that `{left}_positions` is read from what `{name}_positions` is written to.
"""

from __future__ import annotations

import ast
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tasni_spark.core import config, places
from tasni_spark.core.config import opt
from tasni_spark.core.spec import Job
from tasni_spark.ingest.survey import load
from tasni_spark.pipeline import JOBS, parts
from tasni_spark.tables import TABLES

SHARED = {t.name for t in TABLES.values() if t.shared}
"""Tables that several runs may write side by side; all others have one writer at a time."""
GATE = "tasni_spark.quality:gate"
"""What judges the tables that a task wrote."""
UPKEEP = "@weekly"
"""When tables are compacted."""
RUN = "{{ run_flag(dag_run, task) }}"
"""The argument that names the run; filled in when a task starts."""


@dataclass(frozen=True)
class Platform:
    """Where jobs run: a file of `conf/airflow`.

    Parameters
    ----------
    options
        Arguments of the platform's operator.
    """

    platform: str = opt("spark", "spark (spark-submit, to any master) | databricks | emr_serverless")
    pipeline: str = opt("demo", "name in conf/pipeline, or a TOML file, as Airflow reads it")
    pipeline_on_driver: str = opt("", "the same file as the driver reads it, where that differs")
    home: str = opt("", "folder or address of jobs/ as the platform reads it (default: this checkout)")
    jars: str = opt("", "folder of the jars as the platform reads it (default: home/jars)")
    lake: str = opt("lake", "root path of the lake, or catalog.schema")
    ops: str = opt("", "folder of records, which Airflow reads; needed where the lake is a catalogue")
    spark: str = opt("", "profile in conf/spark (default: the pipeline's)")
    gate: bool = opt(True, "whether sql/checks judge what a task wrote; one that fails stops the DAG")
    side_by_side: int = opt(1, "tasks of one DAG that run at the same time")
    retries: int = opt(3, "times that a run is resumed before it is left to a person")
    retry_delay_s: float = opt(60.0, "seconds before the first of them; doubled each time")
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def runs(self) -> str:
        """Folder of the runs' records."""
        return f"{self.ops or self.lake + '/_ops'}/runs"

    @property
    def root(self) -> str:
        """Folder or address below which job scripts are."""
        return self.home or str(places.ROOT)


@dataclass(frozen=True)
class Task:
    """One submit.

    Parameters
    ----------
    job, part
        The job; which part of its configuration, where it has parts.
    script, arguments
        What is submitted.
    doc
        In Markdown.
    writes
        Tables, as far as the configuration tells.
    after
        Identifiers of the tasks of the same DAG that must be done before.
    """

    job: str
    part: str
    script: str
    arguments: tuple[str, ...]
    doc: str
    writes: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Identifier within the DAG."""
        return _id(self.job, self.part)


@dataclass(frozen=True)
class Drawing:
    """One DAG.

    Parameters
    ----------
    schedule
        Tables of other DAGs: it runs when all of them are new. Or a preset, or None: by hand.
    """

    stage: str
    doc: str
    tasks: tuple[Task, ...]
    schedule: tuple[str, ...] | str | None = None

    @property
    def name(self) -> str:
        """Identifier of the DAG."""
        return f"tasni_{self.stage}"


def platform(name: str = "") -> Platform:
    """The platform of that name or file; without one, that of the variable TASNI_AIRFLOW, or the local one."""
    file = places.find("conf/airflow", name or os.environ.get("TASNI_AIRFLOW", "local"))
    return config.build(Platform, tomllib.loads(file.read_text()), file.name)


def drawings(where: Platform) -> list[Drawing]:
    """All DAGs: one a stage of the map, and the upkeep of the tables."""
    file = places.find("conf/pipeline", where.pipeline)
    settings = config.read([file], [], ["run", "pipeline", *JOBS])
    conf, order = where.pipeline_on_driver or str(file), waits(settings)
    found: list[Drawing] = []
    earlier: dict[str, str] = {}
    for stage in dict.fromkeys(JOBS[job].stage for job, _ in parts(settings)):
        own = [(JOBS[job], part) for job, part in parts(settings) if JOBS[job].stage == stage]
        read = _patterns(name for job, _ in own for name in job.reads)
        awaited = tuple(table for table, pattern in earlier.items() if pattern in read)
        tasks: list[Task] = []
        for job, part in own:
            written = tables(job, _section(job, part, settings))
            earlier |= written
            after = tuple(_id(*before) for before in order[job.name, part] if JOBS[before[0]].stage == stage)
            tasks.append(_task(job, part, tuple(written), after, where, conf))
        found.append(Drawing(stage, _about(job for job, _ in own), tuple(tasks), awaited or None))
    return [*found, _upkeep(where)]


def waits(settings: config.Settings) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Each (job, part) of a pipeline, in the order of the map, with the earlier ones that must be done before it."""
    pairs = edges(JOBS.values())
    writes = {
        (job, part): tables(JOBS[job], _section(JOBS[job], part, settings)).keys() - SHARED
        for job, part in parts(settings)
    }
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for one, own in writes.items():
        found[one] = [other for other in found if (other[0], one[0]) in pairs or writes[other] & own]
    return found


def edges(jobs: Iterable[Job]) -> set[tuple[str, str]]:
    """(writer, reader) for all pairs of jobs of which one reads what an earlier one writes."""
    before: list[Job] = []
    found = set()
    for job in jobs:
        found |= {(w.name, job.name) for w in before if _patterns(w.writes) & _patterns(job.reads)}
        before.append(job)
    return found


def tables(job: Job, section: Mapping[str, Any]) -> dict[str, str]:
    """Tables that a job writes under a section of the configuration, each to its pattern in the map."""
    survey = load(section["survey"]) if "survey" in section else None
    values = {**section, **({"name": survey.name} if survey else {})}
    found = {}
    for name in job.writes:
        fields = re.findall(r"{(\w+)}", name)
        if all(isinstance(values.get(f), str) for f in fields):
            found[name.format_map(values)] = _pattern(name)
    if survey:
        own = {t.name for t in survey.tables(tiled=False)}
        found = {t: p for t, p in found.items() if "{" not in p or t in own}
    return found


def script_doc(job: str) -> str:
    """The docstring of a job's script."""
    return ast.get_docstring(ast.parse((places.ROOT / "jobs" / f"{job}.py").read_text())) or ""


def _id(job: str, part: str) -> str:
    return f"{job}.{part}" if part else job


def _task(job: Job, part: str, writes: tuple[str, ...], after: tuple[str, ...], where: Platform, conf: str) -> Task:
    given = {"ops": where.ops, "spark": where.spark, "gate": GATE if where.gate else ""}
    sets = [f"--set=run.{k}={v}" for k, v in given.items() if v]
    each = [f"--each={part}"] if part else []
    return Task(
        job=job.name,
        part=part,
        script=f"{where.root}/jobs/{job.name}.py",
        arguments=(f"--conf={conf}", f"--lake={where.lake}", *sets, *each, RUN),
        doc=f"{job.doc}.\n\n```text\n{script_doc(job.name)}\n```\n\n{_table([job])}",
        writes=writes,
        after=after,
    )


def _upkeep(where: Platform) -> Drawing:
    flags = [f"--{k}={v}" for k, v in (("lake", where.lake), ("ops", where.ops), ("spark", where.spark)) if v]
    task = Task("upkeep", "", f"{where.root}/jobs/upkeep.py", tuple(flags), script_doc("upkeep"))
    return Drawing("maintenance", script_doc("upkeep"), (task,), UPKEEP)


def _section(job: Job, part: str, settings: config.Settings) -> dict[str, Any]:
    data: dict[str, Any] = dict(settings.values[job.name])
    each: dict[str, dict[str, Any]] = data.pop("each", {})
    return data | each.get(part, {})


def _patterns(names: Iterable[str]) -> set[str]:
    return {_pattern(name) for name in names}


def _pattern(name: str) -> str:
    return re.sub(r"{\w+}", "{}", name)


def _about(jobs: Iterable[Job]) -> str:
    return "\n\n".join(["Drawn from the map.", _table(jobs)])


def _table(jobs: Iterable[Job]) -> str:
    def code(names: tuple[str, ...]) -> str:
        return ", ".join(f"`{n}`" for n in names)

    rows = [f"| `{j.name}` | {j.doc} | {code(j.reads)} | {code(j.writes)} |" for j in dict.fromkeys(jobs)]
    return "\n".join(["| job | what it does | reads | writes |", "|---|---|---|---|", *rows])
