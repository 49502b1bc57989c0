"""The mock NVSS catalogue."""

from __future__ import annotations

import numpy as np

from tasni_spark.demo.directions import EPOCH, Columns
from tasni_spark.demo.files import Rows
from tasni_spark.demo.leaves import Leaf
from tasni_spark.demo.names import sexagesimal
from tasni_spark.demo.neighbours import Ints
from tasni_spark.demo.populations import RADIO_LIMIT_MJY
from tasni_spark.demo.world import PATH, chosen, drift, seen

NVSS_SOUTH = -40.0
EDGE = 0.01
"""Margin in deg, so that no measured place falls out of the footprint."""
NOISE_MJY = 0.45
BRIGHT_MJY = 15.0


def nvss(world: Columns, _: Leaf, rng: np.random.Generator) -> tuple[Rows, Ints]:
    """NVSS' rows of a leaf, and the objects they are of; none south of -40 deg.

    Notes
    -----
    Places are good to 1 arcsec above 15 mJy and to 7 arcsec at the limit (Condon et al. 1998, 1998AJ....115.1693C).
    """
    strong = (world["s1400"] > RADIO_LIMIT_MJY) & (world["dec"] > NVSS_SOUTH + EDGE)
    index = np.flatnonzero(strong)
    o, n = chosen(world, index, *PATH, "s1400"), len(index)
    weak = np.maximum(BRIGHT_MJY / o["s1400"], 1.0)
    sigma = np.round(np.minimum(0.7 * weak**1.25 + 0.3, 7.0), 2)
    error = np.round(np.hypot(NOISE_MJY, 0.03 * o["s1400"]), 1)
    ra, dec = seen(o, drift(o, EPOCH), sigma, rng)
    return {
        "name": sexagesimal(ra, dec, 2, 1, prefix="J"),
        "ra": np.round(ra, 6),
        "dec": np.round(dec, 6),
        "e_ra": np.round(sigma / (15.0 * np.cos(np.radians(dec))), 3),  # published in seconds of time
        "e_dec": sigma,
        "s1400": np.round(np.maximum(o["s1400"] + error * rng.standard_normal(n), RADIO_LIMIT_MJY - 0.5), 1),
        "e_s1400": error,
    }, index
