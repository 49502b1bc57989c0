"""Judge every source of a survey by every cut, keep those that fail none, and count what each cut costs.

Example:
    tasni run search --left allwise --cut-sets tasni_2025,tasni_2025_as_run
    tasni run search --left allwise --cut-sets my_cuts.toml --tiles 5/8277
"""

from tasni_spark.core.run import run
from tasni_spark.core.work import Step, Work, whole
from tasni_spark.pipeline import JOBS
from tasni_spark.search import search as s
from tasni_spark.sky.tiling import groups
from tasni_spark.tables.search import CANDIDATES, CUTFLOW, VERDICTS

WORK = Work(
    JOBS["search"],
    steps=(Step("verdicts", s.verdicts, groups), Step("candidates", s.candidates, whole)),
    tables=lambda *_: (VERDICTS, CANDIDATES, CUTFLOW),
    scope=s.scope,
    definitions=s.definitions,
    balance=s.balance,
    finish=s.tell,
)

if __name__ == "__main__":
    run(WORK, JOBS)
