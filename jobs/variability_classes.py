"""Put every light curve into a class, with what injected signals say that is worth.

Example:
    tasni run variability_classes --survey neowise --left allwise
    tasni run variability_classes --greatest-log10-false-alarm -8
"""

from tasni_spark.core.run import run
from tasni_spark.core.work import Step, Work
from tasni_spark.pipeline import JOBS
from tasni_spark.sky.tiling import together
from tasni_spark.tables.variability import CLASS_COUNTS, VARIABILITY_CLASSES
from tasni_spark.variability import classes as c

WORK = Work(
    JOBS["variability_classes"],
    steps=(Step("classes", c.variability_classes, together), Step("counts", c.class_counts, together)),
    tables=lambda *_: (VARIABILITY_CLASSES, CLASS_COUNTS),
    scope=c.scope,
    balance=c.balance,
)

if __name__ == "__main__":
    run(WORK, JOBS)
