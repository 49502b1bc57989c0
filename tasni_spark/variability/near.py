"""Which source an exposure belongs to: the nearest to where each source was at that time.

Why: a source that moves leaves a fixed circle, and before that its light; the position is therefore that of the
exposure's own epoch. Sources stand in a hash table of cubes of space, a mover in each cube that it passes, so that a
look-up costs eight cubes whatever the sky.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from tasni_spark.variability.compiled import Bools, Floats, Ints, compiled

ARCSEC = math.pi / 180 / 3600
_BITS = 21
_MULTIPLIER = np.int64(-7046029254386353131)
"""2^64 over the golden ratio: Knuth, The Art of Computer Programming 3, 6.4."""


class Sources(NamedTuple):
    """Places and motions of sources.

    Parameters
    ----------
    id
        Identifiers; the lesser wins a tie.
    place : (n, 3)
        Unit vectors at `epoch`.
    rate : rad / yr, (n, 3)
        Change of the unit vector in a year; 0 for sources that stand still.
    epoch : yr, (n,)
    """

    id: Ints
    place: Floats
    rate: Floats
    epoch: Floats


class Cubes(NamedTuple):
    """Sources in cubes: side, slots of a hash table, and the members of each cube."""

    side: float
    slot: Ints
    key: Ints
    start: Ints
    member: Ints


def cubes(sources: Sources, reach_arcsec: float, first_yr: float, last_yr: float) -> Cubes:
    """Put sources into cubes for look-ups within a radius, at any time of a span.

    Notes
    -----
    A mover stands at places no further apart than the radius; cubes are as wide as two reaches, a reach being the
    radius and half that distance.
    """
    radius = reach_arcsec * ARCSEC
    side = 3.0 * radius
    span = max(last_yr - first_yr, 0.0)
    copies = _copies(sources.rate, span, radius)
    key, member = _keys(sources.place, sources.rate, sources.epoch, copies, first_yr, span, side)
    order = np.argsort(key, kind="stable")
    key, member = key[order], member[order]
    start = np.append(np.flatnonzero(np.append(True, key[1:] != key[:-1])) if len(key) else np.empty(0, int), len(key))
    slots = 1 << max(4, int(2 * len(start)).bit_length())
    first = key[start[:-1]]
    return Cubes(side, _slots(first, slots), first, start, member)


@compiled
def _copies(rate: Floats, span: float, step: float) -> Ints:
    n = np.empty(len(rate), np.int64)
    for i in range(len(rate)):
        path = span * math.sqrt(rate[i, 0] ** 2 + rate[i, 1] ** 2 + rate[i, 2] ** 2)
        n[i] = 1 + math.ceil(path / step)
    return n


@compiled
def _keys(
    place: Floats, rate: Floats, epoch: Floats, copies: Ints, first: float, span: float, side: float
) -> tuple[Ints, Ints]:
    total = 0
    for n in copies:
        total += n
    key, member = np.empty(total, np.int64), np.empty(total, np.int64)
    at, v = 0, np.empty(3)
    for i in range(len(copies)):
        for k in range(copies[i]):
            when = first + (span * k / (copies[i] - 1) if copies[i] > 1 else 0.0)
            moved(place[i], rate[i], epoch[i], when, v)
            key[at] = _cube(_index(v[0], side), _index(v[1], side), _index(v[2], side))
            member[at] = i
            at += 1
    return key, member


@compiled
def moved(place: Floats, rate: Floats, epoch: float, when: float, out: Floats) -> None:
    """Unit vector after uniform motion in space."""
    years = when - epoch if math.isfinite(epoch) else 0.0
    s = 0.0
    for c in range(3):
        out[c] = place[c] + years * rate[c]
        s += out[c] * out[c]
    for c in range(3):
        out[c] /= math.sqrt(s)


@compiled
def _index(x: float, side: float) -> int:
    return math.floor((x + 1.0) / side) + 1


@compiled
def _cube(i: int, j: int, k: int) -> int:
    return (i << 2 * _BITS) | (j << _BITS) | k


@compiled
def _slots(keys: Ints, size: int) -> Ints:
    slot = np.full(size, -1, np.int64)
    for n in range(len(keys)):
        h = _hash(keys[n], size)
        while slot[h] >= 0:
            h = (h + 1) & (size - 1)
        slot[h] = n
    return slot


@compiled
def _hash(key: int, size: int) -> int:
    mixed = key * _MULTIPLIER
    return int((mixed ^ (mixed >> 32)) & (size - 1))


@compiled
def _find(slot: Ints, keys: Ints, key: int) -> int:
    size = len(slot)
    h = _hash(key, size)
    while slot[h] >= 0:
        if keys[slot[h]] == key:
            return int(slot[h])
        h = (h + 1) & (size - 1)
    return -1


@compiled
def vectors(ra: Floats, dec: Floats) -> Floats:
    """Unit vectors of directions in deg."""
    v = np.empty((len(ra), 3))
    for i in range(len(ra)):
        a, d = math.radians(ra[i]), math.radians(dec[i])
        v[i, 0], v[i, 1], v[i, 2] = math.cos(a) * math.cos(d), math.sin(a) * math.cos(d), math.sin(d)
    return v


@compiled
def rates(ra: Floats, dec: Floats, pmra: Floats, pmdec: Floats, error: Floats, snr: float) -> Floats:
    """Change of the unit vector in rad / yr; 0 for motions in mas / yr that are null, or of fewer sigma than `snr`."""
    rad = math.pi / 180 / 3.6e6
    v = np.zeros((len(ra), 3))
    for i in range(len(ra)):
        pm = math.hypot(pmra[i], pmdec[i])
        if not math.isfinite(pm) or not pm >= snr * error[i]:
            continue
        a, d, east, north = math.radians(ra[i]), math.radians(dec[i]), pmra[i] * rad, pmdec[i] * rad
        v[i, 0] = -math.sin(a) * east - math.cos(a) * math.sin(d) * north
        v[i, 1] = math.cos(a) * east - math.sin(a) * math.sin(d) * north
        v[i, 2] = math.cos(d) * north
    return v


def nearest(sources: Sources, table: Cubes, at: Floats, year: Floats, radius_arcsec: float) -> Ints:
    """The source of each exposure: the nearest within a radius, or -1.

    Parameters
    ----------
    at : (k, 3)
        Unit vectors of exposures.
    year : yr, (k,)
        Their Julian epochs, within the span of `table`.
    """
    return _nearest(sources, table, at, year, (2.0 * math.sin(0.5 * radius_arcsec * ARCSEC)) ** 2)


@compiled
def _nearest(sources: Sources, table: Cubes, at: Floats, year: Floats, most: float) -> Ints:
    found = np.full(len(at), -1, np.int64)
    side, v = table.side, np.empty(3)
    for n in range(len(at)):
        best = most
        i, j = _index(at[n, 0] - 0.5 * side, side), _index(at[n, 1] - 0.5 * side, side)
        k = _index(at[n, 2] - 0.5 * side, side)
        for corner in range(8):
            cube = _find(table.slot, table.key, _cube(i + (corner & 1), j + (corner >> 1 & 1), k + (corner >> 2)))
            if cube < 0:
                continue
            for m in range(table.start[cube], table.start[cube + 1]):
                s = table.member[m]
                moved(sources.place[s], sources.rate[s], sources.epoch[s], year[n], v)
                c2 = (at[n, 0] - v[0]) ** 2 + (at[n, 1] - v[1]) ** 2 + (at[n, 2] - v[2]) ** 2
                if c2 < best or (c2 == best and (found[n] < 0 or sources.id[s] < sources.id[found[n]])):
                    best = c2
                    found[n] = s
    return found


def neighbours(sources: Sources, wanted: Bools, radius_arcsec: float) -> Floats:
    """Distance in arcsec from each source to the nearest other one within a radius; NaN for none, or if not wanted."""
    still = Sources(sources.id, sources.place, np.zeros_like(sources.rate), sources.epoch)
    table = cubes(still, radius_arcsec, 0.0, 0.0)
    most = (2.0 * math.sin(0.5 * radius_arcsec * ARCSEC)) ** 2
    c2 = _neighbours(sources.place, wanted, table, most)
    return np.asarray(2.0 * np.arcsin(0.5 * np.sqrt(c2)) / ARCSEC)


@compiled
def _neighbours(place: Floats, wanted: Bools, table: Cubes, most: float) -> Floats:
    found = np.full(len(place), np.nan)
    side = table.side
    for n in range(len(place)):
        if not wanted[n]:
            continue
        best = most
        i, j = _index(place[n, 0] - 0.5 * side, side), _index(place[n, 1] - 0.5 * side, side)
        k = _index(place[n, 2] - 0.5 * side, side)
        for corner in range(8):
            cube = _find(table.slot, table.key, _cube(i + (corner & 1), j + (corner >> 1 & 1), k + (corner >> 2)))
            if cube < 0:
                continue
            for m in range(table.start[cube], table.start[cube + 1]):
                s = table.member[m]
                if s != n:
                    c2 = 0.0
                    for c in range(3):
                        c2 += (place[n, c] - place[s, c]) ** 2
                    if c2 <= best:
                        best = c2
                        found[n] = c2
    return found
