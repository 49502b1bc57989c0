"""Likelihoods against brute-force integration, fits against drawn mixtures, and real dwarfs against real impostors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal, rankdata

from tasni_spark.photometry import likelihood
from tasni_spark.photometry.likelihood import Mixture, colours, fit, log_likelihood, log_ratio
from tasni_spark.photometry.magnitudes import BANDS
from tests.photometry.conftest import FOUR

COLUMNS = ("w1mpro", "w1sigmpro", "w2mpro", "w2sigmpro", "w3mpro", "w3sigmpro")
MIXTURE = Mixture(
    np.array([0.3, 0.7]),
    np.array([[2.0, 1.5], [3.2, 2.2]]),
    np.array([[[0.2, -0.05], [-0.05, 0.3]], [[0.4, 0.1], [0.1, 0.2]]]),
)


def by_hand(w1: float, e1: float, w2: float, e2: float, w3: float, e3: float) -> float:
    """Sum over a fine grid of the true colours and of W2: no closed form, no quadrature of the module's."""
    step = 0.02
    x, y = np.meshgrid(np.arange(-8, 12, step), np.arange(-8, 12, step), indexing="ij")
    prior = likelihood.OUTLIERS * multivariate_normal(likelihood.OUTLIER_MEAN, likelihood.OUTLIER_SIGMA_MAG**2).pdf(
        np.stack([x, y], axis=-1)
    )
    for p, m, c in zip(*MIXTURE, strict=True):
        prior += (1 - likelihood.OUTLIERS) * p * multivariate_normal(m, c).pdf(np.stack([x, y], axis=-1))

    def seen(true: np.ndarray, mag: float, error: float, band: int) -> np.ndarray:
        if error > 0:
            return np.exp(-0.5 * ((mag - true) / error) ** 2) / np.sqrt(2 * np.pi) / error
        if np.isnan(mag):
            return np.ones_like(true)
        limit = min(mag, BANDS[band].limit_mag)
        return np.exp(-0.5 * (2.0 * 10 ** (-0.4 * (true - limit))) ** 2)

    total = 0.0
    offsets = np.linspace(-4, 4, 33)
    for z, weight in zip(offsets, np.exp(-0.5 * offsets**2) / np.exp(-0.5 * offsets**2).sum(), strict=True):
        true2 = w2 + z * e2
        total += weight * (prior * seen(true2 + x, w1, e1, 0) * seen(true2 - y, w3, e3, 2)).sum() * step**2
    return float(np.log(total))


nan = np.nan
CASES = [
    (17.6, 0.15, 15.0, 0.05, 12.8, 0.3),
    (17.6, 0.15, 15.0, 0.05, 12.4, nan),
    (17.6, 0.15, 15.0, 0.05, nan, nan),
    (17.5, nan, 15.0, 0.05, 12.8, 0.3),
    (22.3, nan, 15.0, 0.05, 12.4, nan),
    (17.5, nan, 15.6, 0.10, nan, nan),
    (nan, nan, 15.0, 0.05, 12.8, 0.3),
    (nan, nan, 15.0, 0.05, 12.3, nan),
]


@pytest.mark.slow
def test_every_mix_of_measurement_limit_and_gap_against_brute_force() -> None:
    rows = np.array(CASES)
    got = log_likelihood(MIXTURE, *colours(*rows.T))
    want = np.array([by_hand(*row) for row in CASES])
    assert np.abs(got - want).max() < 0.01


def test_nothing_known_says_nothing() -> None:
    got = log_ratio(*np.array([[nan, nan, 15.0, 0.05, nan, nan], [17.0, 0.1, 15.0, nan, 12.0, 0.1]]).T)
    assert got[0] == pytest.approx(0.0, abs=1e-9)
    assert np.isnan(got[1])


def test_a_brighter_limit_moves_the_ratio_smoothly() -> None:
    limits = np.arange(14.0, 19.0, 0.05)
    n = len(limits)
    got = log_ratio(limits, np.full(n, nan), np.full(n, 15.0), np.full(n, 0.05), np.full(n, 12.4), np.full(n, nan))
    assert np.isfinite(got).all()
    assert np.abs(np.diff(got)).max() < 0.6


@pytest.mark.slow
def test_a_mixture_comes_back_from_noisy_draws_with_limits() -> None:
    rng = np.random.default_rng(11)
    mean, covariance = np.array([2.6, 1.6]), np.array([[0.4, -0.1], [-0.1, 0.25]])
    n = 3000
    c = rng.multivariate_normal(mean, covariance, n)
    w2 = rng.uniform(13.0, 15.0, n)
    w1, w3 = w2 + c[:, 0], w2 - c[:, 1]
    e2, e1, e3 = np.full(n, 0.05), np.full(n, 0.15), np.full(n, 0.2)
    w2 = w2 + e2 * rng.standard_normal(n)
    w1 = w1 + e1 * rng.standard_normal(n)
    sigma = 10 ** (-0.4 * (BANDS[2].limit_mag - 0.3)) / 2
    f = 10 ** (-0.4 * w3) + sigma * rng.standard_normal(n)
    is_limit = f < 2 * sigma
    assert 0.2 < is_limit.mean() < 0.9
    w3 = -2.5 * np.log10(np.where(is_limit, np.maximum(f, 0.0) + 2 * sigma, f))
    e3 = np.where(is_limit, nan, 1.0857 * sigma / np.where(is_limit, 1.0, f))
    got = fit(*colours(w1, e1, w2, e2, w3, e3), 1)
    assert got.mean[0, 0] == pytest.approx(2.6, abs=0.05)
    # The flux of a limit is lost: that costs W2-W3 this much, and no more.
    assert got.mean[0, 1] == pytest.approx(1.6, abs=0.15)
    assert got.covariance[0, 0, 0] == pytest.approx(0.4, abs=0.05)
    assert got.covariance[0, 1, 1] == pytest.approx(0.25, abs=0.12)


def test_the_stored_mixtures_are_where_the_likelihood_is_greatest(known: pd.DataFrame, tier5: pd.DataFrame) -> None:
    samples = {
        "dwarfs": colours(*known[list(COLUMNS)].T.to_numpy(), 0.8),
        "parents": colours(*tier5[list(COLUMNS)].T.to_numpy()),
    }
    for name, sample in samples.items():
        stored = likelihood.mixtures()[name]
        best = np.nansum(log_likelihood(stored, *sample))
        for k in range(len(stored.weight)):
            for axis in (0, 1):
                for step in (-0.1, 0.1):
                    mean = stored.mean.copy()
                    mean[k, axis] += step
                    assert np.nansum(log_likelihood(stored._replace(mean=mean), *sample)) < best


def test_it_tells_dwarfs_from_the_first_edition(
    known: pd.DataFrame, tier5: pd.DataFrame, y_dwarfs: pd.DataFrame
) -> None:
    dwarfs = log_ratio(*(known[c] for c in COLUMNS))
    others = log_ratio(*(tier5[c] for c in COLUMNS))
    dwarfs = dwarfs[np.isfinite(dwarfs)]
    n, m = len(dwarfs), len(others)
    area = (rankdata(np.concatenate([dwarfs, others]))[:n].mean() - (n + 1) / 2) / m
    assert area > 0.97
    assert (others > 0).mean() < 0.06
    names = [f"W{b}_{k}" for b in "123" for k in ("mag", "err")]
    assert (log_ratio(*(y_dwarfs[c] for c in names)) > 0).all()
    assert (others[tier5["designation"].isin(FOUR)] < 0).all()


def test_text_and_back() -> None:
    text = likelihood.as_csv(likelihood.mixtures())
    assert len(text.splitlines()) == 1 + sum(len(m.weight) for m in likelihood.mixtures().values())
    for m in likelihood.mixtures().values():
        assert m.weight.sum() == pytest.approx(1.0, abs=1e-4)
        assert (np.linalg.eigvalsh(m.covariance) > 0).all()
