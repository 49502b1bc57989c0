"""Visits, statistics and tests of every light curve.

Example:
    tasni run variability --survey neowise --left allwise
    tasni run variability --transport spark --reject frame
"""

from tasni_spark.core.run import run
from tasni_spark.core.work import Step, Work
from tasni_spark.pipeline import JOBS
from tasni_spark.sky.tiling import groups
from tasni_spark.variability import variability as v

WORK = Work(
    JOBS["variability"],
    steps=(Step("variability", v.variability, groups),),
    tables=lambda *_: v.WRITES,
    scope=v.scope,
    balance=v.balance,
)

if __name__ == "__main__":
    run(WORK, JOBS)
