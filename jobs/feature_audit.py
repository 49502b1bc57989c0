"""Find features that know what they cannot know from the sky, before anything is trained.

Example:
    tasni run feature_audit --left allwise --target cold_dwarf
"""

from tasni_spark.core.run import run
from tasni_spark.core.work import Step, Work, whole
from tasni_spark.models import refereed as j
from tasni_spark.pipeline import JOBS
from tasni_spark.tables.models import FEATURE_AUDIT

WORK = Work(
    JOBS["feature_audit"],
    steps=(Step("audit", j.feature_audit, whole),),
    tables=lambda *_: (FEATURE_AUDIT,),
    scope=j.scope,
    finish=j.tell,
)

if __name__ == "__main__":
    run(WORK, JOBS)
