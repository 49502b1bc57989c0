"""`tasni run JOB ...`: the same as `spark-submit jobs/JOB.py ...`."""

from __future__ import annotations

from tasni_spark.cli.main import parser
from tasni_spark.cli.scripts import script
from tasni_spark.core import run
from tasni_spark.pipeline import JOBS


def main(argv: list[str]) -> int:
    """Run one job; its own flags follow its name."""
    if not argv or argv[0].startswith("-"):
        p = parser("run", "tasni run ingest --survey allwise --input raw/allwise\ntasni run crossmatch --help")
        p.add_argument("job", choices=JOBS, metavar="JOB", help=", ".join(JOBS))
        p.add_argument("...", nargs="*", help="flags of the job: tasni run JOB --help")
        p.parse_args(argv)
    module = script(argv[0])
    return run.main(module.WORK, JOBS, module.__doc__ or "", argv[1:])
