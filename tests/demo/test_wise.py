"""The conventions of WISE photometry, and its noise."""

import numpy as np
import pytest

from tasni_spark.demo.wise import DEPTH, FLOOR, ZERO_POINT, measured, position_error, quality

pytestmark = pytest.mark.slow

N = 200_000


@pytest.mark.parametrize("band", ["w1", "w2", "w3", "w4"])
def test_a_source_at_the_depth_has_five_sigma(band):
    m = measured(np.full(N, DEPTH[band]), np.full(N, DEPTH[band]), band, np.random.default_rng(1))
    assert m["snr"].mean() == pytest.approx(5.0, abs=0.05)
    assert m["snr"].std() == pytest.approx(1.0, abs=0.02)
    assert np.median(m["mpro"][m["snr"] > 2]) == pytest.approx(DEPTH[band], abs=0.02)


def test_errors_are_floor_and_background_in_quadrature():
    mag = np.array([8.0, 14.1, 16.1])
    m = measured(mag, np.full(3, 17.1), "w1", np.random.default_rng(1))
    snr = 5.0 * 10.0 ** (0.4 * (17.1 - mag))
    assert m["sigmpro"] == pytest.approx(np.hypot(FLOOR["w1"], 1.0857 / snr), rel=0.15)


def test_limits_are_flux_plus_two_sigma_and_never_brighter_than_two_sigma():
    m = measured(np.full(N, 20.0), np.full(N, 17.1), "w1", np.random.default_rng(2))
    limit = np.isnan(m["sigmpro"])
    assert limit.mean() == pytest.approx(0.96, abs=0.01)  # P(snr < 2) about the true 0.34
    assert (limit == (m["snr"] < 2.0)).all()
    light = np.maximum(m["flux"], 0.0) + 2.0 * m["sigflux"]
    assert m["mpro"][limit] == pytest.approx(ZERO_POINT["w1"] - 2.5 * np.log10(light[limit]))
    assert (m["flux"] < 0).mean() == pytest.approx(0.37, abs=0.02)
    # A 95 per cent limit: fainter than the truth for few.
    assert (m["mpro"][limit] > 20.0).mean() < 0.05


def test_letters_change_at_the_published_ratios():
    assert bytes(quality(np.array([-3.0, 1.99, 2.0, 2.99, 3.0, 9.99, 10.0, 50.0]))).decode() == "UUCCBBAA"


def test_places_of_faint_sources_are_as_good_as_in_real_exposures():
    """Medians of sigra in data/neowise_labelled/clustersd.csv."""
    assert position_error(np.array([5.5, 8.8, 12.9, 39.2]), 0.04) == pytest.approx(
        [0.60, 0.375, 0.249, 0.0525], rel=0.35
    )
