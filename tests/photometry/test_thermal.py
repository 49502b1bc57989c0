"""Temperatures against scipy's curve_fit, injected sources and the first edition's own photometry."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import curve_fit

from tasni_spark.photometry import bandpass, dwarfs, models
from tasni_spark.photometry.magnitudes import BANDS, MAG_PER_SNR, fluxes, magnitude
from tasni_spark.photometry.thermal import ThermalConfig, thermal
from tasni_spark.tables.thermal import COLUMNS, FLAGS
from tests.photometry.conftest import FOUR

BARE = ThermalConfig(flux_floor=(0.0, 0.0, 0.0, 0.0))


def body_mjy(temperature_k: Any, log_omega: Any) -> np.ndarray:
    """Catalogue fluxes of a blackbody (bands, ...): formula and table, not the splines of the kernel."""
    t = np.asarray(temperature_k, float)
    rows = models.log_correction("blackbody", np.log(np.atleast_1d(t)))
    planck = [bandpass.planck_mjy_per_sr(np.atleast_1d(t), bandpass.frequency_hz(b)) for b in BANDS]
    return np.exp(log_omega) * np.stack(planck) * np.exp(rows)


def injected(n: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Temperatures, ln solid angles, magnitudes and errors of noisy blackbodies, faint bands as limits, some masked."""
    rng = np.random.default_rng(seed)
    t = rng.uniform(180.0, 900.0, n)
    log_omega = np.log(10.0 / body_mjy(t, 0.0)[1:3].max(axis=0)) + rng.normal(0.0, 0.5, n)
    noise = np.array([0.02, 0.03, 0.3, 2.0])[:, None]
    truth = body_mjy(t, log_omega)
    sigma = np.hypot(noise, 0.02 * truth)
    seen = truth + sigma * rng.standard_normal(truth.shape)
    is_limit = seen < 2.0 * sigma
    f95 = np.maximum(seen, 0.0) + 2.0 * sigma
    mags = np.stack([magnitude(np.where(is_limit, f95, seen)[j], b) for j, b in enumerate(BANDS)])
    errors = np.where(is_limit, np.nan, MAG_PER_SNR * sigma / np.where(is_limit, 1.0, seen))
    mags[rng.random(mags.shape) < 0.05] = np.nan
    return t, log_omega, mags, errors


@pytest.mark.slow
def test_a_thousand_rows_against_curve_fit() -> None:
    _, _, mags, errors = injected(1000)
    got = thermal(mags, errors)
    measured = [fluxes(m, e, b) for m, e, b in zip(mags, errors, BANDS, strict=True)]
    assert sum(f.is_limit.sum() for f in measured) > 300
    compared = 0
    for i in range(1000):
        f = np.array([m.flux_mjy[i] for m in measured])
        s = np.hypot([m.error_mjy[i] for m in measured], [b.floor * x for b, x in zip(BANDS, f, strict=True)])
        used = np.isfinite(f) & np.isfinite(s)
        flags = got["thermal_flags"][i]
        if flags & (FLAGS["no_fit"][0] | FLAGS["at_bound"][0] | FLAGS["degenerate"][0]):
            continue
        start = np.log([got["temperature_k"][i] * 1.02, got["solid_angle_sr"][i] * 0.9])
        (log_t, log_omega), cov = curve_fit(
            lambda _, t, o, used=used: body_mjy(np.exp(t), o)[used, 0],
            np.arange(used.sum()),
            f[used],
            start,
            s[used],
            absolute_sigma=True,
            xtol=1e-15,
            ftol=1e-15,
            gtol=1e-15,
        )
        t, omega = np.exp(log_t), np.exp(log_omega)
        chi2 = float((((f - body_mjy(t, log_omega)[:, 0]) / s)[used] ** 2).sum())
        assert got["temperature_k"][i] == pytest.approx(t, rel=1e-6)
        assert got["solid_angle_sr"][i] == pytest.approx(omega, rel=1e-6)
        assert got["chi2_blackbody"][i] == pytest.approx(chi2, rel=1e-6, abs=1e-8)
        assert got["temperature_error_k"][i] == pytest.approx(t * np.sqrt(cov[0, 0]), rel=1e-4)
        assert got["solid_angle_error_sr"][i] == pytest.approx(omega * np.sqrt(cov[1, 1]), rel=1e-4)
        compared += 1
    assert compared > 900


def test_the_minimum_is_global() -> None:
    _, _, mags, errors = injected(400, seed=5)
    got = thermal(mags, errors)
    measured = [fluxes(m, e, b) for m, e, b in zip(mags, errors, BANDS, strict=True)]
    f = np.stack([m.flux_mjy for m in measured])
    s = np.hypot(np.stack([m.error_mjy for m in measured]), np.array([b.floor for b in BANDS])[:, None] * f)
    w = np.where(np.isfinite(f) & np.isfinite(s), 1.0 / s**2, 0.0)
    f = np.nan_to_num(f)
    m = body_mjy(np.geomspace(60.0, 3000.0, 20_000), 0.0)
    gain = np.maximum((w * f).T @ m, 0.0) ** 2 / (w.T @ m**2)
    brute = (w * f * f).sum(axis=0) - gain.max(axis=1)
    is_fit = (got["thermal_flags"] & FLAGS["no_fit"][0]) == 0
    assert is_fit.sum() > 350
    assert (got["chi2_blackbody"][is_fit] <= brute[is_fit] * (1 + 1e-9) + 1e-9).all()


def test_injected_temperatures_come_back_within_their_errors() -> None:
    t, log_omega, mags, errors = injected(20_000, seed=2)
    got = thermal(mags, errors, BARE)
    is_bright = (got["n_measured"] >= 3) & (got["n_measured"] == got["n_bands"])
    pull = ((got["temperature_k"] - t) / got["temperature_error_k"])[is_bright]
    assert is_bright.sum() > 5000
    assert abs(np.median(pull)) < 0.1
    assert 0.8 < 1.4826 * np.median(np.abs(pull - np.median(pull))) < 1.15
    pull = ((np.log(got["solid_angle_sr"]) - log_omega) * got["solid_angle_sr"] / got["solid_angle_error_sr"])[
        is_bright
    ]
    assert 0.8 < 1.4826 * np.median(np.abs(pull - np.median(pull))) < 1.15


def test_a_power_law_is_told_from_a_blackbody() -> None:
    nu = np.array([bandpass.frequency_hz(b) for b in BANDS])
    flux = 5.0 * (nu / nu[1]) ** -1.7 * np.exp(models.log_correction("power_law", np.array([-1.7])))[:, 0]
    mags = [magnitude(np.array([f]), b) for f, b in zip(flux, BANDS, strict=True)]
    got = thermal(mags, [np.array([0.03])] * 4)
    assert got["power_law_index"][0] == pytest.approx(-1.7, abs=1e-6)
    assert got["chi2_power_law"][0] < 1e-9
    assert got["chi2_blackbody"][0] > 50.0
    assert got["thermal_flags"][0] & FLAGS["power_law_preferred"][0]


def test_flags_say_what_cannot_be_known() -> None:
    nan = np.nan
    rows = {
        "no_fit": ((nan, 15.0, nan, nan), (nan, 0.1, nan, nan)),
        "limit_only": ((17.5, 15.0, 12.0, 8.5), (nan, 0.1, nan, nan)),
        "limit_suspect": ((22.3, 15.0, 12.0, 8.5), (nan, 0.1, nan, nan)),
        "at_bound": ((10.0, 10.0, 10.0, 10.0), (0.03, 0.03, 0.03, 0.03)),
        "w1_unreliable": ((15.0, 14.9, 7.0, 1.5), (0.3, 0.5, 0.02, 0.02)),
    }
    mags, errors = (np.array([r[k] for r in rows.values()]).T for k in (0, 1))
    got = thermal(mags, errors)
    for i, name in enumerate(rows):
        assert got["thermal_flags"][i] & FLAGS[name][0], name
    assert np.isnan(got["temperature_k"][0])
    assert np.isfinite(got["temperature_k"][1:]).all()
    assert got["n_bands"].tolist() == [1, 4, 4, 4, 4]
    assert got["n_measured"].tolist() == [1, 1, 1, 4, 4]


def test_columns_are_as_declared() -> None:
    got = thermal([np.array([15.0, np.nan])] * 4, [np.array([0.1, 0.1])] * 4)
    assert list(got) == [c.name for c in COLUMNS]
    kinds = {"double": "f", "int": "i", "boolean": "b"}
    assert all(got[c.name].dtype.kind == kinds[c.type] and len(got[c.name]) == 2 for c in COLUMNS)
    bits = [b for b, _ in FLAGS.values()]
    assert bits == [1 << i for i in range(len(bits))]


def test_nothing_in_nothing_out() -> None:
    assert all(len(v) == 0 for v in thermal([np.array([])] * 4, [np.array([])] * 4).values())


def test_the_first_edition_implies_dwarfs_that_nobody_could_have_missed(tier5: pd.DataFrame) -> None:
    mags, errors = ([tier5[f"w{b}{c}"] for b in "1234"] for c in ("mpro", "sigmpro"))
    got = thermal(mags, errors)
    distance = got["distance_if_dwarf_pc"]
    assert (distance < dwarfs.NEAREST_Y_DWARF_PC).sum() == pytest.approx(2590, abs=80)
    assert distance.max() < 7.6
    one = int(np.flatnonzero(tier5["designation"] == FOUR[0])[0])
    assert distance[one] == pytest.approx(0.28, abs=0.01)
    bare = thermal(mags, errors, BARE)["distance_if_dwarf_pc"]
    assert (bare < dwarfs.NEAREST_Y_DWARF_PC).sum() == pytest.approx(2590, abs=10)
    assert bare.max() == pytest.approx(7.5, abs=0.1)
    assert bare[one] == pytest.approx(0.28, abs=0.002)
    assert np.median(got["chi2_power_law"]) < 0.6 * np.median(got["chi2_blackbody"])


@pytest.mark.bench
def test_rows_per_cpu_second() -> None:
    _, _, mags, errors = injected(1000)
    mags, errors = np.tile(mags, 400), np.tile(errors, 400)
    thermal(mags[:, :10], errors[:, :10])
    start = time.process_time()
    thermal(mags, errors)
    ours = mags.shape[1] / (time.process_time() - start)
    f = body_mjy(300.0, -38.0)[:, 0]
    start = time.process_time()
    for _ in range(200):
        curve_fit(lambda _, t, o: body_mjy(t, o)[:, 0], np.arange(4), f, (350.0, -38.5), 0.05 * f)
    print(f"thermal {ours:,.0f} rows per CPU-second, curve_fit {200 / (time.process_time() - start):,.0f}")
