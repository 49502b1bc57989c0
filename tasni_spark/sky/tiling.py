"""The lake's tiling: HEALPix pixels of mixed order that hold about equal rows.

Why: a tile is the unit of work, of resume and of a partition. Equal counts instead of equal areas keep the Galactic
plane and the ecliptic poles from being thirty times the work of the rest (the idea of HATS). All surveys of a lake
share the tiling, so a tile of one lies on the same sky as that of another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import Column
from pyspark.sql import functions as F

from tasni_spark.core.errors import DataError
from tasni_spark.core.plan import Group, by_tiles
from tasni_spark.core.work import Inputs
from tasni_spark.sky import cover
from tasni_spark.sky.healpix import ORDER, uniq

COUNT_ORDER = 8
"""Order of the counts from which a tiling is made, and the finest order of a tile: 0.05 square degrees."""


def balanced(counts: NDArray[np.int64], rows_per_tile: int) -> list[tuple[int, int, int]]:
    """Split the twelve base pixels until no tile has more rows than wanted.

    Parameters
    ----------
    counts : (12 * 4**COUNT_ORDER,)
        Rows in each pixel of order COUNT_ORDER, NESTED.
    rows_per_tile
        Most rows of a tile, but for tiles of order COUNT_ORDER, which are not split.

    Returns
    -------
    list of (order, pixel, rows)
        Tiles that cover the sphere, in the order of the sky curve.
    """
    found = []
    parents = np.arange(12, dtype=np.int64)
    for order in range(COUNT_ORDER + 1):
        sums = counts.reshape(-1, 4 ** (COUNT_ORDER - order)).sum(axis=1)[parents]
        done = (sums <= rows_per_tile) | (order == COUNT_ORDER)
        found += [(order, int(p), int(n)) for p, n in zip(parents[done], sums[done], strict=True)]
        parents = (parents[~done, None] * 4 + np.arange(4)).ravel()
    return sorted(found, key=lambda t: t[1] << 2 * (ORDER - t[0]))


def tile_of(pixel29: Column, tiles: Iterable[int]) -> Column:
    """The tile that contains an order-29 pixel.

    Parameters
    ----------
    pixel29 : bigint
    tiles
        UNIQ numbers of a tiling.

    Notes
    -----
    One set look-up for each order that the tiling has; no join.
    """
    by_order: dict[int, list[int]] = {}
    for tile in tiles:
        by_order.setdefault(order_of(tile), []).append(tile)
    found = [F.when((n := uniq(pixel29, order)).isin(members), n) for order, members in sorted(by_order.items())]
    return F.coalesce(*found)


def order_of(tile: int) -> int:
    """Order of a UNIQ number."""
    return (tile.bit_length() - 1) // 2 - 1


def span(tile: int) -> tuple[int, int]:
    """First order-29 pixel of a tile, and the first behind it."""
    order = order_of(tile)
    shift = 2 * (ORDER - order)
    pixel = tile - 4 ** (order + 1)
    return pixel << shift, (pixel + 1) << shift


def rows_by_tile(inputs: Inputs) -> dict[int, int]:
    """The lake's tiles and the rows of the survey that defines them, in the order of the sky curve.

    Raises
    ------
    DataError
        If the lake has no tiling yet.
    """
    if not inputs.has("tiling"):
        raise DataError(f"lake {inputs.lake.root}: no tiling: run 'tasni run tiling' first")
    rows = inputs.small("tiling", "hpx29_start", "tile", "rows").sort_by("hpx29_start")
    return dict(zip(rows["tile"].to_pylist(), rows["rows"].to_pylist(), strict=True))


def selected(tiles: Mapping[int, int], which: str, limit: int = 0) -> list[tuple[int, int]]:
    """The (tile, rows) that touch a region.

    Parameters
    ----------
    which
        As `--tiles`: `all`, `order/pixel,...`, `cone:ra,dec,radius`, `moc:FILE`.
    limit
        At most so many; 0 for all.
    """
    found = list(tiles.items())
    if which != "all":
        ranges = cover.region(which)
        found = [(t, n) for t, n in found if cover.overlaps(ranges, *span(t))]
        if not found:
            raise DataError(f"--tiles {which}: no tile of the lake lies there")
    return found[:limit] if limit else found


def groups(inputs: Inputs, _: object) -> Sequence[Group]:
    """Groups of consecutive tiles of about `checkpoint_rows` rows: how tiled jobs are cut."""
    return by_tiles(_chosen(inputs), inputs.settings.checkpoint_rows)


def together(inputs: Inputs, _: object) -> Sequence[Group]:
    """All chosen tiles in one group: for steps whose output is small."""
    chosen = _chosen(inputs)
    return (Group(0, tiles=tuple(t for t, _ in chosen), rows=sum(n for _, n in chosen)),)


def _chosen(inputs: Inputs) -> list[tuple[int, int]]:
    return selected(rows_by_tile(inputs), inputs.request.tiles, inputs.request.limit_tiles)
