"""Visits: the dozen exposures of a day, twice a year, as one value with an honest error.

Why: NEOWISE-R looks at every place for about a day every half year. Exposures of a visit share their systematics, so
they are not independent evidence of anything slower than a day: trends are fitted to visits. Successive visits look
from opposite sides of the Sun, with the scan direction turned about; `side` says which.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from tasni_spark.core.config import opt
from tasni_spark.variability.compiled import Floats, Ints, compiled, floats, integers
from tasni_spark.variability.order import mad_sorted, median_sorted, sort

HALF_YEAR_D = 182.625
MAD_TO_SIGMA = 1.482602218505602
"""Standard deviation of a normal distribution over its median absolute deviation, 1 / Phi^-1(3/4)."""


@dataclass(frozen=True)
class VisitConfig:
    """How exposures become visits; `floor_mag` is fitted so that chi2 / dof about a line has the median 1."""

    gap_d: float = opt(30.0, "a gap longer than this starts a visit; 10 near the ecliptic poles")
    longest_d: float = opt(60.0, "a visit ends after this, however short its gaps: the poles are seen all year")
    clip_mad: float = opt(4.0, "exposures further than this from the median, in scaled MAD, are left out")
    floor_mag: float = opt(0.012, "systematic error of a visit: 0.012 in W1, 0.010 in W2")
    least_exposures: int = opt(3, "exposures below which a visit enters no trend")

    def __post_init__(self) -> None:
        if not (self.gap_d > 0 and self.longest_d > 0 and self.clip_mad > 0 and self.floor_mag >= 0):
            raise ValueError("visits: gap_d, longest_d and clip_mad must be positive, floor_mag not negative")


W1 = VisitConfig()
W2 = VisitConfig(floor_mag=0.010)


class Visits(NamedTuple):
    """The visits of n sources, concatenated.

    Parameters
    ----------
    offsets : (n + 1,)
        Where the visits of each source begin.
    mjd, mag, err : d, mag, mag, (visits,)
        Mean time, weighted mean and its error; NaN in mag and err where nothing was measured.
    n_used, n_limits : (visits,)
        Exposures in the mean; exposures that gave no more than an upper limit.
    side : (visits,)
        +1 or -1, the parity of the half years since the source's first visit.
    """

    offsets: Ints
    mjd: Floats
    mag: Floats
    err: Floats
    n_used: Ints
    n_limits: Ints
    side: Floats


def group(
    offsets: ArrayLike,
    mjd: ArrayLike,
    mag: ArrayLike,
    err: ArrayLike,
    config: VisitConfig = W1,
    gap_d: ArrayLike | None = None,
) -> Visits:
    """Group the exposures of many sources into visits.

    Parameters
    ----------
    offsets : (n + 1,)
        Where the exposures of each source begin.
    mjd, mag, err : d, mag, mag, (exposures,)
        In any order within a source; a null or non-positive error marks an upper limit, which enters no mean.
    gap_d : d, (n,), optional
        Gap that splits visits, source by source, in place of the configured one.

    Notes
    -----
    The mean of the exposures within `clip_mad` scaled MADs of the median, weighted with 1 / err^2; its error is
    sqrt(max(formal, scatter / sqrt(n_used))^2 + floor^2).

    Examples
    --------
    >>> v = group([0, 4], [0.0, 0.1, 0.2, 180.0], [10.0, 10.1, 10.2, 11.0], [0.1, 0.1, 0.1, np.nan])
    >>> v.mjd.round(3).tolist(), v.mag.round(3).tolist(), v.n_used.tolist(), v.n_limits.tolist(), v.side.tolist()
    ([0.1, 180.0], [10.1, nan], [3, 0], [0, 1], [1.0, -1.0])
    """
    at, t, m, e = integers(offsets), floats(mjd), floats(mag), floats(err)
    gaps = floats(np.broadcast_to(config.gap_d if gap_d is None else np.asarray(gap_d, np.float64), len(at) - 1))
    starts = _starts(at, t, gaps, config.longest_d)
    visit_mjd, visit_mag, visit_err, side = (np.empty(starts[-1]) for _ in range(4))
    n_used, n_limits = (np.empty(starts[-1], np.int64) for _ in range(2))
    found = Visits(starts, visit_mjd, visit_mag, visit_err, n_used, n_limits, side)
    _fill(at, t, m, e, gaps, config.longest_d, config.clip_mad, config.floor_mag, *found)
    return found


def take(visits: Visits, which: ArrayLike) -> Visits:
    """The visits of some sources, by position."""
    chosen = np.asarray(which, np.int64)
    counts = np.diff(visits.offsets)[chosen]
    offsets = np.append(0, np.cumsum(counts))
    rows = np.arange(offsets[-1]) + np.repeat(visits.offsets[chosen] - offsets[:-1], counts)
    return Visits(offsets, *(values[rows] for values in visits[1:]))


def means(visits: Visits) -> Floats:
    """Mean magnitude of each source over its visits, weighted with 1 / err^2; NaN where nothing was measured."""
    source = np.repeat(np.arange(len(visits.offsets) - 1), np.diff(visits.offsets))
    use = np.isfinite(visits.mag)
    w = np.where(use, visits.err, np.inf) ** -2.0
    sums, weights = (np.bincount(source, v, len(visits.offsets) - 1) for v in (w * np.where(use, visits.mag, 0.0), w))
    return np.divide(sums, weights, out=np.full(len(sums), np.nan), where=weights > 0)


@compiled
def in_order(t: Floats, m: Floats, e: Floats, a: int, b: int, to: Floats) -> int:
    """Exposures a:b that have a time, in the order of time, into the rows (t, m, e) of `to`; returns their number."""
    n = b - a
    to[0, :n], to[1, :n], to[2, :n] = t[a:b], m[a:b], e[a:b]
    before, after = to[0, : max(n - 1, 0)], to[0, 1:n]
    rising = 0.0
    for i in range(n - 1):
        rising += 1.0 if after[i] >= before[i] else 0.0
    if n == 0 or (rising == n - 1 and abs(to[0, 0]) < math.inf and abs(to[0, n - 1]) < math.inf):
        return n
    n = 0
    for i in range(b - a):
        to[:, n] = to[:, i]
        n += math.isfinite(to[0, i])
    order = np.argsort(to[0, :n], kind="mergesort")
    for k in range(3):
        to[k, :n] = to[k, :n][order]
    return n


@compiled
def is_measured(mag: float, err: float) -> bool:
    """Whether an exposure measured anything: a null or non-positive error marks a 95 % upper limit."""
    return math.isfinite(mag) and 0.0 < err < math.inf


@compiled
def longest(offsets: Ints) -> int:
    """Most entries of a source."""
    n = 0
    for i in range(len(offsets) - 1):
        n = max(n, offsets[i + 1] - offsets[i])
    return n


@compiled
def _starts(offsets: Ints, t: Floats, gaps: Floats, longest_d: float) -> Ints:
    n = len(offsets) - 1
    use = np.empty((3, longest(offsets)))
    starts = np.zeros(n + 1, np.int64)
    for i in range(n):
        k = in_order(t, t, t, offsets[i], offsets[i + 1], use)
        v = low = 0
        while low < k:
            low = _end(use, low, k, gaps[i], longest_d)
            v += 1
        starts[i + 1] = starts[i] + v
    return starts


@compiled
def _end(use: Floats, low: int, n: int, gap: float, longest_d: float) -> int:
    """Where the visit that begins at `low` ends."""
    high = low + 1
    while high < n and use[0, high] - use[0, high - 1] <= gap and use[0, high] - use[0, low] <= longest_d:
        high += 1
    return high


@compiled
def _fill(
    offsets: Ints,
    t: Floats,
    m: Floats,
    e: Floats,
    gaps: Floats,
    longest_d: float,
    clip_mad: float,
    floor: float,
    starts: Ints,
    mjd: Floats,
    mag: Floats,
    err: Floats,
    count: Ints,
    limits: Ints,
    side: Floats,
) -> None:
    size = longest(offsets)
    use, x, spare, bucket = np.empty((3, size)), np.empty(size), np.empty(size), np.empty(size + 1, np.int64)
    for i in range(len(offsets) - 1):
        n = in_order(t, m, e, offsets[i], offsets[i + 1], use)
        for k in range(n):  # errors become weights, 0 for what measured nothing
            good = is_measured(use[1, k], use[2, k])
            use[1, k], use[2, k] = use[1, k] if good else 0.0, 1.0 / (use[2, k] * use[2, k]) if good else 0.0
        v, low = starts[i], 0
        while low < n:
            high = _end(use, low, n, gaps[i], longest_d)
            mjd[v], mag[v], err[v], count[v], k = _mean(use, low, high, clip_mad, floor, x, spare, bucket)
            limits[v] = high - low - k
            side[v] = 1.0 - 2.0 * (math.floor((mjd[v] - mjd[starts[i]]) / HALF_YEAR_D + 0.5) % 2)
            low = high
            v += 1


@compiled
def _mean(
    use: Floats, a: int, b: int, clip_mad: float, floor: float, x: Floats, spare: Floats, bucket: Ints
) -> tuple[float, float, float, int, int]:
    """Time, clipped weighted mean, error, exposures in the mean and exposures measured, of one visit; see `group`.

    Parameters
    ----------
    use : (3, >= b)
        Times, magnitudes and weights; the weight of what measured nothing is 0.
    """
    first = use[0, a]
    n = 0
    for i in range(a, b):
        x[n] = use[1, i]
        n += use[2, i] > 0.0
    if n == 0:
        return first + np.mean(use[0, a:b] - first), math.nan, math.nan, 0, 0
    sort(x, n, spare, bucket)
    centre = median_sorted(x, n)
    reach = clip_mad * MAD_TO_SIGMA * mad_sorted(x, n)
    if reach == 0.0:
        reach = math.inf
    sw = sx = st = s1 = s2 = 0.0
    k = 0
    for i in range(a, b):
        d = use[1, i] - centre
        is_in = (use[2, i] > 0.0) & (abs(d) <= reach)
        w, d, dt = (use[2, i], d, use[0, i] - first) if is_in else (0.0, 0.0, 0.0)
        sw += w
        sx += w * d
        st += dt
        s1 += d
        s2 += d * d
        k += is_in
    error2 = 1.0 / sw
    if k > 1:
        error2 = max(error2, (s2 - s1 * s1 / k) / (k - 1) / k)
    return first + st / k, centre + sx / sw, math.sqrt(error2 + floor * floor), k, n
