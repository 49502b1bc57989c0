"""Magnitudes and fluxes against published zero points, limits against CatWISE2020."""

from __future__ import annotations

import doctest

import numpy as np
import pandas as pd
import pytest

from tasni_spark.photometry import dwarfs, magnitudes
from tasni_spark.photometry.bandpass import table
from tasni_spark.photometry.magnitudes import BANDS, fluxes, magnitude


@pytest.mark.parametrize("module", [magnitudes, dwarfs])
def test_examples(module: object) -> None:
    result = doctest.testmod(module)
    assert result.attempted
    assert not result.failed


def test_both_published_sets_of_zero_points() -> None:
    flat = table()["power_law"]
    flat = flat[flat[:, 0] == 0.0][0, 1:]
    for band, correction, want in zip(BANDS, flat, (306.682, 170.663, 29.045, 8.284), strict=True):
        assert band.zero_jy * correction == pytest.approx(want, rel=3e-4)


def test_there_and_back() -> None:
    mag = np.linspace(-2, 25, 400)
    for band in BANDS:
        assert np.allclose(magnitude(magnitudes.flux_mjy(mag, band), band), mag, atol=1e-12)
        assert np.isnan(magnitude([-1.0, 0.0, np.nan], band)).all()


def test_error_of_a_flux_is_that_of_drawn_magnitudes() -> None:
    rng = np.random.default_rng(3)
    got = fluxes([15.0], [0.05], BANDS[1])
    drawn = magnitudes.flux_mjy(15.0 + 0.05 * rng.standard_normal(400_000), BANDS[1])
    assert got.error_mjy[0] == pytest.approx(drawn.std(), rel=0.01)
    assert got.flux_mjy[0] / got.error_mjy[0] == pytest.approx(float(magnitudes.snr_of_error(0.05)))


def test_a_limit_is_two_errors_above_nothing() -> None:
    got = fluxes([17.0, 17.0, 25.0, np.nan], [np.nan, 0.0, np.nan, 0.1], BANDS[0])
    assert got.is_limit.tolist() == [True, True, True, False]
    assert got.flux_mjy[:3].tolist() == [0.0, 0.0, 0.0]
    assert got.error_mjy[0] == pytest.approx(float(magnitudes.flux_mjy(17.0, BANDS[0])) / 2)
    assert got.is_limit_suspect.tolist() == [False, False, True, False]
    assert got.error_mjy[2] == pytest.approx(float(magnitudes.flux_mjy(BANDS[0].limit_mag, BANDS[0])) / 2)
    assert np.isnan(got.flux_mjy[3])


def test_limits_of_y_dwarfs_against_catwise(y_dwarfs: pd.DataFrame, known: pd.DataFrame) -> None:
    limits = y_dwarfs[y_dwarfs["W1_err"].isna()]
    assert len(limits) == 13
    nearest = [
        np.hypot((known["ra_deg"] - r.ra) * np.cos(np.radians(r.dec)), known["dec_deg"] - r.dec).idxmin()
        for r in limits.itertuples()
    ]
    deeper = known.loc[nearest]
    published = limits["W1_mag"].to_numpy(float)
    is_measured = deeper["w1sigmpro"].notna().to_numpy()
    assert is_measured.sum() == 12
    assert (deeper["w1mpro"].to_numpy()[is_measured] < published[is_measured]).sum() == 10
    f = magnitudes.flux_mjy(deeper["w1mpro"].to_numpy()[is_measured], BANDS[0])
    as_published = f / (magnitudes.flux_mjy(published[is_measured], BANDS[0]) / 2)
    ours = f / fluxes(published, np.full(13, np.nan), BANDS[0]).error_mjy[is_measured]
    without_the_worst = np.sort(as_published)[:-1]
    assert np.sqrt(np.mean(without_the_worst**2)) > 2.5
    assert np.sqrt(np.mean(ours**2)) < 1.5
    assert (
        magnitudes.is_blend_suspect(published, deeper["w1mpro"]).sum()
        == (published - deeper["w1mpro"].to_numpy() > 0.5).sum()
    )
