"""What the report tells of matches: chance, errors and offsets, summed over tiles."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import functions as F
from scipy.special import kolmogorov

from tasni_spark.core.work import Inputs
from tasni_spark.tables.associations import BIN, BINS, SHIFTS_ARCSEC


def quality(inputs: Inputs, left: str) -> list[dict[str, Any]]:
    """One entry for each right survey; empty where the job `xmatch_qa` has not run."""
    if not inputs.has("xmatch_qa"):
        return []
    rows = inputs.read("xmatch_qa").where(F.col("left_survey") == left).orderBy("right_survey", "tile").collect()
    found = []
    for survey in dict.fromkeys(r["right_survey"] for r in rows):
        mine = [r for r in rows if r["right_survey"] == survey]
        counts = np.sum([r["separations"] or [0] * BINS for r in mine], axis=0)
        found.append(
            {
                "survey": survey,
                "radius_arcsec": mine[0]["radius_arcsec"],
                "n_left": sum(r["n_left"] for r in mine),
                "n_pairs": sum(r["n_pairs"] for r in mine),
                "n_expected": sum(r["n_expected"] or 0.0 for r in mine),
                "n_shifted": dict(
                    zip(SHIFTS_ARCSEC, np.sum([r["n_shifted"] for r in mine], axis=0).tolist(), strict=True)
                ),
                "separations": counts,
                "ks_p": ks_p(counts),
                "tiles": [(r["tile"], r["east_arcsec"], r["north_arcsec"]) for r in mine if r["n_pairs"]],
            }
        )
    return found


def ks_p(counts: NDArray[np.int64]) -> float | None:
    """Probability of so large a difference between binned separations and a Rayleigh distribution; None without any.

    Notes
    -----
    The difference is taken at the borders of bins, so the probability is, if anything, too large.
    """
    n = int(counts.sum())
    if not n:
        return None
    edges = BIN * np.arange(1, BINS)
    steps = np.abs(np.cumsum(counts)[:-1] / n + np.expm1(-(edges**2) / 2))
    return float(kolmogorov(steps.max() * np.sqrt(n)))
