"""The false-discovery rate over a table of any size: `fdr.log10_q`, part by part of a global order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tasni_spark.core.order import PART, ordered
from tasni_spark.variability.compiled import Floats

ROWS_PER_PART = 5_000_000


def with_q(tests: DataFrame, rows_per_part: int = ROWS_PER_PART) -> tuple[DataFrame, int]:
    """Add `log10_q` to all tests made, and tell how many they are.

    Parameters
    ----------
    tests
        One row a test, `log10_p` without nulls.

    Notes
    -----
    q_(i) = min over j >= i of p_(j) m / j: the least within the part, and the least of the parts above it.

    References
    ----------
    Benjamini and Hochberg 1995, JRSS B 57, 289 (10.1111/j.2517-6161.1995.tb02031.x).
    """
    found = ordered(tests, "log10_p", rows_per_part)
    types = ", ".join(f"`{name}` {kind}" for name, kind in (*tests.dtypes, ("log10_q", "double")))
    above = [0.0] * len(found.counts)
    if len(above) > 1:
        alone = found.frame.mapInArrow(_falling(found.counts, above, PART), f"{PART} int, log10_q double")
        least: dict[int, float] = dict(alone.groupBy(PART).agg(F.min("log10_q")).collect())
        for k in range(len(above) - 2, -1, -1):
            above[k] = min(above[k + 1], least.get(k + 1, 0.0))
    return found.frame.mapInArrow(_falling(found.counts, above, *tests.columns), types), found.rows


def _falling(
    counts: Sequence[int], above: Sequence[float], *keep: str
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Q of rows that come in falling order of p, given the least q of the parts above."""
    before = np.concatenate([[0], np.cumsum(counts)])
    shift = np.log10(max(before[-1], 1))

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        current, seen, low = -1, 0, 0.0
        for batch in batches:
            part, p = np.asarray(batch.column(PART)), np.asarray(batch.column("log10_p"))
            q: Floats = np.empty(len(p))
            ends = np.append(np.flatnonzero(part[1:] != part[:-1]) + 1, len(part))
            start = 0
            for end in ends if len(part) else ():
                k = int(part[start])
                if k != current:
                    current, seen, low = k, 0, above[k]
                rank = before[k + 1] - seen - np.arange(end - start)
                q[start:end] = np.minimum(low, np.minimum.accumulate(p[start:end] + shift - np.log10(rank)))
                seen, low, start = seen + end - start, q[end - 1], end
            yield pa.record_batch([*(batch.column(c) for c in keep), pa.array(q)], [*keep, "log10_q"])

    return run
