"""Groups that are there are found and come again; shuffled columns show none that do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tasni_spark.models.clusters import ClustersConfig, grouped, shuffled, stability, stratified
from tasni_spark.models.sample import Rows

pytestmark = pytest.mark.slow
CFG = ClustersConfig(components=4, neighbours=10, least=40, draws=2)


@pytest.fixture(scope="module")
def x() -> np.ndarray:
    """Three groups that no single column shows."""
    rng = np.random.default_rng(12)
    centres = 1.2 * rng.choice([-1, 1], (3, 30))
    return (centres[np.arange(450) % 3] + rng.normal(size=(450, 30))).astype(np.float32)


def test_groups_come_again_and_shuffled_ones_do_not(x: np.ndarray) -> None:
    of = grouped(x, CFG)
    assert np.array_equal(of, grouped(x, CFG)), "the same seed, the same groups"
    found = {k: np.unique(np.flatnonzero(of == k) % 3, return_counts=True)[1] for k in range(of.max() + 1)}
    assert len(found) == 3
    assert all(counts.max() > 0.95 * counts.sum() for counts in found.values())
    worth = stability(x, of, CFG)
    assert worth.min() > 0.9
    mixed = shuffled(x, 1)
    assert np.array_equal(np.sort(mixed, 0), np.sort(x, 0))
    by_chance = grouped(mixed, CFG)
    assert max(stability(mixed, by_chance, CFG), default=0) < worth.min()


def test_a_sample_has_as_many_of_each_stratum(rows: Rows) -> None:
    of_blocks = replace(rows, stratum=rows.block)
    part = stratified(of_blocks, 400)
    counts = np.bincount(part.stratum.astype(int), minlength=40)
    assert counts.sum() == 400
    assert counts.max() - counts.min() <= 1
    again = stratified(of_blocks.at(np.random.default_rng(1).permutation(len(rows))), 400)
    assert set(again.id) == set(part.id)
