"""Angles, frames and motion against astropy."""

from __future__ import annotations

from typing import Any

import astropy.units as u
import numpy as np
import pandas as pd
import pytest
from astropy.coordinates import SkyCoord, angular_separation, get_body_barycentric
from astropy.time import Time
from pyspark.sql import Column
from pyspark.sql import functions as F

from tasni_spark.sky import frames, motion, sphere

pytestmark = pytest.mark.spark


def evaluate(spark: Any, columns: dict[str, Any], **results: Column) -> pd.DataFrame:
    frame = spark.createDataFrame(pd.DataFrame({"i": np.arange(len(next(iter(columns.values())))), **columns}))
    return (
        frame.select("i", *[c.alias(n) for n, c in results.items()]).toPandas().sort_values("i").reset_index(drop=True)
    )


@pytest.fixture(scope="module")
def pairs() -> dict[str, np.ndarray]:
    """Random pairs, pairs from 0 to 180 deg apart, poles, the seam."""
    rng = np.random.default_rng(7)
    ra1, dec1 = rng.uniform(0, 360, 4000), np.degrees(np.arcsin(rng.uniform(-1, 1, 4000)))
    start = SkyCoord(ra1 * u.deg, dec1 * u.deg)
    distance = np.concatenate([10 ** rng.uniform(-10, 2, 2000), 180 - 10 ** rng.uniform(-8, 2, 2000)])
    end = start.directional_offset_by(rng.uniform(0, 360, 4000) * u.deg, distance * u.deg)
    special = (
        [0, 0, 359.9999, 10, 10, 0, 120],
        [90, -90, 0, 90, 0, 0, 45],
        [180, 0, 0.0001, 200, 190, 180, 120],
        [89, 90, 0, 90, 0, 0, 45],
    )
    return dict(
        zip(
            ("ra1", "dec1", "ra2", "dec2"),
            (
                np.concatenate([a, np.array(s, float)])
                for a, s in zip((ra1, dec1, end.ra.deg, end.dec.deg), special, strict=True)
            ),
            strict=True,
        )
    )


def test_separation_from_zero_to_half_a_turn(spark: Any, pairs: dict[str, np.ndarray]) -> None:
    got = evaluate(spark, pairs, s=sphere.separation_arcsec(*[F.col(c) for c in ("ra1", "dec1", "ra2", "dec2")]))["s"]
    want = angular_separation(*[np.radians(pairs[c]) for c in ("ra1", "dec1", "ra2", "dec2")])
    want = np.degrees(want) * 3600
    assert np.abs(got - want).max() < 2e-8
    near = want < 1e-3
    assert near.sum() > 100
    assert (np.abs(got - want)[near] <= 1e-6 * want[near] + 1e-9).all()


def test_position_angle(spark: Any, pairs: dict[str, np.ndarray]) -> None:
    got = evaluate(spark, pairs, a=sphere.position_angle(*[F.col(c) for c in ("ra1", "dec1", "ra2", "dec2")]))["a"]
    start, end = (SkyCoord(pairs[f"ra{k}"] * u.deg, pairs[f"dec{k}"] * u.deg) for k in (1, 2))
    want = start.position_angle(end).deg
    apart = (start.separation(end).deg > 1e-6) & (start.separation(end).deg < 180 - 1e-6)
    difference = (got - want + 180) % 360 - 180
    assert apart.sum() > 2500
    assert np.abs(difference[apart]).max() < 1e-5
    assert ((got >= 0) & (got < 360)).all()


def test_unit_vector(spark: Any, pairs: dict[str, np.ndarray]) -> None:
    x, y, z = sphere.unit_vector(F.col("ra1"), F.col("dec1"))
    got = evaluate(spark, pairs, x=x, y=y, z=z)
    want = SkyCoord(pairs["ra1"] * u.deg, pairs["dec1"] * u.deg).cartesian
    for axis in "xyz":
        assert np.abs(got[axis] - getattr(want, axis).value).max() < 5e-16


@pytest.mark.parametrize(
    ("function", "frame", "axes", "tolerance"),
    [
        (frames.galactic, "galactic", ("l", "b"), 1e-5),
        (frames.ecliptic, "barycentricmeanecliptic", ("lon", "lat"), 1e-5),
    ],
)
def test_frames(
    spark: Any, pairs: dict[str, np.ndarray], function: Any, frame: str, axes: tuple[str, str], tolerance: float
) -> None:
    lon, lat = function(F.col("ra1"), F.col("dec1"))
    got = evaluate(spark, pairs, lon=lon, lat=lat)
    want = SkyCoord(pairs["ra1"] * u.deg, pairs["dec1"] * u.deg).transform_to(frame)
    away = SkyCoord(got["lon"].to_numpy() * u.deg, got["lat"].to_numpy() * u.deg).separation(
        SkyCoord(getattr(want, axes[0]), getattr(want, axes[1]))
    )
    assert away.deg.max() < tolerance


def test_propagation_is_rigorous(spark: Any) -> None:
    rng = np.random.default_rng(11)
    n = 2000
    columns = {
        "ra": rng.uniform(0, 360, n),
        "dec": np.degrees(np.arcsin(rng.uniform(-0.999, 0.999, n))),
        "pmra": rng.normal(0, 5000, n),
        "pmdec": rng.normal(0, 5000, n),
        "plx": rng.uniform(50, 700, n),
        "years": rng.uniform(-100, 100, n),
    }
    moved = motion.propagate(*[F.col(c) for c in columns])
    got = evaluate(spark, columns, ra=moved["ra"], dec=moved["dec"], plx=moved["parallax"], yes=moved["is_propagated"])
    sky = SkyCoord(
        columns["ra"] * u.deg,
        columns["dec"] * u.deg,
        distance=1000 / columns["plx"] * u.pc,
        pm_ra_cosdec=columns["pmra"] * u.mas / u.yr,
        pm_dec=columns["pmdec"] * u.mas / u.yr,
        radial_velocity=np.zeros(n) * u.km / u.s,
        obstime=Time(2000.0, format="jyear", scale="tcb"),
    )
    then = sky.apply_space_motion(new_obstime=Time(2000.0 + columns["years"], format="jyear", scale="tcb"))
    away = SkyCoord(got["ra"].to_numpy() * u.deg, got["dec"].to_numpy() * u.deg).separation(SkyCoord(then.ra, then.dec))
    assert away.mas.max() < 0.05  # ERFA adds light travel time
    assert np.abs(got["plx"] * then.distance.pc / 1000 - 1).max() < 2e-5
    assert got["yes"].all()


def test_null_motion_leaves_the_position_and_says_so(spark: Any) -> None:
    null = F.lit(None).cast("double")
    moved = motion.propagate(F.col("ra"), F.col("dec"), null, F.lit(3.0), F.lit(10.0), F.lit(25.0))
    got = evaluate(
        spark,
        {"ra": [359.5, 0.0], "dec": [89.0, -90.0]},
        ra=moved["ra"],
        dec=moved["dec"],
        plx=moved["parallax"],
        yes=moved["is_propagated"],
    )
    assert got[["ra", "dec", "plx", "yes"]].to_numpy().tolist() == [
        [359.5, 89.0, 10.0, False],
        [0.0, -90.0, 10.0, False],
    ]


def test_parallax_against_the_ephemeris(spark: Any) -> None:
    rng = np.random.default_rng(13)
    n = 500
    columns = {
        "ra": rng.uniform(0, 360, n),
        "dec": np.degrees(np.arcsin(rng.uniform(-1, 1, n))),
        "epoch": rng.uniform(1998, 2026, n),
    }
    shift = motion.parallax_offset(F.col("ra"), F.col("dec"), F.lit(100.0), F.col("epoch"))
    got = evaluate(spark, columns, east=shift["east"], north=shift["north"])
    earth = get_body_barycentric(
        "earth", Time(columns["epoch"], format="jyear", scale="tdb"), ephemeris="builtin"
    ).xyz.to_value(u.au)
    a, d = np.radians(columns["ra"]), np.radians(columns["dec"])
    east = 100 * (earth[0] * np.sin(a) - earth[1] * np.cos(a))
    north = 100 * (earth[0] * np.cos(a) * np.sin(d) + earth[1] * np.sin(a) * np.sin(d) - earth[2] * np.cos(d))
    assert np.hypot(got["east"] - east, got["north"] - north).max() < 1.0
    assert np.hypot(east, north).max() > 95


def test_julian_year(spark: Any) -> None:
    jd = np.array([2451545.0, 2455400.5, 2457170.5])
    got = evaluate(spark, {"jd": jd}, y=motion.julian_year(F.col("jd")))["y"]
    assert np.abs(got - Time(jd, format="jd", scale="tt").jyear).max() < 1e-9
