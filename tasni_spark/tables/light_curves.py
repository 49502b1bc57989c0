"""Tables of the time domain: light curves, visits, their statistics, the tests made of them, and the verdicts."""

from __future__ import annotations

from dataclasses import replace

from tasni_spark.core.spec import Col, Table
from tasni_spark.tables.columns import HPX29, ID, LEFT_SURVEY, TILE
from tasni_spark.tables.statistics import OF_BANDS, OF_EXPOSURES, OF_RIVALS, OF_VISITS, STATISTICS, Statistic

BANDS = ("w1", "w2")
FLAGS: dict[str, tuple[int, str]] = {
    "limit": (1, "An upper limit, or nothing at all: the magnitude has no error"),
    "frame": (2, "The exposure is of poor quality"),
    "image": (4, "Its image is blurred"),
    "saa": (8, "Taken near the South Atlantic Anomaly"),
    "moon": (16, "Moonlight"),
    "artefact": (32, "On the spike, halo, ghost or latent image of a bright star"),
    "fit": (64, "The profile fits badly"),
    "moving": (128, "A known solar-system object lies there"),
    "saturated": (256, "Saturated pixels"),
}
"""Bits of `w1_flags` and `w2_flags`: what is wrong with an exposure in a band."""
LIMIT = FLAGS["limit"][0]

_SURVEY = Col("survey", "string", "Survey of single exposures", ucd="meta.id;meta.dataset", nullable=False)
_SOURCE = (_SURVEY, LEFT_SURVEY, TILE, HPX29, ID)
_BAND = Col("band", "string", "w1 or w2", ucd="instr.bandpass", nullable=False)
_BITS = ", ".join(f"{bit} {name}" for name, (bit, _) in FLAGS.items())
_RATE = "arith.rate;phot.mag"
_WAVE = {"w1": "em.IR.3-4um", "w2": "em.IR.4-8um"}


def _columns(statistics: tuple[Statistic, ...], prefix: str = "") -> tuple[Col, ...]:
    """Columns of statistics; whole numbers where they count."""
    return tuple(_column(s, prefix) for s in statistics)


def _column(s: Statistic, prefix: str) -> Col:
    is_whole = s.ucd in ("meta.number", "stat.fit.dof")
    doc = s.doc + (f" ({s.reference})" if s.reference else "")
    col = Col(prefix + s.name, "int" if is_whole else "double", doc, s.unit, s.ucd)
    return replace(col, mag_system="Vega") if col.is_magnitude else col


def _exposures(band: str) -> tuple[Col, ...]:
    name, wave = band.upper(), _WAVE[band]
    return (
        Col(
            f"{band}_mag",
            "array<float>",
            f"{name} magnitude; a limit where the error is null",
            "mag",
            "phot.mag",
            mag_system="Vega",
        ),
        Col(f"{band}_error", "array<float>", f"Error of {band}_mag; null for a limit", "mag", "stat.error;phot.mag"),
        Col(f"{band}_flags", "array<int>", f"What is wrong with {name}, bits: {_BITS}", ucd=f"meta.code.qual;{wave}"),
    )


def _count(name: str, doc: str, type: str = "int") -> Col:
    return Col(name, type, doc, ucd="meta.number", nullable=False)


_FACTS = (
    Col("is_truncated", "boolean", "Whether its exposures end at the cap of a query", ucd="meta.code", nullable=False),
    Col("is_blended", "boolean", "Whether another source lies so near", ucd="meta.code", nullable=False),
    Col("motion_arcsec", "double", "Drift of the exposures from where the source was sought", "arcsec", "pos.pm"),
)

LIGHTCURVES = Table(
    "lightcurves",
    "Single exposures of every source, one row a source; arrays run in the order of time",
    (
        *_SOURCE,
        _count("n_exposures", "Exposures: the length of the arrays"),
        _count("n_duplicates", "Further detections in the same exposures, left out"),
        _count("n_other_tiles", "Exposures whose detection lies in another tile than the source"),
        _count("n_archive", "Detections that the archive gives to the source"),
        _count("n_position", "Detections that are nearest to where the source was at the time"),
        _count("n_both", "Detections that are both"),
        *_FACTS,
        Col("nearest_arcsec", "double", "Distance to the nearest other source, if near", "arcsec", "pos.angDistance"),
        Col(
            "sep_arcsec",
            "double",
            "Mean distance of the exposures from where the source was",
            "arcsec",
            "pos.angDistance;stat.mean",
        ),
        Col("sep_growth_arcsec_per_yr", "double", "Growth of that distance", "arcsec / yr", "arith.rate"),
        Col("mjd", "array<double>", "Modified Julian date, UTC", "d", "time.epoch"),
        *_exposures("w1"),
        *_exposures("w2"),
    ),
    key=("survey", "left_survey", "id"),
    partition=("survey", "left_survey", "tile"),
    sort=("hpx29", "id"),
    replace_by=("survey", "left_survey", "tile"),
    stats=("hpx29", "id", "n_exposures"),
    row_group_mb=32,
)

LIGHTCURVE_TILES = Table(
    "lightcurve_tiles",
    "What became of the detections of each tile, by both associations",
    (
        _SURVEY,
        LEFT_SURVEY,
        TILE,
        _count("n_sources", "Sources of the tile", "bigint"),
        _count("n_detections", "Detections that lie in the tile", "bigint"),
        _count("n_archive", "Of these, given to a source by the archive", "bigint"),
        _count("n_position", "Of these, nearest to where a source was", "bigint"),
        _count("n_both", "Of these, given to the same source by both", "bigint"),
        _count("n_differ", "Of these, given to different sources", "bigint"),
        _count("n_given", "Of these, given to a source by the association in use", "bigint"),
        _count("n_exposures", "Exposures in the light curves of the tile's sources", "bigint"),
        _count("n_duplicates", "Further detections in the same exposures of these sources", "bigint"),
        Col("unjudged", "array<string>", "Flags never set, as their columns are absent or null", ucd="meta.code"),
    ),
    key=("survey", "left_survey", "tile"),
    partition=("survey", "left_survey"),
    sort=("survey", "left_survey", "tile"),
    replace_by=("survey", "left_survey", "tile"),
    stats=("tile",),
)

VISITS = Table(
    "visits",
    "Means of the exposures of a day or so, one row a source and band; arrays run in the order of time",
    (
        *_SOURCE,
        _BAND,
        Col("colour_mag", "double", "W1 - W2 of the means over all visits; null without either", "mag", "phot.color"),
        Col("mjd", "array<double>", "Mean time of the exposures", "d", "time.epoch"),
        Col(
            "mag",
            "array<double>",
            "Weighted mean magnitude; null without a measurement",
            "mag",
            "phot.mag",
            mag_system="Vega",
        ),
        Col("error", "array<double>", "Its error, with the floor", "mag", "stat.error;phot.mag"),
        Col("n_used", "array<int>", "Exposures in the mean", ucd="meta.number"),
        Col("n_limits", "array<int>", "Exposures that gave an upper limit only", ucd="meta.number"),
        Col("side", "array<int>", "+1 or -1: the two scan directions", ucd="meta.code"),
    ),
    key=("survey", "left_survey", "id", "band"),
    partition=("survey", "left_survey", "tile"),
    sort=("hpx29", "id", "band"),
    replace_by=("survey", "left_survey", "tile"),
    stats=("hpx29", "id"),
    row_group_mb=32,
)

VARIABILITY = Table(
    "variability",
    "Statistics of every light curve, one row a source and band",
    (*_SOURCE, _BAND, *_columns(STATISTICS)),
    key=("survey", "left_survey", "id", "band"),
    partition=("survey", "left_survey", "tile"),
    sort=("hpx29", "id", "band"),
    replace_by=("survey", "left_survey", "tile"),
    stats=("hpx29", "id", "log10_p"),
)

_OF_JUDGE = tuple(
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
JUDGED = tuple(s.name for s in _OF_JUDGE)
"""Statistics of each band on which a verdict rests."""
IN_FLUX = ("slope_mag_per_yr", "sigma_slope_mag_per_yr", "log10_p")
"""The same of the fit in flux."""

TREND_TESTS = Table(
    "trend_tests",
    "All on which the verdict on a trend rests, one row a source; also what both bands say together",
    (
        *_SOURCE,
        *_FACTS,
        *[c for band in BANDS for c in _columns(_OF_JUDGE, f"{band}_")],
        *_columns(tuple(s for s in _OF_JUDGE if s.name in IN_FLUX), "w2_flux_"),
        *_columns(OF_BANDS),
    ),
    key=("survey", "left_survey", "id"),
    partition=("survey", "left_survey", "tile"),
    sort=("hpx29", "id"),
    replace_by=("survey", "left_survey", "tile"),
    stats=("hpx29", "id", "w1_log10_p", "w2_log10_p"),
)

ENSEMBLE = Table(
    "ensemble",
    "What the stars of one place, brightness and colour have in common: their drift, visit by visit",
    (
        _SURVEY,
        LEFT_SURVEY,
        Col("cell", "bigint", "HEALPix pixel, NESTED, of order trends.cell_order", ucd="pos.healpix", nullable=False),
        _BAND,
        Col("mag_bin", "int", "Mean magnitude over trends.bin_mag, rounded down", ucd="meta.code", nullable=False),
        Col("colour_bin", "int", "W1 - W2 over trends.bin_colour, rounded down", ucd="meta.code", nullable=False),
        Col("half_year", "int", "Number of the half year, each with one visit of the place", ucd="meta.number"),
        _count("n_controls", "Control stars seen in this visit", "bigint"),
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
        _BAND,
        _count("n_controls", "Control stars of its poorest visit"),
        *_columns(tuple(s for s in _OF_JUDGE if s.name != "mean_mag")),
    ),
    key=("tile", "id", "band"),
    transient=True,
)

PERIODS = Table(
    "periods",
    "The highest peak of each search for periods, one row a source and search, of the sources that pass the screen",
    (
        *_SOURCE,
        Col("search", "string", "exposures | within_visits (means removed) | visits", ucd="meta.code", nullable=False),
        _BAND,
        Col("rchi2", "double", "chi2 / dof about the mean, by which it passed the screen", ucd="stat.fit.chi2"),
        _count("n_points", "Exposures, or visits, of the search"),
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
        *_SOURCE,
        Col("kind", "string", "What was injected; none, reversed and shuffled are nulls", ucd="meta.code"),
        Col("slope_mag_per_yr", "double", "Slope of the fade, or of one as high as the step", "mag / yr", _RATE),
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
        Col("w2_slope_mag_per_yr_found", "double", "Slope found in W2", "mag / yr", _RATE),
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
        _SURVEY,
        LEFT_SURVEY,
        Col("kind", "string", "Kind of trial", ucd="meta.code", nullable=False),
        Col("slope_bin", "int", "3 log10 of the slope in mag / yr, rounded down; null for no slope", ucd="meta.code"),
        Col("w2_bin", "int", "Twice the mean W2, rounded down", ucd="meta.code"),
        Col("visits_bin", "int", "A quarter of the visits, rounded down", ucd="meta.code"),
        _count("n", "Trials", "bigint"),
        _count("n_claimed", "Trials with a claimed trend", "bigint"),
        _count("n_right", "Of these with the sign of the injected one", "bigint"),
        _count("n_screened", "Trials in which periods would be sought", "bigint"),
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
        *_SOURCE,
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
        _SURVEY,
        LEFT_SURVEY,
        Col("class", "string", "variability.classes.CLASSES", ucd="src.class", nullable=False),
        _count("n", "Sources", "bigint"),
        Col("n_null", "double", "Expected were all light curves constant, from the null trials", ucd="meta.number"),
        Col("probability", "double", "Share of the trials put there that belong there", ucd="stat.probability"),
    ),
    key=("survey", "left_survey", "class"),
    partition=("survey", "left_survey"),
    sort=("class",),
    replace_by=("survey", "left_survey"),
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
        Col(f"{band}_slope_mag_per_yr", "double", f"Slope of {name} against them, else raw; fading > 0", unit, _RATE),
        Col(f"{band}_sigma_slope_mag_per_yr", "double", "Its error", unit, "stat.error;phot.mag"),
        Col(f"{band}_slope_raw_mag_per_yr", "double", "The slope as it was seen", unit, _RATE),
        Col(f"{band}_slope_subtracted_mag_per_yr", "double", "The raw slope less the drift of the sample", unit, _RATE),
        Col(f"{band}_drift_mag_per_yr", "double", f"Drift of the sample in {name}: the median slope", unit, _RATE),
    )


TRENDS = Table(
    "trends",
    "The verdict on the trend of every source, and each reason for and against it",
    (
        *_SOURCE,
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
