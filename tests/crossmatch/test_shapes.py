"""Sources in shapes: against half-spaces of great circles, against mocpy, at the poles and across the seam."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pandas as pd
import pytest
from astropy.coordinates import Latitude, Longitude, SkyCoord
from mocpy import MOC

from tasni_spark.core.errors import DataError
from tasni_spark.crossmatch import shapes
from tasni_spark.sky import cover

from .conftest import offset, sphere, table, vectors

CENTRES = [(0.0, 0.0), (359.9, 45.0), (12.0, 89.5), (200.0, -89.9), (266.4, -28.9), (90.0, 60.0), (180.0, 0.0)]


def corners(rng: np.random.Generator, centre: tuple[float, float], size: float) -> list[tuple[float, float]]:
    """A convex polygon: points of a circle, in order."""
    angle = np.sort(rng.uniform(0, 2 * np.pi, 7))
    size *= 3600
    ra, dec = offset(np.full(7, centre[0]), np.full(7, centre[1]), size * np.cos(angle), size * np.sin(angle))
    return list(zip(ra.tolist(), dec.tolist(), strict=True))


def inside(v: np.ndarray, places: list[tuple[float, float]]) -> np.ndarray:
    """On the same side of every edge."""
    at = vectors(*np.array(places).T)
    normal = np.cross(at, np.roll(at, -1, 0))
    return np.asarray((v @ normal.T > 0).all(1))


def in_ellipse(v: np.ndarray, ra: float, dec: float, a: float, b: float, angle: float) -> np.ndarray:
    """By distance and position angle from the centre, as astropy measures them."""
    centre = SkyCoord(ra * u.deg, dec * u.deg)
    places = SkyCoord(*(v.T * u.one), representation_type="cartesian").represent_as("unitspherical")
    there = SkyCoord(places.lon, places.lat)
    r, turn = np.tan(centre.separation(there).rad), centre.position_angle(there).rad - np.radians(angle)
    x, y = r * np.cos(turn) / np.tan(np.radians(a)), r * np.sin(turn) / np.tan(np.radians(b))
    return np.asarray((x**2 + y**2 <= 1) & (centre.separation(there).deg < 80))


@pytest.mark.spark
def test_sources_in_shapes(spark: Any, as_positions: Any) -> None:
    rng = np.random.default_rng(11)
    parts = [sphere(rng, 20_000)]
    for ra, dec in CENTRES:
        parts.append(offset(np.full(2000, ra), np.full(2000, dec), *rng.normal(0, 4000, (2, 2000))))
    rows = table(*[np.concatenate(x) for x in zip(*parts, strict=True)])
    v = rows[["x", "y", "z"]].to_numpy()
    asked, truth = [], set()
    for k in range(60):
        size = float(rng.choice([0.3, 1.0, 5.0, 30.0]))
        places = corners(rng, CENTRES[k % len(CENTRES)], size)
        asked.append(shapes.polygons(f"p{k}", [[places]]))
        truth |= {(f"p{k}", int(i)) for i in np.flatnonzero(inside(v, places))}
    for k, (ra, dec) in enumerate(CENTRES):
        asked.append(shapes.ellipse(f"c{k}", ra, dec, 1.0, 1.0))
        near = np.degrees(2 * np.arcsin(np.linalg.norm(v - vectors(np.array([ra]), np.array([dec])), axis=1) / 2))
        truth |= {(f"c{k}", int(i)) for i in np.flatnonzero(near <= 1)}
        asked.append(shapes.ellipse(f"e{k}", ra, dec, 2.0, 0.5, 30.0 + 50 * k))
        truth |= {(f"e{k}", int(i)) for i in np.flatnonzero(in_ellipse(v, ra, dec, 2.0, 0.5, 30.0 + 50 * k))}
    holed = [
        [(358.0, -2.0), (2.0, -2.0), (2.0, 2.0), (358.0, 2.0)],
        [(359.0, -1.0), (1.0, -1.0), (1.0, 1.0), (359.0, 1.0)],
    ]
    apart = [[(10.0, 1.0), (12.0, 1.0), (11.0, 3.0)]]
    asked.append(shapes.polygons("holed", [holed, apart]))
    is_in = (inside(v, holed[0]) & ~inside(v, holed[1])) | inside(v, apart[0])
    truth |= {("holed", int(i)) for i in np.flatnonzero(is_in)}
    frame = spark.createDataFrame(pd.DataFrame(asked), shapes.SHAPES_DDL)
    found = shapes.shape_join(as_positions(rows), frame).toPandas()
    got = list(zip(found["name"], found["id"], strict=True))
    assert len(set(got)) == len(got)
    assert set(got) == truth
    assert len(truth) > 10_000
    assert {name[0] for name, _ in truth} == {"p", "c", "e", "h"}


def test_shapes_that_are_none() -> None:
    with pytest.raises(DataError, match="shape two: a ring of 2 corners"):
        shapes.polygons("two", [[[(0, 0), (1, 1)]]])
    with pytest.raises(DataError, match="shape wide: a corner lies"):
        shapes.polygons("wide", [[[(0, 0), (120, 0), (240, 0)]]])
    for numbers in ((0.0, 0.0, 0.0, 1.0), (0.0, 91.0, 1.0, 1.0), (float("nan"), 0.0, 1.0, 1.0), (0.0, 0.0, 81.0, 1.0)):
        with pytest.raises(DataError, match="ellipse e: found ra"):
            shapes.ellipse("e", *numbers)


def test_a_region_of_geojson_is_that_of_mocpy(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    ring = [[350.0, -5.0], [10.0, -5.0], [10.0, 5.0], [350.0, 5.0], [350.0, -5.0]]
    hole = [[359.0, -1.0], [1.0, -1.0], [1.0, 1.0], [359.0, 1.0], [359.0, -1.0]]
    other = [[[100.0, 40.0], [110.0, 40.0], [105.0, 50.0], [100.0, 40.0]]]
    features = [
        {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring, hole]}},
        {"type": "Feature", "geometry": {"type": "MultiPolygon", "coordinates": [other]}},
    ]
    path = tmp_path / "fields.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    found = MOC.from_depth29_ranges(29, cover.region(f"region:{path}").astype(np.uint64))
    ra, dec = rng.uniform(-15, 15, 20_000) % 360, rng.uniform(-10, 10, 20_000)
    v = vectors(ra, dec)
    want = inside(v, [tuple(c) for c in ring[:-1]]) & ~inside(v, [tuple(c) for c in hole[:-1]])
    got = found.contains_lonlat(Longitude(ra * u.deg), Latitude(dec * u.deg))
    assert (got != want).sum() < 40  # cells along the border count as inside, or as part of the hole
    assert found.contains_skycoords(SkyCoord([105.0] * u.deg, [43.0] * u.deg)).all()
    path.write_text("{}")
    with pytest.raises(DataError, match=r"region .*: cannot be read"):
        cover.region(f"region:{path}")
    path.write_text(json.dumps({"type": "Polygon", "coordinates": [ring[:-1]]}))
    with pytest.raises(DataError, match="feature 0 has a ring whose last corner is not its first"):
        cover.region(f"region:{path}")
