"""The tables, declared once each; nothing here imports Spark."""

from tasni_spark.tables.associations import FOOTPRINTS, MATCH_TILES, MATCHES, SHAPES, XMATCH_QA
from tasni_spark.tables.features import FEATURE_STRATA, FEATURE_TABLE
from tasni_spark.tables.light_curves import LIGHTCURVE_TILES, LIGHTCURVES, VISITS
from tasni_spark.tables.models import (
    CLUSTERED,
    CLUSTERS,
    FEATURE_AUDIT,
    LABELS,
    MODEL_MEASURES,
    OUT_OF_FOLD,
    SCORES,
    SPLITS,
    STANDINGS,
)
from tasni_spark.tables.ops import OPS_PROGRESS, OPS_RUNS, SURVEYS
from tasni_spark.tables.search import CANDIDATES, CUTFLOW, VERDICTS
from tasni_spark.tables.sky import COVERAGE, DENSITY, TILING
from tasni_spark.tables.survey import REJECTS
from tasni_spark.tables.thermal import RANKING, THERMAL
from tasni_spark.tables.trends import ENSEMBLE, TREND_TESTS, TRENDS
from tasni_spark.tables.variability import (
    CLASS_COUNTS,
    COMPLETENESS,
    INJECTIONS,
    PERIODS,
    VARIABILITY,
    VARIABILITY_CLASSES,
)

TABLES = {
    t.name: t
    for t in (
        TILING,
        COVERAGE,
        DENSITY,
        REJECTS,
        MATCHES,
        MATCH_TILES,
        XMATCH_QA,
        SHAPES,
        FOOTPRINTS,
        VERDICTS,
        CANDIDATES,
        CUTFLOW,
        THERMAL,
        RANKING,
        LIGHTCURVES,
        LIGHTCURVE_TILES,
        VISITS,
        VARIABILITY,
        TREND_TESTS,
        ENSEMBLE,
        TRENDS,
        PERIODS,
        INJECTIONS,
        COMPLETENESS,
        VARIABILITY_CLASSES,
        CLASS_COUNTS,
        FEATURE_STRATA,
        FEATURE_TABLE,
        LABELS,
        SPLITS,
        FEATURE_AUDIT,
        OUT_OF_FOLD,
        MODEL_MEASURES,
        SCORES,
        STANDINGS,
        CLUSTERED,
        CLUSTERS,
    )
}
"""Tables that jobs write; those of a survey come from its definition in `conf/surveys`."""

RECORDS = {t.name: t for t in (SURVEYS, OPS_RUNS, OPS_PROGRESS)}
"""Views of the small files under `_ops`."""

__all__ = ["RECORDS", "TABLES"]
