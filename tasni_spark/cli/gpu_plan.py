"""`tasni gpu-plan JOB ...`: what of a job would not run on a GPU. Asks the real RAPIDS jar; needs no GPU."""

from __future__ import annotations

from typing import Any

from rich.table import Table as Grid

from tasni_spark.cli.main import console, parser
from tasni_spark.cli.scripts import work
from tasni_spark.core import arguments, config, gpu, places
from tasni_spark.core.arguments import RunConfig
from tasni_spark.core.engine import Run
from tasni_spark.core.lake import Lake
from tasni_spark.core.session import session
from tasni_spark.pipeline import JOBS


def main(argv: list[str]) -> int:
    """Plan the first group of each step, and ask."""
    if not argv or argv[0].startswith("-"):
        p = parser("gpu-plan", "tasni gpu-plan crossmatch --engine sql\ntasni gpu-plan density --lake lake")
        p.add_argument("job", choices=JOBS, metavar="JOB", help=", ".join(JOBS))
        p.add_argument("...", nargs="*", help="flags of the job: tasni run JOB --help")
        p.parse_args(argv)
    job = work(argv[0])
    request = arguments.parse(argv[0], job.job.doc, job.config, argv[1:])
    settings = config.read(request.conf, request.sets, ["run", "pipeline", *JOBS])
    own = settings.section("run", RunConfig)
    path = f"{places.jars()}/*:{gpu.jar()}"
    lake = Lake(session(own.spark, "gpu-plan", spark__driver__extraClassPath=path), request.lake or own.lake, own.ops)
    cfg: Any = settings.section(argv[0], job.config, request.each)
    for name, frame in Run(job, request, own, cfg, lake).frames():
        if frame is None:
            print(f"{name}: no Spark plan: workers read and write files, on the CPU")
            continue
        off = gpu.off_gpu(frame)
        print(f"{name}: {f'{len(off)} nodes and expressions stay on the CPU' if off else 'all of it runs on a GPU'}")
        grid = Grid("kind", "what", "why", box=None, pad_edge=False)
        for row in dict.fromkeys(off):
            grid.add_row(*row)
        if off:
            console().print(grid)
    return 0
