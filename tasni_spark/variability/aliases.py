"""Aliases: the frequencies that a cadence cannot tell apart.

Why: NEOWISE looks for a day every half year. Whatever peak comes out, its neighbours at the cadence's own frequencies
fit nearly as well; so a period is reported as a family, and a peak at a frequency of the cadence is tagged.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tasni_spark.variability.compiled import DAYS_PER_YEAR, Floats
from tasni_spark.variability.visits import HALF_YEAR_D

CADENCE = (("half_year", 1.0 / HALF_YEAR_D), ("year", 1.0 / DAYS_PER_YEAR), ("day", 1.0), ("orbit", 1440.0 / 95.0))
"""Name and frequency, 1 / d, of what repeats in the sampling."""


def tags(frequency: ArrayLike, span_d: float) -> NDArray[np.int8]:
    """Which of CADENCE has a harmonic within 1 / span of each frequency.

    Parameters
    ----------
    frequency : 1 / d, (n,)
    span_d : d

    Returns
    -------
    (n,)
        Bit k stands for CADENCE[k]. In ten years every tenth frequency lies near a harmonic of half a year.
    """
    f = np.asarray(frequency, np.float64)
    mask = np.zeros(f.shape, np.int8)
    for k, (_, own) in enumerate(CADENCE):
        n = np.maximum(1.0, np.round(f / own))
        mask |= ((np.abs(f - n * own) < 1.0 / span_d).astype(np.int8) << k).astype(np.int8)
    return mask


def family(frequency: float, span_d: float, highest_per_d: float, order: int = 2) -> Floats:
    """Frequencies |f + n f_c| that the cadence confuses with f, n = -order .. order, in ascending order.

    Parameters
    ----------
    frequency, highest_per_d : 1 / d
    span_d : d
        Frequencies nearer than 1 / span_d are one.

    Returns
    -------
    1 / d, (k,)
        Without f itself.
    """
    found: list[float] = []
    for _, own in CADENCE:
        for n in range(-order, order + 1):
            g = abs(frequency + n * own)
            near = [frequency, *found]
            if 1.0 / span_d < g <= highest_per_d and all(abs(g - other) >= 1.0 / span_d for other in near):
                found.append(g)
    return np.sort(np.array(found, np.float64))


def families(frequency: ArrayLike, span_d: float, order: int = 2) -> NDArray[np.int64]:
    """Group peaks into alias families.

    Parameters
    ----------
    frequency : 1 / d, (n,)
        Peaks in falling order of power.

    Returns
    -------
    (n,)
        For each peak the position of the highest of its family.
    """
    f = np.asarray(frequency, np.float64)
    head = np.arange(len(f))
    for i in range(len(f)):
        for j in range(i):
            sides = np.array([abs(f[i] - f[j]), f[i] + f[j]])
            shifts = [n * own for _, own in CADENCE for n in range(1, order + 1)]
            if head[j] == j and any((np.abs(sides - shift) < 1.0 / span_d).any() for shift in shifts):
                head[i] = j
                break
    return head
