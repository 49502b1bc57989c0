"""From raw files to rows with the survey's columns: names resolved, kinds checked, widths cast.

Why: one catalogue comes in several flavours (upper case, other names, float32 for float64, columns that stand in the
path only). Each flavour is read with its own physical schema, so that Spark neither infers nor guesses, and leaves
here with the declared one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import astropy.units as u
import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from tasni_spark.core.contract import data_type
from tasni_spark.core.errors import nearest
from tasni_spark.core.spec import kind
from tasni_spark.ingest.formats import RawFile, blocks
from tasni_spark.ingest.survey import Survey

FILE = "_file"
BAD = "_bad"
AS_PUBLISHED = "_published_"
"""What the names of columns begin with that are to be stored as the file has them."""


@dataclass(frozen=True)
class Flavour:
    """How the files of one kind spell the survey's columns.

    Parameters
    ----------
    format
        Their format.
    names
        For each survey column its name in the file; empty where it is absent.
    types
        For each survey column its type in the file.
    in_path
        Survey columns that stand in the path only.
    factors
        For each survey column what turns the unit that the file states into the declared one.
    others
        (name, type) of all columns, where all are asked for.
    """

    format: str
    names: tuple[str, ...]
    types: tuple[str, ...]
    in_path: tuple[str, ...]
    factors: tuple[float, ...]
    others: tuple[tuple[str, str], ...] = ()


def flavour(file: RawFile, survey: Survey) -> tuple[Flavour, list[str]]:
    """The flavour of a file, and all its faults against the survey's definition."""
    by_lower: dict[str, list[tuple[str, str]]] = {}
    for name, type in file.columns:
        by_lower.setdefault(name.lower(), []).append((name, type))
    names, types, in_path, factors, faults = [], [], [], [], []
    units = dict(file.units)
    for wanted, column in survey.columns.items():
        hits = [h for n in (wanted, *column.names) for h in by_lower.get(n.lower(), [])]
        if not hits and wanted in file.in_path:
            in_path.append(wanted)
            hits = [("", "string")]
        elif not hits and not column.optional:
            faults.append(f"column {wanted} is missing{nearest(wanted, list(by_lower))}")
        if len({h[0] for h in hits}) > 1 and hits[0][0].lower() == hits[1][0].lower():
            faults.append(f"column {wanted} is ambiguous: {', '.join(h[0] for h in hits)}")
        name, type = hits[0] if hits else ("", column.type)
        if not _castable(type, column.type, file.format):
            faults.append(f"column {wanted} is {type}, expected {column.type}")
        factor = _factor(units.get(name, ""), column.unit)
        if factor != 1.0 and kind(column.type) != "floating":
            faults.append(f"column {wanted} is in {units[name]}, expected {column.unit}")
        names.append(name)
        types.append(type)
        factors.append(factor)
    return Flavour(file.format, tuple(names), tuple(types), tuple(in_path), tuple(factors)), faults


def _castable(found: str, wanted: str, format: str) -> bool:
    if kind(found) == kind(wanted) or (found == "string" and format != "parquet"):
        return True
    return found == "decimal(20,0)" and wanted == "bigint"


def _factor(stated: str, declared: str) -> float:
    """What turns one unit into the other; 1 where there is none, or none that astropy knows, as for counts and DN."""
    for text in (stated, stated.lower().rstrip("s")):  # "Radians"
        try:
            factor = float(u.Unit(text).to(declared)) if stated and declared else 1.0
        except (ValueError, TypeError):
            continue
        return 1.0 if math.isclose(factor, 1.0) else factor
    return 1.0


def read(
    spark: SparkSession, files: Sequence[RawFile], survey: Survey, published: Sequence[Sequence[str]] = ()
) -> DataFrame:
    """Rows of raw files with the survey's columns, typed, and the path of the file.

    Parameters
    ----------
    published
        (name, type) of columns to keep as published too, their names behind AS_PUBLISHED.

    Notes
    -----
    Values that cannot be cast are null, and `_bad` lists them with their columns.
    """
    flavours: dict[Flavour, list[RawFile]] = {}
    for file in files:
        found = flavour(file, survey)[0]
        flavours.setdefault(replace(found, others=file.columns) if published else found, []).append(file)
    frames = [_typed(_raw(spark, f, members), f, survey, published) for f, members in flavours.items()]
    df = frames[0]
    for other in frames[1:]:
        df = df.unionByName(other)
    return df


def _raw(spark: SparkSession, flavour: Flavour, files: Sequence[RawFile]) -> DataFrame:
    present = [(n, t) for n, t in zip(flavour.names, flavour.types, strict=True) if n]
    wanted = dict(flavour.others) or dict(present)
    schema = T.StructType([T.StructField(n, data_type(t)) for n, t in wanted.items()])
    paths = [f.path for f in files]
    if flavour.format == "parquet":
        frame = spark.read.schema(schema).option("recursiveFileLookup", "true").parquet(*paths)
        return frame.select("*", F.col("_metadata.file_path").alias(FILE))
    format, columns = flavour.format, schema.names
    schema = T.StructType([*schema.fields, T.StructField(FILE, T.StringType())])

    def rows(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for path in batch.column(0).to_pylist():
                for block in blocks(path, format, columns):
                    file = pa.array([path], pa.string()).take(pa.array([0] * len(block), pa.int8()))
                    yield pa.record_batch([*block.columns, file], names=schema.names)

    listing = spark.createDataFrame([(p,) for p in paths], "path string")
    return listing.repartition(min(len(paths), spark.sparkContext.defaultParallelism)).mapInArrow(rows, schema)


def _typed(raw: DataFrame, flavour: Flavour, survey: Survey, published: Sequence[Sequence[str]]) -> DataFrame:
    types = dict(raw.dtypes)
    columns, bad = [], []
    spelling = zip(survey.columns.items(), flavour.names, flavour.factors, strict=True)
    for (wanted, column), name, factor in spelling:
        nulls = (*survey.nulls, *column.nulls)
        if wanted in flavour.in_path:
            value: Column = _from_path(wanted)
        elif name:
            value = F.col(f"`{name}`")
        else:
            value = F.lit(None)
        if types.get(name) == "string":
            value = _without(value, ["", *[n for n in nulls if isinstance(n, str)]])
        typed = value.cast(column.type)
        if types.get(name) == "decimal(20,0)":
            typed = F.when(value <= (1 << 63) - 1, typed)
        if types.get(name) in ("string", "decimal(20,0)") and column.type != "string":
            told = F.concat(F.lit(f"{wanted}="), value.cast("string"))
            bad.append(F.when(value.isNotNull() & typed.isNull(), told))
        value = typed
        numbers = [n for n in nulls if isinstance(n, int | float)]
        if kind(column.type) == "floating":
            value = _without(F.nanvl(value, F.lit(None).cast(column.type)), numbers, single=True)
            value = value if factor == 1.0 else value * factor
        elif kind(column.type) == "integer":
            value = _without(value, [int(n) for n in numbers if n == int(n)])
        columns.append(value.alias(wanted))
    spelled = {n.lower(): n for n, _ in flavour.others}
    for name, type in published:
        value = F.col(f"`{spelled[name.lower()]}`") if name.lower() in spelled else _from_path(name)
        columns.append(value.cast(type).alias(AS_PUBLISHED + name))
    faults = F.array_compact(F.array(*bad)) if bad else F.array().cast("array<string>")
    return raw.select(*columns, faults.alias(BAD), F.col(FILE))


def _from_path(name: str) -> Column:
    """The value of a column that stands in the path; null where it does not."""
    return F.nullif(F.regexp_extract(FILE, f"/{name}=([^/]+)/", 1), F.lit(""))


def _without(value: Column, nulls: Sequence[Any], *, single: bool = False) -> Column:
    """Null where the publisher wrote a value that stands for *no measurement*.

    Notes
    -----
    `single` compares in single precision: what was -999999500 may have been stored as the float -999999488.
    """
    if not nulls:
        return value
    told, wanted = (value.cast("float"), [float(np.float32(n)) for n in nulls]) if single else (value, list(nulls))
    return F.when(~told.isin(wanted), value)
