"""The one way in which functions of this package are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

Function = TypeVar("Function", bound=Callable[..., Any])
Reals = NDArray[np.float64]
Longs = NDArray[np.int64]
Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]


def compiled(function: Function) -> Function:
    """Machine code; without `fastmath`, so that sums are those of the SQL engine bit for bit."""
    try:
        return cast(Function, numba.njit(cache=True, nogil=True, error_model="numpy")(function))
    except RuntimeError:
        # A package shipped as a zip file has no folder for the cache: each worker compiles for itself.
        return cast(Function, numba.njit(nogil=True, error_model="numpy")(function))
