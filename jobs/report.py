"""Write one page about a search: what it found, what it could not see, what each cut cost.

Example:
    tasni run report --left allwise --out report.html
"""

from tasni_spark.core.run import run
from tasni_spark.core.work import Work
from tasni_spark.pipeline import JOBS
from tasni_spark.report.page import write

WORK = Work(JOBS["report"], steps=(), tables=lambda *_: (), finish=write)

if __name__ == "__main__":
    run(WORK, JOBS)
