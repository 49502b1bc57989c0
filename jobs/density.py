"""Count the sources of each survey in cells of the sky, so that every match has the chance of being one.

Example:
    tasni run density --surveys gaia_dr3,twomass
"""

from tasni_spark.core.run import run
from tasni_spark.core.work import Step, Work, whole
from tasni_spark.crossmatch.density import density
from tasni_spark.pipeline import JOBS
from tasni_spark.tables.sky import DENSITY

WORK = Work(
    JOBS["density"],
    steps=(Step("density", density, whole),),
    tables=lambda *_: (DENSITY,),
    scope=lambda cfg: {"survey": cfg.surveys},
)

if __name__ == "__main__":
    run(WORK, JOBS)
