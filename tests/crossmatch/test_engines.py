"""Any sky, any rule: all engines find the pairs of brute force, and the same ranks.

A hundred small skies, each hard in its own way, lie far apart in one table, so that one Spark job tries them all.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasni_spark.crossmatch import choice, sedona, sql
from tasni_spark.crossmatch.motion import Epochs
from tasni_spark.crossmatch.sql import Geometry, Right
from tasni_spark.crossmatch.tiles import kernel
from tasni_spark.crossmatch.tiles.kernel import Left
from tasni_spark.crossmatch.tiles.sides import Motion, Rule, right_side

from .conftest import offset, table, vectors

pytestmark = pytest.mark.spark
SKIES, MEMBERS = 100, 30
ERRORS = ("ra_error_arcsec", "dec_error_arcsec")
HARD = [(0.0, 90.0), (0.0, -90.0), (0.0, 0.0), (359.99999, 41.8103149), (45.0, 0.0), (90.0, 41.8103149), (180.0, -60.0)]


def centres() -> tuple[np.ndarray, np.ndarray]:
    """Places at least 5 deg apart: those that are hard, and a spiral of the rest."""
    k = np.arange(SKIES)
    ra, dec = (k * 137.50776405) % 360, np.degrees(np.arcsin(1 - (2 * k + 1) / SKIES))
    hard = vectors(*np.array(HARD).T)
    far = (vectors(ra, dec) @ hard.T).max(1) < np.cos(np.radians(5))
    return tuple(np.concatenate([h, v[far]]) for h, v in zip(np.array(HARD).T, (ra, dec), strict=True))


def side(rng: np.random.Generator, first: int, epochs: tuple[float, ...], *, moves: bool) -> pd.DataFrame:
    """Each sky: a cluster of some width, with exact duplicates, slow and fast motions, and nulls."""
    at = [np.repeat(c, MEMBERS) for c in centres()]
    n = len(at[0])
    width = np.repeat(rng.choice([0.001, 0.5, 3.0, 20.0, 600.0], n // MEMBERS), MEMBERS)
    step = rng.normal(0, 1, (2, n)) * width
    again = rng.random(n) < 0.2
    step[:, again] = 0.0  # the centre itself: duplicates and exact ties
    ra, dec = offset(*at, *step)
    ra[again], dec[again] = at[0][again], at[1][again]
    epoch = rng.choice(epochs, n)
    columns: dict[str, Any] = {}
    if moves:
        speed = rng.choice([0.0, 5.0, 300.0, 10_000.0], n) * np.where(rng.random(n) < 0.1, np.nan, 1.0)
        columns = dict(zip(("pmra_masyr", "pmdec_masyr"), rng.normal(0, 1, (2, n)) * speed, strict=True))
        columns |= dict.fromkeys(("pmra_error_masyr", "pmdec_error_masyr"), rng.choice([0.1, 2.0, np.nan], n))
    rows = table(ra, dec, epoch, first, **columns)
    for name in ERRORS:
        rows[name] = rng.choice([0.05, 0.7, 2.0, np.nan], n, p=(0.3, 0.4, 0.2, 0.1))
    return rows.sample(frac=1.0, random_state=int(rng.integers(1 << 30)))


def brute(left: pd.DataFrame, right: pd.DataFrame, rule: Rule) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """Pairs by vectors in space, and those so near the limit that rounding decides."""
    here, there = left[["x", "y", "z"]].to_numpy(), right[["x", "y", "z"]].to_numpy()
    pm = np.hypot(right["pmra_masyr"], right["pmdec_masyr"]).to_numpy()
    error = np.hypot(right["pmra_error_masyr"], right["pmdec_error_masyr"]).to_numpy() / np.sqrt(2)
    moves = pm >= rule.motion_snr * error
    a, d = np.radians(right["ra"].to_numpy()), np.radians(right["dec"].to_numpy())
    east = np.stack([-np.sin(a), np.cos(a), 0 * a], 1)
    north = np.stack([-np.cos(a) * np.sin(d), -np.sin(a) * np.sin(d), np.cos(d)], 1)
    rate = np.radians(right["pmra_masyr"].to_numpy()[:, None] * east + right["pmdec_masyr"].to_numpy()[:, None] * north)
    rate = np.where(moves[:, None], rate / 3.6e6, 0.0)
    variance = [(s[list(ERRORS)] ** 2).sum(axis=1, skipna=False).to_numpy() / 2 for s in (left, right)]
    sure, border = set(), set()
    for v, epoch, own, key in zip(here, left["epoch"], variance[0], left["id"], strict=True):
        near = np.flatnonzero(there @ v > np.cos(np.radians(1)))
        years = epoch - right["epoch"].to_numpy()[near]
        then = there[near] + rate[near] * years[:, None]
        then /= np.linalg.norm(then, axis=1)[:, None]
        sep = np.degrees(2 * np.arcsin(np.minimum(np.linalg.norm(then - v, axis=1) / 2, 1))) * 3600
        limit = rule.radius_arcsec + np.where(moves[near], 0.0, rule.allowance_masyr * np.abs(years) / 1000)
        if rule.sigmas:
            limit = np.fmin(limit, rule.sigmas * np.sqrt(own + variance[1][near]))
        ids = right["id"].to_numpy()[near]
        border |= {(key, int(r)) for r in ids[np.abs(sep - limit) < 1e-6]}
        sure |= {(key, int(r)) for r in ids[sep <= limit]}
    return sure, border


def by_kernel(left: pd.DataFrame, right: pd.DataFrame, rule: Rule) -> pd.DataFrame:
    place = [np.ascontiguousarray(s[["x", "y", "z"]].to_numpy()) for s in (left, right)]
    variance = [(s[list(ERRORS)] ** 2).sum(axis=1, skipna=False).to_numpy() / 2 for s in (left, right)]
    motion = Motion(*[np.ascontiguousarray(right[c].to_numpy()) for c in Motion._fields])
    ids = [s["id"].to_numpy() for s in (left, right)]
    epoch = left["epoch"].to_numpy() if rule.is_late else np.empty(0)
    found = kernel.ranked(
        Left(ids[0], place[0], epoch, variance[0]),
        there := right_side(ids[1], place[1], rule, motion, False, variance[1]),
        rule,
    )
    columns = {"left_id": ids[0][found.left], "right_id": there.id[found.right], "rank": found.rank}
    return pd.DataFrame(columns | {"n_neighbours": found.n_neighbours})


@settings(max_examples=2, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**32),
    radius=st.sampled_from([0.01, 3.0, 60.0]),
    allowance=st.sampled_from([0.0, 200.0]),
    sigmas=st.sampled_from([0.0, 3.0]),
    epochs=st.sampled_from([(2010.5,), (2000.0, 2016.0)]),
)
def test_all_engines_agree_with_brute_force(
    as_positions: Any, seed: int, radius: float, allowance: float, sigmas: float, epochs: tuple[float, ...]
) -> None:
    rng = np.random.default_rng(seed)
    left, right = side(rng, 0, epochs, moves=False), side(rng, 10**6, (1999.5, 2016.0), moves=True)
    rule = Rule(radius, min(epochs), max(epochs), 5.0, allowance, sigmas)
    sure, border = brute(left, right, rule)
    variance = "(ra_error_arcsec * ra_error_arcsec + dec_error_arcsec * dec_error_arcsec) / 2 AS variance_arcsec2"
    frames = [as_positions(s).selectExpr("*", variance) for s in (left, right)]
    here = frames[0].select("id", "x", "y", "z", "epoch", "variance_arcsec2")
    g = Geometry(sql.cell_arcsec(1e-4, 1e-4, radius + 450.0), allowance, sigmas, True)  # 50 arcsec / yr for 8 yr
    answers = {"tiles": by_kernel(left, right, rule)}
    for name, engine in (("sql", sql), ("sedona", sedona)):
        pairs = engine.pairs(here, [Right("r", frames[1], radius, 5.0)], Epochs(min(epochs), max(epochs)), g)
        answers[name] = choice.ranked(pairs, []).toPandas()
    key = ["left_id", "right_id"]
    first = answers["tiles"].sort_values(key).reset_index(drop=True)
    for name, found in answers.items():
        assert set(map(tuple, found[key].to_numpy().tolist())) ^ sure <= border, name
        same = found.sort_values(key).reset_index(drop=True)[first.columns].astype("int64")
        pd.testing.assert_frame_equal(same, first.astype("int64"))
    assert len(first) > 1000


def small_sky(file: Path) -> pd.DataFrame:
    """One of LSDB's lists as a positions table."""
    rows = pd.read_csv(file)
    return (
        table(rows["ra"].to_numpy(), rows["dec"].to_numpy()).assign(id=rows["id"]).assign(**dict.fromkeys(ERRORS, 0.1))
    )


@pytest.mark.parametrize(("radius_deg", "answer"), [(0.01, "xmatch_correct"), (0.005, "xmatch_correct_0_005")])
def test_the_pairs_that_lsdb_expects(as_positions: Any, real: Path, radius_deg: float, answer: str) -> None:
    raw = real / "hats" / "raw"
    want = pd.read_csv(raw / "xmatch_expected" / f"{answer}.csv").sort_values("ss_id")
    left, right = small_sky(raw / "small_sky/small_sky.csv"), small_sky(raw / "xmatch/small_sky_xmatch.csv")
    rule = Rule(3600 * radius_deg, 2010.0, 2010.0)
    answers = [by_kernel(left, right, rule).query("rank == 1")]
    here, there = as_positions(left).select("id", "x", "y", "z", "epoch"), as_positions(right)
    for engine in (sql, sedona):
        pairs = engine.pairs(
            here, [Right("r", there, rule.radius_arcsec, 5.0)], Epochs(2010.0, 2010.0), Geometry(300.0)
        )
        answers.append(choice.nearest(pairs, []).toPandas())
    for found in answers:
        rows = found.sort_values("left_id")
        assert rows[["left_id", "right_id"]].to_numpy().tolist() == want[["ss_id", "xmatch_id"]].to_numpy().tolist()
    assert rows["sep_arcsec"].to_numpy() == pytest.approx(3600 * want["dist"].to_numpy(), rel=1e-6)
