"""The kernel against brute force, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasni_spark.crossmatch.tiles import kernel
from tasni_spark.crossmatch.tiles.kernel import Left, Pairs
from tasni_spark.crossmatch.tiles.sides import RAD_PER_MAS, Motion, Right, Rule, right_side
from tasni_spark.sky.sphere import chord2

from .skies import ARCSEC, SKIES, brute, even, near, sides, sky


def assert_same(found: Pairs, want: np.ndarray) -> None:
    assert np.array_equal(found.left, want[:, 0].astype(int))
    assert np.array_equal(found.right, want[:, 1].astype(int))
    assert np.array_equal(found.c2, want[:, 2])


def assert_all(left: Left, right: Right, rule: Rule, want: np.ndarray) -> None:
    """Every way of matching, from the sorted pairs of brute force."""
    row = want[:, 0].astype(int)
    n = np.bincount(row, minlength=len(left.id))
    rank = np.arange(len(row)) - np.searchsorted(row, row) + 1
    found = kernel.ranked(left, right, rule)
    assert_same(found, want)
    assert np.array_equal(found.rank, rank)
    assert np.array_equal(found.n_neighbours, n[row])
    few = kernel.ranked(left, right, rule, 3)
    assert_same(few, want[rank <= 3])
    assert np.array_equal(few.n_neighbours, n[row[rank <= 3]])
    first = kernel.nearest(left, right, rule)
    assert_same(first, want[rank == 1])
    assert np.array_equal(first.n_neighbours, n[row[rank == 1]])
    back = want[np.lexsort((left.id[row], want[:, 2], want[:, 1]))]
    best = {int(r): int(i) for i, r, _ in back[::-1]}
    both = [k for k in np.flatnonzero(rank == 1) if best[int(want[k, 1])] == row[k]]
    assert_same(kernel.mutual(left, right, rule), want[both])


@pytest.mark.parametrize("name", SKIES)
def test_pairs_are_those_of_brute_force(name: str) -> None:
    rule = Rule(3.0)
    left, right = sides(*sky(name), rule)
    want = brute(left, right, rule.limit)
    assert len(want) > 1000
    assert_all(left, right, rule, want)


@pytest.mark.parametrize("radius", [0.02, 60.0, 3600.0])
@pytest.mark.parametrize("name", ["even", "clump"])
def test_any_radius(name: str, radius: float) -> None:
    rule = Rule(radius)
    left, right = sides(*sky(name, n=300, m=700), rule)
    want = brute(left, right, rule.limit)
    assert radius < 1 or len(want) > 100
    assert_all(left, right, rule, want)


def test_the_limit_is_that_of_the_sql_engine() -> None:
    for radius in (0.1, 2.0, 3.0, 7.7, 3600.0):
        assert Rule(radius).limit == chord2(radius)


def test_the_radius_is_inclusive_to_the_last_bit() -> None:
    rng = np.random.default_rng(3)
    rule = Rule(2.0)
    left = even(rng, 400)
    across = np.cross(left, even(rng, 400))
    across /= np.linalg.norm(across, axis=1)[:, None]
    angle = 2.0 * ARCSEC * (1 + rng.integers(-4, 5, 400) * 4e-11)
    right = left * np.cos(angle)[:, None] + across * np.sin(angle)[:, None]
    near_side, far = sides(left, right, rule)
    want = brute(near_side, far, rule.limit)
    assert 100 < len(want) < 300
    assert_all(near_side, far, rule, want)
    one = Left(np.array([1]), np.array([[1.0, 0.0, 0.0]]), np.empty(0))
    edge = np.array([[1.0, np.sqrt(rule.limit), 0.0], [1.0, np.nextafter(np.sqrt(rule.limit), 1), 0.0]])
    c2 = edge[:, 1] ** 2
    found = kernel.ranked(one, right_side(np.array([5, 6]), edge, rule, None), rule)
    assert found.right.tolist() == np.flatnonzero(c2 <= rule.limit).tolist()


def test_empty_sides() -> None:
    rule = Rule(3.0)
    some, none = even(np.random.default_rng(1), 50), np.empty((0, 3))
    for left, right in ((some, none), (none, some), (none, none)):
        sides_ = sides(left, right, rule)
        for match in (kernel.nearest, kernel.ranked, kernel.mutual):
            assert len(match(*sides_, rule).left) == 0


def moving(n: int = 1500) -> tuple[np.ndarray, np.ndarray, Motion, np.ndarray]:
    """Stars of up to 10 arcsec / yr among those at rest; left epochs differ, some are null."""
    rng = np.random.default_rng(8)
    right = np.concatenate([even(rng, n - 3), [[0, 0, 1.0], [0, 0, -1.0], [0, 1.0, 0]]])
    pm = rng.uniform(-1, 1, (2, n)) * rng.choice([0, 300, 10_000], n)
    pm[:, ::17] = np.nan
    error = np.where(rng.random((2, n)) < 0.1, 1e6, 0.1)
    epoch = np.where(rng.random(n) < 0.05, np.nan, 2016.0)
    motion = Motion(epoch, *pm, *error)
    when = rng.uniform(1997, 2015, n)
    left = shifted(right, motion, when, 5.0)[0]
    left = np.concatenate([left, near(rng, left, n // 2, 1)])
    when = np.concatenate([when, rng.uniform(1997, 2015, n // 2)])
    when[::29] = np.nan
    return left, right, motion, when


def shifted(place: np.ndarray, motion: Motion, when: np.ndarray | float, snr: float) -> tuple[np.ndarray, np.ndarray]:
    """Right vectors at given epochs, from right ascension and declination as the SQL engine does; which ones move."""
    a, d = np.arctan2(place[:, 1], place[:, 0]), np.arctan2(place[:, 2], np.hypot(place[:, 0], place[:, 1]))
    east, north = motion.pmra_masyr * RAD_PER_MAS, motion.pmdec_masyr * RAD_PER_MAS
    rate = np.stack(
        [
            -np.sin(a) * east - np.cos(a) * np.sin(d) * north,
            np.cos(a) * east - np.sin(a) * np.sin(d) * north,
            np.cos(d) * north,
        ],
        1,
    )
    size = np.hypot(motion.pmra_masyr, motion.pmdec_masyr)
    error = np.hypot(motion.pmra_error_masyr, motion.pmdec_error_masyr) / np.sqrt(2)
    moves = (size >= snr * error) & ~np.isnan(motion.epoch)
    rate[~moves] = 0
    then = place + rate * np.nan_to_num(when - motion.epoch)[:, None]
    return then / np.sqrt((then * then).sum(1))[:, None], moves


def pair_set(pairs: Pairs | np.ndarray) -> set[tuple[int, int]]:
    left, right = (pairs.left, pairs.right) if isinstance(pairs, Pairs) else (pairs[:, 0], pairs[:, 1])
    return {(int(i), int(j)) for i, j in zip(left, right, strict=True)}


@pytest.mark.parametrize("allowance", [0.0, 400.0])
def test_motion_is_decided_at_the_left_source_s_own_epoch(allowance: float) -> None:
    left, right, motion, when = moving()
    rule = Rule(1.0, 1997.0, 2015.0, 5.0, allowance)
    here, there = sides(left, right, rule, motion, when)

    def limit(i: int) -> np.ndarray:
        years = np.abs(np.nan_to_num(when[i] - motion.epoch))
        allowed = np.where(there.is_propagated == 1, 0.0, allowance * years / 1000)
        return (2 * np.sin((1.0 + allowed) * ARCSEC / 2)) ** 2

    want = brute(here, there, rule.limit, lambda i: shifted(right, motion, when[i], 5.0)[0], limit)
    found = kernel.ranked(here, there, rule)
    assert len(want) > 1500
    assert pair_set(found) == pair_set(want)
    assert np.abs(found.c2 - want[:, 2]).max() < 1e-20
    assert np.array_equal(there.is_propagated == 1, shifted(right, motion, 2016.0, 5.0)[1])
    first = kernel.nearest(here, there, rule)
    assert pair_set(first) == pair_set(want[np.unique(want[:, 0], return_index=True)[1]])
    fast = np.hypot(motion.pmra_masyr, motion.pmdec_masyr) > 3000
    assert sum(fast[j] for i, j in pair_set(found) if i == j) > 200


def test_one_left_epoch_needs_no_motion_in_the_scan() -> None:
    left, right, motion, _ = moving()
    rule = Rule(2.0, 2001.0, 2001.0)
    there, moves = shifted(right, motion, 2001.0, 5.0)
    here, side = sides(np.concatenate([there, left]), right, rule, motion)
    assert not side.is_special.any()
    at_rest = np.where(moves[:, None], there, right)
    want = brute(here, side, rule.limit, lambda _: at_rest)
    found = kernel.ranked(here, side, rule)
    assert len(want) > 1500
    assert pair_set(found) == pair_set(want)


def test_without_a_left_epoch_nothing_moves() -> None:
    left, right, motion, _ = moving()
    rule = Rule(2.0)
    here, side = sides(left, right, rule, motion)
    assert not side.is_propagated.any()
    assert_all(here, side, rule, brute(here, side, rule.limit, lambda _: right))


def test_fast_stars_in_a_crowd() -> None:
    rng = np.random.default_rng(4)
    left, right = sky("crowd", n=500, m=3000)
    n = len(right)
    pm = np.where(rng.random(n) < 0.05, rng.choice([-9000.0, 9000.0], (2, n)), np.nan)
    motion = Motion(np.full(n, 2016.0), pm[0], pm[1], np.full(n, 0.1), np.full(n, 0.1))
    when = rng.uniform(2000, 2010, len(left))
    rule = Rule(1.0, 2000.0, 2010.0)
    here, side = sides(left, right, rule, motion, when)
    want = brute(here, side, rule.limit, lambda i: shifted(right, motion, when[i], 5.0)[0])
    assert side.is_propagated.sum() > 100
    assert len(want) > 400
    assert pair_set(kernel.ranked(here, side, rule)) == pair_set(want)


def test_separations() -> None:
    angle = np.array([0.0, 1e-6, 0.003, 3.0, 3600.0])
    assert np.allclose(kernel.sep_arcsec((2 * np.sin(angle * ARCSEC / 2)) ** 2), angle, rtol=1e-13, atol=0)
    assert kernel.sep_arcsec(np.array([4.0])).tolist() == [180 * 3600.0]


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 60),
    m=st.integers(1, 120),
    width=st.sampled_from([0.5, 20.0, 5000.0, 4e5]),
    radius=st.sampled_from([0.3, 3.0, 300.0, 3600.0]),
    centre=st.tuples(*[st.integers(-2, 2)] * 3).filter(any),
)
def test_any_small_sky(seed: int, n: int, m: int, width: float, radius: float, centre: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(seed)
    mid = np.array(centre, float) / np.linalg.norm(centre)
    places = [mid + rng.normal(0, width * ARCSEC, (k, 3)) for k in (n, m)]
    left, right = (p / np.linalg.norm(p, axis=1)[:, None] for p in places)
    right[: min(n, m) // 2] = left[: min(n, m) // 2]
    rule = Rule(radius)
    here, there = sides(left, right, rule, seed=seed)
    assert_all(here, there, rule, brute(here, there, rule.limit))
