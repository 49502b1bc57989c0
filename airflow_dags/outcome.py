"""What became of a run: its record says whether another try can help. Neither Airflow nor Spark is needed here.

Why: EMR and Databricks pass no exit codes, so the record in the lake decides. A driver that died without a record, or
that was refused before it had a plan, left none: then the submit's own message counts, and without one the run goes on.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tasni_spark.core import errors

if TYPE_CHECKING:
    from tasni_spark.core.files import Folder

STOP = frozenset(
    e.exit_code
    for e in (
        errors.ConfigError,
        errors.ContractError,
        errors.DataError,
        errors.QualityError,
        errors.DependencyError,
    )
)
"""Exit codes that another try would only repeat."""
TOLD = re.compile(r"exit code is: (-?\d+)|Error code is: (-?\d+)")
"""How SparkSubmitOperator tells the exit code; on Kubernetes the driver's stands beside that of spark-submit."""


def run_id(name: str, run_after: datetime, task: str) -> str:
    """Name of the run of a task: the same at each try, sorted by time, used by no other task.

    Parameters
    ----------
    name, run_after
        Name of the DAG's run; when it was due.
    task
        Identifier of the task.
    """
    digest = hashlib.sha256(name.encode()).hexdigest()[:6]
    return f"{run_after:%Y%m%dT%H%M%S}-{digest}-{task}"


def flag(runs: Folder, run: str) -> str:
    """The argument that starts a run, or goes on with it where it has a plan."""
    return f"--resume={run}" if (runs / run).names(".plan") else f"--run-id={run}"


def record(runs: Folder, run: str) -> dict[str, Any] | None:
    """What the last attempt at a run wrote down; None where it wrote nothing."""
    names = (runs / run).names(".json")
    return dict((runs / run).read(names[0])) if names else None


def verdict(found: Mapping[str, Any] | None, started: datetime, message: str) -> tuple[bool, str]:
    """Whether another try can help, and why.

    Parameters
    ----------
    found
        The run's record; one that is older than the attempt does not count.
    started
        Begin of the attempt.
    message
        What the submit said.
    """
    if found and datetime.fromisoformat(found["ended"]) >= started.replace(microsecond=0):
        code, why = found["exit_code"], found["message"]
        return code not in STOP and found["state"] != "done", f"{found['job']}: exit code {code}: {why}"
    first = message.partition("\n")[0]
    codes = [int(a or b) for a, b in TOLD.findall(first)]
    if codes:
        return codes[-1] not in STOP, f"exit code {codes[-1]}, without a record"
    return True, "no record"


def extras(found: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What the event of each table tells: version, rows written and run."""
    told = {}
    for ref, version in found["versions"].items():
        table, _, release = ref.partition("@")
        told[table] = {
            "version": version,
            "release": release,
            "rows": found["rows"].get(table, 0),
            "run": found["run_id"],
        }
    return told
