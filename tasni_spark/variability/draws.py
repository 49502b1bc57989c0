"""Random numbers that belong to a source, not to the order in which sources are worked on.

Why: an injection must come out the same on one worker as on a hundred, and again next year. Numbers are a hash of
(seed, source, stream, index); there is no state.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tasni_spark.variability.compiled import Floats

_GAMMA = np.uint64(0x9E3779B97F4A7C15)


def uniform(ids: ArrayLike, stream: int, seed: int, index: ArrayLike = 0) -> Floats:
    """Uniform deviates in (0, 1), one per source, or one per source and index.

    Parameters
    ----------
    ids, index : (n,)
        Identifier of the source; number of the deviate within the stream.
    stream, seed
        What the deviates are for; which experiment.

    References
    ----------
    Steele, Lea and Flood 2014, OOPSLA (10.1145/2714064.2660195): the mixing function of SplitMix64.

    Examples
    --------
    >>> np.array_equal(uniform([7, 8], 0, 1)[1:], uniform([8], 0, 1))
    True
    """
    key = np.atleast_1d(np.asarray(ids)).astype(np.int64).view(np.uint64)
    z = _mix(np.broadcast_to(np.uint64(seed), key.shape))
    for part in (np.uint64(stream), key, np.asarray(index).astype(np.uint64)):
        z = _mix(z ^ part)
    return ((z >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def normal(ids: ArrayLike, stream: int, seed: int, index: ArrayLike = 0) -> Floats:
    """Standard normal deviates, as `uniform`.

    References
    ----------
    Box and Muller 1958, Ann. Math. Statist. 29, 610 (10.1214/aoms/1177706645).
    """
    u, v = uniform(ids, 2 * stream, seed, index), uniform(ids, 2 * stream + 1, seed, index)
    return np.asarray(np.sqrt(-2.0 * np.log(u)) * np.cos(2.0 * np.pi * v))


def _mix(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    z = z + _GAMMA
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
