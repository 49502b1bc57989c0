"""Epochs, proper motion and parallax as native column expressions."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from tasni_spark.sky.sphere import spherical, unit_vector

RAD_PER_MAS = 4.84813681109536e-9
JD_J2000 = 2451545.0
JD_MJD0 = 2400000.5


def julian_year(jd: Column) -> Column:
    """Julian epoch in yr of a Julian date in d (IAU: J2000.0 is JD 2451545.0, a year has 365.25 d)."""
    return 2000.0 + (jd - JD_J2000) / 365.25


def motion_vector(ra: Column, dec: Column, pmra: Column, pmdec: Column) -> tuple[Column, Column, Column]:
    """Change of the unit vector in a year, in rad / yr.

    Parameters
    ----------
    ra, dec : deg
    pmra, pmdec : mas / yr
        Proper motion; pmra contains the factor cos(dec).
    """
    a, d = F.radians(ra), F.radians(dec)
    east, north = pmra * RAD_PER_MAS, pmdec * RAD_PER_MAS
    return (
        -F.sin(a) * east - F.cos(a) * F.sin(d) * north,
        F.cos(a) * east - F.sin(a) * F.sin(d) * north,
        F.cos(d) * north,
    )


def propagate(ra: Column, dec: Column, pmra: Column, pmdec: Column, parallax: Column, years: Column) -> Column:
    """Barycentric position after uniform motion in space, radial velocity unknown and taken as zero.

    Parameters
    ----------
    ra, dec : deg
    pmra, pmdec : mas / yr
        Null means unknown: the position stays and `is_propagated` is false.
    parallax : mas
        May be null.
    years : yr

    Returns
    -------
    struct<ra, dec, parallax, is_propagated>
        deg, deg, mas, boolean.

    Notes
    -----
    u(t) = (u0 + mu t) / |u0 + mu t|, mu the motion in the tangent plane at u0; the distance grows by |u0 + mu t|.

    References
    ----------
    Butkevich and Lindegren 2014, A&A 570, A62 (2014A&A...570A..62B), section 4 with zero radial velocity.
    """
    moving = pmra.isNotNull() & pmdec.isNotNull() & years.isNotNull()
    start = unit_vector(ra, dec)
    rate = motion_vector(ra, dec, pmra, pmdec)
    x, y, z = (u + m * years for u, m in zip(start, rate, strict=True))
    ra_then, dec_then = spherical(x, y, z)
    return F.struct(
        F.when(moving, ra_then).otherwise(ra).alias("ra"),
        F.when(moving, dec_then).otherwise(dec).alias("dec"),
        F.when(moving, parallax / F.sqrt(x * x + y * y + z * z)).otherwise(parallax).alias("parallax"),
        moving.alias("is_propagated"),
    )


def parallax_offset(ra: Column, dec: Column, parallax: Column, epoch: Column) -> Column:
    """Apparent minus barycentric position of a source as seen from the Earth.

    Parameters
    ----------
    ra, dec : deg
    parallax : mas
    epoch : yr
        Julian year.

    Returns
    -------
    struct<east, north>
        mas; east contains the factor cos(dec).

    Notes
    -----
    Position of the Sun to 0.01 deg from the Astronomical Almanac's low-precision formulae (section C), precessed to
    J2000; the Sun's own offset from the barycentre is left out, which costs at most 1 per cent of the parallax.
    """
    n = (epoch - 2000.0) * 365.25
    anomaly = F.radians(357.528 + 0.9856003 * n)
    of_date = 280.460 + 0.9856474 * n + 1.915 * F.sin(anomaly) + 0.020 * F.sin(2 * anomaly)
    longitude = F.radians(of_date - 3.8246e-5 * n)
    radius = 1.00014 - 0.01671 * F.cos(anomaly) - 0.00014 * F.cos(2 * anomaly)
    obliquity = F.radians(F.lit(23.439291))
    x = -radius * F.cos(longitude)
    y = -radius * F.sin(longitude) * F.cos(obliquity)
    z = -radius * F.sin(longitude) * F.sin(obliquity)
    a, d = F.radians(ra), F.radians(dec)
    return F.struct(
        (parallax * (x * F.sin(a) - y * F.cos(a))).alias("east"),
        (parallax * (x * F.cos(a) * F.sin(d) + y * F.sin(a) * F.sin(d) - z * F.cos(d))).alias("north"),
    )
