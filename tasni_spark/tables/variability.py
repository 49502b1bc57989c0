"""Tables of what varies and how: statistics, periods, trials with signals of known size, classes."""

from __future__ import annotations

from tasni_spark.core.spec import Col, Table
from tasni_spark.tables.columns import LEFT_SURVEY
from tasni_spark.tables.light_curves import BAND, CURVE, EXPOSED, RATE, columns_of, count
from tasni_spark.tables.statistics import STATISTICS

VARIABILITY = Table(
    "variability",
    "Statistics of every light curve, one row a source and band",
    (*CURVE, BAND, *columns_of(STATISTICS)),
    key=("survey", "left_survey", "id", "band"),
    partition=("survey", "left_survey", "tile"),
    sort=("hpx29", "id", "band"),
    replace_by=("survey", "left_survey", "tile"),
    stats=("hpx29", "id", "log10_p"),
    has_dictionaries=False,
)

PERIODS = Table(
    "periods",
    "The highest peak of each search for periods, one row a source and search, of the sources that pass the screen",
    (
        *CURVE,
        Col("search", "string", "exposures | within_visits (means removed) | visits", ucd="meta.code", nullable=False),
        BAND,
        Col("rchi2", "double", "chi2 / dof about the mean, by which it passed the screen", ucd="stat.fit.chi2"),
        count("n_points", "Exposures, or visits, of the search"),
        Col("span_d", "double", "From the first to the last of them", "d", "time.duration"),
        Col("period_d", "double", "Period of the highest peak", "d", "time.period"),
        Col("amplitude_mag", "double", "Semi-amplitude of that sine", "mag", "src.var.amplitude;phot.mag"),
        Col("power", "double", "Part of chi2 that the sine explains, 0 .. 1", ucd="stat.fit.param", range=(0.0, 1.0)),
        Col("window", "double", "Power of the cadence itself there, 0 .. 1", ucd="stat.fit.param", range=(0.0, 1.0)),
        Col("log10_p_white", "double", "log10 p of so high a peak in white noise", ucd="stat.probability"),
        Col(
            "log10_false_alarm",
            "double",
            "log10 p of so high a peak with the visits permuted; null where white noise explains it",
            ucd="stat.probability",
        ),
        Col("cadence", "array<string>", "Parts of the cadence of which it is a harmonic", ucd="meta.code"),
        Col("aliases_d", "array<double>", "Periods that the cadence cannot tell from it", "d", "time.period"),
    ),
    key=("survey", "left_survey", "id", "search"),
    partition=("survey", "left_survey", "tile"),
    sort=("hpx29", "id", "search"),
    replace_by=("survey", "left_survey", "tile"),
    stats=("hpx29", "id", "log10_false_alarm"),
)

INJECTIONS = Table(
    "injections",
    "Trials: signals of known size in constant light curves, and what was said of them, one row a trial",
    (
        *CURVE,
        Col("kind", "string", "What was injected; none, reversed and shuffled are nulls", ucd="meta.code"),
        Col("slope_mag_per_yr", "double", "Slope of the fade, or of one as high as the step", "mag / yr", RATE),
        Col(
            "amplitude_mag",
            "double",
            "Height of a step or flare, semi-amplitude, or deviation",
            "mag",
            "src.var.amplitude",
        ),
        Col("period_d", "double", "Period of an injected sine", "d", "time.period"),
        Col("decay_d", "double", "Decay time of a flare", "d", "time.scale"),
        Col("tau_yr", "double", "Time scale of a walk", "yr", "time.scale"),
        Col("w1_mean_mag", "double", "Mean W1 with the signal", "mag", "phot.mag;stat.mean", mag_system="Vega"),
        Col("w2_mean_mag", "double", "Mean W2 with the signal", "mag", "phot.mag;stat.mean", mag_system="Vega"),
        Col("w2_n_visits", "int", "Visits in W2", ucd="meta.number"),
        Col("w2_slope_mag_per_yr_found", "double", "Slope found in W2", "mag / yr", RATE),
        Col("w2_sigma_slope_mag_per_yr_found", "double", "Its error", "mag / yr", "stat.error;phot.mag"),
        Col("verdict", "string", "Verdict on the trend", ucd="meta.code"),
        Col("is_claim", "boolean", "Whether it claims one", ucd="meta.code", nullable=False),
        Col("sign", "int", "+1 fading, -1 brightening, as found", ucd="meta.code", nullable=False),
        Col("passes_screen", "boolean", "Whether periods would be sought", ucd="meta.code", nullable=False),
        Col("class", "string", "Class that the rules give, without a search for periods", ucd="src.class"),
    ),
    key=("survey", "left_survey", "id"),
    partition=("survey", "left_survey", "tile"),
    sort=("hpx29", "id"),
    replace_by=("survey", "left_survey", "tile"),
    stats=("hpx29", "id"),
)

COMPLETENESS = Table(
    "completeness",
    "Trials and claims by kind, slope, brightness and number of visits",
    (
        EXPOSED,
        LEFT_SURVEY,
        Col("kind", "string", "Kind of trial", ucd="meta.code", nullable=False),
        Col("slope_bin", "int", "3 log10 of the slope in mag / yr, rounded down; null for no slope", ucd="meta.code"),
        Col("w2_bin", "int", "Twice the mean W2, rounded down", ucd="meta.code"),
        Col("visits_bin", "int", "A quarter of the visits, rounded down", ucd="meta.code"),
        count("n", "Trials", "bigint"),
        count("n_claimed", "Trials with a claimed trend", "bigint"),
        count("n_right", "Of these with the sign of the injected one", "bigint"),
        count("n_screened", "Trials in which periods would be sought", "bigint"),
    ),
    key=("survey", "left_survey", "kind", "slope_bin", "w2_bin", "visits_bin"),
    partition=("survey", "left_survey"),
    sort=("kind", "slope_bin", "w2_bin", "visits_bin"),
    replace_by=("survey", "left_survey"),
    stats=("w2_bin",),
)

VARIABILITY_CLASSES = Table(
    "variability_classes",
    "The class of variability of every source, by rules, with what trials say such a class is worth",
    (
        *CURVE,
        Col("class", "string", "variability.classes.CLASSES", ucd="src.class", nullable=False),
        Col("probability", "double", "Share of the trials put there that belong there", ucd="stat.probability"),
        Col("period_d", "double", "Period, where it is periodic", "d", "time.period"),
    ),
    key=("survey", "left_survey", "id"),
    partition=("survey", "left_survey", "tile"),
    sort=("hpx29", "id"),
    replace_by=("survey", "left_survey"),
    stats=("hpx29", "id"),
)

CLASS_COUNTS = Table(
    "class_counts",
    "Sources of each class beside the number that constant light curves would give",
    (
        EXPOSED,
        LEFT_SURVEY,
        Col("class", "string", "variability.classes.CLASSES", ucd="src.class", nullable=False),
        count("n", "Sources", "bigint"),
        Col(
            "n_null",
            "double",
            "Expected were all measured light curves constant, from the null trials",
            ucd="meta.number",
        ),
        Col("probability", "double", "Share of the trials put there that belong there", ucd="stat.probability"),
    ),
    key=("survey", "left_survey", "class"),
    partition=("survey", "left_survey"),
    sort=("class",),
    replace_by=("survey", "left_survey"),
)
