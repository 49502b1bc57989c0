"""Rank the sources of a survey by all models together, with error rates, vetoes and reasons.

Example:
    tasni run standings --left allwise --top 10000
"""

from tasni_spark.core.run import run
from tasni_spark.core.work import Step, Work, whole
from tasni_spark.models import standings as j
from tasni_spark.pipeline import JOBS
from tasni_spark.tables.models import STANDINGS

WORK = Work(
    JOBS["standings"],
    steps=(Step("standings", j.standings, whole),),
    tables=lambda *_: (STANDINGS,),
    scope=j.scope,
    finish=j.tell,
)

if __name__ == "__main__":
    run(WORK, JOBS)
