"""Fit temperature, solid angle and implied distance to every source of a survey, limits included.

Example:
    tasni run thermal --left allwise
    tasni run thermal --left allwise_tier5 --tiles cone:217.7,-3.0,1
"""

from tasni_spark.core.run import run
from tasni_spark.core.work import Step, Work
from tasni_spark.pipeline import JOBS
from tasni_spark.search import thermal as t
from tasni_spark.sky.tiling import groups
from tasni_spark.tables.thermal import THERMAL

WORK = Work(
    JOBS["thermal"],
    steps=(Step("sources", t.sources, groups),),
    tables=lambda *_: (THERMAL,),
    scope=t.scope,
    balance=t.balance,
)

if __name__ == "__main__":
    run(WORK, JOBS)
