"""The engine: what every job needs and no job does by hand.

Why: a job script says what is computed; plan, pins, leases, contract checks, commits, progress, resume, retries and the
record are the same for all, so they stand here once.
"""

from __future__ import annotations

import dataclasses
import datetime
import importlib
import json
import logging
import shlex
import signal
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

from pyspark.sql import DataFrame

from tasni_spark.core import earlier, lease, log, places, transient, usage
from tasni_spark.core.arguments import Request, RunConfig
from tasni_spark.core.errors import ConfigError, DataError, HeldError, PartialError, TasniError, nearest
from tasni_spark.core.files import Folder
from tasni_spark.core.lake import Commit, Lake
from tasni_spark.core.plan import Group, Plan
from tasni_spark.core.progress import Tracker
from tasni_spark.core.spec import Table
from tasni_spark.core.work import Inputs, Step, Work, filled, label

logger = logging.getLogger(__name__)
_TURN = threading.Lock()
"""A lease tells processes apart; jobs of one process take turns by this."""


class _Stopped(BaseException):
    """The process was asked to stop."""


class Run:
    """One attempt at a job."""

    def __init__(self, work: Work, request: Request, settings: RunConfig, cfg: Any, lake: Lake) -> None:
        self.work, self.request, self.settings, self.cfg, self.lake = work, request, settings, cfg, lake
        self.label = label(work.job, cfg)
        self.runs = lake.ops / "runs"
        self.started = time.monotonic()
        self.failures: list[str] = []
        self.rows: dict[str, int] = {}
        self.usage: dict[str, float] = {}

    # -- planning -------------------------------------------------------------------------------------------------

    def _config(self) -> dict[str, Any]:
        """What must be the same when the run is resumed."""
        return {
            self.work.job.name: dataclasses.asdict(self.cfg),
            "definitions": self.work.definitions(self.cfg),
            "run.checkpoint_rows": self.settings.checkpoint_rows,
            "tiles": self.request.tiles,
            "limit_tiles": self.request.limit_tiles,
        }

    def _inputs(self, run_id: str, pins: Mapping[str, int], notes: dict[str, Any]) -> Inputs:
        return Inputs(self.lake, self.request, self.settings, run_id, pins, notes, self.label)

    def _new_plan(self, run_id: str) -> Plan:
        refs = [self.lake.ref(name) for name in filled(self.work.job.reads, self.cfg)]
        pins = {str(ref): self.lake.version(ref) for ref in refs if self.lake.exists(ref)}
        inputs = self._inputs(run_id, pins, {})
        notes = dict(self.work.prepare(inputs, self.cfg))
        inputs = self._inputs(run_id, pins, notes)
        steps = {step.name: tuple(step.groups(inputs, self.cfg)) for step in self.work.steps}
        tables = self.work.tables(self.cfg, notes)
        code = {str(t.ref): t.version for t in tables}
        outputs = {str(t.ref): self.lake.version(t.ref) for t in tables if self._stored(t)}
        sources = Folder.digest([*self.work.sources(self.cfg, notes), *places.program()])
        return Plan(run_id, self.label, self._config(), code, pins, outputs, steps, notes, sources)

    def _plan(self) -> Plan:
        if self.request.resume is None:
            now = datetime.datetime.now(datetime.UTC)
            run_id = self.request.run_id or f"{now:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:4]}"
            if Plan.load(self.runs / run_id, self.label):
                raise ConfigError(
                    f"run {run_id}: {self.label} has been run under this name: "
                    f"give --resume {run_id} to go on with it, or another --run-id"
                )
            return self._new_plan(run_id)
        run_id = self.request.resume or self.request.run_id or earlier.last(self.runs, self.label)
        if not self.request.run_id and run_id not in self.runs.folders():
            raise ConfigError(f"lake {self.lake.root}: no run {run_id}{nearest(run_id, self.runs.folders())}")
        plan = Plan.load(self.runs / run_id, self.label)
        if plan is None:
            return self._new_plan(run_id)
        plan.check_same(
            json.loads(json.dumps(self._config())),
            {str(t.ref): t.version for t in self.work.tables(self.cfg, plan.notes)},
        )
        for name, version in plan.pins.items():
            if not self.lake.has_version(self.lake.ref(name), version):
                raise DataError(f"run {run_id}: version {version} of table {name} is gone: start a new run")
        tables = [t for t in self.work.tables(self.cfg, plan.notes) if self._stored(t)]
        earlier.check_not_overwritten(self.lake, tables, self._scope(), plan)
        return plan

    def _scope(self) -> dict[str, list[Any]]:
        return {c: list(v) for c, v in self.work.scope(self.cfg).items()}

    # -- working --------------------------------------------------------------------------------------------------

    def go(self) -> dict[str, Any]:
        """Plan, hold the tables, work, record."""
        self.plan = self._plan()
        self.folder = self.runs / self.plan.run_id
        self.inputs = self._inputs(self.plan.run_id, self.plan.pins, self.plan.notes)
        self.tables = {t.name: t for t in self.work.tables(self.cfg, self.plan.notes)}
        if self.request.dry_run:
            return self._describe()
        if self.request.explain:
            return self._explain()
        own = [t for t in self.tables.values() if not t.shared and not t.transient]
        if self.request.skip_done and (done := earlier.same_work(self.lake, own, self._scope(), self.plan)):
            return done | {"state": "up to date", "seconds": time.monotonic() - self.started}
        leases, names = self.lake.ops / "leases", [str(t.ref) for t in own]
        try:
            with _stoppable(), lease.held(leases, names, self.plan.run_id, self.settings.lease_timeout_s) as held:
                self.plan.save(self.folder)
                for table in self.tables.values():
                    if not table.shared:
                        self.lake.create(table)
                for step in self.work.steps:
                    self._step(step, held)
                self.work.balance(self.inputs, self.cfg, self.rows)
                facts = dict(self.work.finish(self.inputs, self.cfg, self.rows, self.tables))
                if self.settings.gate:
                    module, _, name = self.settings.gate.partition(":")
                    facts["checks"] = getattr(importlib.import_module(module), name)(self.lake, self.work.job, self.cfg)
            self._drop_transient()
        except _Stopped:
            self._record("stopped", 143, "stopped by SIGTERM")
            sys.exit(143)
        except PartialError as e:
            return self._record("partial", e.exit_code, str(e))
        except HeldError:
            raise
        except BaseException as e:
            self._record("failed", getattr(e, "exit_code", 1), f"{type(e).__name__}: {_first_line(e)}")
            raise
        code = PartialError.exit_code if self.plan.notes.get("quarantined") else 0
        return self._record("done", code, "", facts)

    def _step(self, step: Step, held: lease.Lease) -> None:
        groups = self.plan.steps[step.name]
        progress = self.folder / self.label
        quiet = not _is_main()
        with Tracker(progress, self.plan.run_id, self.label, step.name, groups, quiet) as tracker:
            done = tracker.done()
            for entry in done.values():
                self._count(entry["rows"])
            for group in groups:
                if group.number not in done:
                    self._group(step, group, tracker, held)
        if self.failures:
            raise PartialError(
                f"{self.label}: step {step.name}: {len(self.failures)} of {len(groups)} groups failed: "
                + "; ".join(self.failures)
            )

    def _group(self, step: Step, group: Group, tracker: Tracker, held: lease.Lease) -> None:
        told = {"run": self.plan.run_id, "job": self.label, "step": step.name, "group": group.number}
        with log.work(**told, tile=group.tiles[0] if group.tiles else None):
            for attempt in range(1, self.settings.attempts + 1):
                if done := self._attempt(step, group, attempt, tracker, held):
                    group = done
                else:
                    return

    def _attempt(self, step: Step, group: Group, attempt: int, tracker: Tracker, held: lease.Lease) -> Group | None:
        """Try a group; what is to be tried again, if it is not done."""
        started = time.monotonic()
        name = f"{self.plan.run_id}/{self.label}/{step.name}/{group.number}/{attempt}"
        shown = f"{self.label} {step.name} {group.number + 1} of {len(self.plan.steps[step.name])}"
        try:
            with usage.named(self.lake.spark, name, shown):
                written = self._commit(step, group, held)
        except (HeldError, ConfigError):
            raise
        except Exception as e:
            smaller = step.rescue(self.inputs, group, self.cfg, e)
            if smaller is not None:
                group = smaller
                self.plan.save(self.folder)
            elif isinstance(e, TasniError):
                raise
            message = f"group {group.number}: {type(e).__name__}: {_first_line(e)}"
            logger.warning(
                "%s %s: %s (attempt %d)", self.label, step.name, message, attempt, exc_info=self.request.verbose
            )
            if attempt == self.settings.attempts:
                self.failures.append(message)
                tracker.write(group, "failed", attempt, time.monotonic() - started, {"error": message})
            return group
        rows = {name: commit.rows for name, commit in written.items()}
        versions = {name: commit.version for name, commit in written.items()}
        facts = {"rows": rows, "versions": versions, "tiles": len(group.tiles), "files": len(group.files)}
        cost = usage.of(self.lake.spark, name)
        self.usage = usage.total([self.usage, cost])
        tracker.write(group, "done", attempt, time.monotonic() - started, facts | cost)
        logger.debug("%s: done in %.1f s: %s", shown, time.monotonic() - started, rows)
        self._count(rows)
        tracker.advance(group, sum(rows.values()))
        return None

    def _commit(self, step: Step, group: Group, held: lease.Lease) -> dict[str, Commit]:
        written = {}
        parts = max(1, -(-group.rows // self.settings.rows_per_part))
        for table, df in step.compute(self.inputs, group, self.cfg).items():
            if table.transient and isinstance(df, DataFrame):
                written[table.name] = Commit(0, transient.write(df, table, self.inputs.transient(table), group.number))
                continue
            scope = {**self.work.scope(self.cfg), "tile": group.tiles}
            where = {c: scope[c] for c in table.replace_by if len(scope[c])}
            transaction = f"{self.plan.run_id}/{self.label}/{step.name}/{group.number}/{table.ref}"
            metadata = {"scope": self._scope()}
            with self._turn(table):
                held.check()
                if isinstance(df, DataFrame):
                    written[table.name] = self.lake.replace(
                        df, table, where, transaction=transaction, parts=parts, metadata=metadata
                    )
                else:
                    written[table.name] = df(transaction, metadata)
        return written

    @contextmanager
    def _turn(self, table: Table) -> Iterator[None]:
        """Hold a shared table for the time of one commit, waiting for others."""
        if not table.shared:
            yield
            return
        run_id, timeout, wait = self.plan.run_id, self.settings.lease_timeout_s, self.settings.lease_wait_s
        with _TURN, lease.held(self.lake.ops / "leases", [str(table.ref)], run_id, timeout, wait):
            self.lake.create(table)
            yield

    def _count(self, rows: Mapping[str, int]) -> None:
        for name, n in rows.items():
            self.rows[name] = self.rows.get(name, 0) + n

    def _drop_transient(self) -> None:
        for table in self.tables.values():
            if table.transient:
                self.inputs.transient(table).delete_all()

    # -- telling --------------------------------------------------------------------------------------------------

    def _base(self) -> dict[str, Any]:
        return {
            "run_id": self.plan.run_id,
            "job": self.label,
            "lake": self.lake.root,
            "reads": dict(self.plan.pins),
            "writes": [str(t.ref) for t in self.tables.values() if not t.transient],
            "groups": {name: len(groups) for name, groups in self.plan.steps.items()},
            "seconds": round(time.monotonic() - self.started, 3),
        }

    def _record(self, state: str, code: int, message: str, facts: Mapping[str, Any] | None = None) -> dict[str, Any]:
        record = self._base() | {
            "state": state,
            "exit_code": code,
            "message": message,
            "rows": {n: r for n, r in self.rows.items() if not self.tables[n].transient},
            "versions": {str(t.ref): self.lake.version(t.ref) for t in self.tables.values() if self._stored(t)},
            "facts": dict(facts or {}),
            **self.usage,
            "ended": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        }
        if state != "done":
            record["resume"] = f"tasni run {self.work.job.name} --resume {self.plan.run_id}" + self._flags()
        self.folder.write(f"{self.label}.json", record)
        return record

    def _stored(self, table: Table) -> bool:
        return not table.transient and self.lake.exists(table.ref)

    def _flags(self) -> str:
        given = [("--lake", self.request.lake)] if self.request.lake else []
        given += [("--conf", c) for c in self.request.conf] + [("--set", s) for s in self.request.sets]
        given += [("--each", self.request.each)] if self.request.each else []
        return "".join(f" {flag} {shlex.quote(value)}" for flag, value in given)

    def _describe(self) -> dict[str, Any]:
        steps = {
            name: [{"number": g.number, "tiles": len(g.tiles), "files": len(g.files), "rows": g.rows} for g in groups]
            for name, groups in self.plan.steps.items()
        }
        told = {key: note for key, note in self.plan.notes.items() if isinstance(note, str)}
        return self._base() | {"state": "planned", "exit_code": 0, "facts": told, "steps": steps}

    def _explain(self) -> dict[str, Any]:
        for name, df in self.frames():
            print(f"== {name}")
            if df is not None:
                df.explain("formatted")
            else:
                print("no Spark plan: workers read and write files")
        return self._base() | {"state": "planned", "exit_code": 0}

    def frames(self) -> Iterator[tuple[str, DataFrame | None]]:
        """Each table of the first group of the first step, and its rows; None where workers write them."""
        plan = self._plan()
        inputs = self._inputs(plan.run_id, plan.pins, plan.notes)
        for step in self.work.steps[:1]:
            for table, df in step.compute(inputs, plan.steps[step.name][0], self.cfg).items():
                yield table.name, df if isinstance(df, DataFrame) else None


def _is_main() -> bool:
    return threading.current_thread() is threading.main_thread()


@contextmanager
def _stoppable() -> Iterator[None]:
    """SIGTERM ends the block, in the main thread: Python tells no other, where it ends the process as SIGKILL does."""
    if not _is_main():
        yield
        return
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _stop(*_: object) -> NoReturn:
    raise _Stopped


def _first_line(e: BaseException) -> str:
    cause = getattr(e, "java_exception", None)  # of py4j, whose own text is but that something failed
    while cause is not None and cause.getCause() is not None:
        cause = cause.getCause()
    lines = str(e if cause is None else cause.toString()).splitlines() or [""]
    return next((line for line in lines if line.strip()), "")[:300]
