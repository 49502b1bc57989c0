"""The portable engine against brute force."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tasni_spark.crossmatch import choice, sql
from tasni_spark.crossmatch.motion import Epochs
from tasni_spark.crossmatch.sql import Geometry, Right

from .conftest import brute, offset, sphere, table

pytestmark = pytest.mark.spark
RADIUS = 5.0


@pytest.fixture(scope="module")
def truth(hard_sky: tuple[pd.DataFrame, pd.DataFrame]) -> pd.DataFrame:
    return brute(*hard_sky, RADIUS)


def joined(
    as_positions: Any, left: pd.DataFrame, right: pd.DataFrame, radius: float, g: Geometry, epochs: Epochs | None = None
) -> Any:
    when = epochs or Epochs(left["epoch"].min(), left["epoch"].max())
    chosen = as_positions(left).select("id", "x", "y", "z", "epoch")
    return sql.pairs(chosen, [Right("right", as_positions(right), radius, 5.0)], when, g)


def assert_same(found: pd.DataFrame, want: pd.DataFrame) -> None:
    found = found.sort_values(["left_id", "right_id"]).reset_index(drop=True)
    want = want.sort_values(["left_id", "right_id"]).reset_index(drop=True)
    assert found[["left_id", "right_id"]].to_numpy().tolist() == want[["left_id", "right_id"]].to_numpy().tolist()
    assert np.abs(found["sep_arcsec"] - want["sep_arcsec"]).max() < 1e-7


@pytest.mark.parametrize("cell", [12.0, 300.0])
def test_all_pairs_are_those_of_brute_force(as_positions: Any, hard_sky: Any, truth: pd.DataFrame, cell: float) -> None:
    pairs = joined(as_positions, *hard_sky, RADIUS, Geometry(cell))
    found = choice.ranked(pairs, []).toPandas()
    assert len(truth) > 80_000
    assert_same(found, truth)
    by_left = truth.sort_values(["left_id", "sep_arcsec", "right_id"]).groupby("left_id")
    assert (found.groupby("left_id").size() == found.groupby("left_id")["n_neighbours"].first()).all()
    firsts = found[found["rank"] == 1].set_index("left_id")["sep_arcsec"]
    assert np.abs(firsts - by_left["sep_arcsec"].first()).max() < 1e-7


def test_nearest_with_ties_by_identifier(as_positions: Any, hard_sky: Any, truth: pd.DataFrame) -> None:
    found = choice.nearest(joined(as_positions, *hard_sky, RADIUS, Geometry(60.0)), []).toPandas()
    assert found["left_id"].is_unique
    assert len(found) == truth["left_id"].nunique()
    left, right = hard_sky
    same_place = left[(left["ra"] == 12.5) & (left["dec"] == 12.5)]["id"]
    winners = found[found["left_id"].isin(same_place)]["right_id"].unique()
    assert winners.tolist() == [right[(right["ra"] == 12.5)]["id"].min()]
    best = truth.sort_values(["left_id", "sep_arcsec"]).groupby("left_id").first()
    both = found.set_index("left_id").join(best, rsuffix="_true")
    assert np.abs(both["sep_arcsec"] - both["sep_arcsec_true"]).max() < 1e-7
    assert both["n_neighbours"].sort_index().tolist() == truth.groupby("left_id").size().tolist()


def test_symmetric_pairs_are_each_other_s_nearest(as_positions: Any, hard_sky: Any, truth: pd.DataFrame) -> None:
    found = choice.mutual(joined(as_positions, *hard_sky, RADIUS, Geometry(60.0)), []).toPandas()
    assert found["left_id"].is_unique
    assert found["right_id"].is_unique
    unique = truth.assign(r=truth["sep_arcsec"].round(9))
    best_of_left = unique.sort_values(["left_id", "r", "right_id"]).groupby("left_id").first()["right_id"]
    best_of_right = unique.sort_values(["right_id", "r", "left_id"]).groupby("right_id").first()["left_id"]
    want = {(i, j) for i, j in best_of_left.items() if best_of_right[j] == i}
    assert {(i, j) for i, j in zip(found["left_id"], found["right_id"], strict=True)} == want


def test_the_radius_is_inclusive(as_positions: Any) -> None:
    left = table(np.array([10.0]), np.array([0.0]))
    right = table(10.0 + np.array([1.9999999, 2.0000001]) / 3600, np.zeros(2), first=7)
    found = choice.ranked(joined(as_positions, left, right, 2.0, Geometry(300.0)), []).toPandas()
    assert found["right_id"].tolist() == [7]


def movers(n: int = 4000) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fast stars seen at epochs that differ, among standing ones; the left side's own epoch decides."""
    rng = np.random.default_rng(8)
    ra, dec = sphere(rng, n)
    pmra, pmdec = rng.uniform(-1, 1, (2, n)) * rng.choice([0, 300, 10_000], n)
    now, then = 2016.0, rng.uniform(1997, 2001, n)
    seen = offset(ra, dec, pmra / 1000 * (then - now), pmdec / 1000 * (then - now))
    left = table(*seen, epoch=then)
    right = table(
        ra,
        dec,
        epoch=now,
        first=1_000_000,
        pmra_masyr=pmra,
        pmdec_masyr=pmdec,
        pmra_error_masyr=0.1,
        pmdec_error_masyr=0.1,
    )
    right.loc[::50, ["pmra_masyr", "pmdec_masyr"]] = np.nan
    return left, right


def test_movers_are_met_at_the_left_source_s_own_epoch(as_positions: Any) -> None:
    left, right = movers()
    g = Geometry(sql.cell_arcsec(0.0, 0.0, 1.0 + 15 * 2))
    found = choice.ranked(joined(as_positions, left, right, 1.0, g), []).toPandas()
    assert_same(found, brute(left, right, 1.0))
    true = found["right_id"] - 1_000_000 == found["left_id"]
    known = right["pmra_masyr"].notna()
    assert true.sum() >= known.sum()
    assert not found[found["right_id"].isin(right["id"][~known])]["is_propagated"].any()


def test_one_epoch_for_all_needs_no_motion_in_the_join(as_positions: Any) -> None:
    left, right = movers()
    left = left.assign(epoch=1999.0)
    found = choice.ranked(joined(as_positions, left, right, 2.0, Geometry(60.0)), []).toPandas()
    assert len(found) > 1000
    assert_same(found, brute(left, right, 2.0))


def test_motion_that_is_noise_is_not_applied(as_positions: Any) -> None:
    left, right = movers()
    noisy = right.assign(pmra_error_masyr=1e9, pmdec_error_masyr=1e9)
    still = right.assign(pmra_masyr=np.nan, pmdec_masyr=np.nan)
    a, b = (choice.ranked(joined(as_positions, left, r, 2.0, Geometry(60.0)), []).toPandas() for r in (noisy, still))
    assert_same(a, b)
    assert not a["is_propagated"].any()


def test_allowance_widens_the_radius_of_those_without_motion(as_positions: Any) -> None:
    left = table(np.array([10.0, 20.0]), np.zeros(2), epoch=np.array([2000.0, 2010.0]))
    right = table(np.array([10.0, 20.0]) + 5.0 / 3600, np.zeros(2), epoch=2010.0, first=7)
    g = Geometry(60.0, allowance_masyr=500.0)
    assert choice.ranked(joined(as_positions, left, right, 1.0, g), []).toPandas()["left_id"].tolist() == [0]


def test_unknown_epochs_mean_no_motion(as_positions: Any) -> None:
    left, right = movers(200)
    found = choice.ranked(
        joined(as_positions, left.assign(epoch=np.nan), right, 2.0, Geometry(60.0), Epochs(None, None)), []
    ).toPandas()
    want = brute(left, right.assign(pmra_masyr=np.nan, pmdec_masyr=np.nan), 2.0)
    assert_same(found, want)


def test_plan_has_one_exchange_a_side_and_no_python(spark: Any, as_positions: Any, hard_sky: Any) -> None:
    before = spark.conf.get("spark.sql.autoBroadcastJoinThreshold")
    spark.conf.set("spark.sql.autoBroadcastJoinThreshold", "-1")
    try:
        found = choice.nearest(joined(as_positions, *hard_sky, RADIUS, Geometry(60.0)), [])
        found.collect()
        plan = found._jdf.queryExecution().executedPlan().toString().split("Initial Plan")[0]
    finally:
        spark.conf.set("spark.sql.autoBroadcastJoinThreshold", before)
    assert plan.count("Exchange hashpartitioning(cell") == 2
    assert plan.count("Exchange") == 2
    assert "ShuffledHashJoin" in plan
    for word in ("Python", "NestedLoop", "Cartesian", "BatchEvalPython"):
        assert word not in plan


def test_empty_sides(as_positions: Any, hard_sky: Any) -> None:
    left, right = hard_sky
    assert choice.nearest(joined(as_positions, left, right.iloc[:0], 2.0, Geometry(60.0)), []).count() == 0
    assert (
        choice.nearest(joined(as_positions, left.iloc[:0], right, 2.0, Geometry(60.0), Epochs(None, None)), []).count()
        == 0
    )
