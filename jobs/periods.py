"""Search for periods where a light curve scatters more than its errors say.

Example:
    tasni run periods --survey neowise --left allwise
    tasni run periods --screen-rchi2 1.1 --nulls 50
"""

from tasni_spark.core.run import run
from tasni_spark.core.work import Step, Work
from tasni_spark.pipeline import JOBS
from tasni_spark.sky.tiling import groups
from tasni_spark.tables.variability import PERIODS
from tasni_spark.variability import search as s

WORK = Work(
    JOBS["periods"],
    steps=(Step("periods", s.periods, groups),),
    tables=lambda *_: (PERIODS,),
    scope=s.scope,
)

if __name__ == "__main__":
    run(WORK, JOBS)
