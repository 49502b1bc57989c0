"""Spark's daemon of Python workers, with the engine's machine code loaded before it forks them.

Why: importing numba and loading the compiled kernel takes three CPU-seconds, in the daemon once instead of in each
worker; `spark.python.daemon.module` in `conf/spark` names it. After each task Spark's worker looks for garbage in all
that Python holds, which with numba or scikit-learn imported takes 0.4 CPU-seconds: modules are set aside from that.
"""

import gc
import sys
from collections.abc import Callable
from typing import Any

from pyspark import daemon

from tasni_spark.crossmatch.tiles.work import preload


def tidy(worker: Callable[..., Any]) -> Callable[..., Any]:
    """A worker that sets aside from collection what tasks have imported, once for each that imported anything."""
    known = 0

    def one_task(*connection: Any) -> Any:
        nonlocal known
        code = worker(*connection)
        if len(sys.modules) > known:
            gc.collect()
            gc.freeze()
            known = len(sys.modules)
        return code

    return one_task


if __name__ == "__main__":
    preload()
    gc.freeze()
    daemon.worker = tidy(daemon.worker)
    daemon.manager()  # type: ignore[no-untyped-call]
