"""Cold dwarfs, T6 to Y2: what the search is for, drawn from the scatter of the known ones.

Why: means and covariances come from the list of known dwarfs, not from the relation that a cut may use, so that a cut
loses here what it loses on the sky.
"""

from __future__ import annotations

import numpy as np

from tasni_spark.demo.directions import Columns, Floats
from tasni_spark.demo.stars import motion, table

SPEED_KMS = 30.0
"""Scale of the Rayleigh distribution of tangential speeds (Faherty et al. 2009, AJ 137, 1, 2009AJ....137....1F)."""


def cold_dwarfs(w2_limit: Floats, rng: np.random.Generator) -> Columns:
    """Cold dwarfs, one for each limit: evenly spread through the volume in which W2 is brighter than that.

    Parameters
    ----------
    w2_limit : mag, (n,)

    Returns
    -------
    dict
        Magnitudes, distance, motion and `spt_num` (16 is T6, 20 is Y0). Y dwarfs have no optical magnitudes.

    Notes
    -----
    (M_W2, W1-W2, W2-W3) are normal with the mean and covariance of the subtype in `dwarfs.csv`.
    """
    at, n = table("dwarfs"), len(w2_limit)
    kind = rng.choice(len(at["share"]), n, p=at["share"] / at["share"].sum())
    halves = np.floor(2.0 * (at["spt_max"] - at["spt_min"]))[kind]
    m_w2, w1_w2, w2_w3 = (_means()[kind] + np.einsum("nij,nj->ni", _factors()[kind], rng.normal(size=(n, 3)))).T
    distance = 10.0 ** ((w2_limit - m_w2 + 5.0) / 5.0) * (1.0 - rng.random(n)) ** (1.0 / 3.0)
    w2 = m_w2 + 5.0 * np.log10(distance) - 5.0
    j = at["m_j"][kind] + rng.normal(0.0, 0.3, n) + w2 - m_w2
    y = np.nan_to_num(j + at["y_j"][kind] + rng.normal(0.0, 0.15, n), nan=np.inf)
    return {
        "w1": w2 + w1_w2,
        "w2": w2,
        "w3": w2 - w2_w3,
        "w4": w2 - w2_w3 - 1.0,
        "J": j,
        "H": j - at["j_h"][kind],
        "K": j - at["j_k"][kind],
        "y": y,
        "z": y + np.nan_to_num(at["z_y"][kind]),
        "G": y + 3.6,
        "spt_num": at["spt_min"][kind] + 0.5 * np.floor(rng.random(n) * (1 + halves)),
    } | motion(distance, rng.rayleigh(SPEED_KMS, n), rng)


def _means() -> Floats:
    at = table("dwarfs")
    return np.stack([at[c] for c in ("m_w2", "w1_w2", "w2_w3")], axis=1)


def _factors() -> Floats:
    """Cholesky factors (bins, 3, 3) of the covariances."""
    at = table("dwarfs")
    mm, mc, ms, cc, cs, ss = (at[f"cov_{k}"] for k in ("mm", "mc", "ms", "cc", "cs", "ss"))
    rows = [np.stack(r, axis=-1) for r in ((mm, mc, ms), (mc, cc, cs), (ms, cs, ss))]
    return np.linalg.cholesky(np.stack(rows, axis=-2))
