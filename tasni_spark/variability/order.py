"""Sorting, selection and the order statistics of a sorted array, for short arrays in a compiled loop.

Why: medians dominate the cost of robust statistics. A visit holds a dozen exposures, for which an insertion sort beats
everything; a light curve holds hundreds, for which merging without branches beats a quicksort that guesses wrong.
"""

from __future__ import annotations

import numpy as np

from tasni_spark.variability.compiled import Floats, compiled

RUN = 16
"""Length of the runs that are sorted by insertion before they are merged."""


@compiled
def insertion_sort(x: Floats, start: int, stop: int) -> None:
    """Sort x[start:stop] in place."""
    for i in range(start + 1, stop):
        v = x[i]
        j = i
        while j > start and x[j - 1] > v:
            x[j] = x[j - 1]
            j -= 1
        x[j] = v


@compiled
def sort(x: Floats, n: int, spare: Floats) -> None:
    """Sort x[:n] in place; `spare` is scratch of the same length. No NaN may stand there."""
    for start in range(0, n, RUN):
        insertion_sort(x, start, min(start + RUN, n))
    width = RUN
    while width < n:
        for start in range(0, n, 2 * width):
            i, middle, stop = start, min(start + width, n), min(start + 2 * width, n)
            j, k = middle, start
            while i < middle and j < stop:
                a, b = x[i], x[j]
                left = a <= b
                spare[k] = a if left else b
                i += left
                j += not left
                k += 1
            while i < middle:
                spare[k] = x[i]
                i += 1
                k += 1
            for r in range(start, k):
                x[r] = spare[r]
        width *= 2


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
        if low < high:
            last = low
            i -= 1
        else:
            last = high
            j += 1
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
def median(x: Floats, n: int) -> float:
    """Median of x[:n], which is reordered; NaN where it is empty."""
    if n == 0:
        return np.nan
    upper = select(x, n, n // 2)
    if n % 2:
        return upper
    lower = x[0]
    for i in range(1, n // 2):
        lower = max(lower, x[i])
    return 0.5 * (float(lower) + upper)
