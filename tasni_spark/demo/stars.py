"""Stars: a sequence of colours, distances from the disc they live in, motions, and the dust between."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from tasni_spark.demo.directions import Columns, Floats

KMS_PER_AU_YR = 4.74047
EXTINCTION = {
    "G": 0.789,
    "BP": 1.002,
    "RP": 0.589,
    "g": 1.155,
    "r": 0.843,
    "i": 0.628,
    "z": 0.487,
    "y": 0.395,
    "J": 0.243,
    "H": 0.131,
    "K": 0.078,
    "w1": 0.039,
    "w2": 0.026,
    "w3": 0.040,
    "w4": 0.020,
}
"""A / A_V (Wang and Chen 2019, ApJ 877, 116, 2019ApJ...877..116W, table 3; W4 is a guess)."""
DUST_MAG_PER_KPC = 0.7
DUST_HEIGHT_PC = 100.0
_GIANTS = ((-8.0, -5.5, -3.5, -1.6, 1.0, 2.5), (4.0, 2.4, 1.6, 1.2, 1.05, 0.85))
"""M_W1 and BP-RP along the giant branch; the red clump is at -1.68 (Hawkins et al. 2017, 2017MNRAS.471..722H)."""


@lru_cache(maxsize=8)
def table(name: str) -> Columns:
    """Columns of a table beside this module; text where a column is not a number."""
    lines = Path(__file__).with_name(f"{name}.csv").read_text().splitlines()
    lines = [line for line in lines if not line.startswith("#")]
    rows = np.genfromtxt(lines, delimiter=",", names=True, dtype=None, encoding="utf-8")
    return {column: rows[column] for column in rows.dtype.names or ()}


def colours(bp_rp: Floats) -> Columns:
    """Colours of unreddened stars, by interpolation along the dwarf sequence.

    Parameters
    ----------
    bp_rp : mag

    Returns
    -------
    dict of mag
        Band minus W1 for every band.
    """
    at = table("stars")
    c = {name: np.interp(bp_rp, at["bp_rp"], at[name]) for name in at if name not in ("type", "m_w1", "bp_rp")}
    rp = c["G"] - c.pop("g_rp")
    w2 = -c.pop("w1_w2")
    w3 = w2 - c.pop("w2_w3")
    return c | {"RP": rp, "BP": rp + bp_rp, "w2": w2, "w3": w3, "w4": w3 - c.pop("w3_w4")}


def extinction_v(distance_pc: Floats, glat: Floats) -> Floats:
    """A_V through an exponential layer of dust, in mag, up to 25 mag."""
    slope = np.maximum(np.abs(np.sin(np.radians(glat))), 1e-3)
    path_pc = DUST_HEIGHT_PC / slope * (1.0 - np.exp(-distance_pc * slope / DUST_HEIGHT_PC))
    return np.asarray(np.minimum(DUST_MAG_PER_KPC * path_pc / 1000.0, 25.0))


def reddened(mags: Columns, a_v: Floats) -> Columns:
    """Magnitudes behind dust."""
    return {band: mag + a_v * EXTINCTION[band] for band, mag in mags.items()}


def stars(w1: Floats, glat: Floats, rng: np.random.Generator) -> Columns:
    """Field stars of given W1.

    Parameters
    ----------
    w1 : mag, (n,)
    glat : deg, (n,)

    Notes
    -----
    Distances are log-normal about 0.4 kpc at the poles and 1.5 kpc in the plane, as the disc is long, and larger for
    stars fainter than W1 = 14; W1 and distance give the luminosity and that the colour, of a dwarf below M_W1 = 2.5
    and of a giant above.
    """
    n = len(w1)
    away = (400.0 + 1100.0 * np.exp(-np.abs(glat) / 12.0)) * 10.0 ** (0.12 * np.maximum(w1 - 14.0, 0.0))
    distance = away * 10.0 ** rng.normal(0.0, 0.3, n)
    a_v = extinction_v(distance, glat)
    clear = w1 - a_v * EXTINCTION["w1"]
    absolute = np.clip(clear - 5.0 * np.log10(distance) + 5.0, -8.0, 9.6)
    distance = 10.0 ** ((clear - absolute + 5.0) / 5.0)
    dwarfs = table("stars")
    dwarf, giant = np.interp(absolute, dwarfs["m_w1"], dwarfs["bp_rp"]), np.interp(absolute, *_GIANTS)
    bp_rp = np.where(absolute > 2.5, dwarf, giant) + rng.normal(0.0, 0.05, n)
    mags = {band: clear + c + rng.normal(0.0, 0.03, n) for band, c in colours(bp_rp).items()}
    mags |= {"w1": clear, "w3": mags["w3"] + rng.normal(0.0, 0.05, n)}
    return reddened(mags, a_v) | motion(distance, np.abs(rng.normal(0.0, 38.0, n)) + 3.0, rng)


def motion(distance_pc: Floats, speed_kms: Floats, rng: np.random.Generator) -> Columns:
    """Parallax (mas) and proper motion (mas / yr) in a random direction, of a tangential speed at a distance."""
    angle = rng.uniform(0.0, 2.0 * np.pi, len(distance_pc))
    total = 1000.0 * speed_kms / (KMS_PER_AU_YR * distance_pc)
    return {
        "distance_pc": distance_pc,
        "parallax": 1000.0 / distance_pc,
        "pmra": total * np.sin(angle),
        "pmdec": total * np.cos(angle),
    }
