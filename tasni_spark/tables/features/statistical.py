"""Statistical families: how a source stands among those of its stratum.

Why: red is not strange where everything is faint, so a value is measured against sources of like brightness and
latitude: the median of the stratum and its scales above and below (Frontera-Pons and others use the same z).
"""

from __future__ import annotations

from tasni_spark.tables.features.bands import STRATA
from tasni_spark.tables.features.spec import Family

_G = "statistical"
_NULL = "The quantity is null, or its stratum has too few sources"
QUANTITIES = {
    "w1_w2": "m_w1 - m_w2",
    "w2_w3": "m_w2 - m_w3",
    "w3_w4": "m_w3 - m_w4",
    "w1_w2_w3": "m_w1 - 2 * m_w2 + m_w3",
    "w1rchi2": "ln(w1rchi2)",
    "w2rchi2": "ln(w2rchi2)",
    "j_w2": "m_j - m_w2",
    "k_w1": "m_k - m_w1",
    "r_w1": "m_psr - m_w1",
    "z_w2": "m_psz - m_w2",
    "g_w1": "m_g - m_w1",
    "motion": "ln(mu_c)",
    "reduced_w2": "m_w2 + 5 * log10(mu_c / 1000) + 5",
    "temperature": "ln(thermal_temperature_k)",
    "chi2_blackbody": "ln(1 + thermal_chi2_blackbody)",
    "chi2_dwarf": "ln(1 + thermal_chi2_dwarf)",
    "change_w1": "m_w1 - m_cw1",
    "change_w2": "m_w2 - m_cw2",
}
"""Name to formula of what is measured against the stratum."""
EDGES = {"latitude": (10.0, 30.0), "w2": (11.0, 12.0, 13.0, 14.0, 14.5, 15.0, 15.5, 16.0)}
"""Where strata end: size of Galactic latitude in deg, magnitude in W2, which may be a limit."""
STRATUM = (
    f"{len(EDGES['w2']) + 1} * ("
    + " + ".join(f"cast(abs(glat) >= {e} AS int)" for e in EDGES["latitude"])
    + ") + "
    + " + ".join(f"cast(coalesce(w2mpro, 99) >= {e} AS int)" for e in EDGES["w2"])
)
"""Formula of the number of a source's stratum."""
N_STRATA = (len(EDGES["latitude"]) + 1) * (len(EDGES["w2"]) + 1)
COLUMNS = tuple(f"{kind}_{q}" for q in QUANTITIES for kind in STRATA)
"""What is known of each stratum, joined to every source."""
_GROUPS = {
    "infrared": ("w1_w2", "w2_w3", "w3_w4", "w1_w2_w3"),
    "quality": ("w1rchi2", "w2rchi2"),
    "counterparts": ("j_w2", "k_w1", "r_w1", "z_w2", "g_w1"),
    "kinematic": ("motion", "reduced_w2"),
    "thermal": ("temperature", "chi2_blackbody", "chi2_dwarf"),
    "change": ("change_w1", "change_w2"),
    "all": tuple(QUANTITIES),
}
SYMBOLS = {
    f"z_{q}": f"(({f}) - median_{q}) / CASE WHEN ({f}) < median_{q} THEN low_{q} ELSE high_{q} END"
    for q, f in QUANTITIES.items()
}


def _present(names: tuple[str, ...]) -> str:
    return "nullif(" + " + ".join(f"cast(z_{n} IS NOT NULL AS int)" for n in names) + ", 0)"


FAMILIES = (
    Family(
        _G,
        "z",
        "none",
        "Distance from the median of the stratum in units of its scale on that side (median to the 16th or 84th "
        "percentile)",
        _NULL,
        {q: f"z_{q}" for q in QUANTITIES},
    ),
    Family(
        _G,
        "distance",
        "none",
        "Root mean square of these: how far out in a kind of quantities, whatever the direction",
        _NULL,
        {
            name: "sqrt((" + " + ".join(f"coalesce(z_{n} * z_{n}, 0)" for n in names) + f") / {_present(names)})"
            for name, names in _GROUPS.items()
        },
    ),
    Family(
        _G,
        "greatest",
        "none",
        "Greatest size of these: one odd quantity among many plain ones",
        _NULL,
        {
            name: "greatest(" + ", ".join(f"abs(z_{n})" for n in names) + ")"
            for name, names in _GROUPS.items()
            if len(names) > 2
        },
    ),
    Family(
        _G,
        "n_far",
        "none",
        "Quantities beyond three scales",
        "Never null",
        {"all": " + ".join(f"cast(coalesce(abs(z_{n}), 0) > 3 AS int)" for n in QUANTITIES)},
    ),
)
