"""Who lies within the radius of whom: the scan over cells, compiled.

Why: the work is memory traffic, not arithmetic. A left source reads one cell, whose entries lie together; identifiers
are looked at only where two distances are equal, exact places only where a ball of motion is met. Left sources in the
order of the sky curve find their cells in cache.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from tasni_spark.crossmatch.tiles.compiled import Ints, Longs, Reals, compiled
from tasni_spark.crossmatch.tiles.grid import PER_BLOCK, PER_CELL, Grid, build, cell_of, faces
from tasni_spark.crossmatch.tiles.sides import ARCSEC, Right, Rule, at


class Left(NamedTuple):
    """The left side: identifiers, unit vectors (n, 3), epochs in yr (NaN is null), squares of errors.

    Epochs and errors are empty where they do not matter.
    """

    id: Longs
    place: Reals
    epoch: Reals
    variance_arcsec2: Reals = np.empty(0)


class Pairs(NamedTuple):
    """Pairs, as rows of either side.

    Parameters
    ----------
    left, right
        Rows, in the order of left rows and, within one, of rank.
    c2
        Square of the chord.
    rank, n_neighbours
        Position by (c2, right id), from 1; right sources within the radius.
    """

    left: Longs
    right: Longs
    c2: Reals
    rank: Ints
    n_neighbours: Ints


def nearest(left: Left, right: Right, rule: Rule) -> Pairs:
    """The nearest right source of each left one; ties by right id."""
    best, c2, n, _ = _search(_grids(left, right, rule), left, right, rule)
    rows = np.flatnonzero(best >= 0)
    return Pairs(rows, best[rows].astype(np.int64), c2[rows], np.ones(len(rows), np.int32), n[rows])


def mutual(left: Left, right: Right, rule: Rule) -> Pairs:
    """Pairs whose members are each other's nearest; ties by id on either side.

    Notes
    -----
    Exact for those left sources around whose counterparts all left competitors are given: everything within twice the
    radius, and motion. The planner adds them as a halo; the caller drops the halo's own pairs.
    """
    best, c2, n, back = _search(_grids(left, right, rule), left, right, rule, len(right.id))
    rows = np.flatnonzero(best >= 0)
    rows = rows[back[best[rows]] == rows]
    return Pairs(rows, best[rows].astype(np.int64), c2[rows], np.ones(len(rows), np.int32), n[rows])


def ranked(left: Left, right: Right, rule: Rule, k: int = 0) -> Pairs:
    """All pairs, or the `k` nearest of each left source, ranked by (c2, right id)."""
    grids = list(_grids(left, right, rule))
    _, _, n, _ = _search(grids, left, right, rule)
    kept = np.minimum(n, k) if k else n
    start = np.zeros(len(n) + 1, np.int64)
    np.cumsum(kept, out=start[1:])
    found, c2 = np.empty(start[-1], np.int64), np.empty(start[-1])
    for rows, grid in grids:
        _collect(grid, left, rows, right, _shape(rule), start, found, c2)
    rows = np.repeat(np.arange(len(n)), kept)
    rank = (np.arange(start[-1]) - np.repeat(start[:-1], kept) + 1).astype(np.int32)
    return Pairs(rows, found, c2, rank, np.repeat(n, kept))


@compiled
def sep_arcsec(c2: Reals) -> Reals:
    """The angles, in arcsec, of squared chords."""
    found = np.empty(len(c2))
    for i in range(len(c2)):
        found[i] = 2 * math.asin(min(math.sqrt(c2[i]) / 2, 1.0)) * 57.29577951308232 * 3600.0
    return found


def _grids(left: Left, right: Right, rule: Rule) -> Iterator[tuple[Longs, Grid]]:
    """Rows of the left side and cells of the right one, face by face."""
    face = faces(left.place)
    for f in np.flatnonzero(np.bincount(face, minlength=6)):
        rows = np.flatnonzero(face == f)
        yield rows, build(left.place, rows, right, rule.limit, PER_BLOCK, PER_CELL)


def _search(
    grids: Iterable[tuple[Longs, Grid]], left: Left, right: Right, rule: Rule, back: int = 0
) -> tuple[Ints, Reals, Ints, Longs]:
    """For each left source the nearest right row (-1: none), its c2, the count; for `back` right rows the left one."""
    n = len(left.id)
    best, c2, count = np.full(n, -1, np.int32), np.full(n, np.inf), np.zeros(n, np.int32)
    back_row, back_c2 = np.full(back, -1, np.int64), np.full(back, np.inf)
    for rows, grid in grids:
        _nearest(grid, left, rows, right, _shape(rule), best, c2, count, back_row, back_c2)
    return best, c2, count, back_row


def _shape(rule: Rule) -> tuple[float, float, float]:
    return float(rule.radius_arcsec), float(rule.allowance_masyr), float(rule.sigmas)


@compiled
def _exact(left: Left, i: int, right: Right, r: int, shape: tuple[float, float, float]) -> tuple[float, float]:
    """Square of the chord at the left source's epoch, and its limit, of a right source that is special."""
    radius, allowance, sigmas = shape
    x, y, z = right.place[r, 0], right.place[r, 1], right.place[r, 2]
    if len(right.epoch):
        years = left.epoch[i] - right.epoch[r] if len(left.epoch) else 0.0
        if math.isnan(years):
            years = 0.0
        x, y, z = at(
            right.origin[r, 0], right.origin[r, 1], right.origin[r, 2],
            years, right.rate[r, 0], right.rate[r, 1], right.rate[r, 2],
        )  # fmt: skip
        radius += 0.0 if right.is_propagated[r] else allowance * abs(years) / 1000
    if sigmas > 0:
        error = sigmas * math.sqrt(left.variance_arcsec2[i] + right.variance_arcsec2[r])
        radius = error if error < radius else radius
    chord = 2 * math.sin(radius * (ARCSEC / 2))
    dx, dy, dz = left.place[i, 0] - x, left.place[i, 1] - y, left.place[i, 2] - z
    return dx * dx + dy * dy + dz * dz, chord * chord


@compiled
def _nearest(
    grid: Grid,
    left: Left,
    rows: Longs,
    right: Right,
    shape: tuple[float, float, float],
    best: Ints,
    c2: Reals,
    count: Ints,
    back_row: Longs,
    back_c2: Reals,
) -> None:
    a, b = grid.shape[0], grid.shape[1]
    for i in rows:
        x, y, z = left.place[i, 0], left.place[i, 1], left.place[i, 2]
        cell = cell_of(grid, left.place[i, a], left.place[i, b])
        chosen, least, n = -1, np.inf, 0
        for k in range(grid.start[cell], grid.start[cell + 1]):
            dx, dy, dz = x - grid.entry[k, 0], y - grid.entry[k, 1], z - grid.entry[k, 2]
            d = dx * dx + dy * dy + dz * dz
            if d <= grid.entry[k, 3]:
                r = grid.row[k]
                if right.is_special[r]:
                    d, limit = _exact(left, i, right, r, shape)
                    if not d <= limit:
                        continue
                n += 1
                if d < least or (d == least and right.id[r] < right.id[chosen]):
                    chosen, least = r, d
                if len(back_row):
                    other = back_row[r]
                    if d < back_c2[r] or (d == back_c2[r] and left.id[i] < left.id[other]):
                        back_row[r], back_c2[r] = i, d
        best[i], c2[i], count[i] = chosen, least, n


@compiled
def _collect(
    grid: Grid,
    left: Left,
    rows: Longs,
    right: Right,
    shape: tuple[float, float, float],
    start: Longs,
    found: Longs,
    c2: Reals,
) -> None:
    """The nearest sources of each left one, as many as it has room for, in order."""
    a, b = grid.shape[0], grid.shape[1]
    for i in rows:
        low, room, n = start[i], start[i + 1] - start[i], 0
        cell = cell_of(grid, left.place[i, a], left.place[i, b])
        for k in range(grid.start[cell], grid.start[cell + 1]):
            dx, dy = left.place[i, 0] - grid.entry[k, 0], left.place[i, 1] - grid.entry[k, 1]
            dz = left.place[i, 2] - grid.entry[k, 2]
            d, limit = dx * dx + dy * dy + dz * dz, grid.entry[k, 3]
            r = grid.row[k]
            if d <= limit and right.is_special[r]:
                d, limit = _exact(left, i, right, r, shape)
            if not d <= limit:
                continue
            if n < room:
                _rise(found, c2, right.id, low, n, r, d)
                n += 1
            elif d < c2[low] or (d == c2[low] and right.id[r] < right.id[found[low]]):
                _sink(found, c2, right.id, low, n, r, d)
        for last in range(n - 1, 0, -1):
            r, d = found[low + last], c2[low + last]
            found[low + last], c2[low + last] = found[low], c2[low]
            _sink(found, c2, right.id, low, last, r, d)


@compiled
def _rise(found: Longs, c2: Reals, ids: Longs, low: int, n: int, r: int, d: float) -> None:
    """Add to a heap of `n` whose farthest member is first."""
    while n > 0:
        up = (n - 1) // 2
        if c2[low + up] > d or (c2[low + up] == d and ids[found[low + up]] >= ids[r]):
            break
        found[low + n], c2[low + n] = found[low + up], c2[low + up]
        n = up
    found[low + n], c2[low + n] = r, d


@compiled
def _sink(found: Longs, c2: Reals, ids: Longs, low: int, n: int, r: int, d: float) -> None:
    """Put another in the place of the first of a heap of `n`."""
    at_ = 0
    while 2 * at_ + 1 < n:
        down = 2 * at_ + 1
        p = low + down
        if down + 1 < n and (c2[p + 1] > c2[p] or (c2[p + 1] == c2[p] and ids[found[p + 1]] > ids[found[p]])):
            down += 1
        if c2[low + down] < d or (c2[low + down] == d and ids[found[low + down]] <= ids[r]):
            break
        found[low + at_], c2[low + at_] = found[low + down], c2[low + down]
        at_ = down
    found[low + at_], c2[low + at_] = r, d
