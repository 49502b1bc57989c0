"""Judge the trend of every light curve against control stars, with the false-discovery rate over all tests made.

Example:
    tasni run trends --survey neowise --left allwise
    tasni run trends --q-both-bands 0.001
"""

from tasni_spark.core.run import run
from tasni_spark.core.work import Step, Work
from tasni_spark.pipeline import JOBS
from tasni_spark.sky.tiling import groups, together
from tasni_spark.variability import trends as t

WORK = Work(
    JOBS["trends"],
    steps=(
        Step("drift", t.drift, together),
        Step("calibrated", t.calibrated, groups),
        Step("trends", t.trends, together),
    ),
    tables=lambda *_: t.WRITES,
    scope=t.scope,
    balance=t.balance,
)

if __name__ == "__main__":
    run(WORK, JOBS)
