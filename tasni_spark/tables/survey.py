"""Tables of a survey: the published columns, the positions that every join reads, the rows left out."""

from tasni_spark.core.spec import Col, Table
from tasni_spark.tables.columns import HPX29, ID, SURVEY, TILE

POSITION = (
    ID,
    TILE,
    HPX29,
    Col("ra", "double", "Right ascension at `epoch`, ICRS", "deg", "pos.eq.ra;meta.main", False, (0, 360)),
    Col("dec", "double", "Declination at `epoch`, ICRS", "deg", "pos.eq.dec;meta.main", False, (-90, 90)),
    Col("x", "double", "Unit vector, towards (0, 0)", ucd="pos.cartesian.x", nullable=False, range=(-1, 1)),
    Col("y", "double", "Unit vector, towards (90, 0)", ucd="pos.cartesian.y", nullable=False, range=(-1, 1)),
    Col("z", "double", "Unit vector, towards the pole", ucd="pos.cartesian.z", nullable=False, range=(-1, 1)),
    Col("epoch", "double", "Julian epoch of the position", "yr", "time.epoch"),
    Col("ra_error_arcsec", "double", "Error of the right ascension, times cos(dec)", "arcsec", "stat.error;pos.eq.ra"),
    Col("dec_error_arcsec", "double", "Error of the declination", "arcsec", "stat.error;pos.eq.dec"),
    Col("pmra_masyr", "double", "Proper motion in right ascension, times cos(dec)", "mas / yr", "pos.pm;pos.eq.ra"),
    Col("pmdec_masyr", "double", "Proper motion in declination", "mas / yr", "pos.pm;pos.eq.dec"),
    Col("pmra_error_masyr", "double", "Error of pmra_masyr", "mas / yr", "stat.error;pos.pm;pos.eq.ra"),
    Col("pmdec_error_masyr", "double", "Error of pmdec_masyr", "mas / yr", "stat.error;pos.pm;pos.eq.dec"),
    Col("parallax_mas", "double", "Parallax", "mas", "pos.parallax"),
    Col("parallax_error_mas", "double", "Error of the parallax", "mas", "stat.error;pos.parallax"),
)


def positions(survey: str, release: str = "", *, tiled: bool = True) -> Table:
    """`<survey>_positions`: the narrow table that feeds every join.

    Parameters
    ----------
    survey, release
        Name and release of the survey.
    tiled
        Whether it is large enough to be partitioned by tile.
    """
    return Table(
        f"{survey}_positions",
        f"Positions, epochs and true proper motions of {survey}: what joins read",
        POSITION,
        key=("id",),
        release=release,
        partition=("tile",) if tiled else (),
        sort=("hpx29", "id"),
        replace_by=("tile",) if tiled else (),
        stats=("hpx29", "ra", "dec", "x", "y", "z", "epoch", "pmra_masyr", "pmdec_masyr"),
        row_group_mb=2,
    )


def published(survey: str, release: str, title: str, columns: tuple[Col, ...], *, tiled: bool = True) -> Table:
    """`<survey>`: the published columns, names and units untouched, after `id`, `tile` and `hpx29`."""
    return Table(
        survey,
        title,
        (ID, TILE, HPX29, *columns),
        key=("id",),
        release=release,
        partition=("tile",) if tiled else (),
        sort=("hpx29", "id"),
        replace_by=("tile",) if tiled else (),
        stats=("hpx29", "id"),
    )


REJECTS = Table(
    "rejects",
    "Rows of raw files that no survey table holds, each with its reason",
    (
        SURVEY,
        Col("release", "string", "Release of the survey", ucd="meta.version", nullable=False),
        Col("file", "string", "Input file", ucd="meta.id;meta.file"),
        Col("id", "bigint", "Identifier, where the row has one", ucd="meta.id"),
        Col("reason", "string", "What is wrong", ucd="meta.note", nullable=False),
        Col("row", "string", "The row as JSON", ucd="meta.record"),
    ),
    key=("survey", "release", "file", "id", "row"),
    sort=("survey", "release", "file"),
    partition=("survey",),
    replace_by=("survey", "release"),
    stats=("release",),
    shared=True,
)
