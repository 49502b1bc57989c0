"""Stars against published colours, and the dust before them."""

import numpy as np
import pytest

from tasni_spark.demo.stars import colours, extinction_v, stars

pytestmark = pytest.mark.slow


def test_colours_of_the_sun_and_of_a_red_dwarf_are_the_published_ones():
    """Mamajek 2022 for G2V and M4V: G - Ks, J - H, BP - RP; Wright et al. 2010: W1 - W2 of stars about 0."""
    c = colours(np.array([0.823, 2.94]))
    assert c["G"] - c["K"] == pytest.approx([1.40, 3.85], abs=0.02)
    assert c["J"] - c["H"] == pytest.approx([0.293, 0.557], abs=0.02)
    assert c["BP"] - c["RP"] == pytest.approx([0.823, 2.94], abs=0.001)
    assert np.abs(c["w2"]).max() < 0.2


def test_dust_reddens_the_plane_and_not_the_poles():
    a_v = extinction_v(np.array([1000.0, 1000.0, 8000.0]), np.array([0.0, 90.0, 0.0]))
    assert a_v == pytest.approx([0.7, 0.07, 5.6], rel=0.05)


def test_stars_are_consistent_from_distance_to_brightness():
    w1 = np.full(20_000, 13.0)
    found = stars(w1, np.full(20_000, 80.0), np.random.default_rng(1))
    assert found["w1"] == pytest.approx(w1)
    assert (found["distance_pc"] * found["parallax"]) == pytest.approx(1000.0)
    nearby = found["distance_pc"] < 60
    # What is faint though near is a late M dwarf: very red from G to W1.
    assert nearby.sum() > 20
    assert np.median((found["G"] - found["w1"])[nearby]) > np.median(found["G"] - found["w1"]) + 1.5
    speed = 4.74047 * np.hypot(found["pmra"], found["pmdec"]) / found["parallax"]
    assert np.median(speed) == pytest.approx(28.6, rel=0.05)
