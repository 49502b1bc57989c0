"""Regions as ranges: nothing inside is missed, few files are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pandas as pd
import pytest
from astropy.coordinates import Latitude, Longitude, SkyCoord
from cdshealpix.nested import lonlat_to_healpix
from mocpy import MOC
from pyspark.sql import functions as F

from tasni_spark.core.errors import ConfigError, DataError
from tasni_spark.core.spec import Col, Table
from tasni_spark.sky import cover
from tasni_spark.sky.footprint import Limits, by_cell, from_limits, with_observed
from tasni_spark.tables.columns import HPX29


def sky(n: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    ra, dec = rng.uniform(0, 360, n), np.degrees(np.arcsin(rng.uniform(-1, 1, n)))
    return ra, dec, lonlat_to_healpix(Longitude(ra * u.deg), Latitude(dec * u.deg), 29).astype(np.int64)


def contains(ranges: cover.Ranges, pixels: np.ndarray) -> np.ndarray:
    at = np.searchsorted(ranges[:, 0], pixels, side="right") - 1
    return (at >= 0) & (pixels < ranges[np.maximum(at, 0), 1])


@pytest.mark.parametrize("centre", [(0.0, 0.0), (359.9, -30.0), (120.0, 89.5), (10.0, -90.0)])
def test_a_cone_misses_nothing(centre: tuple[float, float]) -> None:
    ra, dec, pixels = sky(300_000)
    inside = SkyCoord(ra * u.deg, dec * u.deg).separation(SkyCoord(*centre, unit="deg")).deg <= 3.0
    found = contains(cover.cone(*centre, 3.0), pixels)
    assert inside.sum() > 100
    assert found[inside].all()
    assert found.sum() < 1.1 * inside.sum() + 20


def test_a_polygon_misses_nothing() -> None:
    ra, dec, pixels = sky(200_000)
    inside = (ra > 100) & (ra < 130) & (np.abs(dec) < 5)
    assert contains(cover.polygon([(100, -6), (130, -6), (130, 6), (100, 6)]), pixels)[inside].all()


def test_a_region_grows_by_at_least_the_margin() -> None:
    ra, dec, pixels = sky(300_000)
    small, large = cover.cone(80.0, -69.0, 2.0), cover.grown(cover.cone(80.0, -69.0, 2.0), 0.5)
    away = SkyCoord(ra * u.deg, dec * u.deg).separation(SkyCoord(80, -69, unit="deg")).deg
    assert contains(large, pixels)[away <= 2.5].all()
    assert not contains(small, pixels)[away > 2.1].any()


@pytest.mark.spark
def test_few_ranges_are_a_superset(spark: Any) -> None:
    _, _, pixels = sky(50_000)
    region = cover.cone(40.0, 20.0, 15.0)
    assert len(region) > 64
    frame = spark.createDataFrame(pd.DataFrame({"hpx29": pixels, "exact": contains(region, pixels)}))
    some = frame.where(cover.within(F.col("hpx29"), region)).toPandas()
    assert some["exact"].sum() == contains(region, pixels).sum()
    assert len(some) < 3 * some["exact"].sum()


@pytest.mark.spark
def test_a_cone_prunes_files(spark: Any, lake: Any) -> None:
    table = Table(
        "places", "Places", (HPX29, Col("n", "bigint", "Number")), ("hpx29",), sort=("hpx29",), stats=("hpx29",)
    )
    _, _, pixels = sky(40_000)
    frame = spark.createDataFrame(pd.DataFrame({"hpx29": pixels, "n": np.arange(len(pixels))}))
    lake.create(table)
    lake.replace(frame, table, {}, transaction="t/1", parts=32)
    assert len(lake.files(table.ref)) == 32
    near = lake.read(table.ref).where(cover.within(F.col("hpx29"), cover.cone(200.0, 40.0, 1.0)))
    assert near.count() >= contains(cover.cone(200.0, 40.0, 1.0), pixels).sum() > 0
    plan = near.select("n")._jdf.queryExecution().executedPlan()
    plan.executeCollect()
    assert plan.collectLeaves().apply(0).metrics().apply("numFiles").value() <= 3


def test_tiles_as_text() -> None:
    assert cover.region("0/3,5/8277").tolist() == [[3 << 58, 4 << 58], [8277 << 48, 8278 << 48]]
    assert cover.overlaps(cover.region("5/8277"), 8 << 58, 9 << 58)
    assert not cover.overlaps(cover.region("5/8277"), 7 << 58, 8 << 58)
    for text in ("5/a", "cone:1,2", "moc", "5"):
        with pytest.raises(ConfigError, match="--tiles"):
            cover.region(text)
    with pytest.raises(DataError, match="cannot be read"):
        cover.region("moc:/no/such.fits")


@pytest.mark.parametrize(
    "limits",
    [
        Limits(dec=(-30.0, 90.0)),
        Limits(dec=(-10.0, 15.0)),
        Limits(glat=(-5.0, 5.0)),
        Limits(glon=(350.0, 20.0), glat=(-8.0, 90.0)),
        Limits(glon=(10.0, 250.0)),
        Limits(),
    ],
)
def test_limits_as_cells(limits: Limits) -> None:
    ra, dec, pixels = sky(200_000, seed=9)
    galactic = SkyCoord(ra * u.deg, dec * u.deg).galactic
    width = (limits.glon[1] - limits.glon[0]) % 360 or 360
    inside = (
        (dec > limits.dec[0])
        & (dec < limits.dec[1])
        & (galactic.b.deg > limits.glat[0])
        & (galactic.b.deg < limits.glat[1])
    )
    inside &= ((galactic.l.deg - limits.glon[0]) % 360) < width
    found = contains(from_limits(limits, depth=11), pixels)
    assert (found != inside).mean() < 2e-4
    assert found.any()


@pytest.mark.spark
def test_real_footprint(spark: Any, real: Path) -> None:
    """SDSS DR9 r covers 0.362438 of the sky; the join says of every point what mocpy says."""
    moc = MOC.load(str(real / "multimessenger" / "MOC_P-SDSS9-r.fits"), format="fits")
    cells = by_cell(cover.ranges(moc))
    assert abs((cells[:, 2] - cells[:, 1]).sum() / (12 << 58) - 0.362438) < 1e-6
    assert (cells[:, 1] >> 46 == cells[:, 0]).all()
    assert ((cells[:, 2] - 1) >> 46 == cells[:, 0]).all()
    ra, dec, pixels = sky(50_000)
    coverage = spark.createDataFrame(pd.DataFrame(cells, columns=["cell", "start", "end"]).assign(survey="sdss"))
    rows = spark.createDataFrame(pd.DataFrame({"i": np.arange(len(ra)), "hpx29": pixels}))
    told = with_observed(rows, coverage, "sdss", "seen")
    assert told.count() == len(ra)
    got = told.toPandas().sort_values("i")["seen"].to_numpy()
    want = moc.contains_lonlat(ra * u.deg, dec * u.deg)
    assert want.sum() > 10_000
    assert (got == want).all()


@pytest.mark.spark
def test_a_footprint_is_asked_by_cells(spark: Any) -> None:
    """Equality of cells, no nested loop; a survey that is not in the table is observed nowhere."""
    cells = by_cell(np.array([[0, 5], [7, 9], [(3 << 46) - 2, (5 << 46) + 3]]))
    coverage = spark.createDataFrame(pd.DataFrame(cells, columns=["cell", "start", "end"]).assign(survey="s"))
    pixels = [0, 4, 5, 6, 7, 8, 9, (3 << 46) - 3, (3 << 46) - 2, 4 << 46, (5 << 46) + 2, (5 << 46) + 3]
    rows = spark.createDataFrame(pd.DataFrame({"hpx29": pixels}))
    told = with_observed(rows, coverage, "s", "seen")
    got = {r["hpx29"] for r in told.collect() if r["seen"]}
    assert got == {0, 4, 7, 8, (3 << 46) - 2, 4 << 46, (5 << 46) + 2}
    assert told.count() == len(pixels)
    plan = told._jdf.queryExecution().executedPlan().toString()
    assert "HashJoin [_cell" in plan
    assert "NestedLoop" not in plan
    assert "Cartesian" not in plan
    assert with_observed(rows, coverage, "other", "seen").where("seen").isEmpty()
