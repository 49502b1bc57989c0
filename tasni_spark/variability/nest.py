"""Detections of a piece of sky, source by source and in the order of time: one row a source, as Arrow lists."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasni_spark.variability.bands import SAME_EXPOSURE_D
from tasni_spark.variability.compiled import Bools, Floats, Ints, compiled
from tasni_spark.variability.near import ARCSEC, Sources, moved

FACTS = ("n_exposures", "n_duplicates", "n_other_tiles", "sep_arcsec", "sep_growth_arcsec_per_yr", "motion_arcsec")


class Detections(NamedTuple):
    """Detections of exposures: id, order-29 pixel, unit vector, Julian epoch in yr and time in d."""

    id: Ints
    hpx29: Ints
    at: Floats
    year: Floats
    mjd: Floats


class Nested(NamedTuple):
    """Exposures by source.

    Parameters
    ----------
    source
        Sources that have any, in their order.
    offsets : (n + 1,)
        Where the exposures of each begin.
    exposure
        Detections, in the order of time; of several in one exposure the nearest to the source, then the least id.
    facts : (n, len(FACTS))
    """

    source: Ints
    offsets: Ints
    exposure: Ints
    facts: Floats


def nest(sources: Sources, spans: Ints, given: Ints, found: Detections) -> Nested:
    """Bring the detections of each source together.

    Parameters
    ----------
    spans : (n, 2)
        First order-29 pixel of each source's tile and the first behind it; 0, 0 for sources of other groups.
    given
        The source of each detection, or -1.
    """
    offsets, order = _by_source(given, spans, found.mjd)
    source = np.flatnonzero(np.diff(offsets))
    offsets = np.append(offsets[source], len(order))
    facts = np.empty((len(source), len(FACTS)))
    kept = np.empty(len(order), np.int64)
    n = _gather(sources, spans, source, offsets, order, found, kept, facts)
    return Nested(source, np.append(0, np.cumsum(facts[:, 0])).astype(np.int64), kept[:n], facts)


@compiled
def _by_source(given: Ints, spans: Ints, mjd: Floats) -> tuple[Ints, Ints]:
    """Detections of the sources of this group, by source and then by time; where those of each begin."""
    offsets = np.zeros(len(spans) + 1, np.int64)
    for s in given:
        if s >= 0 and spans[s, 1] > 0:
            offsets[s + 1] += 1
    offsets = np.cumsum(offsets)
    order, free = np.empty(offsets[-1], np.int64), offsets[:-1].copy()
    for d in range(len(given)):
        s = given[d]
        if s >= 0 and spans[s, 1] > 0:
            order[free[s]] = d
            free[s] += 1
    for s in range(len(spans)):
        mine = order[offsets[s] : offsets[s + 1]].copy()
        order[offsets[s] : offsets[s + 1]] = mine[np.argsort(mjd[mine])]
    return offsets, order


@compiled
def _gather(
    sources: Sources,
    spans: Ints,
    source: Ints,
    offsets: Ints,
    order: Ints,
    found: Detections,
    kept: Ints,
    facts: Floats,
) -> int:
    """Fill `kept` and `facts`; returns the number kept."""
    place, rate, epoch = sources.place, sources.rate, sources.epoch
    id, at, year, mjd = found.id, found.at, found.year, found.mjd
    total, v = 0, np.empty(3)
    for n in range(len(source)):
        s, first, before, other = source[n], total, math.inf, 0
        st = stt = sr = str_ = se = ste = sn = stn = 0.0
        for k in range(offsets[n], offsets[n + 1]):
            d = order[k]
            moved(place[s], rate[s], epoch[s], year[d], v)
            c2 = (at[d, 0] - v[0]) ** 2 + (at[d, 1] - v[1]) ** 2 + (at[d, 2] - v[2]) ** 2
            if total > first and mjd[d] - mjd[kept[total - 1]] <= SAME_EXPOSURE_D:
                if c2 < before or (c2 == before and id[d] < id[kept[total - 1]]):
                    kept[total - 1], before = d, c2
                continue
            kept[total], before = d, c2
            total += 1
        across = math.hypot(place[s, 0], place[s, 1])
        px, py = (-place[s, 1] / across, place[s, 0] / across) if across > 0.0 else (0.0, 1.0)
        t0, m = year[kept[first]], total - first
        for k in range(first, total):
            d = kept[k]
            other += not spans[s, 0] <= found.hpx29[d] < spans[s, 1]
            moved(place[s], rate[s], epoch[s], year[d], v)
            x, y, z = at[d, 0] - v[0], at[d, 1] - v[1], at[d, 2] - v[2]
            east = x * px + y * py
            north = -place[s, 2] * (py * x - px * y) + across * z
            r, t = math.sqrt(x * x + y * y + z * z), year[d] - t0
            st, stt, sr, str_ = st + t, stt + t * t, sr + r, str_ + t * r
            se, ste, sn, stn = se + east, ste + t * east, sn + north, stn + t * north
        spread = stt - st * st / m
        facts[n, 0], facts[n, 1], facts[n, 2] = m, offsets[n + 1] - offsets[n] - m, other
        facts[n, 3] = sr / m / ARCSEC
        facts[n, 4] = facts[n, 5] = math.nan
        if spread > 0.0:
            facts[n, 4] = (str_ - st * sr / m) / spread / ARCSEC
            drift = math.hypot(ste - st * se / m, stn - st * sn / m) / spread
            facts[n, 5] = drift * (year[kept[total - 1]] - t0) / ARCSEC
    return total


def lists(offsets: Ints, values: NDArray[np.generic], nulls: Bools | None = None) -> pa.ListArray:
    """Arrow lists over concatenated values."""
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(values, mask=nulls))
