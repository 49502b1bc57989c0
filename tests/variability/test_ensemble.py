"""Drift of control stars: what a zero point does to all of them is taken off, what one source does is kept."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pyarrow as pa
import pytest
from astropy.coordinates import GeocentricTrueEcliptic, SkyCoord, get_sun
from astropy.time import Time
from astropy.utils import iers
from cdshealpix.nested import lonlat_to_healpix

from tasni_spark.variability import ensemble as ens
from tasni_spark.variability import suite
from tasni_spark.variability.verdicts import VerdictConfig
from tasni_spark.variability.visits import W2, take

pytestmark = pytest.mark.slow
CFG = ens.EnsembleConfig()
JUDGE = VerdictConfig()
YEAR = 365.25
N_VISITS = 21


def visits(n: int, seed: int, place: tuple[float, float] = (80.0, -20.0)) -> tuple[pa.RecordBatch, np.ndarray]:
    """Stars of one cell, W2 = 12.2, whose zero point drifts; the first fades by 20 mmag/yr beside."""
    rng = np.random.default_rng(seed)
    t = 56700 + 182.625 * np.arange(N_VISITS) + rng.uniform(-2, 2, (n, N_VISITS))
    drift = 0.008 * (t - 58600) / YEAR + 0.01 * np.sin(np.arange(N_VISITS))
    m = 12.2 + 0.01 * rng.normal(size=(n, N_VISITS)) + drift
    m[0] += 0.02 * (t[0] - 58600) / YEAR
    pixel = int(lonlat_to_healpix(place[0] * u.deg, place[1] * u.deg, 29)[0])
    at = pa.array(np.arange(n + 1) * N_VISITS, pa.int32())
    lists = {
        "mjd": t,
        "mag": m,
        "error": np.full(t.shape, 0.01),
        "n_used": np.full(t.shape, 12, np.int32),
        "side": np.tile(np.where(np.arange(N_VISITS) % 2, -1, 1).astype(np.int32), (n, 1)),
    }
    columns = {
        "survey": ["s"] * n,
        "left_survey": ["l"] * n,
        "tile": np.full(n, 16),
        "hpx29": np.full(n, pixel),
        "id": np.arange(n),
        "band": ["w2"] * n,
        "colour_mag": np.full(n, 0.1),
    }
    arrays = [pa.array(v) for v in columns.values()]
    arrays += [pa.ListArray.from_arrays(at, pa.array(v.ravel())) for v in lists.values()]
    return pa.record_batch(arrays, [*columns, *lists]), drift


def drift_of(batch: pa.RecordBatch) -> ens.Drift:
    code, n, (w, wd, wdd) = ens.controls(ens.rows_of(batch, CFG), CFG, JUDGE)
    rchi2 = (wdd - wd * wd / w) / (n - 1)
    return ens.Drift(code, wd / w, np.sqrt(np.maximum(1, rchi2) / w), n)


def test_a_zero_point_that_drifts_is_no_fade_and_a_fade_is_no_drift() -> None:
    n = 400
    batch, drift = visits(n, 1)
    rows = ens.rows_of(batch, CFG)
    found = drift_of(batch)
    assert len(found.code) == N_VISITS
    assert (found.n >= n - 30).all()
    mine = found.mag[np.searchsorted(found.code, rows.code[:N_VISITS])]
    np.testing.assert_allclose(mine - mine.mean(), (drift[0] - drift[0].mean()), atol=5 * 0.01 / np.sqrt(n) + 3e-4)
    raw = suite.trends(rows.visits, W2)["slope_mag_per_yr"]
    assert raw[1:].mean() == pytest.approx(0.008, abs=3e-4)
    fixed, n_controls = ens.corrected(rows, found, JUDGE.least_controls)
    slope = suite.trends(fixed, W2)["slope_mag_per_yr"]
    assert slope[1:].mean() == pytest.approx(0.0, abs=1e-4)
    assert slope[0] == pytest.approx(0.02, abs=0.002)
    assert (n_controls > n - 30).all()
    assert (fixed.err > rows.visits.err).all()


def test_too_few_controls_change_nothing() -> None:
    batch, _ = visits(30, 2)
    rows = ens.rows_of(batch, CFG)
    fixed, n = ens.corrected(rows, drift_of(batch), JUDGE.least_controls)
    assert (n == 0).all()
    np.testing.assert_array_equal(fixed.mag, rows.visits.mag)
    nothing = ens.Drift(*(np.empty(0, k) for k in (np.int64, float, float, np.int64)))
    assert (ens.corrected(rows, nothing, 1)[1] == 0).all()


def test_a_batch_is_the_sum_of_its_parts() -> None:
    batch, _ = visits(200, 3)
    whole = ens.controls(ens.rows_of(batch, CFG), CFG, JUDGE)
    parts = [ens.controls(ens.rows_of(b, CFG), CFG, JUDGE) for b in (batch.slice(0, 80), batch.slice(80))]
    np.testing.assert_array_equal(whole[0], parts[0][0])
    np.testing.assert_array_equal(whole[1], parts[0][1] + parts[1][1])
    np.testing.assert_allclose(whole[2], parts[0][2] + parts[1][2], rtol=1e-12)


@pytest.mark.parametrize("place", [(10.0, 5.0), (200.0, -40.0), (330.0, 60.0), (0.1, -0.1), (265.0, 20.0)])
def test_visits_lie_in_the_middle_of_their_half_year(place: tuple[float, float]) -> None:
    """Astropy says when the Sun is 90 deg of ecliptic longitude away."""
    iers.conf.auto_download = False
    days = np.arange(56700.0, 58700.0)
    sun = get_sun(Time(days, format="mjd")).transform_to(GeocentricTrueEcliptic()).lon.deg
    own = SkyCoord(*place, unit="deg").transform_to(GeocentricTrueEcliptic()).lon.deg
    away = (sun - own) % 180.0
    t = days[1:][(away[1:] >= 90) & (away[:-1] < 90)]
    assert len(t) in (10, 11)
    cell = np.full(len(t), int(lonlat_to_healpix(place[0] * u.deg, place[1] * u.deg, 6)[0]))
    number = ens.half_year(t, cell, 6)
    assert (np.diff(number) == 1).all()
    for off in (-80.0, 80.0):
        np.testing.assert_array_equal(ens.half_year(t + off, cell, 6), number)


def test_bins_come_back_from_their_codes() -> None:
    bins = [np.array(v) for v in ((0, 49151), (0, 1), (3, 36), (-4, 7), (30, 55))]
    for got, want in zip(ens._bins(ens._code(*bins)), bins, strict=True):
        np.testing.assert_array_equal(got, want)


def test_a_source_without_colour_has_no_controls() -> None:
    batch, _ = visits(100, 4)
    k = batch.schema.get_field_index("colour_mag")
    dark = batch.set_column(k, "colour_mag", pa.array([None] * 100, pa.float64()))
    rows = ens.rows_of(dark, CFG)
    assert (rows.code == -1).all()
    assert len(ens.controls(rows, CFG, JUDGE)[0]) == 0
    assert (take(rows.visits, [3]).mag == rows.visits.mag[63:84]).all()
