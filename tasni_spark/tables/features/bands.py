"""Bands and raw columns: what each survey gives to the features, under the names that formulas use."""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

from tasni_spark.tables.features.spec import Dictionary
from tasni_spark.tables.statistics import BANDS as BOTH_BANDS
from tasni_spark.tables.statistics import STATISTICS

SOURCE = (
    *[
        "ra",
        "dec",
        "glon",
        "glat",
        "sigra",
        "sigdec",
        "sigradec",
        "nb",
        "na",
        "ext_flg",
        "det_bit",
        "cc_flags",
        "var_flg",
        "moon_lev",
        "r_2mass",
        "n_2mass",
    ],
    *["pmra", "sigpmra", "pmdec", "sigpmdec", "w1sat", "w2sat"],
    *(f"{b}{c}" for b in ("w1", "w2", "w3", "w4") for c in ("mpro", "sigmpro", "snr", "rchi2")),
    *(f"{b}{c}" for b in ("w1", "w2") for c in ("nm", "m", "cov", "mjdmean")),
)
"""Columns of the searched survey, under their published names."""
TEXT = ("cc_flags", "var_flg", "moon_lev", "catwise2020_cc_flags", "catwise2020_ab_flags")
"""Raw columns that are text; all others are numbers."""
SURVEYS = {
    "gaia_dr3": "phot_g_mean_mag phot_bp_mean_mag phot_rp_mean_mag pmra pmdec pmra_error pmdec_error parallax "
    "parallax_error ruwe astrometric_params_solved",
    "twomass": "j_m j_msigcom h_m h_msigcom k_m k_msigcom jdate gal_contam",
    "panstarrs1": "gmeanpsfmag gmeanpsfmagerr rmeanpsfmag rmeanpsfmagerr imeanpsfmag imeanpsfmagerr zmeanpsfmag "
    "zmeanpsfmagerr ymeanpsfmag ymeanpsfmagerr ndetections epochmean",
    "catwise2020": "w1mpro_pm w1sigmpro w2mpro_pm w2sigmpro w1snr w2snr pmra pmdec sigpmra sigpmdec cc_flags ab_flags",
    "nvss": "s1400 e_s1400",
}
"""Columns of the surveys whose nearest counterpart is asked, in lower case as Spark takes them."""
PAIRING = ("sep_arcsec", "p_chance", "n_neighbours", "clear")
"""What a match itself says; `clear` is 1 for a counterpart, 0 where the survey looked and has none, else null."""
MATCH_SIGMA = {"gaia_dr3": 0.0, "twomass": 0.1, "panstarrs1": 0.05, "catwise2020": 0.1, "nvss": 1.0}
"""Typical error in arcsec of each survey's positions, which is added to that of the source."""
DENSITIES = tuple(SURVEYS)
THERMAL = (
    *[
        "temperature_k",
        "temperature_error_k",
        "solid_angle_sr",
        "chi2_blackbody",
        "power_law_index",
        "power_law_index_error",
    ],
    *[
        "chi2_power_law",
        "dwarf_spt_num",
        "chi2_dwarf",
        "colour_distance_pc",
        "colour_distance_factor",
        "distance_if_dwarf_pc",
    ],
    *["dwarf_log_ratio", "n_measured"],
)
STRATA = ("median", "low", "high")
"""What is known of a quantity in a stratum: median, and the scales below and above it."""

RAW = (
    {n: f"source.{n}" for n in SOURCE}
    | {f"{s}_{c}": f"{s}.{c}" for s, names in SURVEYS.items() for c in names.split()}
    | {f"{s}_{c}": f"matches.{s}.{c}" for s in SURVEYS for c in PAIRING}
    | {f"density_{s}": f"density.{s}" for s in DENSITIES}
    | {f"thermal_{c}": f"thermal.{c}" for c in THERMAL}
    | {f"{b}_{s.name}": f"variability.{b}_{s.name}" for b in ("w1", "w2") for s in STATISTICS}
    | {f"both_{s.name}": f"trend_tests.{s.name}" for s in BOTH_BANDS}
)
"""Name in a formula to the table and column behind it."""


class Band(NamedTuple):
    """A band of a survey.

    Parameters
    ----------
    name
        In names of features.
    mag, error
        Raw columns; no error where the survey publishes none.
    um
        Pivot or isophotal wavelength.
    zero_jy
        Flux density of magnitude 0.
    """

    name: str
    mag: str
    error: str
    um: float
    zero_jy: float

    @property
    def nu_f_nu(self) -> str:
        """Formula of log10 of nu F_nu in W m-2."""
        return f"({math.log10(self.zero_jy * 1e-26 * 2.99792458e14 / self.um):.6f} - 0.4 * m_{self.name})"


WISE = tuple(
    Band(n, f"{n}mpro", f"{n}sigmpro", um, jy)
    for n, um, jy in (
        ("w1", 3.3526, 309.540),
        ("w2", 4.6028, 171.787),
        ("w3", 11.5608, 31.674),
        ("w4", 22.0883, 8.363),
    )
)
"""Jarrett et al. 2011 (2011ApJ...735..112J)."""
GAIA = tuple(
    Band(n, f"gaia_dr3_phot_{n}_mean_mag", "", um, jy)
    for n, um, jy in (("bp", 0.51097, 3552.01), ("g", 0.62179, 3228.75), ("rp", 0.77691, 2554.95))
)
"""Riello et al. 2021 (2021A&A...649A...3R)."""
TWOMASS = tuple(
    Band(n, f"twomass_{n}_m", f"twomass_{n}_msigcom", um, jy)
    for n, um, jy in (("j", 1.235, 1594.0), ("h", 1.662, 1024.0), ("k", 2.159, 666.7))
)
"""Cohen et al. 2003 (2003AJ....126.1090C)."""
PS1 = tuple(
    Band(f"ps{n}", f"panstarrs1_{n}meanpsfmag", f"panstarrs1_{n}meanpsfmagerr", um, 3631.0)
    for n, um in (("g", 0.481), ("r", 0.617), ("i", 0.752), ("z", 0.866), ("y", 0.962))
)
"""Tonry et al. 2012 (2012ApJ...750...99T); AB magnitudes."""
CATWISE = tuple(
    Band(f"cw{n}", f"catwise2020_w{n}mpro_pm", f"catwise2020_w{n}sigmpro", WISE[n - 1].um, WISE[n - 1].zero_jy)
    for n in (1, 2)
)
"""The fit that moves with the source: Marocco et al. 2021 (2021ApJS..253....8M)."""
OTHER = (*PS1, *GAIA, *TWOMASS, *CATWISE)
BANDS = tuple(sorted((*OTHER, *WISE), key=lambda b: b.um))
"""All bands in the order of wavelength."""
NULL_BAND = "Not measured there: no counterpart, a limit, or the survey did not look or is not in the lake"
NULL_WISE = "Not measured, or an upper limit"


def pairs(bands: tuple[Band, ...]) -> list[tuple[Band, Band]]:
    """Every pair, the bluer band first."""
    return list(itertools.combinations(sorted(bands, key=lambda b: b.um), 2))


def _magnitudes() -> dict[str, str]:
    found = {}
    for b in BANDS:
        found[f"m_{b.name}"] = f"CASE WHEN {b.error} > 0 THEN {b.mag} END" if b.error else b.mag
        if b.error:
            found[f"e_{b.name}"] = f"CASE WHEN {b.error} > 0 THEN {b.error} END"
    return found | {f"l_{b.name}": f"CASE WHEN {b.error} IS NULL THEN {b.mag} END" for b in WISE}


def _motion(name: str, ra: str, dec: str, error_ra: str, error_dec: str) -> dict[str, str]:
    """Total motion and its error, in mas / yr, of two components."""
    size, error = f"mu_{name}", f"emu_{name}"
    return {
        size: f"sqrt(({ra}) * ({ra}) + ({dec}) * ({dec}))",
        error: f"sqrt(({ra}) * ({ra}) * ({error_ra}) * ({error_ra}) "
        f"+ ({dec}) * ({dec}) * ({error_dec}) * ({error_dec})) / nullif({size}, 0)",
    }


SYMBOLS = (
    _magnitudes()
    | {f"{c}_c": f"1000 * catwise2020_{c}" for c in ("pmra", "pmdec", "sigpmra", "sigpmdec")}
    | _motion("a", "pmra", "pmdec", "sigpmra", "sigpmdec")
    | _motion("c", "pmra_c", "pmdec_c", "sigpmra_c", "sigpmdec_c")
    | _motion("g", "gaia_dr3_pmra", "gaia_dr3_pmdec", "gaia_dr3_pmra_error", "gaia_dr3_pmdec_error")
    | {
        "plx": "CASE WHEN gaia_dr3_parallax > 0 THEN gaia_dr3_parallax END",
        "sigma_a": "sqrt((sigra * sigra + sigdec * sigdec) / 2)",
    }
)
KNOWN = Dictionary(RAW, SYMBOLS)
