"""Large skies with a known answer: stars that move, and a field as crowded as the bulge."""

from __future__ import annotations

import numpy as np
import pytest

from tasni_spark.crossmatch.tiles import kernel
from tasni_spark.crossmatch.tiles.kernel import Left
from tasni_spark.crossmatch.tiles.sides import RAD_PER_MAS, Motion, Rule, right_side

from .skies import ARCSEC, even

pytestmark = pytest.mark.slow


def scattered(rng: np.random.Generator, place: np.ndarray, arcsec: float) -> np.ndarray:
    v = place + rng.normal(0, arcsec * ARCSEC, place.shape)
    return np.asarray(v / np.linalg.norm(v, axis=1)[:, None])


def test_movers_are_found_and_rob_nobody() -> None:
    """A hundred thousand stars of up to 10 arcsec / yr over 10 years, among 400,000 at rest; errors of 0.3 arcsec."""
    rng = np.random.default_rng(7)
    n, movers, years = 500_000, 100_000, 10.0
    place = even(rng, n)
    speed = np.where(np.arange(n) < movers, rng.uniform(0, 10_000, n), 0.0)
    angle = rng.uniform(0, 2 * np.pi, n)
    pmra, pmdec = speed * np.cos(angle), speed * np.sin(angle)
    cos_dec = np.hypot(place[:, 0], place[:, 1])
    a = np.arctan2(place[:, 1], place[:, 0])
    east = np.stack([-np.sin(a), np.cos(a), 0 * a], 1)
    north = np.stack([-np.cos(a) * place[:, 2], -np.sin(a) * place[:, 2], cos_dec], 1)
    then = place - (pmra[:, None] * east + pmdec[:, None] * north) * RAD_PER_MAS * years
    seen = scattered(rng, then / np.linalg.norm(then, axis=1)[:, None], 0.3)
    measured = [pm + rng.normal(0, 2.0, n) for pm in (pmra, pmdec)]
    motion = Motion(np.full(n, 2016.0), *measured, *np.full((2, n), 2.0))
    rule = Rule(3.0, 2006.0, 2006.0)
    ids = np.arange(n)
    found = kernel.nearest(Left(ids, seen, np.empty(0)), right_side(ids, place.copy(), rule, motion), rule)
    is_true = found.left == found.right
    assert is_true[found.left < movers].sum() >= 0.995 * movers
    assert is_true[found.left >= movers].sum() == n - movers
    blind = kernel.nearest(Left(ids, seen, np.empty(0)), right_side(ids, place.copy(), rule, None), rule)
    assert (blind.left[blind.left < movers] == blind.right[blind.left < movers]).sum() < 0.1 * movers


def test_chance_in_a_crowd_of_a_million_per_square_degree() -> None:
    """Sources shifted away from their counterparts meet others as often as the density says."""
    rng = np.random.default_rng(8)
    m, side = 400_000, np.sqrt(0.4)
    here = [np.radians(rng.uniform(-side / 2, side / 2, m)) for _ in range(2)]
    right = np.stack([np.cos(here[0]) * np.cos(here[1]), np.sin(here[0]) * np.cos(here[1]), np.sin(here[1])], 1)
    per_arcsec2 = 1e6 / 3600**2
    inner = np.flatnonzero((np.abs(here) < np.radians(side / 2 - 0.03)).all(0))[:100_000]
    for radius in (0.2, 0.5, 1.0):
        rule = Rule(radius)
        there = right_side(np.arange(m), right.copy(), rule, None)
        for shift in (15.0, 30.0, 60.0):
            turn = shift * ARCSEC
            x, y, z = scattered(rng, right[inner], 0.1).T
            left = np.stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn), z], 1)
            n = len(kernel.nearest(Left(np.arange(len(left)), left, np.empty(0)), there, rule).left)
            want = len(left) * -np.expm1(-np.pi * radius**2 * per_arcsec2)
            assert abs(n - want) < 4 * np.sqrt(want)
