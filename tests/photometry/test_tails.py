"""Drawn populations against the real ones: how many reach a likelihood ratio."""

from __future__ import annotations

import doctest

import numpy as np
import pandas as pd
import pytest

from tasni_spark.photometry import tails as module
from tasni_spark.photometry.tails import PARENT_COLOUR_MAG, reached, red_ratio, tails

pytestmark = pytest.mark.slow


def ratios(table: pd.DataFrame) -> np.ndarray:
    return red_ratio(*(table[f"w{b}{kind}"] for b in "123" for kind in ("mpro", "sigmpro")))


def test_the_first_edition_reaches_what_its_population_should(tier5: pd.DataFrame) -> None:
    """Within three Poisson errors and the five per cent to which a mixture of few normals fits them."""
    drawn, real = tails(tier5["w2mpro"]), ratios(tier5)
    for ratio in (-5.0, -3.0, -2.0, 0.0, 1.0):
        expected = len(real) * float(reached(drawn.parents, ratio))
        assert (real >= ratio).sum() == pytest.approx(expected, abs=3.0 * np.sqrt(expected) + 0.05 * expected), ratio


def test_known_dwarfs_reach_what_dwarfs_should(known: pd.DataFrame) -> None:
    drawn, real = tails(known["w2mpro"]), ratios(known)
    for ratio in (-5.0, -2.0, 0.0, 2.0):
        assert (real >= ratio).mean() == pytest.approx(float(reached(drawn.dwarfs, ratio)), abs=0.1), ratio


def test_draws_are_the_same_again_and_the_examples_hold() -> None:
    assert np.array_equal(tails([14.0, 15.0]).dwarfs, tails([14.0, 15.0]).dwarfs)
    assert doctest.testmod(module, extraglobs={"np": np}) == (0, 1)


def test_what_is_measured_to_be_blue_has_no_ratio() -> None:
    w1 = 15.0 + PARENT_COLOUR_MAG + np.array([-0.01, 0.01, -0.01])
    error = np.array([0.1, 0.1, np.nan])
    got = red_ratio(w1, error, np.full(3, 15.0), np.full(3, 0.05), np.full(3, 12.5), np.full(3, np.nan))
    assert np.isnan(got).tolist() == [True, False, False]


def test_no_ratio_no_place() -> None:
    assert np.isnan(reached(np.array([1.0]), np.array([np.nan]))).all()
