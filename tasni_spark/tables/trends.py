"""Tables of trends: what is tested, what control stars say, the verdict."""

from __future__ import annotations

from tasni_spark.core.spec import Col, Table
from tasni_spark.tables.columns import ID, LEFT_SURVEY, TILE
from tasni_spark.tables.light_curves import BAND, BANDS, CURVE, EXPOSED, FACTS, RATE, columns_of, count
from tasni_spark.tables.statistics import OF_BANDS, OF_EXPOSURES, OF_RIVALS, OF_VISITS

OF_JUDGE = tuple(
    s
    for s in OF_EXPOSURES + OF_VISITS + OF_RIVALS
    if s.name
    in {
        "mean_mag",
        "n_visits",
        "span_yr",
        "slope_mag_per_yr",
        "sigma_slope_mag_per_yr",
        "log10_p",
        "dof",
        "slope_first_mag_per_yr",
        "slope_last_mag_per_yr",
        "slope_loo_min_mag_per_yr",
        "slope_loo_max_mag_per_yr",
        "theil_sen_mag_per_yr",
        "bic_constant",
        "bic_line",
        "bic_line_alternate",
        "bic_step",
        "bic_sine",
        "bic_walk",
    }
)
JUDGED = tuple(s.name for s in OF_JUDGE)
"""Statistics of each band on which a verdict rests."""
IN_FLUX = ("slope_mag_per_yr", "sigma_slope_mag_per_yr", "log10_p")
"""The same of the fit in flux."""

TREND_TESTS = Table(
    "trend_tests",
    "All on which the verdict on a trend rests, one row a source; also what both bands say together",
    (
        *CURVE,
        *FACTS,
        *[c for band in BANDS for c in columns_of(OF_JUDGE, f"{band}_")],
        *columns_of(tuple(s for s in OF_JUDGE if s.name in IN_FLUX), "w2_flux_"),
        *columns_of(OF_BANDS),
    ),
    key=("survey", "left_survey", "id"),
    partition=("survey", "left_survey", "tile"),
    sort=("hpx29", "id"),
    replace_by=("survey", "left_survey", "tile"),
    stats=("hpx29", "id", "w1_log10_p", "w2_log10_p"),
    has_dictionaries=False,
)

ENSEMBLE = Table(
    "ensemble",
    "What the stars of one place, brightness and colour have in common: their drift, visit by visit",
    (
        EXPOSED,
        LEFT_SURVEY,
        Col("cell", "bigint", "HEALPix pixel, NESTED, of order trends.cell_order", ucd="pos.healpix", nullable=False),
        BAND,
        Col("mag_bin", "int", "Mean magnitude over trends.bin_mag, rounded down", ucd="meta.code", nullable=False),
        Col("colour_bin", "int", "W1 - W2 over trends.bin_colour, rounded down", ucd="meta.code", nullable=False),
        Col("half_year", "int", "Number of the half year, each with one visit of the place", ucd="meta.number"),
        count("n_controls", "Control stars seen in this visit", "bigint"),
        Col("drift_mag", "double", "Their mean distance from their own means", "mag", "phot.mag;arith.diff"),
        Col("drift_error_mag", "double", "Its error", "mag", "stat.error;phot.mag"),
    ),
    key=("survey", "left_survey", "cell", "band", "mag_bin", "colour_bin", "half_year"),
    partition=("survey", "left_survey"),
    sort=("cell", "band", "mag_bin", "colour_bin", "half_year"),
    replace_by=("survey", "left_survey"),
    stats=("cell",),
)

CALIBRATED = Table(
    "calibrated",
    "Trends measured against control stars, one row a source and band that has enough of them",
    (
        TILE,
        ID,
        BAND,
        count("n_controls", "Control stars of its poorest visit"),
        *columns_of(tuple(s for s in OF_JUDGE if s.name != "mean_mag")),
    ),
    key=("tile", "id", "band"),
    transient=True,
)

TESTS = {
    "w1": "W1, against control stars where there are enough",
    "w2": "W2, against control stars where there are enough",
    "w1_subtracted": "W1, less the drift of the sample, where there are not",
    "w2_subtracted": "W2, less the drift of the sample, where there are not",
    "w2_flux": "W2, fitted in flux",
}
"""The tests made of each source, all of which count in the false-discovery rate."""


def _test(name: str, of: str) -> tuple[Col, ...]:
    return (
        Col(f"{name}_log10_p", "double", f"log10 of the two-sided p of the slope of {of}", ucd="stat.probability"),
        Col(f"{name}_log10_q", "double", "log10 of its false-discovery rate, over all tests", ucd="stat.probability"),
    )


def _slopes(band: str) -> tuple[Col, ...]:
    name, unit = band.upper(), "mag / yr"
    return (
        Col(f"{band}_n_controls", "int", "Control stars, where there are enough", ucd="meta.number"),
        Col(f"{band}_slope_mag_per_yr", "double", f"Slope of {name} against them, else raw; fading > 0", unit, RATE),
        Col(f"{band}_sigma_slope_mag_per_yr", "double", "Its error", unit, "stat.error;phot.mag"),
        Col(f"{band}_slope_raw_mag_per_yr", "double", "The slope as it was seen", unit, RATE),
        Col(f"{band}_slope_subtracted_mag_per_yr", "double", "The raw slope less the drift of the sample", unit, RATE),
        Col(f"{band}_drift_mag_per_yr", "double", f"Drift of the sample in {name}: the median slope", unit, RATE),
    )


TRENDS = Table(
    "trends",
    "The verdict on the trend of every source, and each reason for and against it",
    (
        *CURVE,
        Col("verdict", "string", "Claim, doubt or no claim: variability.verdicts.VERDICTS", ucd="meta.code"),
        Col("is_claim", "boolean", "Whether the verdict claims a trend", ucd="meta.code", nullable=False),
        Col("sign", "int", "+1 fading, -1 brightening, in W2; 0 for no W2", ucd="meta.code", nullable=False),
        Col("reasons_for", "array<string>", "What speaks for a trend", ucd="meta.note", nullable=False),
        Col("reasons_against", "array<string>", "What speaks against it", ucd="meta.note", nullable=False),
        Col("n_tests", "bigint", "Tests made in the whole survey: m", ucd="meta.number", nullable=False),
        *_slopes("w1"),
        *_slopes("w2"),
        *[c for name, of in TESTS.items() for c in _test(name, of)],
    ),
    key=("survey", "left_survey", "id"),
    partition=("survey", "left_survey", "tile"),
    sort=("hpx29", "id"),
    replace_by=("survey", "left_survey"),
    stats=("hpx29", "id", "w2_log10_q"),
)
