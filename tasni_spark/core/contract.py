"""Contracts: a DataFrame has the columns of its declaration, or every fault is named at once.

Why: publishers change widths (IRSA writes int64 and float64 only) and keep kinds. So kinds are checked and widths
cast, and anything else that drifts is an error: never inference, never a silent `mergeSchema`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import replace

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from tasni_spark.core.errors import ContractError, nearest
from tasni_spark.core.spec import Col, Table, kind

_PLAIN = (T.LongType, T.IntegerType, T.ShortType, T.ByteType, T.DoubleType, T.FloatType, T.StringType, T.BooleanType)
_TYPES = {t().simpleString(): t() for t in _PLAIN}


@functools.cache
def data_type(spark_type: str) -> T.DataType:
    """A Spark SQL type by its name; the session is asked once for each that is not plain."""
    if spark_type.startswith("array<"):
        return T.ArrayType(data_type(spark_type[6:-1]))
    return _TYPES.get(spark_type) or T._parse_datatype_string(spark_type)


def struct(table: Table) -> T.StructType:
    """Spark schema of a table, with documentation, unit and UCD as column metadata.

    Delta shows `comment` in `DESCRIBE`; `unit`, `ucd` and `mag_system` travel with the schema.
    """
    fields = []
    for c in table.columns:
        metadata = {"comment": c.doc + (f" [{c.measure}]" if c.measure else "")}
        metadata |= {k: v for k, v in (("unit", c.unit), ("ucd", c.ucd), ("mag_system", c.mag_system)) if v}
        fields.append(T.StructField(c.name, data_type(c.type), c.nullable, metadata))
    return T.StructType(fields)


def declared(schema: T.StructType) -> tuple[Col, ...]:
    """The columns of a stored table as they were declared: the inverse of `struct`, ranges aside."""
    found = []
    for f in schema.fields:
        doc, unit, ucd, system = (f.metadata.get(k, "") for k in ("comment", "unit", "ucd", "mag_system"))
        column = Col(f.name, f.dataType.simpleString(), doc, unit, ucd, f.nullable, mag_system=system)
        found.append(replace(column, doc=doc.removesuffix(f" [{column.measure}]")))
    return tuple(found)


def violations(columns: Iterable[tuple[str, str]], table: Table) -> list[str]:
    """All ways in which (name, type) pairs fall short of a declaration, in the declaration's order.

    Parameters
    ----------
    columns
        `df.dtypes`, or the same of a file.
    table
        The declaration.

    Returns
    -------
    list of str
        One line a fault; empty when the contract holds. Extra columns are faults too.
    """
    found = dict(columns)
    faults = []
    for c in table.columns:
        if c.name not in found:
            faults.append(f"column {c.name} ({c.type}) is missing{nearest(c.name, list(found))}")
        elif kind(found[c.name]) != kind(c.type):
            faults.append(f"column {c.name} is {found[c.name]}, expected {c.type}")
    faults += [f"column {n} is not declared{nearest(n, list(table.names))}" for n in found if n not in table.names]
    return faults


def conform(df: DataFrame, table: Table) -> DataFrame:
    """The columns of `table`, in its order and widths.

    Raises
    ------
    ContractError
        Naming every fault.
    """
    faults = violations(df.dtypes, table)
    if faults:
        raise ContractError(f"table {table.name}: " + "; ".join(faults))
    found = dict(df.dtypes)
    return df.select(
        *[F.col(c.name) if found[c.name] == c.type else F.col(c.name).cast(c.type).alias(c.name) for c in table.columns]
    )


def check_clause(table: Table) -> str:
    """The SQL condition that all stored rows meet: ranges of columns that say one; empty when none does.

    A null, not measured, is in every range; to Delta a condition that is null is one that is not met.
    """
    tests = [(c, f"{c.name} BETWEEN {c.range[0]} AND {c.range[1]}") for c in table.columns if c.range is not None]
    return " AND ".join(f"({c.name} IS NULL OR {test})" if c.nullable else test for c, test in tests)
