"""Store what each survey observed, so that "not detected" is never confused with "not observed".

Example:
    tasni run coverage --surveys gaia_dr3,panstarrs1,nvss
"""

from tasni_spark.core.run import run
from tasni_spark.core.work import Step, Work, whole
from tasni_spark.ingest.coverage import coverage, definitions, files, names
from tasni_spark.pipeline import JOBS
from tasni_spark.tables.sky import COVERAGE

WORK = Work(
    JOBS["coverage"],
    steps=(Step("coverage", coverage, whole),),
    tables=lambda *_: (COVERAGE,),
    scope=lambda cfg: {"survey": names(cfg.surveys)},
    definitions=definitions,
    sources=files,
)

if __name__ == "__main__":
    run(WORK, JOBS)
