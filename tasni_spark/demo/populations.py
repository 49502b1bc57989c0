"""What there is in the sky: classes of objects with magnitudes from 0.4 to 22 um, motions and variability.

Why: simple and physical. Every class has one magnitude from its number counts and colours around published loci; the
rest, which surveys see it and with what errors, follows from their limits.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tasni_spark.demo.directions import Columns, Floats
from tasni_spark.demo.dwarfs import cold_dwarfs
from tasni_spark.demo.stars import motion, reddened, stars

CLASSES = ("star", "galaxy", "agn", "yso", "agb", "artefact", "blend", "cold_dwarf")
WISE = ("w1", "w2", "w3", "w4")
SKY = ("G", "BP", "RP", "J", "H", "K", "g", "r", "i", "z", "y")
RADIO_LIMIT_MJY = 2.5

Draw = Callable[[Floats, Floats, np.random.Generator], Columns]


def blank(n: int) -> Columns:
    """Objects without light: magnitudes infinite, not moving."""
    dark = {band: np.full(n, np.inf) for band in (*WISE, *SKY)}
    still = {c: np.zeros(n) for c in ("pmra", "pmdec", "parallax", "s1400", "size_arcsec")}
    unknown = ("distance_pc", "spt_num", "slope", "period", "amplitude", "tau", "pair_sep", "pair_dm")
    return dark | still | {c: np.full(n, np.nan) for c in unknown}


def drawn(kinds: NDArray[np.int64], limit: Floats, glat: Floats, rng: np.random.Generator) -> Columns:
    """Objects of the classes asked for.

    Parameters
    ----------
    kinds : (n,)
        Index of the class.
    limit : mag, (n,)
        W1 of the faintest objects there.
    glat : deg, (n,)
    """
    objects = blank(len(limit))
    for number, draw in enumerate(DRAWS):
        at = np.flatnonzero(kinds == number)
        if len(at):
            for column, values in draw(limit[at], glat[at], rng).items():
                objects[column][at] = values
    return objects


def _counts(bright: float, limit: Floats, slope: float, rng: np.random.Generator) -> Floats:
    """Magnitudes between `bright` and the limits whose numbers grow by 10**slope a magnitude."""
    least = 10.0 ** (slope * (bright - limit))
    return np.asarray(limit + np.log10(least + rng.random(len(limit)) * (1.0 - least)) / slope)


def _star(limit: Floats, glat: Floats, rng: np.random.Generator) -> Columns:
    return stars(_counts(6.0, limit, 0.24, rng), glat, rng)


def _galaxy(limit: Floats, _: Floats, rng: np.random.Generator) -> Columns:
    """Galaxies: blue in W1-W2, red in W2-W3 (Jarrett et al. 2011, ApJ 735, 112, 2011ApJ...735..112J)."""
    n = len(limit)
    w1 = _counts(10.5, limit, 0.45, rng)
    w2 = w1 - rng.normal(0.25, 0.15, n)
    w3 = w2 - np.clip(rng.normal(3.0, 0.8, n), 0.5, 4.6)
    k = w1 + rng.normal(0.6, 0.25, n)
    r = w1 + rng.normal(3.2, 0.7, n) + 0.2 * (w1 - 14.0)
    compact = rng.random(n) < 0.08
    radio = np.where((w1 < 14.5) & (rng.random(n) < 0.05), _radio(n, rng), 0.0)
    near = rng.random(n) < np.clip((15.0 - w1) / 3.0, 0.0, 0.9)
    return {
        "w1": w1,
        "w2": w2,
        "w3": w3,
        "w4": w3 - rng.normal(2.1, 0.4, n),
        "K": k,
        "H": k + 0.4,
        "J": k + rng.normal(1.1, 0.15, n),
        "s1400": radio,
        "size_arcsec": np.where(near, 10.0 ** rng.normal(1.0, 0.15, n) * 10.0 ** (0.15 * (13.0 - w1)), 0.0),
    } | _optical(r, rng.normal(0.8, 0.2, n), np.where(compact, r, np.inf))


def _agn(limit: Floats, _: Floats, rng: np.random.Generator) -> Columns:
    """AGN: W1-W2 about 1.1 (Stern et al. 2012, ApJ 753, 30, 2012ApJ...753...30S), a tenth of them radio-loud.

    Notes
    -----
    A third is obscured. Red noise as in quasars: tau 0.3 .. 3 yr (MacLeod et al. 2010, ApJ 721, 1014,
    2010ApJ...721.1014M).
    """
    n = len(limit)
    w1 = _counts(11.5, limit, 0.5, rng)
    w2 = w1 - rng.normal(1.1, 0.18, n)
    w3 = w2 - rng.normal(2.9, 0.35, n)
    k = w1 + rng.normal(1.6, 0.3, n)
    hidden = rng.random(n) < 0.33
    r = w1 + np.where(hidden, rng.normal(6.2, 0.8, n), rng.normal(4.3, 0.6, n))
    return {
        "w1": w1,
        "w2": w2,
        "w3": w3,
        "w4": w3 - rng.normal(2.4, 0.3, n),
        "K": k + hidden,
        "H": k + 0.9 + 1.5 * hidden,
        "J": k + 1.6 + 2.5 * hidden,
        "s1400": np.where(rng.random(n) < 0.1, _radio(n, rng), 0.0),
        "tau": 365.25 * 10.0 ** rng.uniform(np.log10(0.3), np.log10(3.0), n),
        "amplitude": 10.0 ** rng.normal(-0.8, 0.2, n),
    } | _optical(r, np.maximum(rng.normal(0.35, 0.15, n), 0.05) + 0.9 * hidden, np.where(hidden, np.inf, r))


def _yso(limit: Floats, _: Floats, rng: np.random.Generator) -> Columns:
    """Young stars with discs: red in all bands, behind dust (Koenig and Leisawitz 2014, 2014ApJ...791..131K)."""
    n = len(limit)
    w1 = _counts(6.0, np.minimum(limit, 15.0), 0.15, rng)
    w2 = w1 - np.maximum(rng.normal(0.9, 0.35, n), 0.3)
    w3 = w2 - rng.normal(2.3, 0.5, n)
    a_v = 1.0 + rng.exponential(7.0, n)
    k = w1 + rng.normal(0.9, 0.25, n)
    clear = {"K": k, "H": k + 0.4, "J": k + 1.0, "G": k + 3.5, "RP": k + 2.4, "BP": k + 5.0}
    clear |= {"g": k + 5.3, "r": k + 4.0, "i": k + 3.0, "z": k + 2.5, "y": k + 2.2}
    distance = rng.uniform(140.0, 1500.0, n)
    wise = {"w1": w1, "w2": w2, "w3": w3, "w4": w3 - rng.normal(2.3, 0.4, n)}
    return wise | reddened(clear, a_v) | motion(distance, rng.rayleigh(10.0, n), rng)


def _agb(limit: Floats, glat: Floats, rng: np.random.Generator) -> Columns:
    """Giants on the asymptotic branch, all of them long-period variables of 100 .. 600 d.

    Notes
    -----
    Two thirds have little dust, the others are red in W1-W2 (Suh and Hong 2017, JKAS 50, 131, 2017JKAS...50..131S).
    """
    n = len(limit)
    w1 = np.clip(rng.normal(8.8, 1.3, n), 5.0, 12.0)
    w1_w2 = np.where(rng.random(n) < 0.67, rng.normal(0.1, 0.08, n), 0.3 + rng.exponential(0.5, n))
    w3 = w1 - w1_w2 - (0.8 + 0.6 * w1_w2 + rng.normal(0.0, 0.3, n))
    k = w1 + 0.3 + 0.9 * w1_w2
    g = k + 5.0 + 2.0 * w1_w2 + rng.normal(0.0, 0.6, n)
    mags = {"w2": w1 - w1_w2, "w3": w3, "w4": w3 - rng.normal(0.6, 0.25, n), "K": k, "H": k + 0.4}
    mags |= {"J": k + 1.4 + w1_w2, "G": g, "RP": g - 1.4, "BP": g + 2.2}
    mags |= {"g": g + 2.5, "r": g + 1.2, "i": g - 0.7, "z": g - 1.7, "y": g - 2.2}
    distance = 10.0 ** ((w1 + rng.normal(7.0, 0.5, n) + 5.0) / 5.0)
    dusty = reddened(mags, np.minimum(3.0, 0.25 / np.maximum(np.sin(np.radians(np.abs(glat))), 0.08)))
    return (
        {
            "w1": w1,
            "period": 10.0 ** rng.uniform(2.0, np.log10(600.0), n),
            "amplitude": 10.0 ** rng.uniform(-1.0, -0.1, n),
        }
        | dusty
        | motion(distance, rng.rayleigh(80.0, n), rng)
    )


def _artefact(limit: Floats, _: Floats, rng: np.random.Generator) -> Columns:
    """Ghosts, halos and spikes of bright stars: odd colours, nothing at any other wavelength."""
    n = len(limit)
    w1 = _counts(9.0, limit - 0.9, 0.2, rng)
    w2 = w1 - rng.normal(0.5, 0.8, n)
    w3 = w2 - rng.normal(2.0, 1.0, n)
    return {"w1": w1, "w2": w2, "w3": w3, "w4": w3 - rng.normal(2.0, 1.0, n)}


def _blend(limit: Floats, glat: Floats, rng: np.random.Generator) -> Columns:
    """Two stars that WISE (6 arcsec) sees as one: their light together, W2 off by how the fit shared it out."""
    n = len(limit)
    pair = _star(limit - 0.3, glat, rng)
    fainter = rng.exponential(0.8, n)
    together = -2.5 * np.log10(1.0 + 10.0 ** (-0.4 * fainter))
    for band in WISE:
        pair[band] = pair[band] + together
    pair["w2"] = pair["w2"] - rng.normal(0.2, 0.3, n)
    return pair | {"pair_sep": rng.uniform(1.2, 4.5, n), "pair_dm": fainter}


def _cold_dwarf(limit: Floats, _: Floats, rng: np.random.Generator) -> Columns:
    """Cold dwarfs, out to where W2 is 0.2 mag above the limit of AllWISE (2.5 mag above that of the objects in W1)."""
    return cold_dwarfs(limit - 2.5, rng)


def _radio(n: int, rng: np.random.Generator) -> Floats:
    """Flux densities at 1.4 GHz in mJy, numbers falling as S**-1 above the limit of NVSS."""
    return np.minimum(RADIO_LIMIT_MJY / (1.0 - rng.random(n)), 5000.0)


def _optical(r: Floats, g_r: Floats, gaia: Floats) -> Columns:
    """Pan-STARRS1 magnitudes of an extragalactic object from r and g - r, and Gaia's where it is compact."""
    colours = {"g": r + g_r, "r": r, "i": r - 0.4 * g_r, "z": r - 0.6 * g_r, "y": r - 0.75 * g_r}
    return colours | {"G": gaia - 0.1, "BP": gaia + 0.4 * g_r, "RP": gaia - 0.9 * g_r}


DRAWS: tuple[Draw, ...] = (_star, _galaxy, _agn, _yso, _agb, _artefact, _blend, _cold_dwarf)
"""One for each class, in the order of CLASSES."""
