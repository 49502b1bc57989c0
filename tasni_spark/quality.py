"""The gate: what a job wrote is judged by `sql/checks` before anything else may read it.

Why: a check says in its header after which job it is due, with which parameters, and whether a row that it finds stops
what follows. `run.gate = "tasni_spark.quality:gate"` turns it on; under Airflow it is on, and a task whose tables fail
publishes none of them.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tasni_spark.core import places
from tasni_spark.core.errors import QualityError
from tasni_spark.core.lake import Lake
from tasni_spark.core.spec import Job
from tasni_spark.core.work import filled
from tasni_spark.explore import name_all

logger = logging.getLogger(__name__)
GATE = re.compile(r"^-- Gate: (?P<severity>fail|warn) after (?P<job>\w+)(?:, (?P<parameters>.+))?$", re.MULTILINE)


@dataclass(frozen=True)
class Check:
    """A statement that finds what should not be there.

    Parameters
    ----------
    severity
        `fail` or `warn`.
    job
        The job after which it is due.
    parameters
        `name=value name=value`, values with names of the job's settings in braces.
    """

    name: str
    severity: str
    job: str
    parameters: str
    statement: str

    def due(self, cfg: Any) -> Iterator[dict[str, str]]:
        """Its parameters under a configuration, once for each value of a setting that has several."""
        for text in filled([self.parameters], cfg):
            yield dict(pair.split("=", 1) for pair in text.split())


def checks() -> list[Check]:
    """All checks, by name."""
    found = []
    for path in sorted((places.ROOT / "sql/checks").glob("*.sql")):
        if told := GATE.search(text := path.read_text()):
            found.append(Check(path.stem, told["severity"], told["job"], told["parameters"] or "", text))
    return found


def gate(lake: Lake, job: Job, cfg: Any) -> int:
    """Judge what a job has written; the number of checks made.

    Raises
    ------
    QualityError
        Naming every check that found something and should stop what follows.
    """
    due = [(check, given) for check in checks() if check.job == job.name for given in check.due(cfg)]
    if not due:
        return 0
    name_all(lake)
    known = {*lake.names(), *(t.name for t in lake.spark.catalog.listTables())}
    made, faults = 0, []
    for check, given in due:
        if any(value not in known for name, value in given.items() if name in ("t", "sources", "positions")):
            continue  # tables of detections have no positions
        made += 1
        if n := lake.spark.sql(check.statement, args=given or None).count():
            flags = "".join(f" --arg {k}={v}" for k, v in given.items())
            fault = f"{check.name}: {n} rows: see tasni sql --file sql/checks/{check.name}.sql{flags}"
            logger.warning("%s: %s", job.name, fault)
            faults += [fault] if check.severity == "fail" else []
    if faults:
        raise QualityError(f"{job.name}: its tables are written but {len(faults)} checks fail: {'; '.join(faults)}")
    return made
