"""Right sources in cells that adapt to the density, so that a left source looks into one cell only.

Why: on one face of the cube around the sphere two coordinates tell all places apart, and two sources within a chord
lie within that chord in each coordinate. So the face is cut into blocks, each block into square cells by how many
right sources it holds and how far they reach, and a right source is entered in every cell that its ball touches. No
poles, no seam, no hash, no distance that could be missed: all index functions are monotonic. A swarm of a million
sources in an arcminute gets small cells, the empty sky around it none.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from tasni_spark.crossmatch.tiles.compiled import Bytes, Ints, Longs, Reals, compiled
from tasni_spark.crossmatch.tiles.sides import Right

PER_BLOCK = 64.0
PER_CELL = 4.0


class Grid(NamedTuple):
    """Cells of one face.

    Parameters
    ----------
    frame : (4,)
        The two coordinates' low ends; side of a block; its inverse.
    shape : (4,)
        The two coordinates' numbers; blocks along each.
    fine, first
        Cells along a side of each block (0 where no left source is), and the number of its first cell.
    start
        Where each cell's entries begin.
    entry : (entries, 4)
        Place of a right source and the square of its ball.
    row
        Its row.
    """

    frame: Reals
    shape: Longs
    fine: Ints
    first: Longs
    start: Longs
    entry: Reals
    row: Ints


@compiled
def faces(left: Reals) -> Bytes:
    """The face of the cube, 0 .. 5, on which each vector lies."""
    found = np.empty(len(left), np.uint8)
    for i in range(len(left)):
        x, y, z = abs(left[i, 0]), abs(left[i, 1]), abs(left[i, 2])
        axis = 0 if x >= y and x >= z else (1 if y >= z else 2)
        found[i] = 2 * axis + (left[i, axis] < 0)
    return found


@compiled
def step(value: float, low: float, scale: float, count: int) -> int:
    """Number of the interval that holds a value; ends are open."""
    return min(max(int((value - low) * scale), 0), count - 1)


@compiled
def cell_of(grid: Grid, u: float, v: float) -> int:
    """The cell of a left source."""
    lu, lv, side, inverse = grid.frame[0], grid.frame[1], grid.frame[2], grid.frame[3]
    i, j = step(u, lu, inverse, grid.shape[2]), step(v, lv, inverse, grid.shape[3])
    block = i * grid.shape[3] + j
    m = grid.fine[block]
    p, q = step(u, lu + i * side, m * inverse, m), step(v, lv + j * side, m * inverse, m)
    return int(grid.first[block] + p * m + q)


@compiled
def build(left: Reals, rows: Longs, right: Right, limit: float, per_block: float, per_cell: float) -> Grid:
    """Enter the right sources that some left source of one face may meet.

    Parameters
    ----------
    left : (n, 3)
    rows
        Rows of the left side, all of one face, at least one.
    right
        The right side.
    limit
        Square of the chord that is the radius.
    per_block, per_cell
        Right sources wanted in a block and in a cell.
    """
    low, high = _bounds(left, rows)
    inside = _inside(right, low, high)
    axis = int(faces(left[rows[0] : rows[0] + 1])[0]) // 2
    a, b = (axis + 1) % 3, (axis + 2) % 3
    wide, tall = high[a] - low[a], high[b] - low[b]
    share = per_block / max(len(inside), 1)
    chord = math.sqrt(limit)
    side = max(math.sqrt(wide * tall * share), max(wide, tall) * share, 4 * chord, 1e-12)
    shape = np.array([a, b, int(wide / side) + 1, int(tall / side) + 1])
    frame = np.array([low[a], low[b], side, 1 / side])
    fine, first, cells = _cells(left, rows, right, inside, frame, shape, per_cell)
    start = np.zeros(cells + 1, np.int64)
    grid = Grid(frame, shape, fine, first, start, np.empty((0, 4)), np.empty(0, np.int32))
    only = np.empty(len(inside), np.int64)
    _enter(grid, right, inside, limit, start, only, False)
    total = 0
    for k in range(cells + 1):
        start[k], total = total, total + start[k]
    grid = Grid(frame, shape, fine, first, start, np.empty((total, 4)), np.empty(total, np.int32))
    _enter(grid, right, inside, limit, start[:cells].copy(), only, True)
    return grid


@compiled
def _bounds(left: Reals, rows: Longs) -> tuple[Reals, Reals]:
    low, high = np.full(3, 2.0), np.full(3, -2.0)
    for i in rows:
        for k in range(3):
            low[k], high[k] = min(low[k], left[i, k]), max(high[k], left[i, k])
    return low, high


@compiled
def _inside(right: Right, low: Reals, high: Reals) -> Ints:
    """Rows of the right side whose ball meets the box."""
    found, n = np.empty(len(right.id), np.int32), 0
    for r in range(len(right.id)):
        x, y, z, ball = right.place[r, 0], right.place[r, 1], right.place[r, 2], right.ball[r]
        if (
            low[0] - ball <= x <= high[0] + ball
            and low[1] - ball <= y <= high[1] + ball
            and low[2] - ball <= z <= high[2] + ball
        ):
            found[n] = r
            n += 1
    return found[:n]


@compiled
def _cells(
    left: Reals, rows: Longs, right: Right, inside: Ints, frame: Reals, shape: Longs, per_cell: float
) -> tuple[Ints, Longs, int]:
    """Cells along a side of each block, number of its first cell, number of all cells."""
    a, b, na, nb = shape
    lu, lv, side, inverse = frame
    used, held, reach2 = np.zeros(na * nb, np.uint8), np.zeros(na * nb, np.int64), np.zeros(na * nb)
    for i in rows:
        used[step(left[i, a], lu, inverse, na) * nb + step(left[i, b], lv, inverse, nb)] = 1
    for r in inside:
        block = step(right.place[r, a], lu, inverse, na) * nb + step(right.place[r, b], lv, inverse, nb)
        held[block] += 1
        reach2[block] += right.ball[r] ** 2
    fine, first, cells = np.zeros(na * nb, np.int32), np.zeros(na * nb, np.int64), 0
    for block in range(na * nb):
        if used[block]:
            n = max(held[block], 1)
            # A cell of four mean reaches: a source is entered in little more than two cells.
            wanted = max(side * math.sqrt(per_cell / n), 4 * math.sqrt(reach2[block] / n))
            fine[block] = max(int(side / max(wanted, 1e-12)), 1)
        first[block] = cells
        cells += fine[block] * fine[block]
    return fine, first, cells


@compiled
def _enter(grid: Grid, right: Right, inside: Ints, limit: float, cursor: Longs, only: Longs, fill: bool) -> None:
    """Count the entries of each cell in `cursor`; or write them, each cell from its cursor on.

    Counting leaves in `only` the cell of each source that is entered in one, or -1; nine in ten need no second look.
    """
    a, b, na, nb = grid.shape
    lu, lv, side, inverse = grid.frame
    for t in range(len(inside)):
        r = inside[t]
        ball = right.ball[r]
        square = ball * ball if right.is_special[r] else limit
        if fill and only[t] >= 0:
            _write(grid, right, r, square, cursor, only[t])
            continue
        u, v, last, entries = right.place[r, a], right.place[r, b], -1, 0
        for i in range(step(u - ball, lu, inverse, na), step(u + ball, lu, inverse, na) + 1):
            for j in range(step(v - ball, lv, inverse, nb), step(v + ball, lv, inverse, nb) + 1):
                m = grid.fine[i * nb + j]
                if m == 0:
                    continue
                low_u, low_v, scale = lu + i * side, lv + j * side, m * inverse
                q0, q1 = step(v - ball, low_v, scale, m), step(v + ball, low_v, scale, m)
                for p in range(step(u - ball, low_u, scale, m), step(u + ball, low_u, scale, m) + 1):
                    line = grid.first[i * nb + j] + p * m
                    for cell in range(line + q0, line + q1 + 1):
                        if fill:
                            _write(grid, right, r, square, cursor, cell)
                        else:
                            cursor[cell] += 1
                            last, entries = cell, entries + 1
        if not fill:
            only[t] = last if entries == 1 else -1


@compiled
def _write(grid: Grid, right: Right, r: int, square: float, cursor: Longs, cell: int) -> None:
    k = cursor[cell]
    cursor[cell] += 1
    grid.row[k] = r
    grid.entry[k, 0], grid.entry[k, 1] = right.place[r, 0], right.place[r, 1]
    grid.entry[k, 2], grid.entry[k, 3] = right.place[r, 2], square
