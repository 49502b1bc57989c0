"""Kinematic families: motions, parallaxes and what they make of magnitudes."""

from __future__ import annotations

from tasni_spark.tables.features.bands import BANDS
from tasni_spark.tables.features.spec import Family, hypot

_G = "kinematic"
_NULL = "No motion was measured: no counterpart, or the survey gives none"
_NULL_PLX = "No positive parallax in Gaia"
_MOTION = {
    # survey: (ra, dec, error of ra, error of dec, total, its error)
    "allwise": ("pmra", "pmdec", "sigpmra", "sigpmdec", "mu_a", "emu_a"),
    "catwise": ("pmra_c", "pmdec_c", "sigpmra_c", "sigpmdec_c", "mu_c", "emu_c"),
    "gaia": ("gaia_dr3_pmra", "gaia_dr3_pmdec", "gaia_dr3_pmra_error", "gaia_dr3_pmdec_error", "mu_g", "emu_g"),
}
_BY_GAIA = ("g", "bp", "rp", "psr", "psi", "psz", "j", "h", "k", "w1", "w2", "w3")
_YEARS = {
    "twomass": "((55400 - (twomass_jdate - 2400000.5)) / 365.25)",
    "panstarrs1": "((55400 - panstarrs1_epochmean) / 365.25)",
}


def _difference(a: str, b: str) -> dict[str, str]:
    """Size of the difference of two motions and its significance."""
    (ra, dec, era, edec, *_), (rb, db, erb, edb, *_) = _MOTION[a], _MOTION[b]
    return {
        "size": hypot(f"{ra} - {rb}", f"{dec} - {db}"),
        "sigma": f"sqrt(pow({ra} - {rb}, 2) / ({era} * {era} + {erb} * {erb}) "
        f"+ pow({dec} - {db}, 2) / ({edec} * {edec} + {edb} * {edb}))",
    }


_APART = {f"{a}_{b}": _difference(a, b) for a, b in (("allwise", "catwise"), ("allwise", "gaia"), ("catwise", "gaia"))}

FAMILIES = (
    Family(
        _G,
        "motion_ra",
        "masyr",
        "Motion in ra, times cos(dec); AllWISE's is apparent, its parallax not removed",
        _NULL,
        {s: m[0] for s, m in _MOTION.items()},
    ),
    Family(_G, "motion_dec", "masyr", "Motion in dec", _NULL, {s: m[1] for s, m in _MOTION.items()}),
    Family(
        _G,
        "motion_error",
        "masyr",
        "Error of the motion in ra",
        _NULL,
        {s: m[2] for s, m in _MOTION.items()},
    ),
    Family(_G, "motion", "masyr", "Size of the motion", _NULL, {s: m[4] for s, m in _MOTION.items()}, range=(0, 2e5)),
    Family(
        _G,
        "motion_sigma",
        "none",
        "Size of the motion over its error: whether it moves at all",
        _NULL,
        {s: f"{m[4]} / {m[5]}" for s, m in _MOTION.items()},
    ),
    Family(
        _G,
        "motion_apart",
        "masyr",
        "Size of the difference of two motions: a mismatch, a blend, or a parallax",
        _NULL,
        {k: v["size"] for k, v in _APART.items()},
    ),
    Family(
        _G,
        "motion_apart_sigma",
        "none",
        "That difference over its error",
        _NULL,
        {k: v["sigma"] for k, v in _APART.items()},
    ),
    Family(
        _G,
        "reduced",
        "mag",
        "Reduced proper motion m + 5 log mu + 5 by CatWISE2020: a stand-in for the absolute magnitude of what has no "
        "parallax (Luyten 1922)",
        _NULL,
        {b.name: f"m_{b.name} + 5 * log10(mu_c / 1000) + 5" for b in BANDS},
    ),
    Family(
        _G,
        "reduced_gaia",
        "mag",
        "The same by Gaia's motion",
        _NULL,
        {b: f"m_{b} + 5 * log10(mu_g / 1000) + 5" for b in _BY_GAIA},
    ),
    Family(
        _G,
        "absolute",
        "mag",
        "Absolute magnitude by Gaia's parallax, where that is positive",
        _NULL_PLX,
        {b: f"m_{b} + 5 * log10(plx / 100)" for b in _BY_GAIA},
    ),
    Family(
        _G,
        "parallax",
        "mas",
        "Gaia's parallax, which may be negative",
        "No parallax in Gaia",
        {"gaia": "gaia_dr3_parallax"},
    ),
    Family(
        _G,
        "parallax_sigma",
        "none",
        "The parallax over its error",
        "No parallax in Gaia",
        {"gaia": "gaia_dr3_parallax / gaia_dr3_parallax_error"},
    ),
    Family(
        _G,
        "speed",
        "kms",
        "Velocity across the sky: by Gaia's parallax, or were it a cold dwarf of that colour",
        "No motion, or no distance",
        {
            "gaia": "4.74047 * mu_g / plx",
            "catwise_dwarf": "4.74047e-3 * mu_c * thermal_colour_distance_pc",
        },
    ),
    Family(
        _G,
        "drift",
        "masyr",
        "Distance of an unmoved counterpart over the years between: a motion that no catalogue has, or no counterpart",
        "No counterpart",
        {s: f"1000 * {s}_sep_arcsec / abs({years})" for s, years in _YEARS.items()},
    ),
    Family(
        _G,
        "drift_ratio",
        "none",
        "Ln of that drift over CatWISE2020's motion: near 0 where both are the same object",
        "No counterpart",
        {s: f"ln(1000 * {s}_sep_arcsec / abs({years}) / mu_c)" for s, years in _YEARS.items()},
    ),
    Family(
        _G,
        "position_error",
        "arcsec",
        "Error of the position in ra, times cos(dec)",
        "Not given by the survey",
        {"ra": "sigra"},
    ),
    Family(
        _G,
        "position_shape",
        "none",
        "Correlation of the position's errors: blends are drawn out",
        "Not given by the survey",
        {"correlation": "sign(sigradec) * sigradec * sigradec / (sigra * sigdec)"},
    ),
)
