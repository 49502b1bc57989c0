"""The frame of a right survey against that of the left: what an earlier match measured in each tile, taken away."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tasni_spark.crossmatch.tiles.compiled import Longs, Reals
from tasni_spark.crossmatch.tiles.sides import ARCSEC


class Frame(NamedTuple):
    """Median offsets of right minus left, tile by tile.

    Parameters
    ----------
    tile : (n,)
        Ascending.
    east_arcsec, north_arcsec : (n,)
    """

    tile: Longs
    east_arcsec: Reals
    north_arcsec: Reals

    @property
    def greatest_arcsec(self) -> float:
        """How far a source may be moved."""
        return float(np.hypot(self.east_arcsec, self.north_arcsec).max(initial=0.0))


def aligned(place: Reals, tile: Longs, frame: Frame) -> Reals:
    """Unit vectors, (n, 3), less the offset of their tiles; those of tiles without one stay."""
    if not len(frame.tile):
        return place
    at = np.minimum(np.searchsorted(frame.tile, tile), len(frame.tile) - 1)
    known = frame.tile[at] == tile
    east, north = (np.where(known, -v[at] * ARCSEC, 0.0) for v in (frame.east_arcsec, frame.north_arcsec))
    x, y, z = place.T
    cos_dec = np.maximum(np.hypot(x, y), 1e-12)
    moved = np.stack(
        [x - (y * east + x * z * north) / cos_dec, y + (x * east - y * z * north) / cos_dec, z + cos_dec * north], 1
    )
    return np.asarray(moved / np.linalg.norm(moved, axis=1)[:, None])
