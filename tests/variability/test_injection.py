"""Signals of known size, calibration under the null, and what is found again."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

from tasni_spark.variability import fdr, flux, injection, suite, verdicts, visits
from tasni_spark.variability.injection import KINDS, InjectionConfig, Truth

pytestmark = pytest.mark.slow

YEAR = 365.25


def cadences(n: int, n_visits: int = 21, n_exposures: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Offsets and times: 160 and 205 d in turn, as in the sky."""
    rng = np.random.default_rng(n)
    starts = 56700 + 182.625 * np.arange(n_visits) + 11.0 * (np.arange(n_visits) % 2)
    t = starts[None, :, None] + rng.uniform(-3, 3, (n, 1, 1)) + 0.066 * np.arange(n_exposures)
    return np.arange(n + 1) * n_visits * n_exposures, t.ravel()


def truth(n: int, kind: str, **values: float) -> Truth:
    names = ("slope_mag_per_yr", "period_d", "phase", "amplitude_mag", "t0_mjd", "decay_d", "tau_yr")
    return Truth(np.full(n, KINDS.index(kind)), *(np.full(n, values.get(k, math.nan)) for k in names))


def test_factors() -> None:
    o, t = cadences(2)
    half = len(t) // 2
    years = (t - 58600) / YEAR
    one = lambda kind, **v: injection.factors(o, t, [1, 2], truth(2, kind, **v), 1)  # noqa: E731
    assert (one("none") == 1).all()
    assert one("exponential", slope_mag_per_yr=0.05, t0_mjd=58600) == pytest.approx(10 ** (-0.02 * years))
    linear = one("linear", slope_mag_per_yr=0.05, t0_mjd=58600)
    assert linear == pytest.approx(1 - 0.05 * math.log(10) / 2.5 * years)
    assert one("linear", slope_mag_per_yr=5.0, t0_mjd=58600).min() == 0
    assert one("step", amplitude_mag=0.3, t0_mjd=58600) == pytest.approx(np.where(t < 58600, 1, 10**-0.12))
    sine = one("periodic", amplitude_mag=0.1, period_d=0.3, phase=0.25)
    assert -2.5 * np.log10(sine) == pytest.approx(0.1 * np.sin(2 * np.pi * (t / 0.3 + 0.25)))
    flare = one("flare", amplitude_mag=2.0, t0_mjd=t[30], decay_d=100.0)
    assert flare[30] == pytest.approx(10**0.8)
    assert (flare[:30] == 1).all()
    walk = one("walk", amplitude_mag=0.1, tau_yr=1.0)
    assert not np.allclose(walk[:half], walk[half:])  # two sources, two walks


def test_walks_have_the_covariance_that_they_should() -> None:
    n = 4000
    o, t = cadences(n, 9, 1)
    m = -2.5 * np.log10(injection.factors(o, t, np.arange(n), truth(n, "walk", amplitude_mag=0.2, tau_yr=1.5), 3))
    m = m.reshape(n, 9)
    lags = (t.reshape(n, 9)[0, None] - t.reshape(n, 9)[0, :, None]) / YEAR
    want = 0.04 * np.exp(-np.abs(lags) / 1.5)
    assert np.abs(np.cov(m.T) - want).max() < 5 * 0.04 * math.sqrt(2 / n)


def test_the_same_seed_gives_the_same_signals_in_any_partition() -> None:
    n = 60
    o, t = cadences(n)
    ids, kinds = np.arange(100, 100 + n), np.arange(n) % len(KINDS)
    config = InjectionConfig()
    first, last = t[o[:-1]], t[o[1:] - 1]
    whole = injection.draw(kinds, ids, first, last, config)
    f = injection.factors(o, t, ids, whole, config.seed)
    part = slice(25, 47)
    some = injection.draw(kinds[part], ids[part], first[part], last[part], config)
    rows = slice(o[25], o[47])
    assert (injection.factors(o[25:48] - o[25], t[rows], ids[part], some, config.seed) == f[rows]).all()
    other = injection.draw(kinds, ids, first, last, InjectionConfig(seed=2))
    assert not np.array_equal(whole.slope_mag_per_yr, other.slope_mag_per_yr, equal_nan=True)
    fades = np.abs(whole.slope_mag_per_yr[np.isin(kinds, [1, 2])])
    assert ((fades >= 0.005) & (fades <= 0.1)).all()
    for k, kind in enumerate(KINDS):
        rows_of = np.repeat(kinds == k, np.diff(o))
        assert np.isfinite(f[rows_of]).all(), kind
        assert (np.ptp(f[rows_of]) > 0) == (kind != "none"), kind


def test_injection_leaves_the_noise_alone() -> None:
    o = np.array([0, 300])
    rng = np.random.default_rng(1)
    e = np.full(300, 5.0)
    f = 100 + e * rng.normal(size=300)
    faded = injection.inject(o, f, e, np.linspace(1, 0, 300))
    expected = f + f.mean() * (np.linspace(1, 0, 300) - 1)
    assert faded == pytest.approx(expected)
    assert faded[-100:].std() > 4
    again = injection.observed(o, np.full(300, 100.0), e, [9], 4)
    assert again.mean() == pytest.approx(100, abs=1.5)
    assert again.std() == pytest.approx(5, rel=0.15)


@cache
def judged(kind: str, n: int, slope: float = 0.0, tau: float = 0.0, sd: float = 0.0) -> dict[str, np.ndarray]:
    """Columns of n sources at W1 = 14.2, W2 = 13, with the noise of single exposures and of visits."""
    rng = np.random.default_rng([n, KINDS.index(kind)])
    o, t = cadences(n)
    what = truth(n, kind, slope_mag_per_yr=slope, t0_mjd=58600.0, tau_yr=tau, amplitude_mag=sd)
    shift = -2.5 * np.log10(injection.factors(o, t, np.arange(n), what, 3))
    out: dict[str, np.ndarray] = {"motion_arcsec": np.zeros(n)}
    for band, mag, sigma, config in (("w1", 14.2, 0.045, visits.W1), ("w2", 13.0, 0.035, visits.W2)):
        systematic = np.repeat(config.floor_mag * rng.normal(size=n * 21), 12)
        m = mag + shift + sigma * rng.normal(size=t.size) + systematic
        values = suite.statistics(o, t, m, np.full(t.size, sigma), config, rivals=kind != "none")
        out |= {f"{band}_{k}": v for k, v in values.items()}
        out[f"{band}_n_controls"] = np.full(n, 60)
    return out


@pytest.mark.parametrize("is_permuted", [False, True])
def test_p_is_conservative_under_the_null(is_permuted: bool) -> None:
    n = 20_000 if not is_permuted else 4_000
    if is_permuted:  # visits of faders and steps, in random order: whatever they were, there is no trend now
        rng = np.random.default_rng(0)
        o, t = cadences(n, 21, 1)
        m = 13 + rng.permuted(
            np.linspace(0, 0.3, 21) + 0.2 * (np.arange(21) > 9) + 0.01 * rng.normal(size=(n, 21)), axis=1
        )
        v = visits.Visits(
            o,
            t,
            m.ravel(),
            np.full(t.size, 0.012),
            np.full(t.size, 12),
            o * 0,
            np.tile(1.0 - 2 * (np.arange(21) % 2), n),
        )
        p = suite.trends(v)["log10_p"]
    else:
        p = judged("none", n)["w2_log10_p"]
    for a in (0.1, 0.01, 0.001):
        assert np.mean(10**p < a) <= a + 3 * math.sqrt(a * (1 - a) / n)
    assert np.mean(10**p < 0.1) > 0.03  # conservative, not blind


def claims(columns: dict[str, np.ndarray], tests_per_source: float) -> np.ndarray:
    """Claims where q is p times a factor: the list's share of discoveries is fixed from outside."""
    c = dict(columns)
    for band in ("w1", "w2"):
        c[f"{band}_log10_q"] = c[f"{band}_log10_p"] + math.log10(tests_per_source)
    got = verdicts.judge(c)
    return np.isin(got.verdict, [verdicts.VERDICTS.index(v) for v in verdicts.CLAIMS])


def test_faders_are_recovered_and_constants_are_not() -> None:
    faders, constants = judged("exponential", 1000, slope=0.015), judged("none", 20_000)
    both = {k: np.concatenate([faders[k], constants[k][:9000]]) for k in faders}
    for band in ("w1", "w2"):
        both[f"{band}_log10_q"] = fdr.log10_q(both[f"{band}_log10_p"])
    got = verdicts.judge(both)
    is_claim = got.verdict == verdicts.VERDICTS.index("both_bands")
    assert is_claim[:1000].mean() >= 0.9
    assert is_claim[1000:].sum() <= 0.01 * is_claim.sum()
    slopes = faders["w2_slope_mag_per_yr"]
    assert slopes.mean() == pytest.approx(0.015, abs=4 * slopes.std() / math.sqrt(1000))
    assert slopes.std() == pytest.approx(np.median(faders["w2_sigma_slope_mag_per_yr"]), rel=0.15)
    assert claims(judged("exponential", 1000, slope=-0.015), 10).mean() >= 0.9


@pytest.mark.parametrize("sd", [0.02, 0.05])
@pytest.mark.parametrize("tau", [0.3, 1.0, 3.0])
def test_the_verdict_holds_where_the_t_test_fails(tau: float, sd: float) -> None:
    n = 1500
    walks = judged("walk", n, tau=tau, sd=sd)
    assert claims(walks, 10).mean() <= 0.01 + 3 * math.sqrt(0.01 * 0.99 / n)
    if tau == 3.0:
        assert np.mean(walks["w2_log10_p"] < -2) > 0.15


def test_a_cold_dwarf_fades_in_w2_alone() -> None:
    """W2 = 14.6, W1 undetected: only flux sees it, and the statistics take flux as they take magnitudes."""
    n = 300
    o, t = cadences(n)
    rng = np.random.default_rng(2)
    mean = 10 ** (0.4 * (22.5 - 14.6))
    sigma = 0.2 * mean
    what = truth(n, "exponential", slope_mag_per_yr=0.1, t0_mjd=58600.0)
    f = mean * injection.factors(o, t, np.arange(n), what, 1) + sigma * rng.normal(size=t.size)
    s = suite.statistics(o, t, *flux.relative_mag(o, f, np.full(t.size, sigma))[:2], visits.W2)
    assert s["slope_mag_per_yr"].mean() == pytest.approx(0.1, rel=0.1)
    assert (s["log10_p"] < -4).mean() > 0.95
    m, e = flux.to_mag(f, np.full(t.size, sigma))
    lossy = suite.statistics(o, t, m, e, visits.W2)
    assert lossy["n_limits"].sum() > 1000
    bias = lambda x: abs(x["slope_mag_per_yr"].mean() - 0.1)  # noqa: E731
    assert bias(lossy) > 2 * bias(s)


def test_configuration() -> None:
    with pytest.raises(ValueError, match="period_d"):
        InjectionConfig(period_d=(5.0, 1.0))
