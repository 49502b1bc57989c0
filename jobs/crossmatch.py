"""Match the sources of a survey with those of others, both at the epoch of the first.

Example:
    tasni run crossmatch --left allwise --rights gaia_dr3,twomass
    tasni run crossmatch --left catwise2020 --tiles cone:80.9,-69.8,5 --how all
"""

from tasni_spark.core.run import run
from tasni_spark.core.work import Step, Work
from tasni_spark.crossmatch.match import crossmatch, engine, match_tiles, tell
from tasni_spark.pipeline import JOBS
from tasni_spark.sky.tiling import groups, together
from tasni_spark.tables.associations import MATCH_TILES, MATCHES

WORK = Work(
    JOBS["crossmatch"],
    steps=(Step("crossmatch", crossmatch, groups), Step("match_tiles", match_tiles, together)),
    tables=lambda *_: (MATCHES, MATCH_TILES),
    scope=lambda cfg: {"left_survey": [cfg.left], "right_survey": cfg.rights},
    prepare=engine,
    finish=tell,
)

if __name__ == "__main__":
    run(WORK, JOBS)
