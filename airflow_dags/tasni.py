"""The DAGs of the suite, drawn from the map; `TASNI_AIRFLOW` names the platform, a file of `conf/airflow`."""

from airflow.sdk import DAG, TaskGroup

from airflow_dags import drawing, submit

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
        groups = {name: TaskGroup(name) for name in dict.fromkeys(t.group for t in drawn.tasks) if name}
        nodes = {
            task: submit.operator(task, WHERE, **({"task_group": groups[task.group]} if task.group else {}))
            for task in drawn.tasks
        }
        for task, node in nodes.items():
            for other, before in nodes.items():
                if (other.group or other.name) in task.after:
                    before >> node
    return made


for each in drawing.drawings(WHERE):
    globals()[each.name] = dag(each)
