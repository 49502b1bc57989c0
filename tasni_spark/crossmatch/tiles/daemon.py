"""Spark's daemon of Python workers, with the engine's machine code loaded before it forks them.

Why: importing numba and loading the compiled kernel takes three CPU-seconds, in the daemon once instead of in each
worker; `spark.python.daemon.module` in `conf/spark` names it.
"""

from pyspark import daemon

from tasni_spark.crossmatch.tiles.work import preload

if __name__ == "__main__":
    preload()
    daemon.manager()  # type: ignore[no-untyped-call]
