"""Which sources lie in which shapes: fields and pointings from a file, or the error ellipses of a survey."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import astropy.units as u
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tasni_spark.core.config import opt
from tasni_spark.core.errors import ConfigError, DataError
from tasni_spark.core.plan import Group
from tasni_spark.core.work import Inputs, Output
from tasni_spark.crossmatch import shapes as s
from tasni_spark.sky import cover
from tasni_spark.sky.tiling import span
from tasni_spark.tables.associations import FOOTPRINTS, SHAPES

ELLIPSE = ("name", "ra", "dec", "a", "b", "angle")


@dataclass(frozen=True)
class FootprintsConfig:
    """Section `[footprints]`."""

    survey: str = opt("allwise", "survey whose sources are looked for")
    shapes: str = opt("", "file: polygons (GeoJSON), or ellipses (CSV or Parquet: name, ra, dec, a, b, angle; in deg)")
    ellipses: str = opt("", "instead: a survey of the lake, whose error ellipses are the shapes")
    sigmas: float = opt(3.0, "semi-axes of an error ellipse, in standard errors")

    def __post_init__(self) -> None:
        if bool(self.shapes) == bool(self.ellipses):
            raise ValueError("give either shapes, a file, or ellipses, a survey")
        if not self.sigmas > 0:
            raise ValueError(f"sigmas is {self.sigmas}, expected above 0")

    @property
    def collection(self) -> str:
        """What the shapes are called together: the file's name without ending, or the survey's."""
        return Path(self.shapes).name.split(".")[0] or self.ellipses

    @property
    def label(self) -> str:
        """Tells runs apart."""
        return f"{self.collection}-{self.survey}"


def files(cfg: FootprintsConfig, _: Mapping[str, Any]) -> list[str]:
    """The file of shapes, where there is one."""
    return [cfg.shapes] if cfg.shapes else []


def reach(inputs: Inputs, cfg: FootprintsConfig) -> dict[str, float]:
    """How far the widest error ellipse reaches, in deg: what lies farther from a group is not read."""
    if not cfg.ellipses:
        return {}
    widest = _error_ellipses(inputs, cfg).agg(F.max("reach_deg")).first()
    return {"reach_deg": float(widest[0] or 0.0) if widest else 0.0}


def shapes(inputs: Inputs, _: Group, cfg: FootprintsConfig) -> Output:
    """The shapes of a file, as a table; error ellipses stay where they are."""
    if cfg.ellipses:
        return {}
    frame = pd.DataFrame(read(cfg.shapes), columns=list(s.Shape._fields))
    if twice := sorted(frame["name"][frame["name"].duplicated()].unique()):
        raise DataError(f"{cfg.shapes}: shape {twice[0]} is there twice, expected one name for each")
    rows = inputs.spark.createDataFrame(frame, s.SHAPES_DDL)
    return {SHAPES: rows.withColumn("collection", F.lit(cfg.collection)).select(*SHAPES.names)}


def footprints(inputs: Inputs, group: Group, cfg: FootprintsConfig) -> Output:
    """Sources of a group of tiles in every shape."""
    here = inputs.read(f"{cfg.survey}_positions").where(F.col("tile").isin(list(group.tiles)))
    if cfg.ellipses:
        region = cover.grown(cover.merged([span(t) for t in group.tiles]), inputs.notes["reach_deg"])
        asked = _error_ellipses(inputs, cfg).where(cover.within(F.col("hpx29"), region)).drop("hpx29")
    else:
        asked = inputs.own(SHAPES).where(F.col("collection") == cfg.collection).drop("collection")
    found = s.shape_join(here.select("id", "tile", "x", "y", "z"), asked)
    told = found.withColumns({"collection": F.lit(cfg.collection), "survey": F.lit(cfg.survey)})
    return {FOOTPRINTS: told.select(*FOOTPRINTS.names)}


def read(path: str) -> list[s.Shape]:
    """The shapes of a file.

    Raises
    ------
    DataError
        If it cannot be read, lacks a column, or holds a shape that is none.
    """
    if path.endswith("json"):
        return [s.polygons(name, parts) for name, parts in cover.geojson_polygons(path)]
    try:
        table = pd.read_csv(path, comment="#") if path.endswith(".csv") else pd.read_parquet(path)
    except (OSError, ValueError) as e:
        raise DataError(f"{path}: cannot be read, expected GeoJSON, CSV or Parquet: {e}") from e
    if missing := [c for c in ELLIPSE if c not in table]:
        raise DataError(f"{path}: no column {', '.join(missing)}, expected {', '.join(ELLIPSE)}")
    return [_ellipse(name, numbers, path) for name, *numbers in table[list(ELLIPSE)].itertuples(index=False)]


def _ellipse(name: object, numbers: list[Any], path: str) -> s.Shape:
    try:
        return s.ellipse(str(name), *map(float, numbers))
    except (TypeError, ValueError) as e:
        raise DataError(f"{path}: ellipse {name}: {numbers}: expected five numbers: {e}") from e


def _error_ellipses(inputs: Inputs, cfg: FootprintsConfig) -> DataFrame:
    """Rows of `Shape` with hpx29; named by identifier."""
    facts = inputs.lake.facts(inputs.lake.ref(cfg.ellipses))
    if not facts.get("ellipse"):
        raise ConfigError(
            f"survey {cfg.ellipses}: its definition named no error ellipses when it was ingested, "
            "expected position.ellipse = [semi-major axis, semi-minor axis, position angle]"
        )
    a, b, angle = map(F.col, facts["ellipse"])
    size = cfg.sigmas * u.Unit(facts["error_unit"]).to(u.deg)
    return inputs.read(cfg.ellipses).select(
        F.col("id").cast("string").alias("name"),
        F.col(facts["ra"]).alias("ra"),
        F.col(facts["dec"]).alias("dec"),
        "hpx29",
        (F.greatest(a, b) * size).alias("reach_deg"),
        (a * size).alias("a_deg"),
        (b * size).alias("b_deg"),
        angle.cast("double").alias("angle_deg"),
        F.lit(None).cast("binary").alias("wkb"),
    )
