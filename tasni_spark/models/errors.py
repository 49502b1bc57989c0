"""Error rates of outlier scores: conformal p-values and false-discovery rates, pure NumPy.

Why: a score of strangeness has no scale. Against sources of the same stratum that no fit has seen it has: under the
null that a source is like them its p is uniform, whatever the model (Vovk et al. 2005; Bates et al. 2023,
10.1214/22-AOS2244), and Benjamini and Hochberg's q bounds the share of false claims.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
LEAST = 50
"""Calibrating sources below which a stratum is judged by all of them."""


class Calibration(NamedTuple):
    """Sorted scores of the calibrating sources of each stratum; key -1 for all together."""

    by_stratum: Mapping[int, Floats]

    def of(self, stratum: int) -> Floats:
        """Scores that calibrate a stratum."""
        own = self.by_stratum.get(stratum, np.empty(0))
        return own if len(own) >= LEAST else self.by_stratum[-1]


def calibration(score: Floats, stratum: Ints) -> Calibration:
    """What calibrates each stratum."""
    found = {int(s): np.sort(score[stratum == s]) for s in np.unique(stratum)}
    return Calibration(found | {-1: np.sort(score)})


def p_values(score: Floats, stratum: Ints, by: Calibration) -> Floats:
    """Conformal p of each score: (1 + calibrating scores at least as great) / (1 + calibrating scores)."""
    p = np.full(len(score), np.nan)
    for s in np.unique(stratum):
        at, known = stratum == s, by.of(int(s))
        at_least = len(known) - np.searchsorted(known, score[at], side="left")
        p[at] = (1.0 + at_least) / (1.0 + len(known))
    return p


def q_of(levels: Floats, counts: Ints) -> dict[float, float]:
    """Benjamini and Hochberg's q of each level of p, from how many tests have it.

    Examples
    --------
    >>> q_of(np.array([0.01, 0.02, 0.5]), np.array([2, 1, 7]))
    {0.01: 0.05, 0.02: 0.06666666666666667, 0.5: 0.5}
    """
    order = np.argsort(levels)
    p, n = levels[order], np.cumsum(counts[order])
    q = np.minimum.accumulate((p * n[-1] / n)[::-1])[::-1]
    return {float(a): float(min(b, 1.0)) for a, b in zip(p, q, strict=True)}
