"""Which leaves are made, and how many rows they have."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from tasni_spark.demo.leaves import CROWDS, PLACES, densities, plan


@pytest.mark.parametrize("rows", [10_000, 12_345, 200_000, 1_000_001, 10_000_000])
def test_rows_add_up_and_leaves_are_as_many_as_wanted(rows):
    leaves = plan(rows)
    assert sum(w.rows for w in leaves) == rows
    assert len(leaves) == min(max(rows // 1000, 48), 768)
    assert len({w.pixel for w in leaves}) == len(leaves)
    assert all(w.dwarfs + w.crowd_rows < w.rows for w in leaves)
    assert sum(w.dwarfs for w in leaves) == max(40, round(rows / 500))


@pytest.mark.parametrize("rows", [10_000, 1_000_000])
def test_every_special_place_lies_in_a_leaf(rows):
    middle = SkyCoord([w.ra for w in plan(rows)] * u.deg, [w.dec for w in plan(rows)] * u.deg)
    for name, (ra, dec) in PLACES.items():
        # No point of an order-5 pixel is farther than 1.9 deg from its middle.
        assert SkyCoord(ra * u.deg, dec * u.deg).separation(middle).deg.min() < 1.9, name


def test_the_largest_published_leaf_is_there_and_monitored():
    """NEOWISE's largest pixel is 8277, centred on 87.2 -66.4 (the south ecliptic pole)."""
    found = next(w for w in plan(200_000) if w.pixel == 8277)
    assert found.is_monitored
    assert (found.ra, found.dec) == pytest.approx((87.2, -66.4), abs=0.05)


def test_leaves_are_spread_over_the_whole_sphere():
    leaves = plan(200_000)
    middle = SkyCoord([w.ra for w in leaves] * u.deg, [w.dec for w in leaves] * u.deg)
    xyz = middle.cartesian.xyz.value
    assert np.abs(xyz.mean(axis=1)).max() < 0.03
    assert (xyz**2).mean(axis=1) == pytest.approx(1 / 3, abs=0.03)
    assert SkyCoord(0 * u.deg, 0 * u.deg).separation(middle).deg.min() < 5


def test_crowds_have_the_densities_of_real_fields_where_rows_allow():
    area = 41252.96 / (12 * 4**9)
    found = sorted(w.crowd_rows / area for w in plan(200_000) if w.crowd_rows)
    assert found == pytest.approx(sorted(CROWDS.values()), rel=0.05)
    assert max(w.crowd_rows for w in plan(10_000)) == 200


def test_the_plane_is_denser_than_the_poles_and_holds_the_young_stars():
    pole, plane, bulge = (
        densities(np.array([a]), np.array([b])) for a, b in ((192.86, 27.13), (300.0, 35.2), (266.4, -29.0))
    )
    assert sum(plane.values()) > 2 * sum(pole.values())
    assert bulge["star"] > 1.5 * plane["star"]
    assert plane["yso"] > 100 * pole["yso"]
    assert pole["galaxy"] > plane["galaxy"]
