"""One submit of each task, as an operator of the platform that the configuration chooses. Imports only that one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, RetryDecision, RetryPolicy

from airflow_dags import outcome
from tasni_spark.core.errors import ConfigError, nearest
from tasni_spark.deploy import databricks, emr_serverless
from tasni_spark.deploy.drawing import Platform, Task

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context

    from tasni_spark.core.files import Folder

WEEK_MIN = 7 * 24 * 60


def asset(table: str) -> Asset:
    """A table, as Airflow knows it."""
    return Asset(name=table, group="tasni")


def folder(uri: str) -> Folder:
    """A folder of records. Imported late: reading them needs pyarrow, drawing DAGs does not."""
    from tasni_spark.core.files import Folder

    return Folder.at(uri)


def run_of(dag_run: Any, task: Any) -> str:
    """Name of the run of a task."""
    return outcome.run_id(dag_run.run_id, dag_run.run_after, task.task_id)


def macros(where: Platform) -> dict[str, Callable[..., str]]:
    """What the arguments of tasks may ask for."""
    return {"run_flag": lambda dag_run, task: outcome.flag(folder(where.runs), run_of(dag_run, task))}


class FromRecord(RetryPolicy):
    """Try again where the run's record says that this can help.

    Parameters
    ----------
    runs
        Folder of the runs' records.
    """

    def __init__(self, runs: str) -> None:
        self.runs = runs

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        """Judge a failure."""
        if context is None:
            return RetryDecision.default()
        found = outcome.record(folder(self.runs), run_of(context["dag_run"], context["task"]))
        helps, why = outcome.verdict(found, context["ti"].start_date, str(exception))
        return RetryDecision.retry(reason=why) if helps else RetryDecision.fail(reason=why)


def operator(task: Task, where: Platform, **common: Any) -> BaseOperator:
    """The task on the platform.

    Parameters
    ----------
    common
        Arguments that all operators have.

    Raises
    ------
    ConfigError
        For an unknown platform.
    """
    if where.platform not in PLATFORMS:
        hint = nearest(where.platform, list(PLATFORMS))
        raise ConfigError(f"platform is '{where.platform}'{hint}, expected one of {', '.join(PLATFORMS)}")

    def tell(context: Context, _: Any) -> None:
        found = outcome.record(folder(where.runs), run_of(context["dag_run"], context["task"]))
        told = outcome.extras(found) if found else {}
        for table in task.writes:
            context["outlet_events"][asset(table)].extra |= told.get(table, {})

    return PLATFORMS[where.platform](
        task,
        where,
        task_id=task.part or task.job,
        doc_md=task.doc,
        outlets=[asset(table) for table in task.writes],
        post_execute=tell,
        retry_policy=FromRecord(where.runs),
        retries=where.retries,
        retry_delay=timedelta(seconds=where.retry_delay_s),
        retry_exponential_backoff=2.0,
        **common,
    )


def _spark(task: Task, where: Platform, **common: Any) -> BaseOperator:
    from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator

    given = {"application": task.script, "application_args": list(task.arguments), "name": f"tasni {task.id}"}
    return SparkSubmitOperator(**given, **where.options, **common)


def _databricks(task: Task, where: Platform, **common: Any) -> BaseOperator:
    from airflow.providers.databricks.operators.databricks import DatabricksSubmitRunOperator

    script = {"python_file": task.script, "parameters": list(task.arguments)}
    options = {**where.options, "new_cluster": databricks.cluster(where)}
    return DatabricksSubmitRunOperator(spark_python_task=script, deferrable=True, **options, **common)


def _emr_serverless(task: Task, where: Platform, **common: Any) -> BaseOperator:
    from airflow.providers.amazon.aws.operators.emr import EmrServerlessStartJobOperator

    waiting = {"waiter_delay": 60, "waiter_max_attempts": WEEK_MIN}
    options = waiting | where.options | {"job_driver": emr_serverless.driver(task, where)}
    return EmrServerlessStartJobOperator(name=f"tasni {task.id}", deferrable=True, **options, **common)


PLATFORMS: dict[str, Callable[..., BaseOperator]] = {
    "spark": _spark,
    "databricks": _databricks,
    "emr_serverless": _emr_serverless,
}
