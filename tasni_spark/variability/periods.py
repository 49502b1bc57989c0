"""Periods: the floating-mean Lomb-Scargle periodogram on an honest grid, with the window beside it.

Why: a grid of 10,000 frequencies to 2 per day steps over most peaks of a ten-year light curve, and what it finds is an
accident of the grid. Peaks are 1 / span wide; five samples each leave none out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from tasni_spark.core.config import opt
from tasni_spark.variability.compiled import DAYS_PER_YEAR, Floats, compiled, floats
from tasni_spark.variability.sums import Complexes, exponential_sums

METHODS = ("fft", "nifty", "direct")


@dataclass(frozen=True)
class PeriodConfig:
    """How periods are sought."""

    highest_per_d: float = opt(9.6, "highest frequency; half the rate of the exposures is 7.6 per day")
    lowest_per_d: float = opt(0.0, "lowest frequency; never below that of the grid's first point")
    per_peak: int = opt(5, "frequencies per 1 / span")
    method: str = opt("fft", "fft, nifty (the same by nifty-ls, which takes longer) or direct")

    def __post_init__(self) -> None:
        if self.per_peak < 5 or self.highest_per_d <= 0 or self.method not in METHODS:
            raise ValueError(f"periods: expected per_peak >= 5, highest_per_d > 0, method in {', '.join(METHODS)}")


class Periodogram(NamedTuple):
    """Power at evenly spaced frequencies.

    Parameters
    ----------
    df : 1 / d
        Their distance.
    first
        The first, in units of df.
    power : (n,)
        Share of chi2 about the mean that a sine takes away, 0 .. 1.
    window : (n,)
        Power of the sampling itself, 0 .. 1: where it is high, a peak may be the cadence's.
    """

    df: float
    power: Floats
    window: Floats
    first: int = 1

    @property
    def frequency(self) -> Floats:
        """Frequencies, 1 / d, (n,)."""
        return self.df * (self.first + np.arange(len(self.power)))

    def peaks(self, count: int, apart: float) -> tuple[Floats, Floats]:
        """The highest peaks, no two nearer than `apart` in 1 / d: frequencies and powers."""
        p = self.power
        inside = np.flatnonzero((p[1:-1] >= p[:-2]) & (p[1:-1] > p[2:])) + 1
        ends = [k for k in (0, len(p) - 1) if len(p) > 1 and p[k] == max(p[k], p[1 if k == 0 else k - 1])]
        at = np.concatenate([inside, np.array(ends, np.int64)])
        found: list[int] = []
        for k in at[np.argsort(-p[at], kind="stable")]:
            if all(abs(k - other) * self.df > apart for other in found):
                found.append(int(k))
            if len(found) == count:
                break
        return self.df * (np.array(found, np.float64) + self.first), p[found]


def periodogram(mjd: ArrayLike, mag: ArrayLike, err: ArrayLike, config: PeriodConfig | None = None) -> Periodogram:
    """Floating-mean Lomb-Scargle periodogram of one light curve.

    Parameters
    ----------
    mjd, mag, err : d, mag, mag, (n,)
        Exposures; those that measured nothing are left out.

    Notes
    -----
    df = 1 / (per_peak span), up to highest_per_d. The window is |sum w exp(i omega t)|^2 / (sum w)^2.

    References
    ----------
    Zechmeister and Kuerster 2009, A&A 496, 577 (2009A&A...496..577Z); VanderPlas 2018, ApJS 236, 16
    (2018ApJS..236...16V), for the grid and the window.

    Examples
    --------
    >>> t = 57000 + np.sort(np.random.default_rng(1).uniform(0, 400, 200))
    >>> p = periodogram(t, 12 + 0.1 * np.sin(2 * np.pi * t / 7.3), np.full(200, 0.01))
    >>> round(1 / p.peaks(1, 0.0025)[0][0], 1)
    7.3
    """
    c = config or PeriodConfig()
    t, y, e = measured(mjd, mag, err)
    grid = _grid(t, c)
    if grid is None:
        return Periodogram(math.nan, np.empty(0), np.empty(0))
    df, first, last = grid
    if c.method == "direct":
        return Periodogram(df, *power_at(t, y, e, df * np.arange(first, last + 1)), first)
    window = exponential_sums((t - t.min()) * df, e**-2.0 / np.sum(e**-2.0), last + 1)
    squares = window.real[first:] ** 2 + window.imag[first:] ** 2
    return Periodogram(df, _power(t, y, e, grid, c.method, window), squares, first)


def highest(mjd: ArrayLike, mag: ArrayLike, err: ArrayLike, config: PeriodConfig | None = None) -> float:
    """Power of the highest peak of `periodogram`, for less; 0 for too few exposures."""
    c = config or PeriodConfig()
    t, y, e = measured(mjd, mag, err)
    grid = _grid(t, c)
    if grid is None:
        return 0.0
    df, first, last = grid
    if c.method == "direct":
        return float(power_at(t, y, e, df * np.arange(first, last + 1))[0].max())
    return float(_power(t, y, e, grid, c.method).max())


def _grid(t: Floats, c: PeriodConfig) -> tuple[float, int, int] | None:
    """Distance of the frequencies, the first and the last in units of it; None where there is nothing to search."""
    if len(t) < 4 or not t.max() > t.min():
        return None
    df = 1.0 / (c.per_peak * float(t.max() - t.min()))
    first = max(1, math.ceil(c.lowest_per_d / df))
    return df, first, max(first, int(c.highest_per_d / df))


def _power(
    t: Floats, y: Floats, e: Floats, grid: tuple[float, int, int], method: str, window: Complexes | None = None
) -> Floats:
    df, first, last = grid
    if np.ptp(y) == 0.0:
        return np.zeros(last - first + 1)
    if method == "nifty":
        import nifty_ls  # noqa: PLC0415

        n, ends = last - first + 1, {"fmin": first * df, "fmax": last * df}
        found: Floats = nifty_ls.lombscargle(t - t.min(), y, e, **ends, Nf=n, nthreads=1).power
        return found
    w, phase, n = e**-2.0 / np.sum(e**-2.0), (t - t.min()) * df, last + 1
    y = y - np.sum(w * y)
    power = np.empty(last)
    twice = exponential_sums(2.0 * phase, w, n)  # at double frequency, for half the cost of a double length
    sums = exponential_sums(phase, w, n) if window is None else window
    _combine(exponential_sums(phase, w * y, n), sums, twice, float(np.sum(w * y * y)), power)
    return power[first - 1 :]


def power_at(mjd: ArrayLike, mag: ArrayLike, err: ArrayLike, frequency: ArrayLike) -> tuple[Floats, Floats]:
    """Power and window at any frequencies, by the plain sums.

    Parameters
    ----------
    mjd, mag, err : d, mag, mag, (n,)
    frequency : 1 / d, (k,)
    """
    t, y, e = measured(mjd, mag, err)
    w = e**-2.0 / np.sum(e**-2.0)
    f = floats(frequency)
    power, window = np.empty(len(f)), np.empty(len(f))
    _direct(floats(t - t[0]), floats(y - np.sum(w * y)), floats(w), f, power, window)
    return power, window


def measured(mjd: ArrayLike, mag: ArrayLike, err: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Exposures that measured something."""
    t, m, e = (np.asarray(a, np.float64) for a in (mjd, mag, err))
    use = np.isfinite(t) & np.isfinite(m) & np.isfinite(e) & (e > 0)
    return t[use], m[use], e[use]


def detrended(mjd: ArrayLike, mag: ArrayLike, err: ArrayLike, side: ArrayLike | None = None) -> Floats:
    """Magnitudes less the weighted line, and less the alternate-visit term where the side of each exposure is given.

    Notes
    -----
    A trend left in fills the low frequencies, and the window carries it to every alias of zero.
    """
    t, m, e = (np.asarray(a, np.float64) for a in (mjd, mag, err))
    use = np.isfinite(t) & np.isfinite(m) & np.isfinite(e) & (e > 0)
    columns = [np.ones_like(t), (t - np.mean(t[use])) / DAYS_PER_YEAR if use.any() else t]
    if side is not None:
        columns.append(np.asarray(side, np.float64))
    x = np.column_stack(columns)
    b, *_ = np.linalg.lstsq(x[use] / e[use, None], m[use] / e[use], rcond=None)
    return np.asarray(m - x @ b)


def without_visit_means(mag: ArrayLike, err: ArrayLike, visit: ArrayLike) -> Floats:
    """Magnitudes less the weighted mean of their visit: for periods below a day.

    Parameters
    ----------
    mag, err, visit : mag, mag, (n,)
        `visit` numbers the visits from 0.
    """
    m, e, v = np.asarray(mag, np.float64), np.asarray(err, np.float64), np.asarray(visit, np.int64)
    use = np.isfinite(m) & np.isfinite(e) & (e > 0)
    w = np.where(use, 1.0 / np.where(use, e, 1.0) ** 2, 0.0)
    sums, weights = np.bincount(v, w * np.where(use, m, 0.0)), np.bincount(v, w)
    mean = np.divide(sums, weights, out=np.full(len(sums), np.nan), where=weights > 0)
    return np.asarray(m - mean[v])


@compiled
def _gls(yc: float, ys: float, c: float, s: float, c2: float, s2: float, yy: float) -> float:
    """Power from sums over unit weight; c2 and s2 are those at twice the frequency."""
    cc, ss, cs = 0.5 * (1.0 + c2) - c * c, 0.5 * (1.0 - c2) - s * s, 0.5 * s2 - c * s
    d = cc * ss - cs * cs
    if d <= 1e-9 * (cc + ss) * (cc + ss) or yy <= 0.0:
        return 0.0
    return min(1.0, max(0.0, (ss * yc * yc + cc * ys * ys - 2.0 * cs * yc * ys) / (yy * d)))


@compiled
def _combine(y: Complexes, window: Complexes, twice: Complexes, yy: float, power: Floats) -> None:
    for k in range(1, len(power) + 1):
        u, v, v2 = y[k], window[k], twice[k]
        power[k - 1] = _gls(u.real, u.imag, v.real, v.imag, v2.real, v2.imag, yy)


@compiled
def _direct(t: Floats, y: Floats, w: Floats, frequency: Floats, power: Floats, window: Floats) -> None:
    yy = 0.0
    for i in range(len(t)):
        yy += w[i] * y[i] * y[i]
    for k in range(len(frequency)):
        omega = 2.0 * math.pi * frequency[k]
        yc = ys = c = s = c2 = s2 = 0.0
        for i in range(len(t)):
            co, si, wi = math.cos(omega * t[i]), math.sin(omega * t[i]), w[i]
            yc += wi * y[i] * co
            ys += wi * y[i] * si
            c += wi * co
            s += wi * si
            c2 += wi * (co * co - si * si)
            s2 += wi * 2.0 * co * si
        power[k] = _gls(yc, ys, c, s, c2, s2, yy)
        window[k] = c * c + s * s
