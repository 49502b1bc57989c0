"""Cut the sky into tiles of about equal rows, once for the lake.

Example:
    tasni run tiling --survey allwise --input raw/allwise --rows-per-tile 1000000
    tasni run tiling --survey allwise --counts wise-allwise-row-counts-per-file.csv
"""

from tasni_spark.core.run import run
from tasni_spark.core.work import Step, Work
from tasni_spark.ingest.tiling import groups, tiling
from tasni_spark.pipeline import JOBS
from tasni_spark.tables.sky import TILING

WORK = Work(JOBS["tiling"], steps=(Step("tiling", tiling, groups),), tables=lambda *_: (TILING,))

if __name__ == "__main__":
    run(WORK, JOBS)
