"""Skies that are hard to match, and their pairs by brute force."""

from __future__ import annotations

from typing import Any

import numpy as np

from tasni_spark.crossmatch.tiles.kernel import Left
from tasni_spark.crossmatch.tiles.sides import Motion, Right, Rule, right_side

ARCSEC = np.pi / 180 / 3600


def even(rng: np.random.Generator, n: int) -> np.ndarray:
    v = rng.normal(size=(n, 3))
    return v / np.linalg.norm(v, axis=1)[:, None]


def around(rng: np.random.Generator, centre: Any, n: int, arcsec: float) -> np.ndarray:
    """A round cluster."""
    v = np.asarray(centre, float) / np.linalg.norm(centre) + rng.normal(0, arcsec * ARCSEC, (n, 3))
    return v / np.linalg.norm(v, axis=1)[:, None]


def near(rng: np.random.Generator, of: np.ndarray, n: int, arcsec: float) -> np.ndarray:
    """Companions of some vectors."""
    v = of[rng.integers(0, len(of), n)] + rng.normal(0, arcsec * ARCSEC, (n, 3))
    return v / np.linalg.norm(v, axis=1)[:, None]


def sky(name: str, seed: int = 1, n: int = 2000, m: int = 5000) -> tuple[np.ndarray, np.ndarray]:
    """Left and right unit vectors."""
    rng = np.random.default_rng(seed)
    if name == "even":
        left = even(rng, n)
        right = np.concatenate([even(rng, m - n), near(rng, left, n, 2)])
    elif name == "poles":
        left = np.concatenate([around(rng, (0, 0, s), n // 2, 60) for s in (1, -1)])
        left[:2] = [[0, 0, 1], [0, 0, -1]]
        right = np.concatenate([around(rng, (0, 0, s), m // 2, 60) for s in (1, -1)])
    elif name == "seam":
        left = np.concatenate([around(rng, c, n // 4, 40) for c in ((1, 0, 0), (1, 1, 0), (1, 1, 1), (-1, 1e-6, 1))])
        right = near(rng, left, m, 6)
    elif name == "crowd":
        left, right = around(rng, (0.3, -0.8, 0.2), n, 30), around(rng, (0.3, -0.8, 0.2), m, 30)
    elif name == "clump":
        left = np.concatenate([even(rng, n // 2), around(rng, (0.1, 0.2, -0.9), n // 2, 20)])
        right = np.concatenate([even(rng, m // 2), around(rng, (0.1, 0.2, -0.9), m // 2, 20)])
    elif name == "strip":
        a = rng.uniform(0, 0.01, n)
        left = np.stack([np.cos(a), np.sin(a), np.zeros(n)], 1)
        right = near(rng, left, m, 2)
    else:
        places = around(rng, (0.5, 0.5, 0.7), 50, 20)
        left, right = places[rng.integers(0, 50, n)], places[rng.integers(0, 50, m)]
    return left, right


SKIES = ("even", "poles", "seam", "crowd", "clump", "strip", "duplicates")


def sides(
    left: np.ndarray,
    right: np.ndarray,
    rule: Rule,
    motion: Motion | None = None,
    epoch: np.ndarray | None = None,
    seed: int = 5,
) -> tuple[Left, Right]:
    """Both sides with identifiers in no order."""
    rng = np.random.default_rng(seed)
    when = np.empty(0) if epoch is None else epoch
    ids = rng.permutation(len(left)) + 10, rng.permutation(len(right)) + 1_000_000
    near_side = Left(ids[0], np.ascontiguousarray(left), when)
    return near_side, right_side(ids[1], right.copy(), rule, motion, bool(np.isnan(when).any()))


def brute(left: Left, right: Right, limit: float, place: Any = None, c2_limit: Any = None) -> np.ndarray:
    """All pairs (left row, right row, c2), sorted by left row, c2, right id.

    `place(i)` gives the right vectors as left row `i` meets them, `c2_limit(i)` their limits.
    """
    found = []
    for i in range(len(left.id)):
        p = right.place if place is None else place(i)
        d = left.place[i] - p
        c2 = d[:, 0] * d[:, 0] + d[:, 1] * d[:, 1] + d[:, 2] * d[:, 2]
        j = np.flatnonzero(c2 <= (limit if c2_limit is None else c2_limit(i)))
        j = j[np.lexsort((right.id[j], c2[j]))]
        found.append(np.stack([np.full(len(j), float(i)), j.astype(float), c2[j]], 1))
    return np.concatenate(found)
