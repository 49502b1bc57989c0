"""The truth about every row of the mock AllWISE, and which rows of the other surveys are the same object."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasni_spark.demo.directions import Columns
from tasni_spark.demo.files import Rows, array
from tasni_spark.demo.infrared import TWOMASS_LIMIT
from tasni_spark.demo.leaves import CROWD_ORDER, SKY_DEG2, Leaf
from tasni_spark.demo.names import words
from tasni_spark.demo.optical import GAIA_LIMIT, PS1_LIMIT
from tasni_spark.demo.populations import CLASSES, WISE
from tasni_spark.demo.variables import KINDS

LIMITS = {"G": GAIA_LIMIT} | TWOMASS_LIMIT | PS1_LIMIT
KEYS = {
    "gaia_dr3": ("source_id", "gaia_source_id"),
    "twomass": ("pts_key", "twomass_pts_key"),
    "panstarrs1": ("objID", "panstarrs1_objid"),
    "catwise2020": ("source_id", "catwise_source_id"),
    "nvss": ("name", "nvss_name"),
}
"""Survey to its key and the column of the truth that holds it."""


def truth(world: Columns, leaf: Leaf, cntr: NDArray[np.int64], seen: dict[str, tuple[Rows, NDArray[np.int64]]]) -> Rows:
    """One row for each AllWISE source.

    Parameters
    ----------
    world
        Objects of the leaf.
    leaf
        Which leaf.
    cntr
        AllWISE's identifiers, in the order of the objects that it lists.
    seen
        For each other survey its rows, and the object of each.

    Notes
    -----
    An orphan is fainter than the limits of Gaia, 2MASS and Pan-STARRS1 in all bands, whether or not they look there.
    """
    listed = np.flatnonzero(world["in_allwise"])
    o = {name: values[listed] for name, values in world.items()}
    n = len(listed)
    variability = o["variability"]
    columns: Rows = {
        "cntr": cntr,
        "class": words(CLASSES, o["kind"]),
        "variability": words(KINDS, np.where(variability == 0, -1, variability)),
        "slope_mag_per_yr": o["slope"],
        "period_d": o["period"],
        "amplitude_mag": o["amplitude"],
        "tau_d": o["tau"],
        "t0_mjd": o["t0"],
        "is_extended": o["size_arcsec"] > 0.0,
        "is_orphan": np.all([o[band] >= limit for band, limit in LIMITS.items()], axis=0),
        "is_monitored": np.full(n, leaf.is_monitored),
        "crowd_per_deg2": np.where(o["in_crowd"], leaf.crowd_rows * 12 * 4**CROWD_ORDER / SKY_DEG2, np.nan),
        "is_synthetic": np.ones(n, bool),
    }
    same = ("ra", "dec", "pmra", "pmdec", "parallax", "distance_pc", "spt_num", *WISE)
    columns |= {name: o[name] for name in same} | {"s1400": np.where(o["s1400"] > 0.0, o["s1400"], np.nan)}
    for survey, (rows, index) in seen.items():
        key, name = KEYS[survey]
        place = np.full(len(world["ra"]), -1, np.int64)
        place[index] = np.arange(len(index))
        at = place[listed]
        columns[name] = _taken(rows[key], at)
    return columns


def _taken(values: Any, at: NDArray[np.int64]) -> pa.Array:
    """Values at some rows; null at row -1."""
    rows = values if isinstance(values, pa.Array) else array(values, pa.int64())
    return rows.take(array(at, pa.int64(), missing=at < 0))
