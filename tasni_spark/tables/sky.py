"""Tables about the sky itself: tiles, what each survey observed, how dense it is."""

from tasni_spark.core.spec import Col, Table
from tasni_spark.tables.columns import SURVEY, TILE

TILING = Table(
    "tiling",
    "HEALPix pixels of mixed order with about equal rows of the densest survey; one per lake, never changed",
    (
        TILE,
        Col("order", "int", "Order of the pixel", ucd="pos.healpix", range=(0, 29)),
        Col("pixel", "bigint", "Pixel of that order, NESTED", ucd="pos.healpix"),
        Col("hpx29_start", "bigint", "First order-29 pixel inside", ucd="pos.healpix"),
        Col("hpx29_end", "bigint", "First order-29 pixel behind", ucd="pos.healpix"),
        Col("rows", "bigint", "Rows of the survey that defines the tiling", ucd="meta.number"),
        SURVEY,
    ),
    key=("tile",),
    sort=("hpx29_start",),
)

COVERAGE = Table(
    "coverage",
    "What each survey observed: ranges of order-29 pixels, cut at the borders of order-6 cells",
    (
        SURVEY,
        Col("cell", "bigint", "Order-6 pixel", ucd="pos.healpix", nullable=False),
        Col("start", "bigint", "First order-29 pixel inside", ucd="pos.healpix", nullable=False),
        Col("end", "bigint", "First order-29 pixel behind", ucd="pos.healpix", nullable=False),
    ),
    key=("survey", "start"),
    sort=("survey", "start"),
    partition=("survey",),
    replace_by=("survey",),
    stats=("cell",),
)

DENSITY = Table(
    "density",
    "Sources of each survey per cell of an order that suits its depth, over the part of the cell that it observed",
    (
        SURVEY,
        Col("order", "int", "Order of the cell", ucd="pos.healpix", nullable=False, range=(0, 12)),
        Col("cell", "bigint", "Pixel of that order", ucd="pos.healpix", nullable=False),
        Col("n", "bigint", "Sources in the cell", ucd="meta.number", nullable=False),
        Col("area_deg2", "double", "Area of the cell", "deg2", "pos.angDistance", nullable=False),
        Col("per_arcsec2", "double", "Surface density", "arcsec-2", "src.density", nullable=False),
    ),
    key=("survey", "cell"),
    sort=("survey", "cell"),
    partition=("survey",),
    replace_by=("survey",),
    stats=("cell",),
)
