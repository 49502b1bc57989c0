"""Multi-wavelength families: what the counterparts in other surveys say."""

from __future__ import annotations

import itertools
from math import log10

from tasni_spark.tables.features.bands import (
    BANDS,
    MATCH_SIGMA,
    NULL_BAND,
    OTHER,
    PS1,
    SURVEYS,
    TWOMASS,
    WISE,
    pairs,
)
from tasni_spark.tables.features.spec import Family, entropy, hypot

_G = "multiwavelength"
_NULL_MATCH = "No counterpart, or the survey was not matched there"
_ADJACENT = tuple(
    t.split()
    for t in (
        *["psg psr psi", "psr psi psz", "psi psz psy", "psz psy j", "psy j h", "j h k", "h k w1", "k w1 w2"],
        *["bp g rp", "psi psy k", "j k w2", "psr j w1", "h w1 w3", "j w2 w4", "k w2 w3", "psz j w2"],
    )
)
_BY_NAME = {b.name: b for b in BANDS}
_OPTICAL = ("psg", "psr", "psi", "psz", "psy")
_FLUX = {b.name: f"pow(10, {b.nu_f_nu})" for b in BANDS}
_CHAIN = ("psr", "psz", "j", "k", "w1", "w2")


def _slope(names: tuple[str, ...]) -> str:
    """Slope of log nu F_nu over log wavelength between the ends of a range, by least squares."""
    x = {n: log10(_BY_NAME[n].um) for n in names}
    mean = sum(x.values()) / len(x)
    scale = sum((v - mean) ** 2 for v in x.values())
    return "(" + " + ".join(f"({v - mean:.6f}) * {_BY_NAME[n].nu_f_nu}" for n, v in x.items()) + f") / {scale:.6f}"


FAMILIES = (
    Family(
        _G,
        "magnitude",
        "mag",
        "Magnitude of the counterpart",
        NULL_BAND,
        {b.name: f"m_{b.name}" for b in OTHER},
        range=(-5, 35),
    ),
    Family(
        _G,
        "error",
        "mag",
        "Its error",
        NULL_BAND,
        {b.name: f"e_{b.name}" for b in OTHER if b.error},
        range=(0, 10),
    ),
    Family(
        _G,
        "colour",
        "mag",
        "Difference of two magnitudes of different surveys or of one: a tree cuts along axes, so that a colour that "
        "stands alone is one cut instead of many",
        NULL_BAND,
        {f"{a.name}_{b.name}": f"m_{a.name} - m_{b.name}" for a, b in pairs(BANDS) if not (a in WISE and b in WISE)},
        range=(-20, 30),
    ),
    Family(
        _G,
        "curvature",
        "mag",
        "Difference of two colours that share a band: breaks, bumps, reddening against temperature",
        NULL_BAND,
        {"_".join((a, b, c)): f"m_{a} - 2 * m_{b} + m_{c}" for a, b, c in _ADJACENT},
        range=(-40, 40),
    ),
    Family(
        _G,
        "colour_sigma",
        "none",
        "A colour over its error, of neighbours in wavelength",
        NULL_BAND,
        {
            f"{a.name}_{b.name}": f"(m_{a.name} - m_{b.name}) / {hypot(f'e_{a.name}', f'e_{b.name}')}"
            for a, b in itertools.pairwise((*PS1, *TWOMASS, WISE[0]))
        },
    ),
    Family(
        _G,
        "change",
        "none",
        "AllWISE less CatWISE2020 over the error: variable between 2010 and 2014-2018, moving, or a blend",
        NULL_BAND,
        {f"w{n}": f"(m_w{n} - m_cw{n}) / {hypot(f'e_w{n}', f'e_cw{n}', '0.02')}" for n in (1, 2)},
    ),
    Family(
        _G,
        "reddening_free",
        "mag",
        "Colour without reddening: Q of J, H, K (E(J-H)/E(H-K) of 1.73, Indebetouw et al. 2005, 2005ApJ...619..931I), "
        "of K, W1, W2 and of g, r, i (Schlafly and Finkbeiner 2011, 2011ApJ...737..103S)",
        NULL_BAND,
        {
            "jhk": "(m_j - m_h) - 1.73 * (m_h - m_k)",
            "kw1w2": "(m_k - m_w1) - 2.0 * (m_w1 - m_w2)",
            "gri": "(m_psg - m_psr) - 1.53 * (m_psr - m_psi)",
        },
    ),
    Family(
        _G,
        "slope",
        "dex",
        "Slope of log nu F_nu over log wavelength in a range",
        NULL_BAND,
        {
            "optical": _slope(_OPTICAL),
            "near": _slope(("j", "h", "k")),
            "near_mid": _slope(("h", "k", "w1", "w2")),
            "all": _slope(_CHAIN),
        },
    ),
    Family(
        _G,
        "n_bands",
        "none",
        "Bands in which there is a measurement",
        "Never null",
        {
            name: " + ".join(f"cast(m_{b} IS NOT NULL AS int)" for b in bands)
            for name, bands in {
                "optical": (*_OPTICAL, "bp", "g", "rp"),
                "all": tuple(b.name for b in BANDS),
            }.items()
        },
        role="stratum",
    ),
    Family(
        _G,
        "separation",
        "arcsec",
        "Distance of the counterpart at the epoch of the source",
        _NULL_MATCH,
        {s: f"{s}_sep_arcsec" for s in SURVEYS},
        range=(0, 60),
    ),
    Family(
        _G,
        "separation_sigma",
        "none",
        "That distance over the errors of both positions: a chance match stands far out",
        _NULL_MATCH,
        {s: f"{s}_sep_arcsec / sqrt(sigma_a * sigma_a + {sigma * sigma:g})" for s, sigma in MATCH_SIGMA.items()},
    ),
    Family(
        _G,
        "chance",
        "dex",
        "Log of the probability of an unrelated source as near",
        _NULL_MATCH,
        {s: f"log10(nullif({s}_p_chance, 0))" for s in SURVEYS},
    ),
    Family(
        _G,
        "neighbours",
        "none",
        "Sources of the survey within the radius of the match",
        _NULL_MATCH,
        {s: f"{s}_n_neighbours" for s in SURVEYS if s != "nvss"},
    ),
    Family(
        _G,
        "counterpart",
        "none",
        "1 with a counterpart, 0 where the survey looked and has none",
        "The survey did not look, or nobody matched it there",
        {s: f"{s}_clear" for s in SURVEYS},
        range=(0, 1),
    ),
    Family(
        _G,
        "radio",
        "dex",
        "Log of the flux density at 1.4 GHz in mJy, and its ratio to that of an infrared band",
        _NULL_MATCH,
        {"nvss": "log10(nvss_s1400)"} | {f"nvss_{b}": f"log10(nvss_s1400) + 0.4 * m_{b}" for b in ("w1", "w2", "w3")},
    ),
    Family(
        _G,
        "radio_snr",
        "none",
        "Flux density at 1.4 GHz over its error",
        _NULL_MATCH,
        {"nvss": "nvss_s1400 / nvss_e_s1400"},
    ),
    Family(
        _G,
        "quality",
        "none",
        "How well the other survey measured it: Gaia's RUWE and solution, detections in Pan-STARRS1, neighbourhood of "
        "a galaxy in 2MASS",
        _NULL_MATCH,
        {
            "gaia_ruwe": "gaia_dr3_ruwe",
            "gaia_solved": "gaia_dr3_astrometric_params_solved",
            "panstarrs1_detections": "panstarrs1_ndetections",
            "twomass_galaxy": "twomass_gal_contam",
            "catwise_unwise": "cast(catwise2020_ab_flags != '00' AS int)",
        },
    ),
    Family(
        _G,
        "snr_ratio",
        "none",
        "Ln of the signal-to-noise ratio in CatWISE2020 over that in AllWISE: four times the exposures give 0.7",
        NULL_BAND,
        {b: f"ln(catwise2020_{b}snr / {b}snr)" for b in ("w1", "w2")},
    ),
    Family(
        _G,
        "infrared_excess",
        "dex",
        "Log of nu F_nu in the mid-infrared over that at shorter wavelengths",
        NULL_BAND,
        {
            f"{red}_{a}": f"{_BY_NAME[red].nu_f_nu} - log10({_FLUX[a]} + {_FLUX[b]})"
            for red, a, b in (
                ("w2", "j", "k"),
                ("w3", "j", "k"),
                ("w4", "j", "k"),
                ("w2", "psr", "psi"),
                ("w3", "psr", "psi"),
            )
        },
    ),
    Family(
        _G,
        "flux_entropy",
        "none",
        "Entropy in nat of nu F_nu over r, z, J, K, W1, W2: low where one band has all the light",
        NULL_BAND,
        {"all": entropy([_FLUX[n] for n in _CHAIN])},
        range=(0, 1.8),
    ),
)
