"""How the kernels are compiled, and the types that they share.

Why: one decorator keeps the options in one place and keeps mypy's view of a kernel, which numba's own would hide.
Kernels never raise: a division by zero is an infinity or a NaN, and a statistic that cannot be had is NaN. Sums may be
reordered (so that they use vector registers), but NaN and infinity keep their meaning.

What a loop that writes divides by is taken out of its array first: else the compiler divides, or multiplies by the
reciprocal, by where the arrays happen to lie, and the last bit with it.

The cache on disk looks at the file of a kernel only, not at the files of the kernels that it calls: after editing one,
remove `__pycache__/*.nb?`. A new installation replaces all files at once and needs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit  # type: ignore[import-untyped, unused-ignore]
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Counts = NDArray[np.int32]
Bools = NDArray[np.bool_]
F = TypeVar("F", bound=Callable[..., Any])

DAYS_PER_YEAR = 365.25


def compiled(function: F) -> F:
    """Compile a kernel to machine code, cached on disk, without the interpreter's lock."""
    jit = njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz", "arcp"})
    return cast(F, jit(function))


def floats(values: ArrayLike) -> Floats:
    """The values as a read-only, contiguous array of doubles.

    Notes
    -----
    Arrow's arrays are read-only, NumPy's are not, and numba compiles a kernel again for each kind: one kind is enough.
    """
    view = np.ascontiguousarray(values, np.float64).view()
    view.flags.writeable = False
    return view


def integers(values: ArrayLike) -> Ints:
    """The values as a read-only, contiguous array of 64-bit integers."""
    view = np.ascontiguousarray(values, np.int64).view()
    view.flags.writeable = False
    return view
