"""Measure how good a match is: chance by shifted sources, errors by separations, offsets of frames, tile by tile.

Example:
    tasni run xmatch_qa --left allwise --rights gaia_dr3,twomass
"""

from tasni_spark.core.run import run
from tasni_spark.core.work import Step, Work
from tasni_spark.crossmatch.quality import xmatch_qa
from tasni_spark.pipeline import JOBS
from tasni_spark.sky.tiling import groups
from tasni_spark.tables.associations import XMATCH_QA

WORK = Work(
    JOBS["xmatch_qa"],
    steps=(Step("xmatch_qa", xmatch_qa, groups),),
    tables=lambda *_: (XMATCH_QA,),
    scope=lambda cfg: {"left_survey": [cfg.left], "right_survey": cfg.rights},
)

if __name__ == "__main__":
    run(WORK, JOBS)
