"""Columns that several tables share."""

from tasni_spark.core.spec import Col

ID = Col("id", "bigint", "Identifier of the source in its survey", ucd="meta.id;meta.main", nullable=False)
TILE = Col("tile", "bigint", "Sky tile, UNIQ number of a HEALPix pixel of the lake's tiling", ucd="pos.healpix")
HPX29 = Col("hpx29", "bigint", "HEALPix pixel of order 29, NESTED", ucd="pos.healpix", nullable=False)
RA = Col("ra", "double", "Right ascension, ICRS", "deg", "pos.eq.ra;meta.main", nullable=False, range=(0, 360))
DEC = Col("dec", "double", "Declination, ICRS", "deg", "pos.eq.dec;meta.main", nullable=False, range=(-90, 90))
SURVEY = Col("survey", "string", "Name of the survey", ucd="meta.id;meta.dataset", nullable=False)
LEFT_SURVEY = Col(
    "left_survey", "string", "Survey whose sources are looked at", ucd="meta.id;meta.dataset", nullable=False
)
RIGHT_SURVEY = Col(
    "right_survey", "string", "Survey in which counterparts are sought", ucd="meta.id;meta.dataset", nullable=False
)
CUT_SET = Col("cut_set", "string", "Name of the set of cuts", ucd="meta.id", nullable=False)
RUN_ID = Col("run_id", "string", "Run", ucd="meta.id")
