"""A global order without a global sort: ranges of values, each sorted alone, and the number of rows before each.

Why: a window without partitions brings a whole table to one task. Bounds from approximate quantiles, which need not be
exact, cut the values into parts that one task can sort; counts of the parts turn a place in a part into a rank.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

PART = "_part"


class Ordered(NamedTuple):
    """Rows in parts of rising values.

    Parameters
    ----------
    frame
        The rows and their part, `_part`; each partition holds whole parts, the greatest first, in falling order.
    counts
        Rows of each part.
    """

    frame: DataFrame
    counts: tuple[int, ...]

    @property
    def rows(self) -> int:
        """All rows."""
        return sum(self.counts)


def ordered(rows: DataFrame, by: str, rows_per_part: int) -> Ordered:
    """Order rows by a column of numbers without nulls.

    Parameters
    ----------
    rows_per_part
        About so many rows are sorted by one task.
    """
    wanted = max(1, -(-rows.count() // rows_per_part))
    cuts = [k / wanted for k in range(1, wanted)]
    asked = F.percentile_approx(by, cuts, 10_000).alias("bounds")
    bounds = np.unique((rows.agg(asked).collect()[0]["bounds"] if cuts else None) or [])

    def with_part(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            part = np.searchsorted(bounds, np.asarray(batch.column(by)), side="left")
            yield batch.append_column(PART, pa.array(part, pa.int32()))

    types = ", ".join(f"`{name}` {kind}" for name, kind in (*rows.dtypes, (PART, "int")))
    parted = rows.mapInArrow(with_part, types)
    counts: dict[int, int] = dict(parted.groupBy(PART).count().collect())
    frame = parted.repartition(len(bounds) + 1, PART).sortWithinPartitions(F.desc(PART), F.desc(by))
    return Ordered(frame, tuple(counts.get(k, 0) for k in range(len(bounds) + 1)))
