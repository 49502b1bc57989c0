"""The feature dictionary: the one source of names, formulas, units, meanings of null, roles and lineage."""

from __future__ import annotations

import hashlib
import json

from tasni_spark.core.spec import Col, Table
from tasni_spark.tables.columns import HPX29, ID, SURVEY, TILE
from tasni_spark.tables.features import kinematic, photometric, spatial, statistical, surveys, variability
from tasni_spark.tables.features.bands import RAW, SYMBOLS
from tasni_spark.tables.features.spec import Dictionary, Feature

KNOWN = Dictionary(
    RAW | {c: f"strata.{c}" for c in statistical.COLUMNS},
    SYMBOLS | statistical.SYMBOLS,
)
FEATURES: dict[str, Feature] = {
    f.name: f
    for module in (photometric, surveys, kinematic, spatial, statistical, variability)
    for family in module.FAMILIES
    for f in KNOWN.features(family)
}
"""Every feature by name, in the order of the table."""
GROUPS = tuple(dict.fromkeys(f.group for f in FEATURES.values()))
UCD = {
    "photometric": "phot;em.IR",
    "multiwavelength": "phot",
    "kinematic": "pos.pm",
    "spatial": "pos",
    "statistical": "stat.value",
    "variability": "src.var",
}
HASH = hashlib.sha256(json.dumps([tuple(f) for f in FEATURES.values()]).encode()).hexdigest()[:16]
"""Tells one dictionary from another: a model is refused on features of another hash."""

FEATURE_TABLE = Table(
    "features",
    "What every source is to a model: one column a feature, read by name, never all at once",
    (
        SURVEY,
        TILE,
        HPX29,
        ID,
        Col("stratum", "int", "Stratum of latitude and W2", ucd="meta.code", nullable=False),
        *(Col(f.name, "float", f.doc, f.unit, UCD[f.group]) for f in FEATURES.values()),
    ),
    key=("survey", "id"),
    partition=("survey", "tile"),
    sort=("hpx29", "id"),
    replace_by=("survey", "tile"),
    stats=("hpx29", "id"),
    has_dictionaries=False,
)
"""Declared wider than generated code reaches: who reads it asks for fewer than 95 columns at a time."""

FEATURE_STRATA = Table(
    "feature_strata",
    "Median and scales of the quantities that the statistical features measure against, one row a stratum",
    (
        SURVEY,
        Col("stratum", "int", "Stratum of latitude and W2", ucd="meta.code", nullable=False),
        Col("quantity", "string", "What is measured", ucd="meta.id", nullable=False),
        Col("n", "bigint", "Sources of the stratum in which it is measured", ucd="meta.number", nullable=False),
        Col("median", "double", "Median", ucd="stat.value;stat.median"),
        Col("low", "double", "Median less the 16th percentile", ucd="stat.stdev"),
        Col("high", "double", "84th percentile less the median", ucd="stat.stdev"),
    ),
    key=("survey", "stratum", "quantity"),
    partition=("survey",),
    sort=("stratum", "quantity"),
    replace_by=("survey",),
)
