"""HEALPix numbers as native column expressions (NESTED scheme).

Why: a pixel number in Python costs 2.5 us a row through Arrow; the expression below costs 0.1 us, runs on a GPU, and
gives bit for bit the same number wherever Spark evaluates it. Conditions are arithmetic, not CASE branches, so that
Spark's common-subexpression elimination computes every part once. Use it in a projection, not in a filter, where Spark
does not eliminate. Numbers of two implementations differ for points within 0.5 mas of a cell edge, where the last bit
of a sine decides: never join on hpx29 made by different ones.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

ORDER = 29
_N = 1 << ORDER


def hpx29(ra: Column, dec: Column) -> Column:
    """HEALPix pixel number of order 29 (0.4 mas cells), NESTED.

    Parameters
    ----------
    ra, dec : deg
        ICRS; ra of any turn. Null, NaN or a declination outside -90 .. 90 gives null.

    Returns
    -------
    bigint

    Notes
    -----
    Projection as in Gorski et al. (2005), section 5 and appendix: equatorial belt |z| <= 2/3, polar caps above; within
    0.99 < |z| the cap uses the cosine of the declination instead of 1 - |z|, which keeps full precision at the poles.
    The two 29-bit face coordinates are interleaved by multiplications, six bits at a time.

    References
    ----------
    Gorski et al. 2005, ApJ 622, 759 (2005ApJ...622..759G).
    """
    z, cosine = F.sin(F.radians(dec)), F.cos(F.radians(dec))
    height = F.abs(z)
    turn = (ra - F.floor(ra / 360.0) * 360.0) / 90.0
    quarter = F.least(_long(turn), F.lit(3).cast("bigint"))
    along = turn - quarter

    belt = _long(height <= 2.0 / 3.0)
    south = _long(z < 0.0)
    polar = (height >= 0.99).cast("double")
    scale = float(_N) * (F.sqrt(3.0 * (1.0 - height)) * (1.0 - polar) + polar * cosine / F.sqrt((1.0 + height) / 3.0))

    up_belt = _long(float(_N) * (0.5 + turn) - float(_N) * (z * 0.75))
    down_belt = _long(float(_N) * (0.5 + turn) + float(_N) * (z * 0.75))
    up_cap = F.least(_long(along * scale), F.lit(_N - 1))
    down_cap = F.least(_long((1.0 - along) * scale), F.lit(_N - 1))

    a, b = F.shiftright(up_belt, ORDER), F.shiftright(down_belt, ORDER)
    less, greater = _long(a < b), _long(a > b)
    low2 = F.lit(3)
    face_belt = (
        greater * (b.bitwiseAND(low2) + 8) + less * a.bitwiseAND(low2) + (1 - less - greater) * (a.bitwiseAND(low2) + 4)
    )
    face = belt * face_belt + (1 - belt) * (quarter + 8 * south)

    mask = F.lit(_N - 1)
    north_cap, south_cap = (1 - belt) * (1 - south), (1 - belt) * south
    x = belt * down_belt.bitwiseAND(mask) + north_cap * (mask - down_cap) + south_cap * up_cap
    y = belt * (mask - up_belt.bitwiseAND(mask)) + north_cap * (mask - up_cap) + south_cap * down_cap

    valid = F.when(dec.between(-90.0, 90.0) & ra.between(-1e6, 1e6), F.lit(0).cast("bigint"))
    return valid + F.shiftleft(face, 58) + _spread(x) + F.shiftleft(_spread(y), 1)


def hpx_parent(pixel29: Column, order: int) -> Column:
    """The pixel of a coarser order, 0 .. 29, that contains an order-29 pixel."""
    return F.shiftright(pixel29, 2 * (ORDER - order))


def uniq(pixel29: Column, order: int) -> Column:
    """The UNIQ number, order and pixel in one, of the pixel of `order` that contains an order-29 pixel."""
    return hpx_parent(pixel29, order) + F.lit(4 ** (order + 1))


def _long(value: Column) -> Column:
    return value.cast("bigint")


def _spread(value: Column) -> Column:
    """The bits of a 30-bit number, a zero above each.

    Notes
    -----
    Six bits at a time: copies 6 apart leave bit i at 7 i, a second product brings it to 2 i above bit 25. No product
    passes 63 bits, so that the expression also holds where overflow is an error.
    """
    parts = []
    for first in range(0, 30, 6):
        bits = F.shiftright(value, first).bitwiseAND(F.lit(0x3F))
        copies = (bits * F.lit(0x41041041)).bitwiseAND(F.lit(0x810204081))
        gathered = F.shiftright(copies * F.lit(0x2108421), 25).bitwiseAND(F.lit(0x555))
        parts.append(F.shiftleft(gathered, 2 * first))
    return parts[0] + parts[1] + parts[2] + parts[3] + parts[4]
