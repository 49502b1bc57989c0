"""Directions, motions and parallax as NumPy arrays, exact at the poles and across RA 0.

Why: the mock sky is made outside Spark. Offsets are vectors in the tangent plane, so that nothing divides by cos(dec).
"""

from __future__ import annotations

from typing import Any

import astropy.units as u
import numpy as np
from astropy.coordinates import Latitude, Longitude
from cdshealpix.nested import healpix_to_lonlat, lonlat_to_healpix
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Columns = dict[str, NDArray[Any]]
"""Columns of equal length, by name."""

RAD_PER_ARCSEC = np.pi / 648_000.0
EPOCH = 2010.5589
"""Julian year of the planted truth: MJD 55400, to which AllWISE refers its motion fits."""


def unit(ra: Floats | float, dec: Floats | float) -> Floats:
    """Unit vectors (n, 3) of directions in deg."""
    a, d = np.radians(ra), np.radians(dec)
    return np.stack([np.cos(a) * np.cos(d), np.sin(a) * np.cos(d), np.sin(d)], axis=-1)


def spherical(v: Floats) -> tuple[Floats, Floats]:
    """Longitude in [0, 360) and latitude, in deg, of vectors (n, 3) of any length.

    Notes
    -----
    The components are copied first: on strided arrays the last bit of `np.arctan2` depends on where the result lies in
    memory (NumPy 1.26), and no two skies would be the same.
    """
    x, y, z = np.ascontiguousarray(np.moveaxis(v, -1, 0))
    lon = np.degrees(np.arctan2(y, x)) % 360.0
    return np.where(lon >= 360.0, 0.0, lon), np.degrees(np.arctan2(z, np.hypot(x, y)))


def triad(ra: Floats, dec: Floats) -> tuple[Floats, Floats]:
    """Unit vectors (n, 3) towards east and north at directions in deg."""
    a, d = np.radians(ra), np.radians(dec)
    east = np.stack([-np.sin(a), np.cos(a), np.zeros_like(a)], axis=-1)
    north = np.stack([-np.cos(a) * np.sin(d), -np.sin(a) * np.sin(d), np.cos(d)], axis=-1)
    return east, north


def moved(ra: Floats, dec: Floats, east: Floats, north: Floats) -> tuple[Floats, Floats]:
    """Directions in deg after offsets in the tangent plane in arcsec, which is also uniform motion in space.

    References
    ----------
    Butkevich and Lindegren 2014, A&A 570, A62 (2014A&A...570A..62B), with zero radial velocity.
    """
    e, n = triad(ra, dec)
    return spherical(
        unit(ra, dec) + RAD_PER_ARCSEC * (np.asarray(east)[..., None] * e + np.asarray(north)[..., None] * n)
    )


def pixels(ra: Floats, dec: Floats, order: int) -> NDArray[np.int64]:
    """HEALPix pixels (NESTED) of directions in deg."""
    found: NDArray[np.int64] = lonlat_to_healpix(
        Longitude(ra * u.deg), Latitude(dec * u.deg), order, num_threads=1
    ).astype(np.int64)
    return found


def centres(pixel: NDArray[Any] | list[int], order: int) -> tuple[Floats, Floats]:
    """Directions in deg of the middles of HEALPix pixels (NESTED)."""
    lon, lat = healpix_to_lonlat(np.asarray(pixel, np.uint64), order, num_threads=1)
    return lon.deg % 360.0, lat.deg


def julian_year(mjd: Floats | float) -> Any:
    """Julian epoch in yr of a modified Julian date in d."""
    return 2000.0 + (np.asarray(mjd) - 51544.5) / 365.25


def years_since(mjd: Floats | float) -> Any:
    """Julian years since the epoch of the truth."""
    return julian_year(mjd) - EPOCH


def sun_longitude(mjd: Floats | float) -> Any:
    """Ecliptic longitude of the Sun in deg, counted on through the years.

    Notes
    -----
    Low-precision formulae of the Astronomical Almanac (section C), good to 0.01 deg between 1950 and 2050.
    """
    n = np.asarray(mjd) - 51544.5
    g = np.radians(357.528 + 0.9856003 * n)
    return 280.460 + 0.9856474 * n + 1.915 * np.sin(g) + 0.020 * np.sin(2 * g)


def earth(mjd: Floats) -> Floats:
    """Position of the Earth (..., 3) as seen from the Sun, equatorial, in au."""
    lon, tilt = np.radians(sun_longitude(mjd)), np.radians(23.439291)
    g = np.radians(357.528 + 0.9856003 * (np.asarray(mjd) - 51544.5))
    r = 1.00014 - 0.01671 * np.cos(g) - 0.00014 * np.cos(2 * g)
    return np.stack([-r * np.cos(lon), -r * np.sin(lon) * np.cos(tilt), -r * np.sin(lon) * np.sin(tilt)], axis=-1)


def parallax_factors(ra: Floats, dec: Floats, mjd: Floats) -> tuple[Floats, Floats]:
    """East and north offsets, in units of the parallax, of an apparent from a barycentric direction.

    Parameters
    ----------
    ra, dec : deg, (n,)
    mjd : d, (n,) or (n, k)
    """
    e, n = triad(ra, dec)
    if mjd.ndim == 2:
        e, n = e[:, None, :], n[:, None, :]
    r = earth(mjd)
    return -(r * e).sum(-1), -(r * n).sum(-1)


def galactic(ra: Floats | float, dec: Floats | float) -> tuple[Floats, Floats]:
    """Galactic longitude and latitude in deg of ICRS directions in deg."""
    return spherical(unit(ra, dec) @ _GALACTIC)


def ecliptic(ra: Floats | float, dec: Floats | float) -> tuple[Floats, Floats]:
    """Ecliptic longitude and latitude at J2000 in deg of ICRS directions in deg."""
    return spherical(unit(ra, dec) @ _ECLIPTIC)


def _galactic_axes() -> Floats:
    """Columns: axes of the Galactic frame, from its pole and node (Hipparcos vol. 1, 1.5.3, 1997ESASP1200.....E)."""
    pole, node, at = unit(192.85948, 27.12825), unit(282.85948, 0.0), np.radians(32.93192)
    across = np.cross(pole, node)
    return np.stack([np.cos(at) * node - np.sin(at) * across, np.sin(at) * node + np.cos(at) * across, pole], axis=1)


_TILT = np.radians(84381.411 / 3600.0)
_GALACTIC = _galactic_axes()
_ECLIPTIC = np.array([[1.0, 0.0, 0.0], [0.0, np.cos(_TILT), -np.sin(_TILT)], [0.0, np.sin(_TILT), np.cos(_TILT)]])
