"""Put signals of known size into constant light curves, and see what is found of them.

Example:
    tasni run injections --survey neowise --left allwise --one-in 100
    tasni run injections --slope-mag-per-yr '[0.015, 0.015]' --seed 2
"""

from tasni_spark.core.run import run
from tasni_spark.core.work import Step, Work
from tasni_spark.pipeline import JOBS
from tasni_spark.sky.tiling import groups, together
from tasni_spark.tables.variability import COMPLETENESS, INJECTIONS
from tasni_spark.variability import trials as t

WORK = Work(
    JOBS["injections"],
    steps=(Step("injections", t.injections, groups), Step("completeness", t.completeness, together)),
    tables=lambda *_: (INJECTIONS, COMPLETENESS),
    scope=t.scope,
)

if __name__ == "__main__":
    run(WORK, JOBS)
