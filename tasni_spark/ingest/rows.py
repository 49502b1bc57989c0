"""Rows of a survey: identifier, place on the sky, what is wrong with it, and its narrow twin for joins."""

from __future__ import annotations

from collections.abc import Iterable

from astropy import units as u
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tasni_spark.ingest.raw import BAD, FILE
from tasni_spark.ingest.survey import Survey
from tasni_spark.sky.healpix import hpx29
from tasni_spark.sky.motion import JD_MJD0, julian_year
from tasni_spark.sky.sphere import unit_vector
from tasni_spark.sky.tiling import tile_of


def located(rows: DataFrame, survey: Survey, tiles: Iterable[int]) -> DataFrame:
    """Add `id`, `hpx29`, `tile` and `reason`, which is null for good rows and names every fault of bad ones."""
    ra, dec = F.col(survey.position.ra), F.col(survey.position.dec)
    rows = rows.withColumns({"id": identifier(survey), "hpx29": hpx29(ra, dec)})
    faults = [
        F.when(F.size(BAD) > 0, F.concat(F.lit("bad_value: "), F.array_join(BAD, ", "))),
        F.when(F.col("id").isNull(), F.lit("null_key")),
        F.when(ra.isNull() | ~ra.between(0.0, 360.0), F.lit("bad_ra")),
        F.when(dec.isNull() | ~dec.between(-90.0, 90.0), F.lit("bad_dec")),
    ]
    reason = F.nullif(F.concat_ws("; ", *faults), F.lit(""))
    return rows.withColumns({"tile": tile_of(F.col("hpx29"), tiles), "reason": reason})


def identifier(survey: Survey) -> Column:
    """The survey's own 64-bit key, or the hash of the columns that name a row; null if one of them is null."""
    keys = [F.col(k) for k in survey.key]
    if survey.has_integer_key:
        return keys[0].cast("bigint")
    complete = keys[0].isNotNull()
    for k in keys[1:]:
        complete = complete & k.isNotNull()
    return F.when(complete, F.xxhash64(*keys))


def narrow(rows: DataFrame, survey: Survey) -> DataFrame:
    """The positions of good rows: unit vector, epoch in yr, errors in arcsec, proper motion in mas / yr."""
    p, m = survey.position, survey.motion
    x, y, z = unit_vector(F.col(p.ra), F.col(p.dec))
    error, motion = u.Unit(p.error_unit).to(u.arcsec), u.Unit(m.unit).to(u.mas / u.yr)
    default = F.lit(p.error_arcsec or None).cast("double")
    moving = _scaled(m.pmra, motion).isNotNull() & _scaled(m.pmdec, motion).isNotNull()
    return rows.select(
        "id",
        "tile",
        "hpx29",
        F.col(p.ra).alias("ra"),
        F.col(p.dec).alias("dec"),
        x.alias("x"),
        y.alias("y"),
        z.alias("z"),
        epoch(survey).alias("epoch"),
        F.coalesce(_scaled(p.ra_error, error), default).alias("ra_error_arcsec"),
        F.coalesce(_scaled(p.dec_error, error), default).alias("dec_error_arcsec"),
        F.when(moving, _scaled(m.pmra, motion)).alias("pmra_masyr"),
        F.when(moving, _scaled(m.pmdec, motion)).alias("pmdec_masyr"),
        _scaled(m.pmra_error, motion).alias("pmra_error_masyr"),
        _scaled(m.pmdec_error, motion).alias("pmdec_error_masyr"),
        _scaled(m.parallax, 1.0).alias("parallax_mas"),
        _scaled(m.parallax_error, 1.0).alias("parallax_error_mas"),
    )


def epoch(survey: Survey) -> Column:
    """Julian epoch of a row's position, in yr."""
    if survey.epoch.year:
        return F.lit(survey.epoch.year)
    value = F.col(survey.epoch.column).cast("double")
    if survey.epoch.unit == "yr":
        return value
    return julian_year(value + (JD_MJD0 if survey.epoch.unit == "mjd" else 0.0))


def rejected(rows: DataFrame, survey: Survey) -> DataFrame:
    """Rows with a reason as the `rejects` table keeps them."""
    content = F.to_json(F.struct(*[F.col(c) for c in survey.columns]))
    return rows.select(
        F.lit(survey.name).alias("survey"),
        F.lit(survey.release).alias("release"),
        F.col(FILE).alias("file"),
        "id",
        "reason",
        content.alias("row"),
    )


def _scaled(column: str, factor: float) -> Column:
    value = F.col(column).cast("double") if column else F.lit(None).cast("double")
    return value if factor == 1.0 else value * factor
