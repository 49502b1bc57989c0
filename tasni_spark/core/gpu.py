"""What of a plan would not run on a GPU, as RAPIDS itself says it; no GPU is needed to ask."""

from __future__ import annotations

import re
from pathlib import Path

from pyspark.sql import DataFrame

from tasni_spark.core import places
from tasni_spark.core.errors import DependencyError

_OFF = re.compile(r"^\s*!(\w+) <(\w+)> (.*)$")


def jar() -> Path:
    """The RAPIDS jar.

    Raises
    ------
    DependencyError
        If it has not been fetched.
    """
    found = sorted((places.jars() / "gpu").glob("rapids-4-spark_*.jar"))
    if not found:
        raise DependencyError(f"no RAPIDS jar in {places.jars() / 'gpu'}: run 'make jars-gpu' (600 MB)")
    return found[-1]


def off_gpu(df: DataFrame) -> list[tuple[str, str, str]]:
    """Nodes and expressions of a plan that would stay on the CPU: kind, name, reason; empty if there are none.

    The session must have the RAPIDS jar on its class path, with its plugin off.
    """
    jvm = df.sparkSession._jvm
    assert jvm is not None
    text = jvm.com.nvidia.spark.rapids.ExplainPlan.explainPotentialGpuPlan(df._jdf, "ALL")
    found = [_OFF.match(line) for line in text.splitlines()]
    return [(m[1], m[2], m[3].removeprefix("cannot run on GPU because ")) for m in found if m]
