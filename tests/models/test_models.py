"""Kinds of models, folds, calibration, error rates and the registry, on arrays: no JVM."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kstest
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score

from tasni_spark.core.errors import ContractError, DataError
from tasni_spark.core.files import Folder
from tasni_spark.models import registry, splits, trees
from tasni_spark.models.arrays import _score_pca
from tasni_spark.models.boosters import _taken
from tasni_spark.models.card import card
from tasni_spark.models.errors import calibration, p_values, q_of
from tasni_spark.models.fit import FitConfig, calibrated, chosen, fit, scores
from tasni_spark.models.learners import LEARNERS
from tasni_spark.models.measures import class_prior, over_blocks
from tasni_spark.models.sample import Rows, wanted
from tasni_spark.tables.features import FEATURES
from tasni_spark.tables.models import MODELS
from tests.models.conftest import COLUMNS, N

pytestmark = pytest.mark.slow

CFG = FitConfig(xgboost_trees=40, bags=4, components=60, isolation_trees=60, n_features=6, least_isotonic=100)
ARRAYS = [m for m, kind in LEARNERS.items() if not kind.fit.__module__.endswith(".frames")]


def test_every_kind_is_declared() -> None:
    assert list(LEARNERS) == list(MODELS)


@pytest.mark.parametrize("model", ARRAYS)
def test_a_model_learns_is_stored_and_says_the_same(model: str, rows: Rows, tmp_path: Path) -> None:
    fitted = fit(model, rows, CFG, None)
    labelled = rows.has_label
    want = average_precision_score(rows.label[labelled] > 0.5, fitted.score[labelled])
    assert fitted.measures["average_precision"].value == pytest.approx(want, abs=1e-9)
    low, high = fitted.measures["average_precision"][1:]
    assert low < want < high
    least = 0.6 if not LEARNERS[model].is_outlier else 0.05 if model == "pca_residual" else 0.15
    assert want > least, "prevalence is 0.08; of independent columns components leave nothing that tells"
    assert np.array_equal(fit(model, rows, CFG, None).score, fitted.score), "fitted twice"
    t = fitted.trained
    about = {
        "seed": 1,
        "reads": {"features": 3},
        "n_positive": 1,
        "n_negative": 1,
        "n_unlabelled": 1,
        "folds": {"1": 0},
    }
    about |= {"measures": {n: list(i) for n, i in fitted.measures.items()}}
    kept = replace(t, about=about)
    home = Folder.at(str(tmp_path))
    model_id = registry.save(kept, home, "allwise", "cold_dwarf", card(kept, "allwise", "cold_dwarf"))
    assert registry.save(kept, home, "allwise", "cold_dwarf", "") == model_id
    again = registry.load(home, model_id, None)
    x = rows.only(t.names).values
    assert np.allclose(scores(again, x, None), scores(t, x, None), rtol=1e-6, atol=1e-9)
    assert not list(tmp_path.rglob("*.pkl"))
    artefact = next((tmp_path / model_id / "artefact").iterdir())
    artefact.write_bytes(artefact.read_bytes() + b" ")
    with pytest.raises(ContractError, match="its artefact is not that of the manifest"):
        registry.load(home, model_id, None)


def test_a_model_of_another_dictionary_is_refused(rows: Rows, tmp_path: Path) -> None:
    t = fit("robust_distance", rows, CFG, None).trained
    home = Folder.at(str(tmp_path))
    model_id = registry.save(t, home, "allwise", "cold_dwarf", "card")
    manifest = tmp_path / model_id / "manifest.json"
    whole = json.loads(manifest.read_text())
    for change, message in (
        ({"dictionary": "of old"}, "trained on feature dictionary of old"),
        ({"layout": None}, "stored by another edition"),
    ):
        manifest.write_text(json.dumps(whole | change))
        with pytest.raises(ContractError, match=message):
            registry.load(home, model_id, None)
    with pytest.raises(DataError, match="not in the registry"):
        registry.load(home, "nobody", None)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda r: replace(r, label=np.where(r.has_label, 1.0, np.nan)), "one class only"),
        (
            lambda r: replace(r, values=np.where(np.arange(COLUMNS) == 2, np.inf, r.values).astype(np.float32)),
            "infinite",
        ),
        (lambda r: replace(r, values=np.where(np.arange(COLUMNS) == 2, 1, r.values).astype(np.float32)), "constant"),
        (lambda r: replace(r, label=np.where(np.arange(N) < 2, 1.0, 0.0)), "folds without one"),
    ],
)
def test_bad_rows_are_refused(spoil: object, message: str, rows: Rows) -> None:
    with pytest.raises(DataError, match=message):
        fit("xgboost", spoil(rows), CFG, None)  # type: ignore[operator]
    with pytest.raises(ContractError, match="no nothing"):
        rows.only(["nothing"])


def test_no_row_trains_for_its_fold_or_beside_it(rows: Rows) -> None:
    for k in rows.folds:
        used = np.unique(rows.block[rows.trains(k)])
        tested = np.unique(rows.block[rows.fold == k])
        assert np.abs(used[:, None] - tested[None, :]).min() == 2


def test_patches_are_dealt_whole_and_rings_lie_between() -> None:
    cells = {b: 1 + b % 7 for b in range(12 * 4**splits.BLOCK_ORDER)}
    fold = splits.dealt(cells, 5, 1)
    assert len({(b >> 4, f) for b, f in fold.items()}) == 48
    load = [sum(cells[b] for b in cells if fold[b] == k) for k in range(5)]
    assert max(load) < 1.2 * min(load)
    near = splits.rings(fold)
    clear = [sum(k != fold[b] and k not in near[b] for b in fold) / len(fold) for k in range(5)]
    assert min(clear) > 0.5, "a ring that costs most of the training rows is none"
    with pytest.raises(DataError, match="lower folds"):
        splits.dealt({0: 5, 1: 5}, 2, 1)


def test_features_are_chosen_on_training_rows(rows: Rows) -> None:
    which = rows.has_label
    names = chosen(rows, which, rows.label[which], np.ones(which.sum()), replace(CFG, n_features=3))
    assert set(names) == set(rows.names[:3])


@pytest.mark.parametrize("least", [10, 10_000])
def test_probabilities_are_calibrated(least: int) -> None:
    rng = np.random.default_rng(7)
    truth = rng.normal(-1, 1.5, 20_000)
    y = (rng.random(20_000) < 1 / (1 + np.exp(-truth))).astype(float)
    knots = calibrated(3 * truth + 1, y, np.arange(20_000) < 10_000, replace(CFG, least_isotonic=least))
    p = np.interp(3 * truth[10_000:] + 1, knots["x"], knots["y"])
    for low in np.arange(0, 1, 0.2):
        here = (p >= low) & (p < low + 0.2)
        assert y[10_000:][here].mean() == pytest.approx(p[here].mean(), abs=0.05)


def test_the_forest_in_arrays_is_that_of_scikit_learn() -> None:
    x = np.random.default_rng(8).normal(size=(1_500, 5)).astype(np.float32)
    x[:20] *= 6
    mine = trees.strangeness(trees.grown(x, 50, 128, 3), x)
    theirs = -IsolationForest(n_estimators=50, max_samples=128, random_state=3).fit(x).score_samples(x)
    assert np.allclose(mine, theirs, rtol=1e-9)


@pytest.mark.parametrize(("threshold", "kind"), [("0.1", "10"), ("0.1", "2"), ("inf", "8")])
def test_trees_of_lightgbm_split_where_it_does(threshold: str, kind: str) -> None:
    alone = "Tree=0\nnum_leaves=1\nleaf_value=0.25"
    split = f"Tree=1\nnum_leaves=2\nsplit_feature=0\nthreshold={threshold}\ndecision_type={kind}"
    text = f"tree\n\n{alone}\n\n{split}\nleft_child=-1\nright_child=-2\nleaf_value=1 2\n\nend of trees\n"
    at = np.float32(0.1)  # 0.100000001, above 0.1
    x = np.array([[at], [np.nextafter(at, np.float32(0))], [np.nan]], np.float32)
    side = {"10": (2, 1, 1), "2": (2, 1, 1), "8": (1, 1, 2)}[kind]
    assert trees.summed(trees.of_lightgbm(text), x).tolist() == [0.25 + s for s in side]
    for refused in ("1", "4"):
        with pytest.raises(ContractError, match="train it anew"):
            trees.of_lightgbm(text.replace(f"decision_type={kind}", f"decision_type={refused}"))


def test_trees_of_linkedin_send_what_equals_a_split_to_the_right() -> None:
    leaves = "ExternalNode(numInstances = 1)", "ExternalNode(numInstances = 2)"
    text = f"InternalNode(splitAttribute = 0, splitValue = 0.5, leftChild = ({leaves[0]}), rightChild = ({leaves[1]}))"
    forest = trees.of_linkedin([text], 256)
    x = np.array([[0.5], [np.nextafter(np.float32(0.5), np.float32(0))]], np.float32)
    two = 2 * np.euler_gamma - 1
    assert trees.summed(forest, x) == pytest.approx([1 + two, 1.0])
    with pytest.raises(ContractError, match="SynapseML"):
        trees.of_linkedin(["Leaf(3)"], 256)


def test_conformal_p_is_uniform_in_each_stratum_and_q_holds() -> None:
    rng = np.random.default_rng(9)
    stratum = rng.integers(0, 3, 60_000)
    score = rng.normal(size=60_000) * (1 + stratum)
    by = calibration(score[:20_000], stratum[:20_000])
    is_odd = np.zeros(40_000, bool)
    is_odd[:3_000] = True
    test, of = score[20_000:] + 12 * is_odd, stratum[20_000:]
    p = p_values(test, of, by)
    for s in range(3):
        assert kstest(p[(of == s) & ~is_odd], "uniform").pvalue > 1e-3
    levels, counts = np.unique(p, return_counts=True)
    q = q_of(levels, counts)
    qs = np.array([q[v] for v in p])
    for limit in (0.05, 0.1, 0.2):
        claimed = qs <= limit
        assert claimed.sum() > 2_000
        assert (~is_odd)[claimed].mean() <= limit + 2 * np.sqrt(limit / claimed.sum())


def test_components_leave_what_lies_off_their_plane() -> None:
    rng = np.random.default_rng(11)
    x = (rng.normal(size=(2_000, 2)) @ rng.normal(size=(2, 6)) + 0.05 * rng.normal(size=(2_000, 6))).astype(np.float32)
    odd = x + np.where(np.arange(2_000)[:, None] < 40, rng.normal(size=(2_000, 6)), 0).astype(np.float32)
    model = LEARNERS["pca_residual"].fit(x, np.empty(0), np.empty(0), np.empty(0), CFG, None)
    assert len(model["components"]) == 2
    assert average_precision_score(np.arange(2_000) < 40, _score_pca(model, odd)) > 0.9


@pytest.mark.parametrize("share", [0.02, 0.3])
def test_the_class_prior_of_the_unlabelled_is_found(share: float) -> None:
    rng = np.random.default_rng(10)
    truth = np.r_[np.ones(1_000), np.zeros(4_000), rng.random(20_000) < share]
    label = np.r_[truth[:5_000], np.full(20_000, np.nan)]
    interval = over_blocks(class_prior, rng.normal(size=25_000) + 3 * truth, label, rng.integers(0, 40, 25_000))
    assert interval.low < share < interval.high
    assert interval.high - interval.low < 0.05
    assert np.isnan(class_prior(truth, truth)), "without an unlabelled row"


def test_self_training_takes_certain_rows_and_stops(rows: Rows) -> None:
    few = replace(rows, label=np.where(rows.has_label & (np.arange(N) % 3 > 0), np.nan, rows.label))
    plain, more = (fit(m, few, replace(CFG, xgboost_trees=120), None) for m in ("xgboost", "self_training"))
    assert more.measures["average_precision"].value > plain.measures["average_precision"].value - 0.05
    assert not np.array_equal(more.score, plain.score)
    y = few.label[few.has_label]
    alone = _taken(few.values[few.has_label], y, y, few.block[few.has_label] % 3, 10, 1)
    assert np.array_equal(alone, y), "a label that is given is never changed"


def test_a_model_never_asks_for_a_stratum() -> None:
    assert all(FEATURES[n].role == "feature" for n in wanted(()))
    assert "spatial__galactic__b__deg" in wanted((), ("spatial__galactic__b__deg",))
