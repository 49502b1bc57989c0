"""The portable engine uses nothing that a GPU cannot run: by its expressions, and as RAPIDS itself says."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tasni_spark.core import gpu, places
from tasni_spark.core.errors import DependencyError
from tasni_spark.core.session import session
from tasni_spark.crossmatch import choice, sql
from tasni_spark.crossmatch.motion import Epochs

pytestmark = pytest.mark.spark
WAYS = {"nearest": choice.nearest, "all": choice.ranked, "symmetric": choice.mutual}
COLUMNS = "id bigint, ra double, dec double, x double, y double, z double, epoch double, variance_arcsec2 double"
MOTION = "pmra_masyr double, pmdec_masyr double, pmra_error_masyr double, pmdec_error_masyr double"
SUPPORTED = """
Abs Add Aggregate AggregateExpression Alias And Asin AttributeReference BitwiseOr CaseWhen Cast Coalesce Cos Count
CreateArray CreateNamedStruct CurrentRow$ Divide EqualTo Explode Filter Floor Generate GetStructField
GreaterThanOrEqual Hypot IsNaN IsNotNull Join Least LessThanOrEqual Literal LogicalRDD LogicalRelation Min Multiply
Not Or Pow Project ResolvedHint RowNumber ShiftLeft Sin SortOrder SpecifiedWindowFrame Sqrt Subtract ToDegrees
ToRadians UnaryMinus UnboundedFollowing$ UnboundedPreceding$ Window WindowExpression WindowSpecDefinition
"""
"""Of what RAPIDS 25.04 supports (its page 'Supported Operators & Data Types'), what the join uses."""


def join(how: str, positions: Any) -> Any:
    """The fullest join: late epochs, an allowance for motion, errors."""
    left = positions.select("id", "x", "y", "z", "epoch", "variance_arcsec2")
    cubes = sql.Geometry(60.0, 100.0, 3.0, has_errors=True)
    return WAYS[how](sql.pairs(left, [sql.Right("right", positions, 3.0, 5.0)], Epochs(2010.0, 2014.0), cubes), [])


def names(plan: Any) -> set[str]:
    """Classes of the nodes and expressions of a plan."""
    found, waiting = set(), [plan]
    while waiting:
        node = waiting.pop()
        found.add(node.getClass().getSimpleName())
        is_plan = ".catalyst.plans." in node.getClass().getName()
        for children in (node.children(), *([node.expressions()] if is_plan else [])):
            waiting += [children.apply(k) for k in range(children.size())]
    return found


def told(path: str) -> None:
    """What RAPIDS would leave on the CPU, way by way; for a process that has its jar."""
    spark = session("local", "gpu", spark__driver__extraClassPath=f"{places.jars()}/*:{gpu.jar()}")
    positions = spark.read.parquet(path)
    clumsy = join("nearest", positions).selectExpr("atan2(sep_arcsec, 1D) angle")
    print(json.dumps({how: gpu.off_gpu(join(how, positions)) for how in WAYS} | {"atan2": gpu.off_gpu(clumsy)}))


@pytest.mark.parametrize("how", WAYS)
def test_every_expression_is_one_that_a_gpu_has(spark: Any, how: str) -> None:
    used = names(join(how, spark.createDataFrame([], f"{COLUMNS}, {MOTION}"))._jdf.queryExecution().analyzed())
    assert used <= set(SUPPORTED.split())
    assert {"Join", "Hypot", "Pow"} <= used


def test_rapids_leaves_nothing_of_the_join_on_the_cpu(spark: Any, tmp_path: Any) -> None:
    try:
        gpu.jar()
    except DependencyError as e:
        pytest.skip(str(e))
    spark.createDataFrame([], f"{COLUMNS}, {MOTION}").write.parquet(str(tmp_path / "positions"))
    command = f"from tests.crossmatch.test_gpu import told; told({str(tmp_path / 'positions')!r})"
    out = subprocess.run([sys.executable, "-c", command], cwd=places.ROOT, capture_output=True, text=True, check=True)
    off = json.loads(out.stdout.splitlines()[-1])
    assert off.pop("atan2")
    assert not any(off.values())
