"""Deal labelled sources and a sample of the sky to folds, by blocks of the sky with a ring between.

Example:
    tasni run splits --left allwise --folds 5
"""

from tasni_spark.core.run import run
from tasni_spark.core.work import Step, Work, whole
from tasni_spark.models import splits as j
from tasni_spark.pipeline import JOBS
from tasni_spark.tables.models import SPLITS

WORK = Work(
    JOBS["splits"],
    steps=(Step("splits", j.splits, whole),),
    tables=lambda *_: (SPLITS,),
    scope=j.scope,
)

if __name__ == "__main__":
    run(WORK, JOBS)
