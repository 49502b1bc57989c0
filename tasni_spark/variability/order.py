"""Sorting, selection and the order statistics of a sorted array, for short arrays in a compiled loop.

Why: medians dominate the cost of robust statistics. A visit holds a dozen exposures: counting, for each, how many are
smaller takes no branch and uses vector registers. A light curve holds hundreds: a bucket for each leaves little to do.
"""

from __future__ import annotations

import numpy as np

from tasni_spark.variability.compiled import Counts, Floats, Ints, compiled

FEW = 24
"""Values up to which ranks are counted; also the fullest bucket that is left to insertion."""


@compiled
def sort(x: Floats, n: int, spare: Floats, spares: Counts) -> None:
    """Sort x[:n] in place. No NaN may stand there.

    Parameters
    ----------
    spare, spares : (>= n,), (>= 3 n,)
        Scratch.

    Notes
    -----
    Two buckets of equal width for each value, then one pass of insertion, which moves a value within its bucket only.
    Where an outlier squeezes all others into one bucket, a quicksort takes over.
    """
    if n <= FEW:
        _rank_sort(x, n, spare)
        return
    low, high = extremes(x, n)
    if not high > low:
        return
    count, bucket = spares[: 2 * n], spares[2 * n : 3 * n]
    scale = (2 * n - 1) / (high - low)
    count[:] = 0
    for i in range(n):
        bucket[i] = np.int32((x[i] - low) * scale)
    for i in range(n):
        count[bucket[i]] += np.int32(1)
    fullest = before = np.int32(0)
    for k in range(2 * n):
        members = count[k]
        count[k] = before
        before += members
        fullest = max(fullest, members)
    if fullest > FEW:
        x[:n].sort()
        return
    for i in range(n):
        k = bucket[i]
        spare[count[k]] = x[i]
        count[k] += np.int32(1)
    last = x[0] = spare[0]
    for i in range(1, n):
        v = spare[i]
        if v >= last:
            last = x[i] = v
            continue
        j = i
        while j > 0 and x[j - 1] > v:
            x[j] = x[j - 1]
            j -= 1
        x[j] = v


@compiled
def extremes(x: Floats, n: int) -> tuple[float, float]:
    """Least and greatest of x[:n], four chains side by side."""
    low, high = x[0], x[0]
    l1 = l2 = l3 = low
    h1 = h2 = h3 = high
    for i in range(0, n - 3, 4):
        a, b, c, d = x[i], x[i + 1], x[i + 2], x[i + 3]
        low, l1, l2, l3 = min(low, a), min(l1, b), min(l2, c), min(l3, d)
        high, h1, h2, h3 = max(high, a), max(h1, b), max(h2, c), max(h3, d)
    for i in range(n - n % 4, n):
        low, high = min(low, x[i]), max(high, x[i])
    return min(low, l1, l2, l3), max(high, h1, h2, h3)


@compiled
def _rank_sort(x: Floats, n: int, spare: Floats) -> None:
    """Each value to where its rank says; of equal ones the first alone is placed, and fills the gap behind it."""
    for i in range(n):
        spare[i] = x[i]
        x[i] = np.inf
    for i in range(n):
        v = spare[i]
        rank = 0
        for j in range(n):
            rank += spare[j] < v
        x[rank] = v
    for i in range(1, n):
        x[i] = x[i] if x[i] < np.inf else x[i - 1]


@compiled
def quantile_sorted(x: Floats, n: int, q: float) -> float:
    """Quantile of a sorted x[:n], linear between neighbours (NumPy's default)."""
    at = q * (n - 1)
    i = int(at)
    if i + 1 >= n:
        return float(x[n - 1])
    return float(x[i] + (at - i) * (x[i + 1] - x[i]))


@compiled
def median_sorted(x: Floats, n: int) -> float:
    """Median of a sorted x[:n], NaN where it is empty."""
    if n == 0:
        return np.nan
    half = n // 2
    return float(x[half]) if n % 2 else 0.5 * float(x[half - 1] + x[half])


@compiled
def mad_sorted(x: Floats, n: int) -> float:
    """Median absolute deviation from the median of a sorted x[:n].

    Notes
    -----
    Seen from the median, the deviations of the smaller and of the larger values are two sorted lists: half a merge
    finds their median without a second sort.
    """
    if n == 0:
        return np.nan
    centre = median_sorted(x, n)
    j = n // 2
    i = j - 1
    last = previous = 0.0
    for _ in range(n // 2 + 1):
        previous = last
        low = centre - x[i] if i >= 0 else np.inf
        high = x[j] - centre if j < n else np.inf
        last = min(low, high)
        is_low = low < high
        i -= is_low
        j += not is_low
    return last if n % 2 else 0.5 * (previous + last)


@compiled
def select(x: Floats, n: int, k: int) -> float:
    """The k-th smallest of x[:n]; x is reordered, smaller ones to the left of k, larger ones to the right."""
    low, high = 0, n - 1
    while low < high:
        pivot = x[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while x[i] < pivot:
                i += 1
            while x[j] > pivot:
                j -= 1
            if i <= j:
                x[i], x[j] = x[j], x[i]
                i += 1
                j -= 1
        if k <= j:
            high = j
        elif k >= i:
            low = i
        else:
            break
    return float(x[k])


@compiled
def median(x: Floats, n: int, bucket: Ints) -> float:
    """Median of x[:n], which is reordered; NaN where it is empty.

    Parameters
    ----------
    bucket : (>= n,)
        Scratch.

    Notes
    -----
    Counts in n buckets of equal width say in which one the median lies; only its members are looked at one by one.
    """
    if n == 0:
        return np.nan
    low, high = extremes(x, n)
    if not high > low:
        return float(low)
    scale = (n - 1) / (high - low)
    bucket[:n] = 0
    for i in range(n):
        bucket[int((x[i] - low) * scale)] += 1
    half, before, at = n // 2, 0, 0
    while before + bucket[at] <= half:
        before += bucket[at]
        at += 1
    below, members = -np.inf, 0
    for i in range(n):
        v = x[i]
        k = int((v - low) * scale)
        below = max(below, v) if k < at else below
        if k == at:
            x[members] = v
            members += 1
    upper = select(x, members, half - before)
    if n % 2:
        return upper
    for i in range(half - before):
        below = max(below, x[i])
    return 0.5 * (float(below) + upper)
