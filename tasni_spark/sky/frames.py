"""Galactic and ecliptic coordinates as native column expressions."""

from __future__ import annotations

import math

from pyspark.sql import Column
from pyspark.sql import functions as F

from tasni_spark.sky.sphere import spherical, unit_vector

# ICRS to Galactic: Gaia DR3 documentation 4.1.7, after the Hipparcos Catalogue vol. 1, 1.5.3 (1997ESASP1200.....E).
_GALACTIC = (
    (-0.0548755604162154, -0.8734370902348850, -0.4838350155487132),
    (+0.4941094278755837, -0.4448296299600112, +0.7469822444972189),
    (-0.8676661490190047, -0.1980763734312015, +0.4559837761750669),
)
# Obliquity of the ecliptic at J2000: 84381.41100 arcsec, as in Gaia DR3 (Hipparcos vol. 1, table 1.5.1).
_OBLIQUITY = math.radians(84381.411 / 3600.0)
_ECLIPTIC = (
    (1.0, 0.0, 0.0),
    (0.0, math.cos(_OBLIQUITY), math.sin(_OBLIQUITY)),
    (0.0, -math.sin(_OBLIQUITY), math.cos(_OBLIQUITY)),
)


def galactic(ra: Column, dec: Column) -> tuple[Column, Column]:
    """Galactic longitude in [0, 360) and latitude, in deg, of an ICRS direction in deg."""
    return _rotated(ra, dec, _GALACTIC)


def ecliptic(ra: Column, dec: Column) -> tuple[Column, Column]:
    """Ecliptic longitude in [0, 360) and latitude at J2000, in deg, of an ICRS direction in deg."""
    return _rotated(ra, dec, _ECLIPTIC)


def _rotated(ra: Column, dec: Column, matrix: tuple[tuple[float, ...], ...]) -> tuple[Column, Column]:
    v = unit_vector(ra, dec)
    x, y, z = (sum((F.lit(m) * c for m, c in zip(row, v, strict=True)), F.lit(0.0)) for row in matrix)
    return spherical(x, y, z)
