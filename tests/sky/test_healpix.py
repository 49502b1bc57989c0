"""hpx29 against cdshealpix, where it can go wrong: poles, the seam, base-cell edges, corners."""

from __future__ import annotations

import tempfile
from typing import Any

import astropy.units as u
import numpy as np
import pandas as pd
import pytest
from astropy.coordinates import Latitude, Longitude
from cdshealpix.nested import healpix_to_lonlat, lonlat_to_healpix, vertices
from pyspark.sql import functions as F

from tasni_spark.sky.healpix import hpx29, hpx_parent, uniq

pytestmark = pytest.mark.spark
MAS = 1 / 3.6e6


def reference(ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
    return lonlat_to_healpix(Longitude(ra * u.deg), Latitude(np.clip(dec, -90, 90) * u.deg), 29).astype(np.int64)


def ours(spark: Any, ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        pd.DataFrame({"i": np.arange(len(ra)), "ra": ra, "dec": dec}).to_parquet(f"{folder}/rows.parquet")
        frame = spark.read.parquet(f"{folder}/rows.parquet")
        found = frame.select("i", hpx29(F.col("ra"), F.col("dec")).alias("h")).toPandas().sort_values("i")
    return found["h"].to_numpy()


def assert_same_but_for_edges(ra: np.ndarray, dec: np.ndarray, found: np.ndarray, most: int) -> None:
    """Numbers agree; the few that differ belong to points within 0.5 mas of the edge of our cell."""
    off = np.flatnonzero(found != reference(ra, dec))
    assert len(off) <= most
    near = np.zeros(len(off), bool)
    for angle in np.linspace(0, 2 * np.pi, 64, endpoint=False):
        for reach in (0.05, 0.2, 0.5):
            east, north = reach * MAS * np.cos(angle), reach * MAS * np.sin(angle)
            cos = np.maximum(np.cos(np.radians(dec[off])), 1e-9)
            near |= reference((ra[off] + east / cos) % 360, np.clip(dec[off] + north, -90, 90)) == found[off]
    assert near.all()


def test_million_random_points(spark: Any) -> None:
    rng = np.random.default_rng(29)
    ra, dec = rng.uniform(0, 360, 1_000_000), np.degrees(np.arcsin(rng.uniform(-1, 1, 1_000_000)))
    assert_same_but_for_edges(ra, dec, ours(spark, ra, dec), most=20)


def test_nothing_overflows_where_that_is_an_error(spark: Any) -> None:
    """In ANSI mode, the default from Spark 4 on, integers may not overflow."""
    rng = np.random.default_rng(4)
    ra, dec = rng.uniform(0, 360, 50_000), np.degrees(np.arcsin(rng.uniform(-1, 1, 50_000)))
    before = spark.conf.get("spark.sql.ansi.enabled")
    spark.conf.set("spark.sql.ansi.enabled", "true")
    try:
        found = ours(spark, ra, dec)
    finally:
        spark.conf.set("spark.sql.ansi.enabled", before)
    assert_same_but_for_edges(ra, dec, found, most=2)


def test_corners_of_all_order_3_pixels_and_their_surroundings(spark: Any) -> None:
    lon, lat = vertices(np.arange(768, dtype=np.uint64), 3)
    ra0, dec0 = lon.deg.ravel(), lat.deg.ravel()
    rng = np.random.default_rng(3)
    jitter = rng.normal(0, 1e-7, (2, 20, len(ra0)))
    ra = np.concatenate([ra0, ((ra0 + jitter[0]) % 360).ravel()])
    dec = np.concatenate([dec0, np.clip(dec0 + jitter[1], -90, 90).ravel()])
    assert_same_but_for_edges(ra, dec, ours(spark, ra, dec), most=len(ra) // 20)


@pytest.mark.parametrize(
    ("ra", "dec"),
    [
        ([0, 90, 180, 270, 359.9999999, 45, 123.4], [90] * 7),
        ([0, 90, 180, 270, 359.9999999, 45, 123.4], [-90] * 7),
        ([0, 1e-13, 360 - 1e-13, 360, 0, 0], [0, 0, 0, 0, 41.810314895778596, -41.810314895778596]),
        (list(np.linspace(0, 360, 97)), [41.810314895778596] * 97),
        (list(np.linspace(0, 360, 97)), [-41.8103148957786] * 97),
        (list(np.linspace(0, 360, 97)), [89.9999999] * 97),
        (list(np.linspace(0, 360, 97)), [81.89] * 97),
    ],
)
def test_poles_seam_and_base_cell_edges(spark: Any, ra: list[float], dec: list[float]) -> None:
    right, north = np.array(ra, float), np.array(dec, float)
    found = ours(spark, right, north)
    assert ((found >= 0) & (found < 12 << 58)).all()
    assert_same_but_for_edges(right % 360, north, found, most=len(ra))


def test_turns_of_right_ascension_are_the_same_place(spark: Any) -> None:
    ra = np.array([10.25, 200.5, 300.125])
    dec = np.array([-70.0, 3.0, 66.0])
    assert (ours(spark, ra + 360, dec) == ours(spark, ra, dec)).all()
    assert (ours(spark, ra - 360, dec) == ours(spark, ra, dec)).all()


def test_no_position_no_pixel(spark: Any) -> None:
    rows = spark.sql(
        "SELECT * FROM VALUES (10D, 91D), (10D, -90.001D), (double('NaN'), 1D), (1D, double('NaN')), "
        "(null, 1D), (1D, null) AS t(ra, dec)"
    )
    assert [r[0] for r in rows.select(hpx29(F.col("ra"), F.col("dec"))).collect()] == [None] * 6


def test_parents_hold_their_centres(spark: Any) -> None:
    for order in (0, 3, 5, 13):
        pixels = np.unique(np.linspace(0, 12 * 4**order - 1, 50).astype(np.uint64))
        lon, lat = healpix_to_lonlat(pixels, order)
        frame = spark.createDataFrame(pd.DataFrame({"p": pixels.astype(np.int64), "ra": lon.deg, "dec": lat.deg}))
        place = frame.withColumn("h", hpx29(F.col("ra"), F.col("dec")))
        wrong = place.where(
            (hpx_parent(F.col("h"), order) != F.col("p")) | (uniq(F.col("h"), order) != F.col("p") + 4 ** (order + 1))
        )
        assert wrong.count() == 0


def test_expression_is_native(spark: Any) -> None:
    plan = (
        spark.range(1)
        .select(hpx29(F.col("id") * 1.0, F.col("id") * 1.0))
        ._jdf.queryExecution()
        .executedPlan()
        .toString()
    )
    assert "Python" not in plan
    assert "CodegenFallback" not in plan
