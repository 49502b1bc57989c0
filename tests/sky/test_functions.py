"""In SQL the sky's functions are the same expressions."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.errors import AnalysisException
from pyspark.sql import functions as F

from tasni_spark.sky import functions, healpix

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def registered(spark: Any) -> Any:
    functions.register(spark, tiles=[4 + p for p in range(12)])
    return spark


def test_same_number_in_sql(registered: Any) -> None:
    rows = registered.range(5000).selectExpr(
        "(id * 0.618D % 1) * 360 AS ra", "degrees(asin(2 * (id + 0.5D) / 5000 - 1)) AS dec"
    )
    rows.createOrReplaceTempView("some_rows")
    both = registered.sql("SELECT ra, dec, hpx29(ra, dec) AS h FROM some_rows").withColumn(
        "again", healpix.hpx29(F.col("ra"), F.col("dec"))
    )
    assert both.where("h <> again OR h IS NULL").count() == 0
    assert both.count() == 5000


def test_every_function_answers(registered: Any) -> None:
    row = registered.sql(
        "SELECT hpx29(10D, 20D) AS h, hpx_parent(hpx29(10D, 20D), 5) AS k5, tile_of(hpx29(10D, 20D)) AS tile, "
        "unit_vector(0D, 90D).z AS z, separation_arcsec(10D, 0D, 10.001D, 0D) AS sep, "
        "position_angle(0D, 0D, 0D, 1D) AS pa, "
        "galactic(266.405D, -28.936D).b AS b, ecliptic(270D, 66.5607D).lat AS lat, julian_year(2451545D) AS y, "
        "propagate(10D, 0D, 3600000D, 0D, 100D, 1D).ra AS ra, parallax_offset(90D, 0D, 1000D, 2000.22D).east AS east"
    ).first()
    assert row["k5"] == row["h"] >> 48
    assert row["tile"] == 4 + (row["h"] >> 58)
    assert row["z"] == 1.0
    assert row["sep"] == pytest.approx(3.6, rel=1e-9)
    assert row["pa"] == 0.0
    assert abs(row["b"]) < 0.01
    assert row["lat"] == pytest.approx(90, abs=0.01)
    assert row["y"] == 2000.0
    assert row["ra"] == pytest.approx(11.0, abs=1e-3)
    assert abs(row["east"]) > 900


def test_plan_has_no_python(registered: Any) -> None:
    plan = registered.sql("SELECT hpx29(id * 1D, 1D) FROM range(3)")._jdf.queryExecution().executedPlan().toString()
    assert "Python" not in plan


def test_wrong_number_of_arguments_is_said(registered: Any) -> None:
    with pytest.raises(AnalysisException, match=r"hpx29\(ra, dec\), which was given 1 arguments"):
        registered.sql("SELECT hpx29(1)").collect()
