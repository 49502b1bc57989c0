"""Regions of the sky as ranges of order-29 pixels, worked out on the driver, so that files are pruned.

Why: a table sorted by hpx29 keeps least and greatest values for each file and row group; a region that is a few ranges
of hpx29 lets Spark skip all others. Regions come from mocpy, which is exact about the cells that they touch; it brings
matplotlib, two seconds for a job that asks for no region, and is imported where it is used.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import Column
from pyspark.sql import functions as F

from tasni_spark.core.errors import ConfigError, DataError

if TYPE_CHECKING:
    from mocpy import MOC

Ranges = NDArray[np.int64]
"""(n, 2): first order-29 pixel, first pixel behind; disjoint, in order."""
Ring = Sequence[tuple[float, float]]
"""Corners (ra, dec) in deg, the first not repeated at the end."""


def cone(ra: float, dec: float, radius: float, depth: int = 12) -> Ranges:
    """Cells of order `depth` that touch a cone; all in deg."""
    import astropy.units as u  # noqa: PLC0415
    from astropy.coordinates import Latitude, Longitude  # noqa: PLC0415
    from mocpy import MOC  # noqa: PLC0415

    return ranges(MOC.from_cone(Longitude(ra * u.deg), Latitude(dec * u.deg), radius=radius * u.deg, max_depth=depth))


def polygon(corners: Ring, depth: int = 12) -> Ranges:
    """Cells of order `depth` that touch a polygon given by its corners (ra, dec) in deg."""
    return ranges(_polygon(corners, depth))


def moc_file(path: str | Path) -> MOC:
    """A MOC from a FITS or JSON file.

    Raises
    ------
    DataError
        If the file is not a MOC.
    """
    from mocpy import MOC  # noqa: PLC0415

    try:
        return MOC.load(str(path), format="json" if str(path).endswith(".json") else "fits")
    except Exception as e:
        raise DataError(f"MOC {path}: cannot be read: {(str(e).splitlines() or [''])[0][:200]}") from e


def ranges(moc: MOC) -> Ranges:
    """A MOC as ranges."""
    return np.asarray(moc.to_depth29_ranges, dtype=np.int64).reshape(-1, 2)


def merged(parts: Ranges | Sequence[tuple[int, int]]) -> Ranges:
    """The same set as disjoint ranges in order."""
    return ranges(_moc(parts))


def grown(region: Ranges, margin: float) -> Ranges:
    """A region and all within `margin` deg of it, in cells no smaller than twice the margin."""
    order = int(np.clip(np.floor(np.log2(58.6 / max(2 * margin, 1e-9))), 0, 12))
    return ranges(_moc(region).degrade_to_order(order).add_neighbours())


def _moc(parts: Ranges | Sequence[tuple[int, int]]) -> MOC:
    from mocpy import MOC  # noqa: PLC0415

    return MOC.from_depth29_ranges(max_depth=29, ranges=np.asarray(parts, dtype=np.uint64).reshape(-1, 2))


def region(text: str) -> Ranges:
    """A region as `--tiles` writes it.

    Parameters
    ----------
    text
        `order/pixel,order/pixel`, `cone:ra,dec,radius` in deg, `moc:FILE`, or `region:FILE` in GeoJSON.

    Raises
    ------
    ConfigError
        If it is neither.
    """
    form, _, rest = text.partition(":")
    try:
        if form == "cone":
            ra, dec, radius = (float(v) for v in rest.split(","))
            return cone(ra, dec, radius)
        if form == "moc" and rest:
            return ranges(moc_file(rest))
        if form == "region" and rest:
            return geojson(rest)
        cells = [tuple(int(v) for v in cell.split("/")) for cell in text.split(",")]
        return merged([(p << 58 - 2 * k, (p + 1) << 58 - 2 * k) for k, p in cells])
    except ValueError as e:
        raise ConfigError(
            f"--tiles {text}: expected all, order/pixel,order/pixel, cone:ra,dec,radius (deg), moc:FILE or region:FILE"
        ) from e


def geojson(path: str | Path, depth: int = 12) -> Ranges:
    """Cells that touch the polygons of a GeoJSON file.

    Raises
    ------
    DataError
        If the file holds no polygon.
    """
    parts = [part for _, each in geojson_polygons(path) for part in each]
    found = [_polygon(part[0], depth) for part in parts]
    holes = [_polygon(hole, depth) for part in parts for hole in part[1:]]
    whole = found[0].union(*found[1:]) if len(found) > 1 else found[0]
    return ranges(whole.difference(*holes) if holes else whole)


def geojson_polygons(path: str | Path) -> list[tuple[str, list[list[Ring]]]]:
    """Name of each feature of a GeoJSON file, and of each of its polygons the outer ring, then the holes.

    Notes
    -----
    Coordinates are ra, dec in deg and edges are great circles. A feature without the property `name` is called by its
    number in the file, from 0.

    Raises
    ------
    DataError
        If the file holds no polygon.
    """
    try:
        data = json.loads(Path(path).read_text())
        found: list[tuple[str, list[list[Ring]]]] = []
        for k, feature in enumerate(data.get("features", [data])):
            shape = feature.get("geometry", feature)
            if shape["type"] not in ("Polygon", "MultiPolygon"):
                raise ValueError(f"feature {k} is of type {shape['type']}, expected Polygon or MultiPolygon")
            parts = shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]
            rings: list[list[Ring]] = [
                [[(float(c[0]), float(c[1])) for c in ring[:-1]] for ring in part] for part in parts
            ]
            if any(ring[0] != ring[-1] for part in parts for ring in part):
                raise ValueError(f"feature {k} has a ring whose last corner is not its first")
            if not rings or min(len(ring) for part in rings for ring in part or [[]]) < 3:
                raise ValueError(f"feature {k} has a ring of fewer than 3 corners")
            found.append((str((feature.get("properties") or {}).get("name", k)), rings))
        if not found:
            raise ValueError("no feature")
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as e:
        raise DataError(f"region {path}: cannot be read: {e}") from e
    return found


def _polygon(corners: Ring, depth: int) -> MOC:
    import astropy.units as u  # noqa: PLC0415
    from astropy.coordinates import SkyCoord  # noqa: PLC0415
    from mocpy import MOC  # noqa: PLC0415

    sky = SkyCoord([c[0] for c in corners] * u.deg, [c[1] for c in corners] * u.deg)
    return MOC.from_polygon_skycoord(sky, max_depth=depth)


def overlaps(region: Ranges, start: int, end: int) -> bool:
    """Whether any range meets [start, end)."""
    first = int(np.searchsorted(region[:, 1], start, side="right"))
    return first < len(region) and bool(region[first, 0] < end)


def joined(region: Ranges, most: int = 64) -> Ranges:
    """At most so many ranges that hold a region: those with the smallest gaps between them become one."""
    gaps = region[1:, 0] - region[:-1, 1]
    cuts = np.sort(np.argsort(gaps)[::-1][: most - 1]) if len(gaps) else gaps
    starts = region[np.concatenate([[0], cuts + 1]).astype(int), 0]
    ends = region[np.concatenate([cuts, [len(region) - 1]]).astype(int), 1]
    return np.stack([starts, ends], 1)


def within(pixel29: Column, region: Ranges, most: int = 64) -> Column:
    """Whether an order-29 pixel may lie in a region: a few ranges that files and row groups are pruned by.

    Notes
    -----
    More than `most` ranges are joined across their smallest gaps, so the answer may be true outside the region and is
    never false inside: test the separation, or the exact ranges, behind it.
    """
    if not len(region):
        return F.lit(False)
    tests = [pixel29.between(int(a), int(b) - 1) for a, b in joined(region, most)]
    any_of = tests[0]
    for test in tests[1:]:
        any_of = any_of | test
    return any_of
