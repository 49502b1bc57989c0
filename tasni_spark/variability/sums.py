"""Sums of exponentials at evenly spaced frequencies: what a periodogram of an uneven light curve is made of.

Why: a full grid has 180,000 frequencies, at each of which every exposure needs a sine. Spread onto a fine even grid,
the exposures become a signal that one fast Fourier transform takes to all frequencies at once.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tasni_spark.variability.compiled import Floats, compiled

Complexes = NDArray[np.complex128]
WIDTH = 12
"""Cells onto which an exposure is spread."""
OVERSAMPLING = 1.25
_BETA = 0.97 * math.pi * WIDTH * (1.0 - 0.5 / OVERSAMPLING)


def exponential_sums(phase: Floats, values: Floats, n: int) -> Complexes:
    """Sum of values exp(2 pi i k phase) for k = 0 .. n - 1.

    Parameters
    ----------
    phase : (m,)
        Any real numbers; only the part behind the point counts.
    values : (m,)

    Returns
    -------
    (n,)
        To 1e-7 of sum |values|.

    Notes
    -----
    Type-1 non-uniform FFT with the kernel exp(beta (sqrt(1 - z^2) - 1)), whose transform is divided out.

    References
    ----------
    Barnett, Magland and af Klinteberg 2019, SIAM J. Sci. Comput. 41, C479 (10.1137/18M120885X).
    """
    cells = fast_length(int(2 * OVERSAMPLING * n) + 2 * WIDTH)
    fine = np.zeros(cells)
    _spread(-phase - np.floor(-phase), values, fine)
    sums: Complexes = np.fft.rfft(fine)[:n]
    sums *= _correction(n, cells)
    return sums


def fast_length(n: int) -> int:
    """Least number from n on with no prime factor above 5."""
    best = 1 << max(1, (n - 1).bit_length())
    p5 = 1
    while p5 < best:
        p35 = p5
        while p35 < best:
            size = p35 << max(0, (-(-n // p35) - 1).bit_length())
            best = min(best, size) if size >= n else best
            p35 *= 3
        p5 *= 5
    return best


@cache
def _correction(n: int, cells: int) -> Floats:
    z, weight = np.polynomial.legendre.leggauss(4 * WIDTH)  # type: ignore[no-untyped-call, unused-ignore]
    kernel = weight * np.exp(_BETA * (np.sqrt(1.0 - z * z) - 1.0))
    transform = np.zeros(n)
    for node, value in zip(z, kernel, strict=True):
        transform += value * np.cos(math.pi * WIDTH * node / cells * np.arange(n))
    correction: Floats = 2.0 / (WIDTH * transform)
    correction.flags.writeable = False
    return correction


@compiled
def _spread(phase: Floats, values: Floats, fine: Floats) -> None:
    cells = len(fine)
    for i in range(len(phase)):
        at = phase[i] * cells
        first = math.ceil(at - 0.5 * WIDTH)
        for k in range(first, first + WIDTH):
            z = 2.0 * (k - at) / WIDTH
            if -1.0 <= z <= 1.0:
                fine[k % cells] += values[i] * math.exp(_BETA * (math.sqrt(1.0 - z * z) - 1.0))
