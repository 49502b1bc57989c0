"""Compute the features of every source of a survey: what models learn from.

Example:
    tasni run features --left allwise
"""

from tasni_spark.core.run import run
from tasni_spark.core.work import Step, Work
from tasni_spark.features import extract as e
from tasni_spark.pipeline import JOBS
from tasni_spark.sky.tiling import groups, together
from tasni_spark.tables.features import FEATURE_STRATA, FEATURE_TABLE

WORK = Work(
    JOBS["features"],
    steps=(Step("strata", e.strata, together), Step("features", e.features, groups)),
    tables=lambda *_: (FEATURE_STRATA, FEATURE_TABLE),
    scope=e.scope,
    balance=e.balance,
    finish=e.tell,
)

if __name__ == "__main__":
    run(WORK, JOBS)
