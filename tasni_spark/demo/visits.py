"""When WISE looked where.

Why: WISE scans the great circle 90 deg from the Sun, so a place is visited whenever the Sun is 90 deg of ecliptic
longitude before or behind it: twice a year, from opposite sides of the orbit, each time for about a day at the ecliptic
equator and longer towards the poles. Cadence, depth and the phase of the parallax all follow from that.
"""

from __future__ import annotations

import numpy as np

from tasni_spark.demo.directions import Columns, Floats, centres, ecliptic, sun_longitude

ALLWISE = (55203.0, 55593.0)
"""MJD of the survey of 2010 and 2011 (AllWISE Explanatory Supplement, 2013wise.rept....1C)."""
NEOWISE = (56639.0, 60523.0)
"""MJD of the reactivated mission, 2013 Dec 13 to 2024 Aug 1 (Mainzer et al. 2014, 2014ApJ...792...30M)."""
ORBIT_D = 95.0 / 1440.0
EXPOSURES = 13.0
"""Exposures of a visit at the ecliptic equator."""
HALF_FRAME_DEG = 0.39
"""Half the width of a frame, 47 arcmin (Wright et al. 2010, 2010AJ....140.1868W)."""
MOST = 24
"""Exposures kept of a visit, evenly spaced: at the poles, where there are no gaps, one every 7.6 d."""
FRAME_ORDER = 7
"""Order of the cells (27 arcmin) in which sources share their exposures: a frame is 47 arcmin wide."""


def visits(elon: Floats, span: tuple[float, float]) -> Floats:
    """Times of the visits within a span of MJD.

    Parameters
    ----------
    elon : deg, (n,)
        Ecliptic longitude.
    span : d

    Returns
    -------
    d, (n, k)
        MJD in order; NaN where a place has fewer than k.
    """
    start, end = span
    first = np.ceil((sun_longitude(start) - (elon - 90.0)) / 180.0)
    wanted = elon[:, None] - 90.0 + 180.0 * (first[:, None] + np.arange(int((end - start) / 180.0) + 2))
    mjd = start + (wanted - sun_longitude(start)) / 0.9856474
    for _ in range(3):
        mjd -= (sun_longitude(mjd) - wanted) / 0.9856474
    times = np.where((mjd >= start) & (mjd <= end), mjd, np.nan)
    found: Floats = times[:, ~np.isnan(times).all(axis=0)]
    return found


def stretch(elat: Floats) -> Floats:
    """How much longer than at the ecliptic equator a visit is at an ecliptic latitude in deg.

    Notes
    -----
    The scans converge: a place is in the frame while the longitude of the scan is within asin(sin h / cos(elat)) of its
    own, h half the width of a frame; within h of the pole that is always.
    """
    half = np.radians(HALF_FRAME_DEG)
    ratio = np.sin(half) / np.maximum(np.cos(np.radians(elat)), 1e-9)
    return np.asarray(np.arcsin(np.minimum(ratio, 1.0)) / half)


def coverage(elat: Floats, n_visits: Floats) -> Floats:
    """Exposures of a place.

    Parameters
    ----------
    elat : deg, (n,)
        Ecliptic latitude.
    n_visits : (n,)
    """
    return EXPOSURES * n_visits * stretch(elat)


def gain(exposures: Floats) -> Floats:
    """Depth gained over two ordinary visits, in mag, up to 1 mag, where confusion ends it."""
    return np.asarray(np.clip(1.25 * np.log10(exposures / (2.0 * EXPOSURES)), 0.0, 1.0))


def frames(cell: int, rng: np.random.Generator) -> Columns:
    """Single exposures of NEOWISE over a cell of order FRAME_ORDER.

    Returns
    -------
    dict
        `mjd`, `visit` (running number), `scan` and `frame`, `is_leading` (side of the orbit), `qual_frame`,
        `qi_fact`, `saa_sep` (deg), `moon` (0 .. 3, a bit a band).

    Notes
    -----
    A visit has 10 .. 16 exposures 95 min apart, more of them towards the poles, where at last there are no gaps; of
    those at most MOST are kept, evenly spaced, so that the poles do not fill the disc.
    """
    elon, elat = ecliptic(*centres([cell], FRAME_ORDER))
    longer = float(stretch(elat)[0])
    times, numbers = [], []
    for number, middle in enumerate(visits(elon, NEOWISE)[0]):
        many = min(round(EXPOSURES * longer) + int(rng.integers(-3, 4)), round(182.6 / ORBIT_D))
        slots = np.linspace(0, many - 1, min(many, MOST)).round()
        times.append(middle + (slots - 0.5 * (many - 1) + rng.uniform(-0.5, 0.5)) * ORBIT_D)
        numbers.append(np.full(len(slots), number))
    mjd, visit = np.concatenate(times), np.concatenate(numbers)
    order = np.argsort(mjd, kind="stable")
    order = order[(mjd[order] >= NEOWISE[0]) & (mjd[order] <= NEOWISE[1])]
    mjd, visit = mjd[order], visit[order]
    n = len(mjd)
    return {
        "mjd": np.round(mjd, 8),
        "visit": visit,
        "is_leading": visit % 2 == 0,
        "scan": np.floor((mjd - ALLWISE[0]) / ORBIT_D).astype(np.int64),
        "frame": rng.integers(1, 270, n),
        "qual_frame": rng.choice([10, 5, 0], n, p=[0.89, 0.07, 0.04]),
        "qi_fact": rng.choice([1.0, 0.5, 0.0], n, p=[0.94, 0.04, 0.02]),
        "saa_sep": np.round(rng.uniform(-4.0, 120.0, n), 3),
        "moon": rng.choice(4, n, p=[0.96, 0.01, 0.01, 0.02]),
    }
