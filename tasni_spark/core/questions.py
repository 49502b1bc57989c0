"""Statements of people who explore a lake: they may read, and are told what a question will cost.

Why: whoever explores a lake should not be able to change it by a slip, nor to call into the JVM, nor learn after an
hour that the question had no place on the sky in it. Who must not write at all is given credentials that cannot.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from tasni_spark.core.errors import ConfigError

TOLD = ("Show", "Describe", "Explain", "List", "SetCommand")
"""Beginnings of the classes of commands that only tell something, or change this session alone."""
WRITES = ("Insert", "Update", "Delete", "Merge", "ScriptTransformation")
"""Beginnings of the classes of plans that write, or run a program, without being commands."""
OUTSIDE = ("reflect", "java_method")
"""Functions that call whatever the JVM can."""
HUGE_BYTES = 20 * 10**9
"""Size from which a scan is worth a warning: minutes on a laptop."""


def seal(spark: SparkSession) -> None:
    """Take the functions away that reach outside, for this session."""
    jvm: Any = spark._jvm
    registry = spark._jsparkSession.sessionState().functionRegistry()
    for name in OUTSIDE:
        registry.dropFunction(jvm.org.apache.spark.sql.catalyst.FunctionIdentifier(name))


def asked(spark: SparkSession, text: str, parameters: dict[str, Any]) -> DataFrame:
    """The answer to a statement that only reads.

    Parameters
    ----------
    text
        One statement.
    parameters
        Values of its named parameters.

    Raises
    ------
    ConfigError
        If it would write.
    """
    statement = text.strip().rstrip(";")
    for plan in _nodes(spark._jsparkSession.sessionState().sqlParser().parsePlan(statement)):
        name = plan.getClass().getSimpleName()
        if name.startswith(WRITES) or (_is_command(spark, plan) and not name.startswith(TOLD)):
            raise ConfigError(f"{plan.nodeName()}: tasni sql only reads: a table is written by its job ('tasni map')")
    return spark.sql(statement, args=parameters or None)


def cost(answer: DataFrame) -> tuple[int, int]:
    """Files and bytes that an answer reads, after those are left out that its conditions rule out."""
    plan = answer._jdf.queryExecution().optimizedPlan()
    leaves = plan.collectLeaves()
    read = sum(int(str(leaves.apply(n).stats().sizeInBytes())) for n in range(leaves.size()))
    return len(answer.inputFiles()), read


def warning(answer: DataFrame, huge_bytes: int = HUGE_BYTES) -> str:
    """What to say before a question that reads much; empty for others."""
    files, read = cost(answer)
    if not files or read < huge_bytes:
        return ""
    return (
        f"this reads {read / 1e9:,.1f} GB in {files:,} files: a condition on tile or hpx29 reads less "
        "(sql/examples/cone.sql), and so do fewer columns"
    )


def _nodes(plan: Any) -> Iterator[Any]:
    yield plan
    children = plan.children()
    for n in range(children.size()):
        yield from _nodes(children.apply(n))


def _is_command(spark: SparkSession, plan: Any) -> bool:
    jvm: Any = spark._jvm
    kinds = jvm.java.lang.Class.forName("org.apache.spark.sql.catalyst.plans.logical.Command")
    return bool(kinds.isInstance(plan))
