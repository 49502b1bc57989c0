"""Of matches the page tells a probability that holds, and pictures that can be drawn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tasni_spark.report import matches
from tasni_spark.report.quality import ks_p
from tasni_spark.tables.associations import BIN, BINS


def counts(sizes: np.ndarray) -> np.ndarray:
    return np.bincount(np.minimum(sizes / BIN, BINS - 1).astype(int), minlength=BINS)


def test_errors_that_are_right_and_errors_that_are_not() -> None:
    rng = np.random.default_rng(4)
    sizes = rng.rayleigh(1.0, 3000)
    exact = stats.kstest(sizes, stats.rayleigh.cdf).pvalue
    assert exact - 1e-3 <= ks_p(counts(sizes)) <= 1.0
    assert ks_p(counts(1.2 * sizes)) < 1e-12
    assert ks_p(np.zeros(BINS, int)) is None


def test_p_is_even_where_the_errors_are_right() -> None:
    rng = np.random.default_rng(5)
    p = np.array([ks_p(counts(rng.rayleigh(1.0, 2000))) for _ in range(300)])
    assert 0.3 < p.mean() < 0.7
    assert (p < 0.05).mean() < 0.1


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_pictures() -> None:
    tiles = [(16 + k, 0.1, -0.05) for k in range(48)]
    one = {"survey": "s", "separations": counts(np.full(10, 1.0)), "tiles": tiles}
    for picture in (matches.separations([one]), matches.offsets([one, one | {"tiles": []}])):
        assert picture.startswith("data:image/png;base64,")
        assert len(picture) > 5000
