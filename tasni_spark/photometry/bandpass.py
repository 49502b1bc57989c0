"""Colour corrections of the WISE bands, integrated from their response curves.

Why: a magnitude is a photon count times a constant that holds for one spectrum, f_nu ~ nu^-2. At 300 K the correction
is 40 per cent in W1, and temperature and distance with it. The package carries the table, not the curves:

    python -m tasni_spark.photometry.bandpass BANDPASSES > tasni_spark/photometry/corrections.csv
"""

from __future__ import annotations

import gzip
import sys
from functools import cache
from pathlib import Path

import numpy as np
from scipy.integrate import trapezoid

from tasni_spark.photometry.magnitudes import BANDS, Band, Floats

H_J_S = 6.62607015e-34
K_J_PER_K = 1.380649e-23
C_M_PER_S = 299792458.0
"""CODATA 2018, all exact in the SI."""
MJY_PER_SI = 1e29
"""mJy in a W m^-2 Hz^-1."""
REFERENCE_INDEX = -2.0
"""Spectrum for which the corrections are 1: f_nu ~ nu^-2."""
TEMPERATURES_K = np.round(np.geomspace(60.0, 3000.0, 97), 4)
INDICES = np.linspace(-12.0, 6.0, 37)
HEADER = """\
# Colour corrections of the WISE bands: flux density in the catalogue (for f_nu ~ nu^-2) over flux density of the source
# at 3.3526, 4.6028, 11.5608, 22.0883 um. kind blackbody: x is the temperature in K; power_law: x is a in f_nu ~ nu^a.
# Made by `python -m tasni_spark.photometry.bandpass` from the response curves (energy weighting) of Wright et al. 2010,
# AJ 140, 1868 (2010AJ....140.1868W), as splat 1.14 distributes them (Burgasser et al. 2017, 2017ASInC..14....7B; MIT);
# agrees with their table 1. Below 200 K W1 sees the tail of its response: not to be relied on."""


def planck_mjy_per_sr(temperature_k: Floats | float, frequency_hz: Floats | float) -> Floats:
    """Brightness of a blackbody.

    Parameters
    ----------
    temperature_k : K
    frequency_hz : Hz

    Returns
    -------
    mJy / sr

    Notes
    -----
    B_nu = 2 h nu^3 / c^2 / (exp(h nu / k T) - 1).
    """
    nu = np.asarray(frequency_hz, np.float64)
    x = H_J_S * nu / (K_J_PER_K * np.asarray(temperature_k, np.float64))
    return np.asarray(MJY_PER_SI * 2.0 * H_J_S * nu**3 / C_M_PER_S**2 * np.exp(-x) / -np.expm1(-x))


def frequency_hz(band: Band) -> float:
    """Frequency at which the band's flux density is quoted."""
    return C_M_PER_S / (band.wavelength_um * 1e-6)


def response(folder: Path, band: Band) -> tuple[Floats, Floats]:
    """Frequencies in Hz, falling, and relative response per unit energy of a band."""
    with gzip.open(folder / f"wise_{band.name}.txt.gz", "rt") as lines:
        wavelength_um, r = np.loadtxt(lines, unpack=True)
    return C_M_PER_S / (wavelength_um * 1e-6), r


def correction(nu: Floats, r: Floats, spectrum: Floats, nu0: float) -> Floats:
    """Colour correction of spectra.

    Parameters
    ----------
    nu, r : Hz, dimensionless; (m,)
        Response of the band.
    spectrum : (n, m)
        f_nu in units of its value at nu0.
    nu0 : Hz

    Returns
    -------
    dimensionless, (n,)

    Notes
    -----
    Integral of f_nu R dnu over that of (nu / nu0)^-2 R dnu, by the trapezium rule.

    References
    ----------
    Wright et al. 2010, AJ 140, 1868 (2010AJ....140.1868W), section 4.3.3 and table 1.
    """
    return np.asarray(trapezoid(r * spectrum, nu, axis=-1) / trapezoid(r * (nu / nu0) ** REFERENCE_INDEX, nu))


def blackbody_correction(nu: Floats, r: Floats, temperature_k: Floats, nu0: float) -> Floats:
    """Colour correction of blackbodies; see `correction`."""
    t = np.atleast_1d(np.asarray(temperature_k, np.float64))[:, None]
    x, x0 = (H_J_S * v / (K_J_PER_K * t) for v in (nu, nu0))
    return correction(nu, r, (nu / nu0) ** 3 * np.exp(x0 - x) * np.expm1(-x0) / np.expm1(-x), nu0)


def power_law_correction(nu: Floats, r: Floats, index: Floats, nu0: float) -> Floats:
    """Colour correction of f_nu ~ nu^index; see `correction`."""
    return correction(nu, r, (nu / nu0) ** np.atleast_1d(np.asarray(index, np.float64))[:, None], nu0)


def integrate(folder: Path) -> dict[str, Floats]:
    """The table from the response curves: kind to rows of x and the corrections of W1 .. W4."""
    kinds = (("blackbody", TEMPERATURES_K, blackbody_correction), ("power_law", INDICES, power_law_correction))
    curves = [(*response(folder, b), frequency_hz(b)) for b in BANDS]
    return {k: np.stack([x, *(f(nu, r, x, nu0) for nu, r, nu0 in curves)], axis=1) for k, x, f in kinds}


def as_csv(table: dict[str, Floats]) -> str:
    """The table as text, seven digits."""
    lines = [HEADER, "kind,x,w1,w2,w3,w4"]
    lines += [",".join((kind, *(f"{v:.7g}" for v in row))) for kind, rows in table.items() for row in rows]
    return "\n".join(lines) + "\n"


@cache
def table() -> dict[str, Floats]:
    """The table that the package carries; see `integrate`."""
    lines = Path(__file__).with_name("corrections.csv").read_text().splitlines()
    cells = [line.split(",") for line in lines if not line.startswith("#")][1:]
    kinds = dict.fromkeys(c[0] for c in cells)
    return {k: np.array([c[1:] for c in cells if c[0] == k], np.float64) for k in kinds}


if __name__ == "__main__":
    sys.stdout.write(as_csv(integrate(Path(sys.argv[1]))))
