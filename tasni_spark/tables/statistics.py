"""The statistics of light curves: name, unit, meaning and source of each, in the order in which kernels fill them.

Why: the kernels of `variability` and the tables that hold their results are two views of one list; it stands here,
below both.
"""

from __future__ import annotations

from typing import NamedTuple


class Statistic(NamedTuple):
    """One number per source and band.

    Parameters
    ----------
    name, unit, doc
        Column name, unit as astropy writes it, one line of documentation.
    ucd
        Unified Content Descriptor.
    reference
        Author, year and bibcode of the definition; empty for what needs none.
    """

    name: str
    unit: str
    doc: str
    ucd: str = "stat.value"
    reference: str = ""


COUNTS = (
    Statistic("n_exposures", "", "Exposures that measured the source", "meta.number"),
    Statistic("n_limits", "", "Exposures that gave an upper limit only", "meta.number"),
)
COVERAGE = (
    Statistic("n_visits", "", "Visits with enough exposures for a trend", "meta.number"),
    Statistic("span_yr", "yr", "From the first to the last of these visits", "time.duration"),
)
SCATTER = (
    Statistic("mean_mag", "mag", "Mean weighted with 1 / err^2", "phot.mag;stat.mean"),
    Statistic("median_mag", "mag", "Median", "phot.mag;stat.median"),
    Statistic("rms_mag", "mag", "Standard deviation about the plain mean, ddof 1", "stat.stdev;phot.mag"),
    Statistic("mad_mag", "mag", "Median absolute deviation from the median, not scaled", "stat.stdev;phot.mag"),
    Statistic("iqr_mag", "mag", "Interquartile range", "stat.stdev;phot.mag"),
    Statistic("skew", "", "Third standardised moment, biased; positive for dips", "stat.param"),
    Statistic("rchi2", "", "chi2 about the weighted mean over n - 1", "stat.fit.chi2"),
    Statistic(
        "excess_variance",
        "",
        "Variance above that of the errors, of the relative flux; negative where the errors are too large",
        "stat.variance",
        "Vaughan et al. 2003 (2003MNRAS.345.1271V)",
    ),
    Statistic(
        "stetson_j",
        "",
        "Correlation of successive exposures of an orbit, single ones by their own square",
        "stat.correlation",
        "Stetson 1996 (1996PASP..108..851S)",
    ),
    Statistic(
        "stetson_k", "", "Robust kurtosis; 0.798 for a Gaussian", "stat.param", "Stetson 1996 (1996PASP..108..851S)"
    ),
    Statistic(
        "eta",
        "",
        "Mean square of successive differences over the variance; 2 for white noise, small for slow change",
        "stat.param",
        "von Neumann 1941 (1941AnMS...12..367V)",
    ),
)

SHORT_LAGS = (("95min", 0.03, 0.1), ("5h", 0.1, 0.35), ("1d", 0.35, 3.0))
"""Name, least and greatest lag in d (the latter excluded) of pairs of exposures."""

LONG_LAGS = (
    ("6mon", 100.0, 270.0),
    ("1yr", 270.0, 460.0),
    ("2yr", 460.0, 1000.0),
    ("4yr", 1000.0, 2000.0),
    ("8yr", 2000.0, 4000.0),
)
"""The same of pairs of visits."""

STRUCTURE = tuple(
    Statistic(
        f"sf2_{name}",
        "mag2",
        f"Structure function squared, less the noise, between {low:g} and {high:g} d",
        "stat.variance",
        "Kozlowski 2016 (2016ApJ...826..118K)",
    )
    for name, low, high in SHORT_LAGS + LONG_LAGS
)

_RATE = "arith.rate;phot.mag"

TREND = (
    Statistic("slope_mag_per_yr", "mag / yr", "Slope of the weighted line, positive for fading", _RATE),
    Statistic("sigma_slope_mag_per_yr", "mag / yr", "Its error, times sqrt(max(1, rchi2_line))", "stat.error;phot.mag"),
    Statistic("t_slope", "", "Slope over its error", "stat.fit.param"),
    Statistic("log10_p", "", "log10 of the two-sided p of Student's t", "stat.probability"),
    Statistic("dof", "", "Visits less parameters", "stat.fit.dof"),
    Statistic("rchi2_line", "", "chi2 over dof about the line", "stat.fit.chi2"),
    Statistic("alternate_mag", "mag", "Half the difference between the two scan directions", "phot.mag;arith.diff"),
    Statistic("slope_first_mag_per_yr", "mag / yr", "Slope of the first half of the visits", _RATE),
    Statistic("slope_last_mag_per_yr", "mag / yr", "Slope of the last half of the visits", _RATE),
    Statistic("slope_loo_min_mag_per_yr", "mag / yr", "Least slope without any one visit", f"{_RATE};stat.min"),
    Statistic("slope_loo_max_mag_per_yr", "mag / yr", "Greatest slope without any one visit", f"{_RATE};stat.max"),
    Statistic("t_slope_loo", "", "The t nearest to zero without any one visit", "stat.fit.param;stat.min"),
)

RANKS = (
    Statistic(
        "theil_sen_mag_per_yr",
        "mag / yr",
        "Median slope of all pairs of visits",
        "arith.rate;phot.mag;stat.median",
        "Sen 1968 (1968JASA...63.1379S)",
    ),
    Statistic(
        "mann_kendall_tau",
        "",
        "Kendall's tau-a of brightness and time: pairs that fade less pairs that brighten, over all",
        "stat.correlation",
        "Mann 1945 (10.2307/1907187)",
    ),
    Statistic(
        "mann_kendall_log10_p",
        "",
        "log10 of the two-sided p of the Mann-Kendall test",
        "stat.probability",
        "Mann 1945 (10.2307/1907187)",
    ),
)

_SCHWARZ = "Schwarz 1978 (1978AnSta...6..461S)"

_BIC = "BIC of {}, on the visits and their errors"

MODELS = (
    Statistic("bic_constant", "", _BIC.format("a constant"), "stat.likelihood", _SCHWARZ),
    Statistic("bic_line", "", _BIC.format("a line"), "stat.likelihood", _SCHWARZ),
    Statistic(
        "bic_line_alternate", "", _BIC.format("a line and the alternate-visit term"), "stat.likelihood", _SCHWARZ
    ),
    Statistic("bic_step", "", _BIC.format("the best step"), "stat.likelihood", _SCHWARZ),
    Statistic("step_mjd", "d", "Time of that step, midway between two visits", "time.epoch"),
    Statistic("step_mag", "mag", "Height of that step, positive for fading", "phot.mag;arith.diff"),
)

_GLS = "Zechmeister and Kuerster 2009 (2009A&A...496..577Z)"

SINE = (
    Statistic("bic_sine", "", "BIC of the best sine with a free mean, on the visits", "stat.likelihood", _GLS),
    Statistic("sine_period_yr", "yr", "Its period, between 1 yr and twice the span", "time.period", _GLS),
    Statistic("sine_amplitude_mag", "mag", "Its semi-amplitude", "src.var.amplitude;phot.mag", _GLS),
)

_KELLY = "Kelly et al. 2009 (2009ApJ...698..895K)"


WALK = (
    Statistic("bic_walk", "", "BIC of the best damped random walk, on the visits", "stat.likelihood", _KELLY),
    Statistic("walk_tau_yr", "yr", "Its time scale, a guess above a tenth of the span", "time.scale", _KELLY),
    Statistic("walk_sd_mag", "mag", "Its standard deviation at long times", "stat.stdev;phot.mag", _KELLY),
    Statistic("walk_gain", "", "ln L of the walk less that of a constant", "stat.likelihood", _KELLY),
    Statistic("bic_walk_line", "", "BIC of a line in a damped random walk", "stat.likelihood", _KELLY),
    Statistic("slope_walk_mag_per_yr", "mag / yr", "Slope of that line", _RATE, _KELLY),
    Statistic("sigma_slope_walk_mag_per_yr", "mag / yr", "Error of that slope", "stat.error;phot.mag", _KELLY),
)

_STETSON = "Welch and Stetson 1993 (1993AJ....105.1813W)"

BANDS = (
    Statistic("n_common_visits", "", "Visits measured in both bands", "meta.number"),
    Statistic("correlation", "", "Pearson's r of the visits of both bands", "stat.correlation"),
    Statistic("correlation_log10_p", "", "log10 of its two-sided p", "stat.probability"),
    Statistic("colour_mag", "mag", "Weighted mean of W1 - W2 over the visits", "phot.color;stat.mean"),
    Statistic(
        "colour_slope_mag_per_yr", "mag / yr", "Slope of W1 - W2, positive for reddening", "arith.rate;phot.color"
    ),
    Statistic(
        "sigma_colour_slope_mag_per_yr", "mag / yr", "Its error, times sqrt(max(1, rchi2))", "stat.error;phot.color"
    ),
    Statistic("colour_slope_log10_p", "", "log10 of the two-sided p of that slope", "stat.probability"),
    Statistic(
        "w2_per_w1",
        "",
        "Change of W2 per change of W1, with errors in both",
        "stat.fit.param",
        "Deming 1943; Fuller 1987, Measurement Error Models, 1.3",
    ),
    Statistic("stetson_j_bands", "", "Stetson's J over exposures measured in both bands", "stat.correlation", _STETSON),
)

OF_EXPOSURES = COUNTS + SCATTER + STRUCTURE[: len(SHORT_LAGS)]
OF_VISITS = COVERAGE + STRUCTURE[len(SHORT_LAGS) :] + TREND + RANKS + MODELS
OF_RIVALS = SINE + WALK
STATISTICS = OF_EXPOSURES + OF_VISITS + OF_RIVALS
"""Per source and band, in the order of the columns."""
OF_BANDS = BANDS
"""Per source, from both bands."""
