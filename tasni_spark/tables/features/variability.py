"""Variability families: the statistics of light curves, taken from the tables of the job `variability`.

Why: the kernels that tests and verdicts rest on are the features' as well; nothing is computed a second time. They are
read for all sources of a survey or for none, as a light curve that only labelled rows have is the label in disguise.
"""

from __future__ import annotations

import itertools

from tasni_spark.tables.features.spec import Family
from tasni_spark.tables.statistics import BANDS, RANKS, SCATTER, STRUCTURE, TREND

_G = "variability"
_NULL = "No light curve there, or too few exposures or visits; null for all where the survey has no light curves"
_BOTH = ("w1", "w2")
_UNIT = {"mag": "mag", "mag2": "mag2", "mag / yr": "magyr", "yr": "yr", "d": "d", "": "none"}
_MODELS = ("constant", "line", "line_alternate", "step")
_DEPTH = ("n_exposures", "n_limits", "n_visits", "span_yr")
_LEFT_OUT = {"dof", "bic_constant"}
"""`dof` is the number of visits less two, a duplicate; of BICs only differences say anything."""


def _stem(name: str) -> str:
    for unit in ("_mag_per_yr", "_mag", "_yr"):
        name = name.removesuffix(unit)
    return name


FAMILIES = (
    *(
        Family(
            _G,
            _stem(s.name),
            _UNIT[s.unit],
            s.doc + (f" ({s.reference})" if s.reference else ""),
            _NULL,
            {b: f"{b}_{s.name}" for b in _BOTH},
        )
        for s in (*SCATTER, *STRUCTURE, *TREND, *RANKS)
        if s.name not in _LEFT_OUT
    ),
    *(
        Family(_G, _stem(n), "yr" if n == "span_yr" else "none", doc, _NULL, {b: f"{b}_{n}" for b in _BOTH}, "stratum")
        for n, doc in zip(
            _DEPTH,
            (
                "Exposures that measured the source",
                "Exposures that gave an upper limit only",
                "Visits with enough exposures for a trend",
                "From the first to the last of these visits",
            ),
            strict=True,
        )
    ),
    Family(
        _G,
        "bic_gain",
        "none",
        "BIC of one model of the visits less that of another: constant, line, line with the alternate-visit term, step",
        _NULL,
        {
            f"{band}_{a}_{b}": f"{band}_bic_{a} - {band}_bic_{b}"
            for band in _BOTH
            for a, b in itertools.combinations(_MODELS, 2)
        },
    ),
    Family(
        _G, "step", "mag", "Height of the best step, positive for fading", _NULL, {b: f"{b}_step_mag" for b in _BOTH}
    ),
    Family(
        _G,
        "step_when",
        "none",
        "Whether that step comes early or late: its time in yr from the mean epoch of WISE and NEOWISE",
        _NULL,
        {b: f"({b}_step_mjd - 57600) / 365.25" for b in _BOTH},
    ),
    Family(
        _G,
        "slope_apart",
        "magyr",
        "Difference of the slopes of the last and the first half: a trend that bends",
        _NULL,
        {b: f"{b}_slope_last_mag_per_yr - {b}_slope_first_mag_per_yr" for b in _BOTH},
    ),
    Family(
        _G,
        "scatter_ratio",
        "none",
        "Ln of a robust over a plain measure of scatter: outbursts and dips against steady change",
        _NULL,
        {
            f"{b}_{name}": f"ln({b}_{top} / {b}_rms_mag)"
            for b in _BOTH
            for name, top in (("mad", "mad_mag"), ("iqr", "iqr_mag"))
        },
    ),
    Family(
        _G,
        "band_ratio",
        "none",
        "Ln of the same statistic in W1 over that in W2: dust and temperature change them differently",
        _NULL,
        {
            name: f"ln(w1_{name} / w2_{name})"
            for name in ("rms_mag", "mad_mag", "iqr_mag", "rchi2", "eta", "stetson_k", "rchi2_line")
        },
    ),
    Family(
        _G,
        "band_apart",
        "magyr",
        "Slope in W1 less that in W2",
        _NULL,
        {
            "slope": "w1_slope_mag_per_yr - w2_slope_mag_per_yr",
            "theil_sen": "w1_theil_sen_mag_per_yr - w2_theil_sen_mag_per_yr",
        },
    ),
    *(
        Family(
            _G,
            _stem(s.name),
            _UNIT[s.unit],
            s.doc + (f" ({s.reference})" if s.reference else ""),
            _NULL,
            {"both": f"both_{s.name}"},
            "stratum" if s.name == "n_common_visits" else "feature",
        )
        for s in BANDS
    ),
)
