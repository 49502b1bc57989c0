"""Directions and angles on the sphere as native column expressions.

Why: `acos` of a dot product is blind below 3 mas and a planar distance in degrees is wrong everywhere but the equator.
There is no `atan2` on a GPU, so the half-angle formula stands in for it.
"""

from __future__ import annotations

import math

from pyspark.sql import Column
from pyspark.sql import functions as F


def unit_vector(ra: Column, dec: Column) -> tuple[Column, Column, Column]:
    """Unit vector (x, y, z) of a direction.

    Parameters
    ----------
    ra, dec : deg

    Returns
    -------
    tuple of Column
        Dimensionless; x towards (0, 0), z towards the pole.
    """
    a, d = F.radians(ra), F.radians(dec)
    return F.cos(a) * F.cos(d), F.sin(a) * F.cos(d), F.sin(d)


def spherical(x: Column, y: Column, z: Column) -> tuple[Column, Column]:
    """Right ascension in [0, 360) and declination, in deg, of a vector of any length."""
    ra = F.degrees(arctan2(y, x))
    return F.when(ra < 0, ra + 360.0).otherwise(ra), F.degrees(arctan2(z, F.sqrt(x * x + y * y)))


def separation_arcsec(ra1: Column, dec1: Column, ra2: Column, dec2: Column) -> Column:
    """Angle between two directions, accurate at 0 and at 180 deg alike.

    Parameters
    ----------
    ra1, dec1, ra2, dec2 : deg

    Returns
    -------
    arcsec

    Notes
    -----
    Haversine below 90 deg; above, the same formula for the antipode, so that no arcsine is taken near 1.

    References
    ----------
    Sinnott 1984, Sky and Telescope 68, 158 (1984S&T....68R.158S).
    """
    d1, d2 = F.radians(dec1), F.radians(dec2)
    half = F.radians(ra1 - ra2) / 2
    near = F.pow(F.sin((d1 - d2) / 2), 2.0) + F.cos(d1) * F.cos(d2) * F.pow(F.sin(half), 2.0)
    far = F.pow(F.sin((d1 + d2) / 2), 2.0) + F.cos(d1) * F.cos(d2) * F.pow(F.cos(half), 2.0)
    angle = F.when(near <= far, F.degrees(2 * F.asin(F.sqrt(near)))).otherwise(
        180.0 - F.degrees(2 * F.asin(F.sqrt(far)))
    )
    return angle * 3600.0


def position_angle(ra1: Column, dec1: Column, ra2: Column, dec2: Column) -> Column:
    """Position angle of the second direction as seen from the first, east of north.

    Parameters
    ----------
    ra1, dec1, ra2, dec2 : deg

    Returns
    -------
    deg
        In [0, 360); 0 for equal directions.

    References
    ----------
    Meeus 1998, Astronomical Algorithms (1998aalg.book.....M), chapter 17.
    """
    d1, d2, delta = F.radians(dec1), F.radians(dec2), F.radians(ra2 - ra1)
    north = F.sin(d2) * F.cos(d1) - F.cos(d2) * F.sin(d1) * F.cos(delta)
    angle = F.degrees(arctan2(F.sin(delta) * F.cos(d2), north))
    return F.when(angle < 0, angle + 360.0).otherwise(angle)


def arctan2(y: Column, x: Column) -> Column:
    """Angle of the vector (x, y) in rad, -pi .. pi, from `atan` alone; 0 for the null vector."""
    r = F.sqrt(x * x + y * y)
    left = F.when(y == 0.0, F.lit(3.141592653589793)).otherwise(2 * F.atan((r - x) / y))
    return F.when(r == 0.0, F.lit(0.0)).when(x >= 0.0, 2 * F.atan(y / (r + x))).otherwise(left)


def chord2(arcsec: float) -> float:
    """Square of the chord of an angle: `c2 <= chord2(r)` is the radius test of every match."""
    return (2.0 * math.sin(math.radians(arcsec / 3600.0) / 2.0)) ** 2


def chord_arcsec(c2: Column) -> Column:
    """The angle, in arcsec, whose chord has the square `c2`."""
    return F.degrees(2 * F.asin(F.least(F.sqrt(c2) / 2, F.lit(1.0)))) * 3600.0
