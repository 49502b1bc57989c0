"""Geometry against astropy."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import BarycentricMeanEcliptic, GeocentricTrueEcliptic, SkyCoord, get_body_barycentric, get_sun
from astropy.time import Time

from tasni_spark.demo import directions as d

RNG = np.random.default_rng(3)
RA = np.concatenate([RNG.uniform(0, 360, 300), [0.0, 359.9999, 12.0, 200.0]])
DEC = np.concatenate([np.degrees(np.arcsin(RNG.uniform(-1, 1, 300))), [0.0, 40.0, 89.9999, -89.9999]])
SKY = SkyCoord(RA * u.deg, DEC * u.deg)


def _apart(lon1, lat1, lon2, lat2):
    return SkyCoord(lon1 * u.deg, lat1 * u.deg).separation(SkyCoord(lon2 * u.deg, lat2 * u.deg)).arcsec


def test_galactic_and_ecliptic_coordinates_are_those_of_astropy():
    galactic, ecliptic = SKY.galactic, SKY.transform_to(BarycentricMeanEcliptic(equinox="J2000"))
    assert _apart(*d.galactic(RA, DEC), galactic.l.deg, galactic.b.deg).max() < 0.03
    assert _apart(*d.ecliptic(RA, DEC), ecliptic.lon.deg, ecliptic.lat.deg).max() < 0.05


def test_moved_goes_the_way_that_astropy_goes_also_at_the_poles():
    east, north = RNG.normal(0, 5, len(RA)), RNG.normal(0, 5, len(RA))
    wanted = SKY.directional_offset_by(np.arctan2(east, north) * u.rad, np.hypot(east, north) * u.arcsec)
    ra, dec = d.moved(RA, DEC, east, north)
    # astropy itself is good to some micro-arcseconds only next to the pole.
    assert _apart(ra, dec, wanted.ra.deg, wanted.dec.deg).max() < 2e-5
    assert ra.min() >= 0.0
    assert ra.max() < 360.0


def test_the_sun_is_where_astropy_has_it():
    time = Time(np.linspace(55000, 60500, 50), format="mjd")
    wanted = get_sun(time).transform_to(GeocentricTrueEcliptic(equinox=time)).lon.deg
    assert np.abs((d.sun_longitude(time.mjd) - wanted + 180.0) % 360.0 - 180.0).max() < 0.02


def test_parallax_is_the_shift_that_the_earth_s_orbit_makes():
    mjd = RNG.uniform(55000, 60500, len(RA))
    earth = get_body_barycentric("earth", Time(mjd, format="mjd")).xyz.to_value(u.au).T
    distance_au = 206264.806 * 1e3 / 100.0  # 100 mas
    seen = d.unit(RA, DEC) * distance_au - earth
    ra, dec = d.spherical(seen)
    east, north = d.parallax_factors(RA, DEC, mjd)
    found = d.moved(RA, DEC, 0.1 * east, 0.1 * north)
    # The orbit is taken about the Sun, which is up to 0.01 au off the barycentre, and to the equinox of date.
    assert _apart(ra, dec, *found).max() < 0.0025
    assert _apart(ra, dec, RA, DEC).max() > 0.095


@pytest.mark.parametrize("order", [5, 12])
def test_pixels_and_their_middles_belong_together(order):
    numbers = d.pixels(RA, DEC, order)
    assert (d.pixels(*d.centres(numbers, order), order) == numbers).all()
