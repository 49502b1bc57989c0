"""Tables of sky joins: pairs, and what was sought where."""

from tasni_spark.core.spec import Col, Table
from tasni_spark.tables.columns import DEC, ID, LEFT_SURVEY, RA, RIGHT_SURVEY, SURVEY, TILE

SHIFTS_ARCSEC = (15.0, 30.0, 60.0)
"""Shifts in right ascension that leave only chance matches."""
BIN, BINS = 0.1, 50
"""Width and number of the bins of normalised separations; the last holds all beyond."""

COLLECTION = Col("collection", "string", "Name of a set of shapes", ucd="meta.id;meta.dataset", nullable=False)
SHAPE = Col("name", "string", "Name of the shape in its collection", ucd="meta.id", nullable=False)

MATCHES = Table(
    "matches",
    "Pairs of sources of two surveys, at the left source's epoch; pairs only, never their columns",
    (
        LEFT_SURVEY,
        RIGHT_SURVEY,
        TILE,
        Col("left_id", "bigint", "Identifier of the left source", ucd="meta.id", nullable=False),
        Col("right_id", "bigint", "Identifier of the right source", ucd="meta.id", nullable=False),
        Col("sep_arcsec", "double", "Separation at the left source's epoch", "arcsec", "pos.angDistance", False),
        Col("rank", "int", "1 for the nearest; ties by right_id", ucd="meta.number", nullable=False),
        Col("n_neighbours", "int", "Right sources within the radius", ucd="meta.number", nullable=False),
        Col("p_chance", "double", "Probability of an unrelated source as near", ucd="stat.probability", range=(0, 1)),
        Col(
            "score",
            "double",
            "Squared separation over the errors of both: sep^2 / (s1^2 + s2^2)",
            ucd="stat.likelihood",
        ),
        Col(
            "bayes_factor", "double", "Odds of one source against two, as their errors give them", ucd="stat.likelihood"
        ),
        Col(
            "p_match",
            "double",
            "Posterior probability of one source, at the prior asked",
            "",
            "stat.probability",
            range=(0, 1),
        ),
        Col("is_propagated", "boolean", "Whether a proper motion was applied", ucd="meta.code", nullable=False),
    ),
    key=("left_survey", "right_survey", "left_id", "right_id"),
    partition=("left_survey", "right_survey", "tile"),
    sort=("left_id", "rank"),
    replace_by=("left_survey", "right_survey", "tile"),
    stats=("left_id", "right_id", "sep_arcsec"),
    version=2,
    has_dictionaries=False,
)

MATCH_TILES = Table(
    "match_tiles",
    "What was sought where: a tile without a row here has not been matched, which is not the same as no match",
    (
        LEFT_SURVEY,
        RIGHT_SURVEY,
        TILE,
        Col("radius_arcsec", "double", "Radius of the match", "arcsec", "pos.angDistance", nullable=False),
        Col("n_left", "bigint", "Left sources looked at", ucd="meta.number", nullable=False),
        Col("n_matched", "bigint", "Left sources with a match", ucd="meta.number", nullable=False),
        Col("n_pairs", "bigint", "Pairs", ucd="meta.number", nullable=False),
    ),
    key=("left_survey", "right_survey", "tile"),
    sort=("left_survey", "right_survey", "tile"),
    partition=("left_survey", "right_survey"),
    replace_by=("left_survey", "right_survey", "tile"),
    stats=("tile",),
)

XMATCH_QA = Table(
    "xmatch_qa",
    "How good a match is: chance measured and predicted, separations over their errors, offsets of frames",
    (
        LEFT_SURVEY,
        RIGHT_SURVEY,
        TILE,
        Col("radius_arcsec", "double", "Radius of the match", "arcsec", "pos.angDistance", nullable=False),
        Col("n_left", "bigint", "Left sources", ucd="meta.number", nullable=False),
        Col("n_expected", "double", "Of these, how many meet a stranger if density alone decides", ucd="meta.number"),
        Col(
            "n_shifted",
            "array<bigint>",
            "Of these, how many meet one when shifted 15, 30, 60 arcsec in RA",
            ucd="meta.number",
        ),
        Col("n_pairs", "bigint", "Stored pairs, nearest ones alone", ucd="meta.number", nullable=False),
        Col("east_arcsec", "double", "Median of right minus left, times cos(dec)", "arcsec", "pos.eq.ra;arith.diff"),
        Col("north_arcsec", "double", "Median of right minus left", "arcsec", "pos.eq.dec;arith.diff"),
        Col("separations", "array<bigint>", "Pairs in bins of 0.1 of separation over both errors", ucd="meta.number"),
    ),
    key=("left_survey", "right_survey", "tile"),
    sort=("left_survey", "right_survey", "tile"),
    partition=("left_survey", "right_survey"),
    replace_by=("left_survey", "right_survey", "tile"),
    stats=("tile",),
)

SHAPES = Table(
    "shapes",
    "Shapes on the sky, each in the tangent plane at its own centre: fields, pointings, contours, ellipses",
    (
        COLLECTION,
        SHAPE,
        RA,
        DEC,
        Col("reach_deg", "double", "Greatest distance from the centre", "deg", "pos.angDistance", nullable=False),
        Col("a_deg", "double", "Semi-axis of an ellipse; null for an outline", "deg", "phys.angSize.smajAxis"),
        Col("b_deg", "double", "The other semi-axis", "deg", "phys.angSize.sminAxis"),
        Col("angle_deg", "double", "Position angle of a_deg, east of north", "deg", "pos.posAng"),
        Col(
            "wkb",
            "binary",
            "Outline as well-known binary, deg in the tangent plane; null for an ellipse",
            "",
            "pos.outline",
        ),
    ),
    key=("collection", "name"),
    sort=("collection", "name"),
    partition=("collection",),
    replace_by=("collection",),
)

FOOTPRINTS = Table(
    "footprints",
    "Which sources lie in which shapes; a source in several stands in each",
    (COLLECTION, SURVEY, TILE, SHAPE, ID),
    key=("collection", "survey", "name", "id"),
    sort=("name", "id"),
    partition=("collection", "survey", "tile"),
    replace_by=("collection", "survey", "tile"),
    stats=("id",),
)
