"""Bring the single exposures of every source together: one row a source, arrays in the order of time.

Example:
    tasni run lightcurves --survey neowise --left allwise
    tasni run lightcurves --association archive --tiles cone:266.4,-28.9,2
    tasni run lightcurves --input raw/neowise
"""

from tasni_spark.core.run import run
from tasni_spark.core.work import Step, Work
from tasni_spark.pipeline import JOBS
from tasni_spark.sky.tiling import groups
from tasni_spark.tables.light_curves import LIGHTCURVE_TILES, LIGHTCURVES
from tasni_spark.variability import lightcurves as lc

WORK = Work(
    JOBS["lightcurves"],
    steps=(Step("lightcurves", lc.lightcurves, groups),),
    tables=lambda *_: (LIGHTCURVES, LIGHTCURVE_TILES),
    scope=lc.scope,
    sources=lc.sources,
    balance=lc.balance,
    finish=lc.tell,
)

if __name__ == "__main__":
    run(WORK, JOBS)
