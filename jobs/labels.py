"""Say of which sources of a survey independent evidence tells the class, by declared rules.

Example:
    tasni run labels --left allwise
"""

from tasni_spark.core.run import run
from tasni_spark.core.work import Step, Work, whole
from tasni_spark.models import labels as j
from tasni_spark.pipeline import JOBS
from tasni_spark.tables.models import LABELS

WORK = Work(
    JOBS["labels"],
    steps=(Step("labels", j.labels, whole),),
    tables=lambda *_: (LABELS,),
    scope=j.scope,
    balance=j.balance,
)

if __name__ == "__main__":
    run(WORK, JOBS)
