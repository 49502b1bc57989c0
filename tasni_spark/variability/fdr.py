"""The false-discovery rate of Benjamini and Hochberg, in logarithms and with the number of tests given.

Why: a billion tests at p < 1e-6 find a thousand faders among constant stars. q bounds the share of false ones in a
list; for that every test counts that was made, also those whose p nobody kept.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from tasni_spark.variability.compiled import Floats


def log10_q(log10_p: ArrayLike, m: int | None = None) -> Floats:
    """Least false-discovery rate at which each test is a discovery.

    Parameters
    ----------
    log10_p : dex, (n,)
        All p of the tests, or all below some limit; NaN for tests that could not be made, which stay NaN.
    m
        Number of tests made, over all bands, statistics and tiles; as many as there are finite p by default.

    Returns
    -------
    dex, (n,)

    Notes
    -----
    q_(i) = min over j >= i of p_(j) m / j, at most 1, p_(j) the j-th smallest. Where p above a limit were left out, m
    makes up for them and the q of the rest are those of the whole, but for the minimum over what was left out.

    References
    ----------
    Benjamini and Hochberg 1995, JRSS B 57, 289 (10.1111/j.2517-6161.1995.tb02031.x).

    Examples
    --------
    >>> (10 ** log10_q(np.log10([0.01, 0.02, 0.5, np.nan]), 3)).round(6).tolist()
    [0.03, 0.03, 0.5, nan]
    """
    p = np.asarray(log10_p, np.float64)
    q = np.full(p.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    tests = len(tested) if m is None else m
    if tests < len(tested):
        raise ValueError(f"false-discovery rate: {tests} tests were made, but {len(tested)} have a p")
    if tests == 0:
        return q
    order = tested[np.argsort(p[tested], kind="stable")]
    scaled = p[order] + np.log10(tests) - np.log10(np.arange(1, len(order) + 1))
    q[order] = np.minimum(0.0, np.minimum.accumulate(scaled[::-1])[::-1])
    return q
