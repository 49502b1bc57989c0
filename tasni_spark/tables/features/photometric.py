"""Photometric families: what AllWISE alone says of a source."""

from __future__ import annotations

import itertools
from math import log10

from tasni_spark.tables.features.bands import NULL_WISE, WISE, pairs
from tasni_spark.tables.features.spec import Family, entropy, hypot

_G = "photometric"
_X, _Y = "(m_w2 - m_w3)", "(m_w1 - m_w2)"
_NULL_FIT = "The fit did not settle, or fewer than two bands were measured"
_TWO = ("w1", "w2")
_FOUR = tuple(b.name for b in WISE)
_ARTEFACTS = {"spike": "D", "persistence": "P", "halo": "H", "ghost": "O"}
_DIGIT = "CASE WHEN substring({column}, {k}, 1) BETWEEN '0' AND '9' THEN cast(substring({column}, {k}, 1) AS int) END"
_SHARE = " + ".join(f"pow(10, {b.nu_f_nu})" for b in WISE)
_MEAN_LOG_UM = sum(log10(b.um) for b in WISE) / 4


def _loci() -> dict[str, str]:
    """Signed distances in mag from published borders in the plane of W1 - W2 over W2 - W3, positive inside."""
    lines = {
        # name: (slope, intercept, +1 where the inside is above)
        "agn_wedge_bottom": (0.315, -0.222, 1),
        "agn_wedge_end": (-3.172, 7.624, 1),
        "dwarf_t": (0.96, -0.96, 1),
        "yso_class1": (-0.42, 2.2, 1),
        "yso_both": (0.46, -0.9, 1),
        "yso_class2_left": (-1.5, 2.1, 1),
        "yso_class2_top": (0.71, -0.07, -1),
    }
    return {
        name: f"{side} * ({_Y} - ({a}) * {_X} - ({b})) / {(1 + a * a) ** 0.5:.6f}"
        for name, (a, b, side) in lines.items()
    }


FAMILIES = (
    Family(_G, "magnitude", "mag", "Vega magnitude", NULL_WISE, {b: f"m_{b}" for b in _FOUR}, range=(-5, 25)),
    Family(
        _G,
        "limit",
        "mag",
        "95 per cent limit where nothing was detected: how deep the survey looked in vain",
        "Detected, or not measured",
        {b: f"l_{b}" for b in _FOUR},
        range=(-5, 25),
    ),
    Family(
        _G, "snr", "none", "Signal-to-noise ratio of the profile fit", "Not measured", {b: f"{b}snr" for b in _FOUR}
    ),
    Family(
        _G,
        "colour",
        "mag",
        "Difference of two magnitudes: the slope of the spectrum between them",
        NULL_WISE,
        {f"{a.name}_{b.name}": f"m_{a.name} - m_{b.name}" for a, b in pairs(WISE)},
        range=(-15, 20),
    ),
    Family(
        _G,
        "colour_error",
        "mag",
        "Error of a colour",
        NULL_WISE,
        {f"{a.name}_{b.name}": hypot(f"e_{a.name}", f"e_{b.name}") for a, b in pairs(WISE)},
        range=(0, 10),
    ),
    Family(
        _G,
        "colour_sigma",
        "none",
        "A colour over its error: whether it is red beyond noise",
        NULL_WISE,
        {
            f"{a.name}_{b.name}": f"(m_{a.name} - m_{b.name}) / {hypot(f'e_{a.name}', f'e_{b.name}')}"
            for a, b in pairs(WISE)
        },
    ),
    Family(
        _G,
        "colour_least",
        "mag",
        "Least colour that a limit in the bluer band allows: the one handle on what W1 does not see",
        "The bluer band is measured, or the redder is not",
        {f"{a}_{b}": f"l_{a} - m_{b}" for a, b in (("w1", "w2"), ("w2", "w3"), ("w2", "w4"), ("w3", "w4"))},
        range=(-15, 20),
    ),
    Family(
        _G,
        "colour_most",
        "mag",
        "Greatest colour that a limit in the redder band allows",
        "The redder band is measured, or the bluer is not",
        {f"{a.name}_{b.name}": f"m_{a.name} - l_{b.name}" for a, b in pairs(WISE)},
        range=(-15, 20),
    ),
    Family(
        _G,
        "curvature",
        "mag",
        "Difference of two colours that share a band: a bump or a gap in the spectrum, as methane makes",
        NULL_WISE,
        {"_".join(t): f"m_{t[0]} - 2 * m_{t[1]} + m_{t[2]}" for t in itertools.combinations(_FOUR, 3)},
        range=(-20, 20),
    ),
    Family(
        _G,
        "share",
        "none",
        "Share of nu F_nu of W1 .. W4 that a band has",
        "Not all four bands are measured",
        {b.name: f"pow(10, {b.nu_f_nu}) / ({_SHARE})" for b in WISE},
        range=(0, 1),
    ),
    Family(
        _G,
        "centroid",
        "um",
        "Mean wavelength, weighted with nu F_nu of W1 .. W4",
        "Not all four bands are measured",
        {"wise": "(" + " + ".join(f"{b.um} * pow(10, {b.nu_f_nu})" for b in WISE) + f") / ({_SHARE})"},
        range=(3, 23),
    ),
    Family(
        _G,
        "entropy",
        "none",
        "Entropy of these shares in nat: low where one band has all the light",
        "Not all four bands are measured",
        {"wise": entropy([f"pow(10, {b.nu_f_nu})" for b in WISE])},
        range=(0, 1.4),
    ),
    Family(
        _G,
        "slope",
        "dex",
        "Slope of log nu F_nu over log wavelength, W1 .. W4: the class of a young star (Lada 1987, "
        "1987IAUS..115....1L)",
        "Not all four bands are measured",
        {
            "wise": "("
            + " + ".join(f"({log10(b.um) - _MEAN_LOG_UM:.6f}) * {b.nu_f_nu}" for b in WISE)
            + f") / {sum((log10(b.um) - _MEAN_LOG_UM) ** 2 for b in WISE):.6f}"
        },
    ),
    Family(
        _G,
        "rchi2",
        "none",
        "Reduced chi square of the profile fit: blends and extended sources fit badly",
        "Not measured",
        {b: f"{b}rchi2" for b in _FOUR},
    ),
    Family(
        _G,
        "rchi2_ratio",
        "none",
        "Ln of the ratio of two of these: a blend in one band only",
        "Not measured",
        {f"{a}_{b}": f"ln({a}rchi2 / {b}rchi2)" for a, b in itertools.combinations(_FOUR, 2)},
    ),
    Family(
        _G,
        "detected",
        "none",
        "Share of the exposures that detect the source: constant sources near the limit, or variable ones",
        "No exposures",
        {b: f"{b}nm / {b}m" for b in _TWO},
        range=(0, 1),
    ),
    Family(
        _G,
        "saturated",
        "none",
        "Share of saturated pixels",
        "Not measured",
        {b: f"{b}sat" for b in _TWO},
        range=(0, 1),
    ),
    Family(
        _G,
        "shape",
        "none",
        "How the source was taken apart: components fitted together, whether it was split off, extended-source flag",
        "Not given by the survey",
        {"components": "nb", "split": "na", "extended": "ext_flg"},
    ),
    Family(
        _G,
        "n_detected",
        "none",
        "Bands with a signal-to-noise ratio above 2",
        "Not given by the survey",
        {"wise": "bit_count(cast(det_bit AS bigint))"},
        range=(0, 4),
    ),
    Family(
        _G,
        "contaminated",
        "none",
        "Whether an artefact touches the band",
        "Flags not given by the survey",
        {b: f"cast(substring(cc_flags, {k + 1}, 1) != '0' AS int)" for k, b in enumerate(_FOUR)},
        range=(0, 1),
    ),
    Family(
        _G,
        "artefact",
        "none",
        "Bands touched by this kind of artefact; spurious detections, written in capitals, count twice",
        "Flags not given by the survey",
        {
            name: f"length(cc_flags) - length(replace(lower(cc_flags), '{letter.lower()}', ''))"
            f" + length(cc_flags) - length(replace(cc_flags, '{letter}', ''))"
            for name, letter in _ARTEFACTS.items()
        },
        range=(0, 8),
    ),
    Family(
        _G,
        "variability_flag",
        "none",
        "AllWISE's own variability flag, 0 .. 9",
        "Not computed: too few exposures",
        {b: _DIGIT.format(column="var_flg", k=k + 1) for k, b in enumerate(_FOUR)},
        range=(0, 9),
    ),
    Family(
        _G,
        "coverage",
        "none",
        "Mean depth of coverage, in exposures",
        "Not given by the survey",
        {b: f"{b}cov" for b in _TWO},
        role="stratum",
    ),
    Family(
        _G,
        "exposures",
        "none",
        "Exposures with a measurement",
        "Not given by the survey",
        {"w1": "w1m"},
        role="stratum",
    ),
    Family(
        _G,
        "epoch",
        "d",
        "Mean time of the exposures, from MJD 55400: which surveys of WISE contributed",
        "Not given by the survey",
        {"w1": "w1mjdmean - 55400"},
        role="stratum",
    ),
    Family(
        _G,
        "moonlight",
        "none",
        "Scattered moonlight, tenths of the exposures",
        "Not given by the survey",
        {b: _DIGIT.format(column="moon_lev", k=k + 1) for k, b in enumerate(_FOUR)},
        role="stratum",
        range=(0, 9),
    ),
    Family(
        _G,
        "depth",
        "mag",
        "Magnitude that would have a signal-to-noise ratio of 5 there",
        NULL_WISE,
        {b: f"m_{b} + 2.5 * log10({b}snr / 5)" for b in _FOUR},
        role="stratum",
        range=(-5, 25),
    ),
    Family(
        _G,
        "distance_from_border",
        "mag",
        "Distance from a published border in the plane of W1-W2 over W2-W3, positive inside: AGN wedge of Mateos et "
        "al. 2012 (2012MNRAS.426.3271M), T dwarfs of Kirkpatrick et al. 2011 (2011ApJS..197...19K), young stars of "
        "Koenig and Leisawitz 2014 (2014ApJ...791..131K)",
        NULL_WISE,
        _loci(),
    ),
    Family(
        _G,
        "above_agn_curve",
        "mag",
        "W1-W2 above the curve that is 90 or 75 per cent reliable for AGN, which rises at the faint end "
        "(Assef et al. 2018, 2018ApJS..234...23A)",
        NULL_WISE,
        {
            "r90": f"{_Y} - 0.650 * exp(CASE WHEN m_w2 > 13.86 THEN 0.153 * pow(m_w2 - 13.86, 2) ELSE 0 END)",
            "r75": f"{_Y} - 0.486 * exp(CASE WHEN m_w2 > 13.07 THEN 0.092 * pow(m_w2 - 13.07, 2) ELSE 0 END)",
        },
    ),
    Family(
        _G,
        "from_star",
        "mag",
        "Distance from the colours of a bare photosphere, W1-W2 = W2-W3 = 0",
        NULL_WISE,
        {"w1_w2_w3": hypot(_X, _Y)},
        range=(0, 25),
    ),
    Family(_G, "temperature", "k", "Of the blackbody that fits best", _NULL_FIT, {"wise": "thermal_temperature_k"}),
    Family(
        _G,
        "temperature_error",
        "none",
        "Its relative error",
        _NULL_FIT,
        {"wise": "thermal_temperature_error_k / thermal_temperature_k"},
    ),
    Family(
        _G, "solid_angle", "dex", "Log of its solid angle in sr", _NULL_FIT, {"wise": "log10(thermal_solid_angle_sr)"}
    ),
    Family(
        _G,
        "chi2",
        "none",
        "Chi square of a model of the four fluxes, limits included",
        _NULL_FIT,
        {m: f"thermal_chi2_{m}" for m in ("blackbody", "power_law", "dwarf")},
    ),
    Family(
        _G,
        "chi2_gain",
        "none",
        "Chi square of one model less that of another",
        _NULL_FIT,
        {
            f"{a}_{b}": f"thermal_chi2_{a} - thermal_chi2_{b}"
            for a, b in itertools.combinations(("blackbody", "power_law", "dwarf"), 2)
        },
    ),
    Family(
        _G, "power_law", "none", "Index a of the power law f_nu ~ nu^a", _NULL_FIT, {"wise": "thermal_power_law_index"}
    ),
    Family(_G, "power_law_error", "none", "Its error", _NULL_FIT, {"wise": "thermal_power_law_index_error"}),
    Family(
        _G,
        "dwarf_type",
        "none",
        "T or Y type whose colours fit best, 16 is T6",
        _NULL_FIT,
        {"wise": "thermal_dwarf_spt_num"},
    ),
    Family(
        _G,
        "dwarf_distance",
        "pc",
        "Distance of a cold dwarf of that W2 and W1-W2",
        _NULL_FIT,
        {"wise": "thermal_colour_distance_pc"},
    ),
    Family(
        _G,
        "dwarf_distance_ratio",
        "none",
        "Ln of that distance over the one that the solid angle implies: a dwarf has both alike",
        _NULL_FIT,
        {"wise": "ln(thermal_colour_distance_pc / thermal_distance_if_dwarf_pc)"},
    ),
    Family(
        _G,
        "dwarf_log_ratio",
        "none",
        "Ln of the likelihood of a cold dwarf over that of red sources at large",
        "W2 not measured, or W1-W2 measured below 1.5",
        {"wise": "thermal_dwarf_log_ratio"},
    ),
)
