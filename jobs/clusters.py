"""Find groups among the sources of the sample, and whether they are more than chance.

Example:
    tasni run clusters --left allwise --least 100
"""

from tasni_spark.core.run import run
from tasni_spark.core.work import Step, Work, whole
from tasni_spark.models import clusters as j
from tasni_spark.pipeline import JOBS
from tasni_spark.tables.models import CLUSTERED, CLUSTERS

WORK = Work(
    JOBS["clusters"],
    steps=(Step("clusters", j.clusters, whole),),
    tables=lambda *_: (CLUSTERED, CLUSTERS),
    scope=j.scope,
    finish=j.tell,
)

if __name__ == "__main__":
    run(WORK, JOBS)
