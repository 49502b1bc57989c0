"""What the four WISE fluxes of a source say: temperature, implied distance, likeness to a dwarf; the ranking."""

from tasni_spark.core.spec import Col, Table
from tasni_spark.tables.columns import CUT_SET, HPX29, ID, TILE

FLAGS: dict[str, tuple[int, str]] = {
    "no_fit": (1, "Fewer than two bands, or no flux at all"),
    "at_bound": (2, "Temperature at the end of the range searched"),
    "degenerate": (4, "Temperature undetermined: its error is above 50 per cent"),
    "limit_only": (8, "Fewer than two bands measured: the rest are limits"),
    "w1_unreliable": (16, "Below 200 K with W1 measured: its colour correction is the tail of the response"),
    "limit_suspect": (32, "A limit deeper than the survey, clipped to its depth"),
    "power_law_preferred": (64, "A power law fits better by more than 10 in chi^2"),
    "nearer_than_any_dwarf": (128, "As a dwarf it would be nearer than the nearest Y dwarf known"),
}
"""Bits of `thermal_flags`."""

COLUMNS = (
    Col("temperature_k", "double", "Temperature of the blackbody that fits W1 .. W4 best", "K", "phys.temperature"),
    Col("temperature_error_k", "double", "Its formal error", "K", "stat.error;phys.temperature"),
    Col("solid_angle_sr", "double", "Solid angle of that blackbody", "sr", "phys.angArea"),
    Col("solid_angle_error_sr", "double", "Its formal error", "sr", "stat.error;phys.angArea"),
    Col("chi2_blackbody", "double", "Chi^2 of the blackbody, flux floors included", "", "stat.fit.chi2"),
    Col("n_bands", "int", "Bands in the fits, limits included", "", "meta.number;instr.bandpass"),
    Col("n_measured", "int", "Bands measured", "", "meta.number;instr.bandpass"),
    Col("power_law_index", "double", "a of the power law f_nu ~ nu^a that fits best", "", "spect.index"),
    Col("power_law_index_error", "double", "Its formal error", "", "stat.error;spect.index"),
    Col("chi2_power_law", "double", "Chi^2 of the power law", "", "stat.fit.chi2"),
    Col("dwarf_spt_num", "double", "T or Y type whose colours fit best: 16 is T6, 20 is Y0", "", "src.spType"),
    Col("chi2_dwarf", "double", "Chi^2 of that type, its scatter included", "", "stat.fit.chi2"),
    Col("distance_if_dwarf_pc", "double", "Distance of a disc of 0.1 R_sun of that solid angle", "pc", "pos.distance"),
    Col(
        "distance_if_dwarf_factor", "double", "Factor, 1 sigma, by which it may be wrong", "", "stat.error;pos.distance"
    ),
    Col("colour_distance_pc", "double", "Distance of a cold dwarf of that W2 and W1-W2", "pc", "pos.distance"),
    Col("colour_distance_factor", "double", "Factor, 1 sigma, by which it may be wrong", "", "stat.error;pos.distance"),
    Col(
        "is_colour_distance_bound",
        "boolean",
        "Whether W1 is a limit, colour_distance_pc an upper bound",
        "",
        "meta.code",
    ),
    Col("thermal_flags", "int", "Bits: " + ", ".join(f"{b} {n}" for n, (b, _) in FLAGS.items()), "", "meta.code"),
)
"""What the fits of `photometry.thermal` return, in order."""

_SURVEY = Col("survey", "string", "Survey whose sources these are", ucd="meta.id;meta.dataset", nullable=False)
_LOG_RATIO = Col(
    "dwarf_log_ratio",
    "double",
    "Ln of the likelihood of the colours for a cold dwarf over that for red sources at large; null without W2 or "
    "where W1 - W2 is measured below 1.5",
    "",
    "stat.likelihood",
)

THERMAL = Table(
    "thermal",
    "Temperature, implied distance and likeness to a cold dwarf of every source of a searched survey",
    (_SURVEY, TILE, HPX29, ID, *COLUMNS, _LOG_RATIO),
    key=("survey", "id"),
    partition=("survey", "tile"),
    sort=("hpx29", "id"),
    replace_by=("survey", "tile"),
    stats=("hpx29", "id", "temperature_k", "dwarf_log_ratio"),
)

RANKING = Table(
    "ranking",
    "Candidates in the order of their likeness to a cold dwarf, with what a line drawn below each would cost",
    (
        CUT_SET,
        _SURVEY,
        Col("rank", "int", "1 for the likeliest; ties by id", ucd="meta.number", nullable=False),
        ID,
        TILE,
        HPX29,
        _LOG_RATIO,
        Col(
            "recall",
            "double",
            "Part of the cold dwarfs, were they as bright as the red sources searched, with a ratio at least as great",
            "",
            "stat.probability",
        ),
        Col(
            "expected_false_positives",
            "double",
            "Sources searched that are expected to reach the ratio if none is a dwarf, before any other cut",
            "",
            "meta.number",
        ),
    ),
    key=("cut_set", "survey", "id"),
    sort=("survey", "cut_set", "rank"),
    partition=("survey",),
    replace_by=("survey",),
    stats=("rank", "id"),
)
