"""Fit models on audited features and keep what they say of blocks of the sky that they have not seen.

Example:
    tasni run training --left allwise --target cold_dwarf
"""

from tasni_spark.core.run import run
from tasni_spark.core.work import Step, Work, whole
from tasni_spark.models import training as j
from tasni_spark.pipeline import JOBS
from tasni_spark.tables.models import MODEL_MEASURES, OUT_OF_FOLD

WORK = Work(
    JOBS["training"],
    steps=(Step("models", j.training, whole),),
    tables=lambda *_: (OUT_OF_FOLD, MODEL_MEASURES),
    scope=j.scope,
    finish=j.tell,
)

if __name__ == "__main__":
    run(WORK, JOBS)
