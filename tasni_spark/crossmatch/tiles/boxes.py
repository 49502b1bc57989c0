"""Boxes around unit vectors: what a file, a row group or a run of rows can hold."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tasni_spark.crossmatch.tiles.compiled import Longs, Reals, compiled

SKY = np.array([-1.0, -1.0, -1.0, 1.0, 1.0, 1.0])
"""The box of which nothing is known."""
SLACK = 1e-12
"""Added to every reach: far above the rounding of a coordinate, far below an angle that matters."""


def chord(arcsec: float | Reals) -> Reals:
    """The chord of an angle, a little more than exact; that of 180 deg for more."""
    half = np.minimum(np.asarray(arcsec, np.float64) * (math.pi / 180 / 3600 / 2), math.pi / 2)
    return np.asarray(2 * np.sin(half) * (1 + 1e-9) + SLACK)


def meets(box: Reals, boxes: Reals, reach: float | Reals) -> NDArray[np.bool_]:
    """Which of many boxes lie within a chord of one.

    Parameters
    ----------
    box : (6,)
        Least x, y, z, greatest x, y, z.
    boxes : (n, 6)
    reach
        One chord, or one for each of the many.
    """
    wide = np.asarray(reach).reshape(-1, 1)
    near = (boxes[:, :3] <= box[3:] + wide) & (boxes[:, 3:] >= box[:3] - wide)
    return np.asarray(near.all(axis=1))


@compiled
def of_rows(place: Reals, size: int) -> Reals:
    """Boxes of consecutive runs of `size` vectors."""
    n = (len(place) + size - 1) // size
    found = np.empty((n, 6))
    for k in range(n):
        for c in range(3):
            low, high = np.inf, -np.inf
            for i in range(k * size, min((k + 1) * size, len(place))):
                low, high = min(low, place[i, c]), max(high, place[i, c])
            found[k, c], found[k, c + 3] = low, high
    return found


@compiled
def inside(x: Reals, y: Reals, z: Reals, boxes: Reals, place: Reals, start: int, rows: Longs) -> tuple[int, int]:
    """Write the vectors that lie in some box, from `start` on; without boxes all.

    Parameters
    ----------
    place : (n, 3)
        Written to.
    rows
        Written to: which rows were kept.

    Returns
    -------
    tuple of int
        Rows kept; rows without a place (NaN), which are not.
    """
    kept, bad = 0, 0
    for i in range(len(x)):
        a, b, c = x[i], y[i], z[i]
        if not a * a + b * b + c * c < np.inf:
            bad += 1
            continue
        near = len(boxes) == 0
        for k in range(len(boxes)):
            if boxes[k, 0] <= a <= boxes[k, 3] and boxes[k, 1] <= b <= boxes[k, 4] and boxes[k, 2] <= c <= boxes[k, 5]:
                near = True
                break
        if near:
            place[start + kept, 0], place[start + kept, 1], place[start + kept, 2] = a, b, c
            rows[kept] = i
            kept += 1
    return kept, bad
