"""Store which sources lie in which shapes: survey fields, pointings, contours, error ellipses.

Example:
    tasni run footprints --survey allwise --shapes fields.geojson
"""

from tasni_spark.core.run import run
from tasni_spark.core.work import Step, Work, whole
from tasni_spark.crossmatch import footprints as f
from tasni_spark.pipeline import JOBS
from tasni_spark.sky.tiling import groups
from tasni_spark.tables.associations import FOOTPRINTS, SHAPES

WORK = Work(
    JOBS["footprints"],
    steps=(Step("shapes", f.shapes, whole), Step("footprints", f.footprints, groups)),
    tables=lambda cfg, _: (FOOTPRINTS,) if cfg.ellipses else (SHAPES, FOOTPRINTS),
    scope=lambda cfg: {"collection": [cfg.collection], "survey": [cfg.survey]},
    sources=f.files,
    prepare=f.reach,
)

if __name__ == "__main__":
    run(WORK, JOBS)
