"""The DAGs of the suite, drawn from the map; `TASNI_AIRFLOW` names the platform, a file of `conf/airflow`."""

from airflow.sdk import DAG, TaskGroup

from airflow_dags import submit
from tasni_spark.deploy import drawing

WHERE = drawing.platform()


def dag(drawn: drawing.Drawing) -> DAG:
    """A drawing as Airflow's own."""
    awaited = [submit.asset(t) for t in drawn.schedule] if isinstance(drawn.schedule, tuple) else drawn.schedule
    with DAG(
        drawn.name,
        schedule=awaited,
        description=drawn.doc.partition("\n")[0],
        doc_md=drawn.doc,
        tags=["tasni", drawn.stage, WHERE.platform],
        catchup=False,
        max_active_runs=1,
        max_active_tasks=WHERE.side_by_side,
        user_defined_macros=submit.macros(WHERE),
    ) as made:
        groups = {job: TaskGroup(job) for job in dict.fromkeys(t.job for t in drawn.tasks if t.part)}
        nodes = {}
        for task in drawn.tasks:
            group = {"task_group": groups[task.job]} if task.part else {}
            nodes[task.id] = submit.operator(task, WHERE, **group)
            nodes[task.id].set_upstream([nodes[before] for before in task.after])
    return made


for each in drawing.drawings(WHERE):
    globals()[each.name] = dag(each)
