"""Rank the candidates of a search by their likeness to a cold dwarf, with recall and false positives to be expected.

Example:
    tasni run ranking --left allwise
"""

from tasni_spark.core.run import run
from tasni_spark.core.work import Step, Work, whole
from tasni_spark.pipeline import JOBS
from tasni_spark.search.ranking import ranking, scope
from tasni_spark.tables.thermal import RANKING

WORK = Work(
    JOBS["ranking"],
    steps=(Step("ranking", ranking, whole),),
    tables=lambda *_: (RANKING,),
    scope=scope,
)

if __name__ == "__main__":
    run(WORK, JOBS)
