"""The one comparator of tables: keyed multisets, exact but for the last bits of floats.

Why: a resumed run, another engine, a GPU or another cluster must give the same table. Rows are paired by key; rows that
share a key are paired in the order of their contents, so that duplicates are counted and not forgiven.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F


@dataclass(frozen=True)
class Comparison:
    """How two tables differ.

    Parameters
    ----------
    rows
        Rows of the first and of the second.
    only_first, only_second
        Rows without a partner.
    differing
        Columns, and the number of pairs in which they differ.
    missing
        Columns that only one of them has.
    """

    rows: tuple[int, int]
    only_first: int
    only_second: int
    differing: dict[str, int] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs."""
        return not (self.only_first or self.only_second or self.differing or self.missing)

    def __str__(self) -> str:
        if self.is_equal:
            return f"equal: {self.rows[0]} rows"
        columns = "; ".join(f"{name} differs in {n}" for name, n in self.differing.items())
        missing = f"; columns of one only: {', '.join(self.missing)}" if self.missing else ""
        unpaired = f"{self.only_first} and {self.only_second} unpaired"
        return f"{self.rows[0]} and {self.rows[1]} rows, {unpaired}; {columns}{missing}"


def compare(
    first: DataFrame,
    second: DataFrame,
    key: Sequence[str],
    *,
    relative: float = 1e-12,
    ignore: Sequence[str] = (),
) -> Comparison:
    """Compare two tables.

    Parameters
    ----------
    first, second
        Tables.
    key
        Columns by which rows are paired; null is a value.
    relative
        Floats may differ by this fraction of the larger; everything else is exact.
    ignore
        Columns left out, as those of provenance.
    """
    names = [c for c in first.columns if c in second.columns and c not in ignore]
    missing = sorted(set(first.columns) ^ set(second.columns) - set(ignore))
    types = dict(first.dtypes)
    values = [n for n in names if n not in key]
    sides = [
        _numbered(df.select(names), key, values).select(*[F.col(c).alias(f"{c}_{side}") for c in (*names, "_n")])
        for side, df in enumerate((first, second))
    ]
    on = [F.col(f"{k}_0").eqNullSafe(F.col(f"{k}_1")) for k in (*key, "_n")]
    both = sides[0].join(sides[1], on, "full")
    here, there = (F.col(f"_n_{side}").isNotNull() for side in (0, 1))
    counts = [
        F.count_if(here).alias("first"),
        F.count_if(there).alias("second"),
        F.count_if(here & ~there).alias("only_first"),
        F.count_if(there & ~here).alias("only_second"),
        *[F.count_if(here & there & ~_same(n, types[n], relative)).alias(f"differ_{n}") for n in values],
    ]
    found = both.agg(*counts).collect()[0].asDict()
    return Comparison(
        (found["first"], found["second"]),
        found["only_first"],
        found["only_second"],
        {n: found[f"differ_{n}"] for n in values if found[f"differ_{n}"]},
        tuple(m for m in missing if m not in ignore),
    )


def _numbered(df: DataFrame, key: Sequence[str], values: Sequence[str]) -> DataFrame:
    """Number the rows that share a key, in the order of their contents."""
    order = [F.to_json(F.struct(F.col(v))) if t.startswith("map") else F.col(v) for v, t in df.dtypes if v in values]
    return df.withColumn("_n", F.row_number().over(Window.partitionBy(*key).orderBy(*order, *key)))


def _same(name: str, type: str, relative: float) -> Column:
    a, b = F.col(f"{name}_0"), F.col(f"{name}_1")
    if type.startswith("map"):
        return F.to_json(a).eqNullSafe(F.to_json(b))
    if type not in ("float", "double"):
        return a.eqNullSafe(b)
    near = F.abs(a - b) <= relative * F.greatest(F.abs(a), F.abs(b))
    return a.eqNullSafe(b) | F.coalesce(near, F.lit(False))
