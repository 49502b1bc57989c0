"""Every statistic against a slow, obvious reference: scipy, numpy, or loops over pairs."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tasni_spark.tables.statistics import OF_BANDS, OF_EXPOSURES, OF_VISITS, STATISTICS
from tasni_spark.variability import scatter, structure, suite, visits
from tasni_spark.variability.exposures import ordered

RNG = np.random.default_rng(20240)
YEAR = 365.25
Curve = tuple[np.ndarray, np.ndarray, np.ndarray]


def curve(n_visits: int, n_exposures: int, slope: float = 0.0, seed: int = 0) -> Curve:
    """A light curve on an uneven cadence with uneven errors."""
    rng = np.random.default_rng([7, seed, n_visits, n_exposures])
    starts = 56700 + 182.625 * np.arange(n_visits) + rng.uniform(-12, 12, n_visits)
    t = np.sort((starts[:, None] + np.sort(rng.uniform(0, 1.2, (n_visits, n_exposures)), 1)).ravel())
    e = rng.uniform(0.02, 0.08, t.size)
    return t, 12.7 + slope * (t - 58000) / YEAR + e * rng.normal(size=t.size), e


CURVES = [curve(22, 13, 0.02), curve(12, 11, -0.03, 1), curve(7, 6, seed=2), curve(21, 60, seed=3), curve(6, 3)]
CURVES.append((CURVES[0][0], np.round(CURVES[0][1], 2), CURVES[0][2]))  # with ties


def flat(curves: list[Curve]) -> tuple[np.ndarray, ...]:
    offsets = np.concatenate([[0], np.cumsum([len(c[0]) for c in curves])])
    return (offsets, *(np.concatenate(column) for column in zip(*curves, strict=True)))


@pytest.fixture(scope="module")
def got() -> dict[str, np.ndarray]:
    return suite.statistics(*flat(CURVES), rivals=True)


def visits_of(c: Curve) -> list[tuple[float, float, float]]:
    """Visits by the words of the design, one at a time."""
    t, m, e = c
    found = []
    for rows in np.split(np.arange(t.size), np.flatnonzero(np.diff(t) > 30.0) + 1):
        middle = np.median(m[rows])
        keep = rows[np.abs(m[rows] - middle) <= 4 * stats.median_abs_deviation(m[rows], scale="normal")]
        formal = np.sum(e[keep] ** -2) ** -0.5
        scatter_of_mean = m[keep].std(ddof=1) / np.sqrt(keep.size)
        error = np.hypot(max(formal, scatter_of_mean), 0.012)
        if keep.size >= 3:
            found.append((t[keep].mean(), np.average(m[keep], weights=e[keep] ** -2), error))
    return found


def design(t: np.ndarray) -> np.ndarray:
    side = (-1.0) ** np.floor((t - t[0]) / 182.625 + 0.5)
    return np.column_stack([np.ones_like(t), (t - t[0]) / YEAR, side])


def fitted(x: np.ndarray, m: np.ndarray, e: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Coefficients, covariance of the given errors, chi2."""
    b, *_ = np.linalg.lstsq(x / e[:, None], m / e, rcond=None)
    return b, np.linalg.inv((x / e[:, None] ** 2).T @ x), float((((m - x @ b) / e) ** 2).sum())


def reference(c: Curve) -> dict[str, float]:
    t, m, e = c
    n = len(t)
    w = e**-2
    mean = np.average(m, weights=w)
    d = np.sqrt(n / (n - 1)) * (m - mean) / e
    r: dict[str, float] = {
        "n_exposures": n,
        "n_limits": 0,
        "mean_mag": mean,
        "median_mag": np.median(m),
        "rms_mag": m.std(ddof=1),
        "mad_mag": stats.median_abs_deviation(m),
        "iqr_mag": stats.iqr(m),
        "skew": stats.skew(m),
        "rchi2": (((m - mean) / e) ** 2).sum() / (n - 1),
        "excess_variance": (0.4 * math.log(10)) ** 2 * (m.var(ddof=1) - (e**2).mean()),
        "stetson_k": np.abs(d).mean() / np.sqrt((d**2).mean()),
        "eta": (np.diff(m) ** 2).sum() / (n - 1) / m.var(ddof=1),
    }
    terms, i = [], 0
    while i < n:
        is_pair = i + 1 < n and t[i + 1] - t[i] < 0.1
        p = d[i] * d[i + 1] if is_pair else d[i] ** 2 - 1
        terms.append(np.sign(p) * np.sqrt(abs(p)))
        i += 1 + is_pair
    r["stetson_j"] = np.mean(terms)
    for name, low, high in structure.SHORT_LAGS:
        r[f"sf2_{name}"] = by_pairs(t, m, e, low, high)
    return r | of_visits(*map(np.array, zip(*visits_of(c), strict=True)))


def by_pairs(t: np.ndarray, m: np.ndarray, e: np.ndarray, low: float, high: float) -> float:
    terms = [
        (m[i] - m[j]) ** 2 - e[i] ** 2 - e[j] ** 2
        for i in range(len(t))
        for j in range(i + 1, len(t))
        if low <= t[j] - t[i] < high
    ]
    return float(np.mean(terms)) if len(terms) >= 3 else math.nan


def of_visits(t: np.ndarray, m: np.ndarray, e: np.ndarray) -> dict[str, float]:
    n = len(t)
    has_alternate = n >= 6
    x = design(t)[:, : 3 if has_alternate else 2]
    b, cov, chi2 = fitted(x, m, e)
    dof = n - x.shape[1]
    sigma = math.sqrt(cov[1, 1] * max(1.0, chi2 / dof))
    loo, loo_t = [], []
    for i in range(n):
        k = np.arange(n) != i
        bi, ci, chi2i = fitted(x[k], m[k], e[k])
        loo.append(bi[1])
        loo_t.append(bi[1] / math.sqrt(ci[1, 1] * max(1.0, chi2i / (dof - 1))))
    y = m - b[2] * x[:, 2] if has_alternate else m
    half = n // 2
    kendall = sum(np.sign(m[j] - m[i]) for i in range(n) for j in range(i + 1, n))
    ties = sum(k * (k - 1) * (2 * k + 5) for k in np.unique(m, return_counts=True)[1])
    z = (kendall - np.sign(kendall)) / math.sqrt((n * (n - 1) * (2 * n + 5) - ties) / 18)
    r = {
        "n_visits": n,
        "span_yr": (t[-1] - t[0]) / YEAR,
        "slope_mag_per_yr": b[1],
        "sigma_slope_mag_per_yr": sigma,
        "t_slope": b[1] / sigma,
        "log10_p": math.log10(2 * stats.t.sf(abs(b[1] / sigma), dof)),
        "dof": dof,
        "rchi2_line": chi2 / dof,
        "alternate_mag": b[2] if has_alternate else math.nan,
        "slope_first_mag_per_yr": fitted(x[:half, :2], y[:half], e[:half])[0][1],
        "slope_last_mag_per_yr": fitted(x[-half:, :2], y[-half:], e[-half:])[0][1],
        "slope_loo_min_mag_per_yr": min(loo),
        "slope_loo_max_mag_per_yr": max(loo),
        "t_slope_loo": min(loo_t, key=abs),
        "theil_sen_mag_per_yr": stats.theilslopes(m, x[:, 1])[0],
        "mann_kendall_tau": kendall / (n * (n - 1) / 2),
        "mann_kendall_log10_p": math.log10(2 * stats.norm.sf(abs(z))),
    }
    for name, low, high in structure.LONG_LAGS:
        r[f"sf2_{name}"] = by_pairs(t, m, e, low, high)
    base = np.log(2 * np.pi * e**2).sum()
    bic = lambda chi2, k: chi2 + base + k * math.log(n)  # noqa: E731
    r["bic_constant"] = bic(fitted(x[:, :1], m, e)[2], 1)
    r["bic_line"] = bic(fitted(x[:, :2], m, e)[2], 2)
    r["bic_line_alternate"] = bic(chi2, 3) if has_alternate else math.nan
    is_alternate = r["bic_line_alternate"] < r["bic_line"]
    y = y if is_alternate else m
    steps = []
    for k in range(2, n - 1):
        s = np.column_stack([np.ones(n), np.arange(n) >= k])
        bs, _, chi2s = fitted(s, y, e)
        steps.append((chi2s, (t[k - 1] + t[k]) / 2, bs[1]))
    best = min(steps)
    r |= {"bic_step": bic(best[0], 3 + is_alternate), "step_mjd": best[1], "step_mag": best[2]}
    span = x[-1, 1]
    sines = []
    for k in range(5, int(10 * span) + 1):
        a = 2 * np.pi * k / (10 * span) * x[:, 1]
        bs, _, chi2s = fitted(np.column_stack([np.ones(n), np.cos(a), np.sin(a)]), y, e)
        sines.append((chi2s, 10 * span / k, np.hypot(bs[1], bs[2])))
    best = min(sines)
    return r | {
        "bic_sine": bic(best[0], 4 + is_alternate),
        "sine_period_yr": best[1],
        "sine_amplitude_mag": best[2],
    }


@pytest.mark.parametrize("which", range(len(CURVES)))
def test_against_the_reference(got: dict[str, np.ndarray], which: int) -> None:
    want = reference(CURVES[which])
    unchecked = {s.name for s in STATISTICS} - set(want)
    assert all("walk" in name for name in unchecked)
    for name, value in want.items():
        assert got[name][which] == pytest.approx(value, rel=1e-9, abs=1e-11, nan_ok=True), name


def test_visits_against_the_reference() -> None:
    v = visits.group(*flat(CURVES))
    for k, c in enumerate(CURVES):
        rows = slice(*v.offsets[k : k + 2])
        got = np.column_stack([v.mjd[rows], v.mag[rows], v.err[rows]])[v.n_used[rows] >= 3]
        assert np.abs(got - np.array(visits_of(c))).max() < 1e-9


def test_an_outlier_is_clipped_and_a_long_visit_is_cut() -> None:
    t, m, e = (a.copy() for a in curve(8, 12))
    m[5] += 3.0
    v = visits.group([0, 96], t, m, e)
    assert v.n_used[0] == 11
    assert v.n_limits[0] == 0
    everywhere = np.arange(0.0, 730.0, 0.5)
    v = visits.group([0, 1460], everywhere, everywhere * 0 + 12, everywhere * 0 + 0.1)
    assert np.diff(v.mjd).max() < 61
    assert np.diff(np.flatnonzero(np.diff(v.side))).min() >= 2  # the side flips every half year, not every visit


def test_sides_count_half_years_not_visits() -> None:
    starts = 56700 + 182.625 * np.array([0, 1, 2, 4, 5, 7, 8])  # two visits are missing
    t = (starts[:, None] + np.array([0.0, 0.1, 0.2])).ravel()
    v = visits.group([0, t.size], t, t * 0 + 12, t * 0 + 0.1)
    assert v.side.tolist() == [1, -1, 1, 1, -1, -1, 1]


def test_polar_gaps_are_given_source_by_source() -> None:
    t = np.array([0.0, 15.0, 30.0])
    v = visits.group([0, 3, 6], np.tile(t, 2), np.ones(6), np.ones(6), gap_d=[30.0, 10.0])
    assert np.diff(v.offsets).tolist() == [1, 3]


def test_order_of_the_rows_does_not_matter(got: dict[str, np.ndarray]) -> None:
    shuffled = [tuple(a[p] for a in c) for c in CURVES for p in [RNG.permutation(len(c[0]))]]
    again = suite.statistics(*flat(shuffled), rivals=True)  # type: ignore[arg-type]
    for name, values in got.items():
        assert again[name] == pytest.approx(values, rel=1e-6, nan_ok=True), name


def test_limits_are_counted_and_enter_nothing(got: dict[str, np.ndarray]) -> None:
    salted = []
    for t, m, e in CURVES:
        k = len(t)
        bad = np.resize([np.nan, 0.0, -1.0, np.inf], k)
        salted.append((np.repeat(t, 2), np.column_stack([m, m - 3]).ravel(), np.column_stack([e, bad]).ravel()))
    again = suite.statistics(*flat(salted))
    assert (again["n_limits"] == got["n_exposures"]).all()
    for s in OF_EXPOSURES[2:] + OF_VISITS:
        assert again[s.name] == pytest.approx(got[s.name], rel=1e-12, nan_ok=True), s.name


def test_a_fade_mirrors_a_brightening(got: dict[str, np.ndarray]) -> None:
    again = suite.statistics(*flat([(t, -m, e) for t, m, e in CURVES]))
    signs = {"slope_mag_per_yr": -1, "log10_p": 1, "theil_sen_mag_per_yr": -1, "bic_step": 1, "skew": -1}
    for name, sign in signs.items():
        assert again[name] == pytest.approx(sign * got[name], rel=1e-9), name
    reverse = suite.statistics(*flat([(-t[::-1], m[::-1], e[::-1]) for t, m, e in CURVES]))
    assert reverse["slope_first_mag_per_yr"] == pytest.approx(-got["slope_last_mag_per_yr"], rel=1e-6)


EMPTY = np.empty(0)
EDGES: dict[str, Any] = {
    "no exposure": (EMPTY, EMPTY, EMPTY),
    "one exposure": ([57000.0], [12.0], [0.1]),
    "one visit": ([57000.0, 57000.1, 57000.2], [12.0, 12.1, 12.0], [0.1] * 3),
    "two visits": ([57000.0, 57000.1, 57000.2, 57180.0, 57180.1, 57180.2], [12.0, 12.1, 12.0] * 2, [0.1] * 6),
    "all limits": ([57000.0, 57180.0, 57360.0], [15.0] * 3, [np.nan] * 3),
    "all NaN": ([np.nan] * 4, [np.nan] * 4, [np.nan] * 4),
    "one time": ([57000.0] * 30, np.linspace(12, 13, 30), [0.1] * 30),
    "one magnitude": (np.repeat(57000 + 182.6 * np.arange(10), 3), [12.0] * 30, [0.1] * 30),
}


@pytest.mark.parametrize("case", EDGES)
def test_edges(case: str) -> None:
    t, m, e = (np.asarray(a, float) for a in EDGES[case])
    alone = suite.statistics([0, len(t)], t, m, e, rivals=True)
    n = np.isfinite(m * e).sum()
    assert alone["n_exposures"][0] == n
    assert np.isnan(alone["mean_mag"][0]) == (n == 0)
    assert not any(np.isinf(a).any() for name, a in alone.items() if "log10" not in name)
    if case == "one magnitude":
        assert alone["slope_mag_per_yr"][0] == 0
        assert alone["log10_p"][0] == 0
        assert alone["mann_kendall_log10_p"][0] == 0
    else:
        assert np.isnan(alone["slope_mag_per_yr"][0])
    # a neighbour neither changes it nor is changed by it
    among = suite.statistics(*flat([CURVES[0], (t, m, e), CURVES[1]]), rivals=True)
    for name, a in alone.items():
        assert among[name][1] == pytest.approx(a[0], nan_ok=True), name


def test_no_source_at_all() -> None:
    assert all(len(a) == 0 for a in suite.statistics([0], EMPTY, EMPTY, EMPTY, rivals=True).values())


def test_two_bands() -> None:
    pairs = [curve(20, 12, 0.02, 5), curve(9, 5, -0.05, 6)]
    both = [
        (t, m, e, m - 1.5 + 0.01 * (t - 58000) / YEAR + 0.02 * RNG.normal(size=t.size), 0.7 * e) for t, m, e in pairs
    ]
    offsets, t, m1, e1, m2, e2 = flat(both)  # type: ignore[arg-type]
    v1, v2 = visits.group(offsets, t, m1, e1), visits.group(offsets, t, m2, e2, visits.W2)
    got = suite.two_bands(ordered(offsets, t, m1, e1), ordered(offsets, t, m2, e2), v1, v2)
    for k, (t_, a, ea, b, eb) in enumerate(both):
        i, j = (np.array(visits_of(c)).T for c in ((t_, a, ea), (t_, b, eb)))
        j[2] = np.sqrt(j[2] ** 2 - 0.012**2 + 0.010**2)
        r, p = stats.pearsonr(i[1], j[1])
        n = i.shape[1]
        x = np.column_stack([np.ones(n), (i[0] + j[0]) / 2 / YEAR - 150])
        c, cov, chi2 = fitted(x, i[1] - j[1], np.hypot(i[2], j[2]))
        sigma = math.sqrt(cov[1, 1] * max(1, chi2 / (n - 2)))
        s11, s22 = i[1].var(), j[1].var()
        s12 = ((i[1] - i[1].mean()) * (j[1] - j[1].mean())).mean()
        ratio = (j[2] ** 2).sum() / (i[2] ** 2).sum()
        d = s22 - ratio * s11
        size = len(t_)
        da, db = (np.sqrt(size / (size - 1)) * (y - np.average(y, weights=s**-2)) / s for y, s in ((a, ea), (b, eb)))
        want = {
            "n_common_visits": n,
            "correlation": r,
            "correlation_log10_p": math.log10(p),
            "colour_mag": np.average(i[1] - j[1], weights=1 / np.hypot(i[2], j[2]) ** 2),
            "colour_slope_mag_per_yr": c[1],
            "sigma_colour_slope_mag_per_yr": sigma,
            "colour_slope_log10_p": math.log10(2 * stats.t.sf(abs(c[1] / sigma), n - 2)),
            "w2_per_w1": (d + math.sqrt(d * d + 4 * ratio * s12**2)) / (2 * s12),
            "stetson_j_bands": np.mean(np.sign(da * db) * np.sqrt(np.abs(da * db))),
        }
        assert set(want) == set(got)
        for name, value in want.items():
            assert got[name][k] == pytest.approx(value, rel=1e-7), name


def test_statistics_are_named_once_with_units_that_parse() -> None:
    from astropy import units as u

    every = STATISTICS + OF_BANDS
    assert len({s.name for s in every}) == len(every)
    for s in every:
        u.Unit(s.unit)
        assert s.doc
        assert s.ucd
    assert len(structure.LONG_LAGS) + len(structure.SHORT_LAGS) >= 6
    assert scatter.PAIR_D > 95 / 1440
    assert all(a[2] == b[1] for lags in (structure.SHORT_LAGS, structure.LONG_LAGS) for a, b in pairwise(lags))
