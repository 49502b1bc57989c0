"""Ask every trained model about every source of a survey.

Example:
    tasni run scores --left allwise
"""

from tasni_spark.core.run import run
from tasni_spark.core.work import Step, Work
from tasni_spark.models import scoring as j
from tasni_spark.pipeline import JOBS
from tasni_spark.sky.tiling import groups
from tasni_spark.tables.models import SCORES

WORK = Work(
    JOBS["scores"],
    steps=(Step("scores", j.scores, groups),),
    tables=lambda *_: (SCORES,),
    scope=j.scope,
    prepare=j.chosen,
    balance=j.balance,
)

if __name__ == "__main__":
    run(WORK, JOBS)
