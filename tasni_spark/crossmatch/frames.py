"""Frames brought together: right sources are moved by the median offset that an earlier match measured in their tile.

Why: two surveys may disagree by a tenth of an arcsecond, another tenth in the next tile. A match that knows so may have
a smaller radius, and separations over their errors mean what they say.
"""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tasni_spark.core.work import Inputs
from tasni_spark.crossmatch.config import CrossmatchConfig
from tasni_spark.crossmatch.motion import at
from tasni_spark.crossmatch.tiles.frame import Frame
from tasni_spark.sky.motion import motion_vector

LEAST_PAIRS = 30
"""Pairs of a tile below which its median tells less than it costs: an error of 0.2 of that of one pair."""
_OFFSETS = ("east_arcsec", "north_arcsec")


def frame(inputs: Inputs, cfg: CrossmatchConfig, right: str) -> Frame | None:
    """Offsets of a right survey, for workers; None where none are asked for."""
    if not cfg.frames:
        return None
    rows = inputs.small(cfg.frames, "left_survey", "right_survey", "tile", "n_pairs", *_OFFSETS)
    rows = rows.filter((pc.field("left_survey") == cfg.left) & (pc.field("right_survey") == right))
    rows = rows.filter((pc.field("n_pairs") >= LEAST_PAIRS) & pc.field(_OFFSETS[0]).is_valid()).sort_by("tile")
    return Frame(*(np.asarray(rows[c]) for c in ("tile", *_OFFSETS)))


def shift_arcsec(inputs: Inputs, cfg: CrossmatchConfig, right: str) -> float:
    """How far sources of a right survey may be moved."""
    moved = frame(inputs, cfg, right)
    return moved.greatest_arcsec if moved else 0.0


def aligned(positions: DataFrame, inputs: Inputs, cfg: CrossmatchConfig, right: str) -> DataFrame:
    """Rows of `<right>_positions` with x, y, z less the offset of their tile."""
    if not cfg.frames:
        return positions
    here = (F.col("left_survey") == cfg.left) & (F.col("right_survey") == right) & (F.col("n_pairs") >= LEAST_PAIRS)
    offsets = inputs.read(cfg.frames).where(here).select("tile", *_OFFSETS)
    rows = positions.join(F.broadcast(offsets), "tile", "left")
    east, north = (-1000 * F.coalesce(F.col(c), F.lit(0.0)) for c in _OFFSETS)
    x, y, z = (F.col(c) for c in "xyz")
    vector = motion_vector(F.col("ra"), F.col("dec"), east, north)
    moved = dict(zip("xyz", at((x, y, z), vector, F.lit(1.0)), strict=True))
    return rows.withColumns(moved).drop(*_OFFSETS)
