"""All statistics of many light curves at once: one compiled loop over Arrow's list layout.

Why: a Python call per source costs more than its statistics. Values lie concatenated, `offsets` says where each source
begins, and the loop fills one row of a matrix per source; names, units and meanings of its columns stand in
`tables.statistics`, from which the Spark tables are declared.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from tasni_spark.tables.statistics import (
    COUNTS,
    COVERAGE,
    LONG_LAGS,
    MODELS,
    OF_BANDS,
    OF_EXPOSURES,
    OF_RIVALS,
    OF_VISITS,
    RANKS,
    SCATTER,
    SHORT_LAGS,
    SINE,
    TREND,
    Statistic,
)
from tasni_spark.variability import bands as _bands
from tasni_spark.variability import models as _models
from tasni_spark.variability import ranks as _ranks
from tasni_spark.variability import scatter as _scatter
from tasni_spark.variability import sine as _sine
from tasni_spark.variability import structure as _structure
from tasni_spark.variability import trend as _trend
from tasni_spark.variability import walk as _walk
from tasni_spark.variability.compiled import DAYS_PER_YEAR, Bools, Floats, Ints, compiled, floats, integers
from tasni_spark.variability.exposures import Exposures, is_measured, longest, ordered
from tasni_spark.variability.visits import W1, VisitConfig, Visits, group

_SHORT, _LONG = len(SHORT_LAGS), len(LONG_LAGS)
_E1 = len(COUNTS)
_E2 = _E1 + len(SCATTER)
_V1 = len(COVERAGE)
_V2 = _V1 + _LONG
_V3 = _V2 + len(TREND)
_V4 = _V3 + len(RANKS)
_R1 = len(SINE)
_STEP_MJD = _V4 + [s.name for s in MODELS].index("step_mjd")


def statistics(
    offsets: ArrayLike,
    mjd: ArrayLike,
    mag: ArrayLike,
    err: ArrayLike,
    config: VisitConfig = W1,
    *,
    visits: Visits | None = None,
    rivals: ArrayLike | bool = False,
) -> dict[str, Floats]:
    """Every statistic of every source in one band.

    Parameters
    ----------
    offsets : (n + 1,)
        Where the exposures of each source begin.
    mjd, mag, err : d, mag, mag, (exposures,)
        In any order within a source. A null or non-positive `err` marks an upper limit: counted, never measured.
        Faint sources are better served with `flux.relative_mag` in place of magnitudes.
    visits
        Of the same exposures, where they are at hand.
    rivals : (n,)
        The sources for which the sine and the damped random walk are fitted, at a hundred times the cost of the rest;
        a scalar for all or none.

    Returns
    -------
    dict of (n,)
        One array for each of STATISTICS; NaN for what cannot be had, or was not asked for.

    Examples
    --------
    >>> t = np.repeat(np.arange(12) * 182.6, 3) + np.tile([0.0, 0.066, 0.132], 12)
    >>> s = statistics([0, 36], t, 12 + 0.02 * t / 365.25, np.full(36, 0.03))
    >>> s["n_visits"].tolist(), s["slope_mag_per_yr"].round(6).tolist(), s["mann_kendall_tau"].tolist()
    ([12.0], [0.02], [1.0])
    """
    x = ordered(offsets, mjd, mag, err)
    found = group(*x, config) if visits is None else visits
    table = np.empty((len(x.at) - 1, len(OF_EXPOSURES)))
    _exposures(*x, table)
    return _columns(OF_EXPOSURES, table) | trends(found, config, rivals=rivals)


def trends(visits: Visits, config: VisitConfig = W1, *, rivals: ArrayLike | bool = False) -> dict[str, Floats]:
    """The statistics that rest on visits alone: for visits corrected with control stars.

    Parameters
    ----------
    visits
        Of n sources.
    rivals : (n,)
        As in `statistics`.

    Returns
    -------
    dict of (n,)
        One array for each of OF_VISITS and OF_RIVALS.
    """
    n = len(visits.offsets) - 1
    table, dear = np.empty((n, len(OF_VISITS))), np.empty((n, len(OF_RIVALS)))
    chosen = np.ascontiguousarray(np.broadcast_to(np.asarray(rivals, np.bool_), n))
    chosen.flags.writeable = False
    v = visits
    _visits(
        integers(v.offsets),
        floats(v.mjd),
        floats(v.mag),
        floats(v.err),
        integers(v.n_used),
        floats(v.side),
        config.least_exposures,
        chosen,
        table,
        dear,
    )
    return _columns(OF_VISITS, table) | _columns(OF_RIVALS, dear)


def two_bands(
    exposures1: Exposures, exposures2: Exposures, visits1: Visits, visits2: Visits, config: VisitConfig = W1
) -> dict[str, Floats]:
    """What W1 and W2 say together, source by source.

    Parameters
    ----------
    exposures1, exposures2
        Of the same n sources in each band, as `exposures.ordered` gives them.
    visits1, visits2
        The visits of each band.

    Returns
    -------
    dict of (n,)
        One array for each of OF_BANDS.
    """
    table = np.empty((len(visits1.offsets) - 1, len(OF_BANDS)))
    v, u = visits1, visits2
    _pairs(
        *exposures1,
        *exposures2,
        integers(v.offsets),
        integers(v.n_used),
        floats(v.mjd),
        floats(v.mag),
        floats(v.err),
        integers(u.offsets),
        integers(u.n_used),
        floats(u.mjd),
        floats(u.mag),
        floats(u.err),
        config.least_exposures,
        table,
    )
    return _columns(OF_BANDS, table)


def _columns(statistics: tuple[Statistic, ...], table: Floats) -> dict[str, Floats]:
    by_column = np.ascontiguousarray(table.T)
    return {s.name: by_column[i] for i, s in enumerate(statistics)}


@compiled
def _measured(t: Floats, m: Floats, e: Floats, a: int, b: int, to: Floats) -> tuple[Floats, Floats, Floats, int]:
    """Exposures a:b that measured something, and their number: as they are, or in `to` where some did not."""
    n = 0
    for i in range(a, b):
        n += is_measured(m[i], e[i])
    if n == b - a:
        return t[a:b], m[a:b], e[a:b], n
    n = 0
    for i in range(a, b):
        to[0, n], to[1, n], to[2, n] = t[i], m[i], e[i]
        n += is_measured(m[i], e[i])
    return to[0], to[1], to[2], n


@compiled
def _usable(a: int, b: int, t: Floats, m: Floats, e: Floats, used: Ints, least: int, to: Floats) -> int:
    n = 0
    for i in range(a, b):
        if used[i] >= least and is_measured(m[i], e[i]):
            to[0, n], to[1, n], to[2, n] = t[i], m[i], e[i]
            n += 1
    return n


@compiled
def _exposures(offsets: Ints, t: Floats, m: Floats, e: Floats, table: Floats) -> None:
    size = longest(offsets)
    use, x, spare = np.empty((3, size + 1)), np.empty(size), np.empty(size)
    sums, places, spares = np.empty((4, size + 1)), np.empty(size, np.int64), np.empty(3 * size, np.int32)
    for i in range(len(offsets) - 1):
        out = table[i]
        mt, mm, me, n = _measured(t, m, e, offsets[i], offsets[i + 1], use)
        out[0], out[1] = n, offsets[i + 1] - offsets[i] - n
        _scatter.scatter(mt, mm, me, n, x, spare, spares, out[_E1:_E2])
        _structure.short_lags(mt, mm, me, n, sums, places, out[_E2:])


@compiled
def _visits(
    offsets: Ints,
    t: Floats,
    m: Floats,
    e: Floats,
    used: Ints,
    side: Floats,
    least: int,
    rivals: Bools,
    table: Floats,
    dear: Floats,
) -> None:
    size = longest(offsets)
    use, s = np.empty((3, size)), np.empty(size)
    x, w, r = np.empty(size + 1), np.empty(size + 1), np.empty(size)
    pairs = size * (size - 1) // 2
    slopes, bucket = np.empty(pairs), np.empty(pairs, np.int64)
    sums, places = np.empty((4, size + 1)), np.empty(size, np.int64)
    for i in range(len(offsets) - 1):
        out = table[i]
        n = _usable(offsets[i], offsets[i + 1], t, m, e, used, least, use)
        k = 0
        for v in range(offsets[i], offsets[i + 1]):
            if used[v] >= least and is_measured(m[v], e[v]):
                s[k] = side[v]
                k += 1
        out[0], out[1] = n, (use[0, n - 1] - use[0, 0]) / DAYS_PER_YEAR if n > 0 else math.nan
        _structure.long_lags(use[0], use[1], use[2], n, sums, places, out[_V1:_V2])
        fit = out[_V2:_V3]
        _trend.trend(use[0], use[1], use[2], s, n, x, w, r, fit)
        _ranks.ranks(x, use[1], n if n >= 3 else 0, slopes, bucket, out[_V3:_V4])
        dear[i] = math.nan
        if not (n >= 3 and x[n - 1] > x[0]):
            out[_V4:] = math.nan
            continue
        chi2 = fit[5] * fit[4] if fit[6] == fit[6] else math.nan
        spent = _models.models(x, use[1], w, r, n, chi2, out[_V4:])
        out[_STEP_MJD] = use[0, 0] + DAYS_PER_YEAR * out[_STEP_MJD]
        if rivals[i]:
            _sine.sine(x, r, w, n, spent, dear[i, :_R1])
            _walk.walk(x, r, w, n, spent, dear[i, _R1:])


@compiled
def _pairs(
    offsets1: Ints,
    t1: Floats,
    m1: Floats,
    e1: Floats,
    offsets2: Ints,
    t2: Floats,
    m2: Floats,
    e2: Floats,
    at1: Ints,
    used1: Ints,
    vt1: Floats,
    vm1: Floats,
    ve1: Floats,
    at2: Ints,
    used2: Ints,
    vt2: Floats,
    vm2: Floats,
    ve2: Floats,
    least: int,
    table: Floats,
) -> None:
    size = max(longest(offsets1), longest(offsets2))
    a, b, x = np.empty((3, size + 1)), np.empty((3, size + 1)), np.empty((7, size))
    for i in range(len(table)):
        s1, y1, d1, n1 = _measured(t1, m1, e1, offsets1[i], offsets1[i + 1], a)
        s2, y2, d2, n2 = _measured(t2, m2, e2, offsets2[i], offsets2[i + 1], b)
        table[i, -1] = _bands.stetson_j_bands(s1, y1, d1, n1, s2, y2, d2, n2)
        n1 = _usable(at1[i], at1[i + 1], vt1, vm1, ve1, used1, least, a)
        n2 = _usable(at2[i], at2[i + 1], vt2, vm2, ve2, used2, least, b)
        _bands.bands(a[0], a[1], a[2], n1, b[0], b[1], b[2], n2, x, table[i])
