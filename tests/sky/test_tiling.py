"""Tiles cover the sphere once, hold about equal rows, and every pixel knows its own."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import functions as F

from tasni_spark.core.errors import ConfigError, DataError
from tasni_spark.sky import tiling
from tasni_spark.sky.tiling import COUNT_ORDER, balanced, order_of, selected, span, tile_of


def skewed() -> np.ndarray:
    """Counts with an empty half, a plane and one pixel denser than a tile may be."""
    rng = np.random.default_rng(2)
    counts = rng.poisson(3, 12 * 4**COUNT_ORDER)
    counts[: 6 * 4**COUNT_ORDER] = 0
    counts[700_000:700_400] = 900
    counts[700_000] = 50_000
    return counts.astype(np.int64)


@pytest.fixture(scope="module")
def tiles() -> list[tuple[int, int, int]]:
    return balanced(skewed(), 20_000)


def test_tiles_cover_the_sphere_once(tiles: list[tuple[int, int, int]]) -> None:
    spans = [span(4 ** (order + 1) + pixel) for order, pixel, _ in tiles]
    assert spans[0][0] == 0
    assert spans[-1][1] == 12 << 58
    assert all(a[1] == b[0] for a, b in pairwise(spans))


def test_tiles_are_as_large_as_allowed_and_no_larger(tiles: list[tuple[int, int, int]]) -> None:
    counts = skewed()
    for order, pixel, rows in tiles:
        inside = slice(pixel << 2 * (COUNT_ORDER - order), (pixel + 1) << 2 * (COUNT_ORDER - order))
        assert rows == counts[inside].sum()
        assert rows <= 20_000 or order == COUNT_ORDER
        if order:
            parent = slice(
                (pixel >> 2) << 2 * (COUNT_ORDER - order + 1), ((pixel >> 2) + 1) << 2 * (COUNT_ORDER - order + 1)
            )
            assert counts[parent].sum() > 20_000
    assert sum(t[2] for t in tiles) == counts.sum()


@pytest.mark.spark
def test_every_pixel_knows_its_tile(spark: Any, tiles: list[tuple[int, int, int]]) -> None:
    numbers = [4 ** (order + 1) + pixel for order, pixel, _ in tiles]
    rng = np.random.default_rng(5)
    edges = [p for t in numbers[:500] for p in (span(t)[0], span(t)[1] - 1)]
    pixels = np.concatenate([rng.integers(0, 12 << 58, 20_000), edges])
    starts = np.array([span(t)[0] for t in numbers])
    want = np.array(numbers)[np.searchsorted(starts, pixels, side="right") - 1]
    frame = spark.createDataFrame(pd.DataFrame({"h": pixels, "want": want}))
    assert frame.where(~tile_of(F.col("h"), numbers).eqNullSafe(F.col("want"))).count() == 0


def test_orders_of_uniq_numbers() -> None:
    assert [order_of(t) for t in (4, 15, 16, 63, 64, 4**13, 4**14 - 1)] == [0, 0, 1, 1, 2, 12, 12]


def test_selection_of_tiles() -> None:
    tiles = {4 + p: 10 for p in range(12)}
    assert len(selected(tiles, "all")) == 12
    assert len(selected(tiles, "all", limit=3)) == 3
    assert selected(tiles, "5/8277") == [(4 + 8, 10)]
    assert {t for t, _ in selected(tiles, "cone:0,90,1")} == {4, 5, 6, 7}
    with pytest.raises(ConfigError, match="expected all, order/pixel"):
        selected(tiles, "circle:1")
    with pytest.raises(DataError, match="no tile of the lake"):
        selected({4: 10}, "cone:0,-90,1")


def test_published_counts_make_a_tiling(tmp_path: Any) -> None:
    from tasni_spark.ingest.tiling import published

    path = tmp_path / "counts.csv"
    path.write_text(
        "path,nrows\nx/healpix_k0=8/healpix_k5=8277/part0.parquet,6400\nx/healpix_k0=0/healpix_k5=0/p.parquet,64\n"
    )
    counts = published(str(path))
    assert counts.sum() == 6464
    assert counts[8277 * 64 : 8278 * 64].tolist() == [100] * 64
    assert max(n for _, _, n in tiling.balanced(counts, 1000)) <= 1000
