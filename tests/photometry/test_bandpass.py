"""Colour corrections against Wright et al. 2010 and against the response curves themselves."""

from __future__ import annotations

from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy.modeling.models import BlackBody

from tasni_spark.photometry import bandpass, models
from tasni_spark.photometry.magnitudes import BANDS

B_283_K = (1.3917, 1.1124, 0.8792, 0.9865)
FLAT = (0.9907, 0.9935, 0.9171, 0.9905)


def test_the_table_reproduces_wright_2010() -> None:
    got = np.exp(models.log_correction("blackbody", np.log(np.array([283.0]))))[:, 0]
    assert np.abs(got - B_283_K).max() < 5e-4
    got = np.exp(models.log_correction("power_law", np.array([0.0])))[:, 0]
    assert np.abs(got - FLAT).max() < 5e-4
    assert np.allclose(models.log_correction("power_law", np.array([-2.0])), 0.0, atol=1e-6)


def test_the_response_curves_reproduce_wright_2010(real: Path) -> None:
    for band, body, flat in zip(BANDS, B_283_K, FLAT, strict=True):
        nu, r = bandpass.response(real / "bandpasses", band)
        nu0 = bandpass.frequency_hz(band)
        assert bandpass.blackbody_correction(nu, r, np.array([283.0]), nu0)[0] == pytest.approx(body, abs=5e-4)
        assert bandpass.power_law_correction(nu, r, np.array([0.0]), nu0)[0] == pytest.approx(flat, abs=5e-4)


def test_the_table_is_what_the_curves_give(real: Path) -> None:
    text = bandpass.as_csv(bandpass.integrate(real / "bandpasses"))
    assert Path(bandpass.__file__).with_name("corrections.csv").read_text() == text


def test_between_the_nodes_the_table_is_as_good_as_the_integral(real: Path) -> None:
    t = np.geomspace(61.0, 2950.0, 333)
    got = np.exp(models.log_correction("blackbody", np.log(t)))
    for j, band in enumerate(BANDS):
        nu, r = bandpass.response(real / "bandpasses", band)
        want = bandpass.blackbody_correction(nu, r, t, bandpass.frequency_hz(band))
        assert np.abs(got[j] / want - 1.0)[t > 100.0].max() < 2e-5
        assert np.abs(got[j] / want - 1.0).max() < 2e-4


def test_planck_against_astropy() -> None:
    t = np.array([60.0, 250.0, 1000.0, 3000.0])
    for band in BANDS:
        nu = bandpass.frequency_hz(band)
        want = [BlackBody(x * u.K)(nu * u.Hz).to_value(u.mJy / u.sr) for x in t]
        assert np.allclose(bandpass.planck_mjy_per_sr(t, nu), want, rtol=1e-8)
