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
from tasni_spark.variability.compiled import Counts, Floats, Ints, compiled, floats
from tasni_spark.variability.exposures import is_measured, longest, ordered
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
    at, t, m, e = ordered(offsets, mjd, mag, err)
    gaps = floats(np.broadcast_to(config.gap_d if gap_d is None else np.asarray(gap_d, np.float64), len(at) - 1))
    starts, ends = _bounds(at, t, gaps, config.longest_d)
    visit_mjd, visit_mag, visit_err, side = (np.empty(starts[-1]) for _ in range(4))
    n_used, n_limits = (np.empty(starts[-1], np.int64) for _ in range(2))
    found = Visits(starts, visit_mjd, visit_mag, visit_err, n_used, n_limits, side)
    _fill(at, t, m, e, ends, config.clip_mad, config.floor_mag, *found)
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
def _bounds(offsets: Ints, t: Floats, gaps: Floats, longest_d: float) -> tuple[Ints, Ints]:
    """Where the visits of each source begin among all visits, and where each visit ends among the exposures."""
    starts, ends = np.zeros(len(offsets), np.int64), np.empty(len(t), np.int64)
    v = 0
    for i in range(len(offsets) - 1):
        first = offsets[i]
        for k in range(first + 1, offsets[i + 1]):
            if t[k] - t[k - 1] > gaps[i] or t[k] - t[first] > longest_d:
                ends[v] = first = k
                v += 1
        if first < offsets[i + 1]:
            ends[v] = offsets[i + 1]
            v += 1
        starts[i + 1] = v
    return starts, ends[:v]


@compiled
def _fill(
    offsets: Ints,
    t: Floats,
    m: Floats,
    e: Floats,
    ends: Ints,
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
    value, weight, x, spare = np.empty(size), np.empty(size), np.empty(size), np.empty(size)
    spares = np.empty(3 * size, np.int32)
    for i in range(len(offsets) - 1):
        a, n = offsets[i], offsets[i + 1] - offsets[i]
        for k in range(n):  # errors become weights, 0 for what measured nothing
            y, error = m[a + k], e[a + k]
            good = is_measured(y, error)
            value[k], weight[k] = y if good else 0.0, 1.0 / (error * error) if good else 0.0
        low = 0
        for v in range(starts[i], starts[i + 1]):
            high = ends[v] - a
            mjd[v], mag[v], err[v], count[v], k = _mean(
                t, a, value, weight, low, high, clip_mad, floor, x, spare, spares
            )
            limits[v] = high - low - k
            side[v] = 1.0 - 2.0 * (math.floor((mjd[v] - mjd[starts[i]]) / HALF_YEAR_D + 0.5) % 2)
            low = high


@compiled
def _mean(
    t: Floats,
    first: int,
    value: Floats,
    weight: Floats,
    low: int,
    high: int,
    clip_mad: float,
    floor: float,
    x: Floats,
    spare: Floats,
    spares: Counts,
) -> tuple[float, float, float, int, int]:
    """Time, clipped weighted mean, error, exposures in the mean and exposures measured, of one visit; see `group`.

    Parameters
    ----------
    t, first
        Times of all exposures, and where those of the source begin.
    value, weight, low, high
        Of the exposures of the source, of which low:high are the visit; the weight of what measured nothing is 0.
    """
    n = 0
    for i in range(low, high):
        x[n] = value[i]
        n += weight[i] > 0.0
    t0, st = t[first + low], 0.0
    if n == 0:
        for i in range(low, high):
            st += t[first + i] - t0
        return t0 + st / (high - low), math.nan, math.nan, 0, 0
    sort(x, n, spare, spares)
    centre = median_sorted(x, n)
    reach = clip_mad * MAD_TO_SIGMA * mad_sorted(x, n)
    if reach == 0.0:
        reach = math.inf
    sw = sx = s1 = s2 = used = 0.0
    for i in range(low, high):
        d = value[i] - centre
        is_in = (weight[i] > 0.0) & (abs(d) <= reach)
        w, d, dt, one = (weight[i], d, t[first + i] - t0, 1.0) if is_in else (0.0, 0.0, 0.0, 0.0)
        sw += w
        sx += w * d
        st += dt
        s1 += d
        s2 += d * d
        used += one
    error2 = 1.0 / sw
    if used > 1:
        error2 = max(error2, (s2 - s1 * s1 / used) / (used - 1) / used)
    return t0 + st / used, centre + sx / sw, math.sqrt(error2 + floor * floor), int(used), n
