"""Which pieces of the sky are made, and how many sources lie in each.

Why: a mock of the whole sky at a few hundred thousand rows would be too thin to crowd anywhere and would need twelve
thousand files. So whole order-5 pixels are made, the published files of AllWISE, spread evenly over the sphere, with
all the places where sky code breaks always among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasni_spark.demo.directions import Floats, centres, galactic, pixels, unit

ORDER = 5
CROWD_ORDER = 9
LMC = (80.894, -69.756)

PLACES = {
    "north_pole": (45.0, 89.99),
    "south_pole": (45.0, -89.99),
    "seam_equator": (0.0, 0.9),
    "seam_north": (0.0, 30.0),
    "southern_border": (1.4, -30.0),
    "north_ecliptic_pole": (270.0, 66.5607),
    "south_ecliptic_pole": (90.0, -66.5607),
    "largest_of_neowise": (87.2, -66.4),
    "galactic_centre": (266.41684, -29.00781),
    "anticentre": (86.40499, 28.93617),
    "galactic_pole": (192.85948, 27.12825),
    "inner_disc": (287.0, -12.0),
    "lmc": LMC,
}
"""Places (ra, dec in deg) whose leaf is always made."""
MONITORED = ("largest_of_neowise", "seam_equator", "anticentre", "galactic_pole", "south_pole", "inner_disc")
"""Places whose leaf has single exposures; a small mock takes the first ones, so that they stay about twice its rows."""
CROWDS = {"seam_north": 1e3, "north_ecliptic_pole": 1e4, "galactic_centre": 1e5}
"""Places with a pixel of order 9 of a real surface density of unrelated sources, in deg-2."""
CROWD_SHARE = 0.02
"""The most that one crowd may take of all rows."""
DWARF_SHARE = 1 / 500
"""Cold dwarfs planted a row: some two thousand times the true rate, of 600 known in 747 million sources."""
LEAST_DWARFS = 40
MONITORED_DWARFS = 4
SKY_DEG2 = 41252.96


class Leaf(NamedTuple):
    """An order-5 pixel to make.

    Parameters
    ----------
    pixel
        Its number, NESTED.
    ra, dec : deg
        Its middle.
    rows
        Its sources in AllWISE, and how many of them are cold dwarfs.
    is_monitored
        Whether it has single exposures.
    crowd_pixel, crowd_rows
        Order-9 pixel with a crowd, -1 for none, and how many of the sources lie there.
    """

    pixel: int
    ra: float
    dec: float
    rows: int
    dwarfs: int
    is_monitored: bool = False
    crowd_pixel: int = -1
    crowd_rows: int = 0


def densities(ra: Floats, dec: Floats) -> dict[str, Floats]:
    """Relative surface density of each class.

    Parameters
    ----------
    ra, dec : deg, (n,)

    Notes
    -----
    A thin and a thick layer in |b|, a Gaussian bulge and the LMC for what belongs to galaxies; galaxies and AGN even
    but for the dust of the plane. Plausible shares, not a fit: more galaxies than stars at the poles, nearly only
    stars in the plane.
    """
    glon, glat = galactic(ra, dec)
    height, inward = np.abs(glat), np.cos(np.radians(glon))
    bulge = np.exp(-0.5 * ((((glon + 180.0) % 360.0 - 180.0) / 8.0) ** 2 + (glat / 5.0) ** 2))
    lmc = np.exp(-0.5 * (np.degrees(np.arccos(np.clip(unit(ra, dec) @ unit(*LMC), -1.0, 1.0))) / 2.5) ** 2)
    clear = np.exp(-0.12 / np.maximum(np.sin(np.radians(height)), 0.05))
    disc = np.exp(-height / 10.0) * (0.6 + 0.4 * inward)
    star = 0.10 + disc + 0.35 * np.exp(-height / 35.0) + 1.5 * bulge + 0.9 * lmc
    return {
        "star": star,
        "galaxy": 0.22 * clear,
        "agn": 0.025 * clear,
        "yso": 0.03 * np.exp(-height / 1.5) + 0.02 * lmc,
        "agb": 0.02 * np.exp(-height / 4.0) * (0.6 + 0.4 * inward) + 0.05 * bulge + 0.05 * lmc,
        "artefact": 0.015 * star + 0.003,
        "blend": 0.03 * star**1.5,
    }


@lru_cache(maxsize=4)
def plan(rows: int) -> tuple[Leaf, ...]:
    """Leaves in order of their pixel; their rows add up to `rows`.

    Notes
    -----
    One leaf out of an order-3 pixel, 48 .. 768 of them, of about 1,000 rows up to 768 thousand rows in all.
    """
    special = _pixels_of(PLACES, ORDER)
    chosen = np.array(_chosen(set(special.values()), int(np.clip(rows // 1000, 48, 768))))
    ra, dec = centres(chosen, ORDER)
    cell_deg2 = SKY_DEG2 / (12 * 4**CROWD_ORDER)
    wanted = {special[p]: round(density * cell_deg2) for p, density in CROWDS.items()}
    where = {special[p]: pixel for p, pixel in _pixels_of({p: PLACES[p] for p in CROWDS}, CROWD_ORDER).items()}
    crowd = np.array([min(wanted.get(p, 0), int(CROWD_SHARE * rows)) for p in chosen])
    n_monitored = int(np.clip(rows // 33_000, 2, len(MONITORED)))
    monitored = np.isin(chosen, [special[p] for p in MONITORED[:n_monitored]])

    n_dwarfs = max(LEAST_DWARFS, round(rows * DWARF_SHARE))
    others = ~monitored
    dwarfs = np.where(monitored, MONITORED_DWARFS, 0)
    dwarfs[others] = np.diff(np.arange(others.sum() + 1) * (n_dwarfs - dwarfs.sum()) // others.sum())

    weight = np.sum(list(densities(ra, dec).values()), axis=0)
    counts = dwarfs + crowd + _shared(rows - int(dwarfs.sum() + crowd.sum()), weight)
    return tuple(
        Leaf(int(p), float(a), float(d), int(n), int(k), bool(m), where[p] if c else -1, int(c))
        for p, a, d, n, k, m, c in zip(chosen, ra, dec, counts, dwarfs, monitored, crowd, strict=True)
    )


def _chosen(special: set[int], n: int) -> list[int]:
    """Special leaves, and one leaf of each of evenly spaced order-3 pixels that hold none of them."""
    free = np.setdiff1d(np.arange(768), [p >> 4 for p in special])
    parents = free[np.linspace(0, len(free) - 1, n - len(special)).round().astype(int)]
    return sorted(special | {int(p) * 16 + int(p) * 7 % 16 for p in parents})


def _shared(total: int, weight: Floats) -> NDArray[np.int64]:
    """Whole numbers in proportion to weights, by largest remainder, that add up to a total."""
    exact = total * weight / weight.sum()
    counts: NDArray[np.int64] = np.floor(exact).astype(np.int64)
    most = np.argsort(counts - exact, kind="stable")[: total - int(counts.sum())]
    counts[most] += 1
    return counts


def _pixels_of(places: Mapping[str, tuple[float, float]], order: int) -> dict[str, int]:
    ra, dec = np.array(list(places.values())).T
    return dict(zip(places, pixels(ra, dec, order).tolist(), strict=True))
