"""Exposures of many sources in one band, laid end to end: what all kernels of light curves read.

Why: kernels that may rely on the order of time read slices of the arrays as they are. Nested light curves are stored in
that order, so that a look at the times is all it costs.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from tasni_spark.variability.compiled import Floats, Ints, compiled, floats, integers


class Exposures(NamedTuple):
    """Exposures of n sources in one band.

    Parameters
    ----------
    at : (n + 1,)
        Where the exposures of each source begin.
    mjd, mag, err : d, mag, mag, (exposures,)
        Of each source in the order of time. A null or non-positive error marks a 95 % upper limit.
    """

    at: Ints
    mjd: Floats
    mag: Floats
    err: Floats


def ordered(offsets: ArrayLike, mjd: ArrayLike, mag: ArrayLike, err: ArrayLike) -> Exposures:
    """Exposures in the order of time, without those that have none; the same arrays where they are so already.

    Parameters
    ----------
    offsets : (n + 1,)
        Where the exposures of each source begin.
    mjd, mag, err : d, mag, mag, (exposures,)
        In any order within a source.
    """
    x = Exposures(integers(offsets), floats(mjd), floats(mag), floats(err))
    if _is_ordered(x.at, x.mjd):
        return x
    at = np.zeros(len(x.at), np.int64)
    t, m, e = (np.empty(len(x.mjd)) for _ in range(3))
    n = _order(*x, at, t, m, e)
    return Exposures(integers(at), floats(t[:n]), floats(m[:n]), floats(e[:n]))


def of_source(x: Exposures, i: int) -> tuple[Floats, Floats, Floats]:
    """Times, magnitudes and errors of one source."""
    here = slice(x.at[i], x.at[i + 1])
    return x.mjd[here], x.mag[here], x.err[here]


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
def _is_ordered(offsets: Ints, t: Floats) -> bool:
    for i in range(len(offsets) - 1):
        a, n = offsets[i], offsets[i + 1] - offsets[i]
        before, after = t[a : a + max(n - 1, 0)], t[a + min(n, 1) : a + n]
        rising = 0.0
        for k in range(len(before)):
            rising += 1.0 if after[k] >= before[k] else 0.0
        if n > 0 and not (rising == n - 1 and abs(t[a]) < math.inf and abs(t[a + n - 1]) < math.inf):
            return False
    return True


@compiled
def _order(offsets: Ints, t: Floats, m: Floats, e: Floats, at: Ints, to_t: Floats, to_m: Floats, to_e: Floats) -> int:
    n = 0
    for i in range(len(offsets) - 1):
        first, is_rising = n, True
        for k in range(offsets[i], offsets[i + 1]):
            if math.isfinite(t[k]):
                to_t[n], to_m[n], to_e[n] = t[k], m[k], e[k]
                is_rising &= n == first or to_t[n] >= to_t[n - 1]
                n += 1
        if not is_rising:
            order = np.argsort(to_t[first:n], kind="mergesort")
            for to in (to_t, to_m, to_e):
                to[first:n] = to[first:n][order]
        at[i + 1] = n
    return n
