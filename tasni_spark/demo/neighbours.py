"""Pairs of nearby directions in a small piece of the sky."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasni_spark.demo.directions import RAD_PER_ARCSEC, Floats, spherical, triad, unit

Ints = NDArray[np.int64]


def pairs(ra1: Floats, dec1: Floats, ra2: Floats, dec2: Floats, radius: float) -> tuple[Ints, Ints, Floats]:
    """All pairs within a radius.

    Parameters
    ----------
    ra1, dec1, ra2, dec2 : deg
        Two lists, all within a few deg of one another.
    radius : arcsec

    Returns
    -------
    (k,), (k,), (k,) arcsec
        Index in the first list, in the second, separation.

    Notes
    -----
    Cells of the tangent plane, half as large again as the radius, find candidates; chords decide.
    """
    u, v = unit(ra1, dec1), unit(ra2, dec2)
    if not len(u) or not len(v):
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
    basis = _plane(v)
    size = 1.5 * radius * RAD_PER_ARCSEC
    x1, y1 = (np.floor(c / size).astype(np.int64) for c in _project(u, basis))
    x2, y2 = (np.floor(c / size).astype(np.int64) for c in _project(v, basis))
    order = np.lexsort((y2, x2))
    key = (x2 * (1 << 31) + y2)[order]
    found_1, found_2 = [], []
    for column in (-1, 0, 1):
        at = (x1 + column) * (1 << 31) + y1
        start, end = np.searchsorted(key, at - 1, "left"), np.searchsorted(key, at + 1, "right")
        many = end - start
        found_1.append(np.repeat(np.arange(len(u)), many))
        first = np.repeat(start - (np.cumsum(many) - many), many)
        found_2.append(order[first + np.arange(many.sum())])
    i, j = np.concatenate(found_1), np.concatenate(found_2)
    sep = 2.0 * np.arcsin(0.5 * np.sqrt(((u[i] - v[j]) ** 2).sum(axis=1))) / RAD_PER_ARCSEC
    near = sep <= radius
    return i[near], j[near], sep[near]


def nearest(n: int, i: Ints, j: Ints, sep: Floats) -> tuple[Ints, Floats, Ints]:
    """For each of `n` directions its nearest partner (-1 for none), the separation (NaN), and how many there are."""
    order = np.lexsort((j, sep, i))
    first = order[np.unique(i[order], return_index=True)[1]]
    partner, distance = np.full(n, -1, np.int64), np.full(n, np.nan)
    partner[i[first]], distance[i[first]] = j[first], sep[first]
    return partner, distance, np.bincount(i, minlength=n).astype(np.int64)


def _plane(v: Floats) -> Floats:
    """Rows: two axes of the tangent plane at the middle of some vectors, and the middle itself."""
    middle = spherical(v.sum(axis=0, keepdims=True))
    return np.concatenate([*triad(*middle), unit(*middle)])


def _project(v: Floats, basis: Floats) -> tuple[Floats, Floats]:
    x, y, z = (v @ basis.T).T
    return x / z, y / z
