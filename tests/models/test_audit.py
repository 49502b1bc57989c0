"""The audit against leaks planted one by one in a clean table, and against real catalogues put together carelessly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from tasni_spark.cli.main import main
from tasni_spark.core.errors import DataError
from tasni_spark.models.audit.rules import AuditConfig, Sample
from tasni_spark.models.audit.verdict import audit, told
from tasni_spark.models.measures import at_top, auc, auc_within, average_precision, of_flag, over_blocks

N, COLUMNS = 3_000, 12
CFG = AuditConfig()


@pytest.fixture(scope="module")
def clean() -> Sample:
    """Two populations that differ a little in three columns, over the whole sky, with nulls that know nothing."""
    rng = np.random.default_rng(4)
    label = (rng.random(N) < 0.3).astype(float)
    values = rng.normal(size=(N, COLUMNS)).astype(np.float32)
    values[:, :3] += 0.9 * label[:, None].astype(np.float32)
    values[rng.random((N, COLUMNS)) < 0.1] = np.nan
    label[rng.random(N) < 0.2] = np.nan
    xyz = rng.normal(size=(N, 3))
    xyz /= np.linalg.norm(xyz, axis=1)[:, None]
    block = (np.floor(xyz * 3).astype(np.int64) + 5) @ np.array([1, 20, 400])
    return Sample(tuple(f"x{k}" for k in range(COLUMNS)), values, label, block, np.arange(N), xyz)


def with_column(sample: Sample, k: int, values: np.ndarray) -> Sample:
    changed = sample.values.copy()
    changed[:, k] = values
    return replace(sample, values=changed)


def test_a_clean_table_passes(clean: Sample) -> None:
    verdict = audit(clean, CFG)
    assert verdict.grounds == ()
    assert verdict.is_accepted
    assert verdict.facts["tree_auc"] > 0.7
    assert abs(verdict.facts["shuffled_auc"] - 0.5) < 0.05
    assert "ACCEPTED" in told(verdict, "clean")


def test_a_missing_pattern_that_knows_the_label(clean: Sample) -> None:
    x = clean.values[:, 5].copy()
    x[(clean.label < 0.5) & (np.random.default_rng(1).random(N) < 0.8)] = np.nan
    leaky = with_column(clean, 5, x)
    verdict = audit(leaky, CFG)
    assert any(g.startswith("x5: whether it is missing predicts the label") for g in verdict.grounds)
    assert audit(replace(leaky, sky_nulls=frozenset({"x5"})), CFG).is_accepted, "a limit is a cause on the sky"


def test_light_curves_of_the_labelled_rows_only(clean: Sample) -> None:
    x = np.where(np.isfinite(clean.label), np.random.default_rng(2).normal(size=N), np.nan)
    verdict = audit(with_column(clean, 7, x), CFG)
    assert any(g.startswith("x7: whether it is missing tells labelled rows from the others") for g in verdict.grounds)


@pytest.mark.parametrize("how", ["one", "several", "lineage"])
def test_a_label_that_is_a_formula(clean: Sample, how: str) -> None:
    x = np.nan_to_num(clean.values.astype(float))
    if how == "one":
        leaky = replace(clean, label=(x[:, 4] > 0.8).astype(float))
        expected = "x4: alone it separates the classes"
    elif how == "several":
        full = replace(clean, values=x.astype(np.float32))
        leaky = replace(full, label=((x[:, 8] > 0.3) & (x[:, 9] < 0.5)).astype(float))
        expected = "three questions give the label away"
    else:
        leaky = replace(clean, inputs={"x6": ("allwise.w1mpro",)}, rule_inputs=frozenset({"allwise.w1mpro"}))
        expected = "x6: it is computed from allwise.w1mpro"
    assert any(g.startswith(expected) for g in audit(leaky, CFG).grounds)


def test_an_object_in_two_folds(clean: Sample) -> None:
    copies = np.flatnonzero(np.isfinite(clean.label))[:60]
    rows = np.r_[np.arange(N), copies]
    twice = Sample(
        clean.names,
        clean.values[rows],
        clean.label[rows],
        np.r_[clean.block, clean.block[copies] + 9],
        clean.identity[rows],
        clean.xyz[rows],
    )
    assert any("an id is repeated" in g for g in audit(twice, CFG).grounds)
    renamed = audit(replace(twice, identity=np.arange(len(rows))), CFG)
    assert any("have an equal twin in another fold" in g for g in renamed.grounds)


def test_a_label_that_is_a_place(clean: Sample) -> None:
    north = replace(clean, label=np.where(np.isnan(clean.label), np.nan, (clean.xyz[:, 2] > 0.2).astype(float)))
    assert any(g.startswith("the position alone predicts the label") for g in audit(north, CFG).grounds)
    share = 1 / (1 + np.exp(-4 * clean.xyz[:, 2]))
    mostly = replace(clean, label=(np.random.default_rng(3).random(N) < share).astype(float))
    by_block = {b: clean.xyz[clean.block == b, 2].mean() for b in np.unique(clean.block)}
    latitude = np.array([by_block[b] for b in clean.block]) + 1e-3 * np.random.default_rng(4).normal(size=N)
    assert any(g.startswith("x3: it tells over the sky") for g in audit(with_column(mostly, 3, latitude), CFG).grounds)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda s: replace(s, label=np.where(np.isnan(s.label), np.nan, 1.0)), "one class only"),
        (lambda s: with_column(s, 0, np.full(N, np.inf)), "infinite values in x0"),
        (lambda s: replace(s, label=(np.arange(N) < 4).astype(float)), "4 positive and 2996 negative rows"),
    ],
)
def test_what_cannot_be_audited(clean: Sample, spoil: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        audit(spoil(clean), CFG)  # type: ignore[operator]


def test_measures_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(5)
    y = rng.random(500) < 0.1
    score = np.round(rng.normal(size=500) + y, 1)
    assert auc(score, y) == pytest.approx(roc_auc_score(y, score), abs=1e-12)
    assert average_precision(score, y) == pytest.approx(average_precision_score(y, score), abs=1e-12)
    for flag in (y | (rng.random(500) < 0.2), rng.random(500) < 0.3, np.zeros(500, bool), np.ones(500, bool)):
        want = (auc(flag.astype(float), y), average_precision(flag.astype(float), y))
        assert of_flag(flag, y) == pytest.approx(want, abs=1e-12)
    block = rng.integers(0, 20, 500)
    pairs = [(y[block == b].sum() * (~y[block == b]).sum(), auc(score[block == b], y[block == b])) for b in range(20)]
    want = sum(w * a for w, a in pairs if w) / sum(w for w, _ in pairs)
    assert auc_within(score, y, block) == pytest.approx(want, abs=1e-12)
    precision, recall = at_top(score, y, 50)
    assert (precision * 50, recall * y.sum()) == pytest.approx((y[np.argsort(-score, kind="stable")[:50]].sum(),) * 2)
    interval = over_blocks(auc, score, y, block)
    assert interval.low < interval.value < interval.high


def test_the_command_refuses_and_says_why(clean: Sample, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = pd.DataFrame(clean.values, columns=list(clean.names)).assign(dwarf=clean.label)
    table.to_parquet(tmp_path / "clean.parquet")
    assert main(["audit", str(tmp_path / "clean.parquet"), "--label", "dwarf"]) == 0
    table.assign(curve=np.where(table["dwarf"] == 1, 1.5, np.nan)).to_parquet(tmp_path / "bad.parquet")
    assert main(["audit", str(tmp_path / "bad.parquet"), "--label", "dwarf"]) == 4
    out = capsys.readouterr()
    assert "REFUSED, on" in out.out
    assert "curve: whether it is missing predicts the label" in out.out
    assert main(["audit", str(tmp_path / "bad.parquet"), "--label", "dwarfs"]) == 2
    assert "did you mean 'dwarf'?" in capsys.readouterr().err


def test_two_real_catalogues_put_together_are_refused(
    real: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The 4,137 AllWISE sources of the first edition beside the 578 known T6 to Y dwarfs, by common names."""
    sources = pd.read_parquet(real / "wise" / "allwise_tier5.parquet")
    dwarfs = pd.read_csv(real / "brown_dwarfs" / "known_T6_Y_dwarfs.csv")
    names = {
        "w1": "w1mpro",
        "e_w1": "w1sigmpro",
        "w2": "w2mpro",
        "e_w2": "w2sigmpro",
        "w3": "w3mpro",
        "e_w3": "w3sigmpro",
    }
    dwarfs = dwarfs.rename(
        columns={**names, "ra_deg": "ra", "dec_deg": "dec", "pmra_masyr": "pmra", "pmdec_masyr": "pmdec"}
    )
    both = pd.concat([sources.assign(is_dwarf=0), dwarfs.assign(is_dwarf=1)], ignore_index=True)
    both = both.select_dtypes("number")
    both.to_parquet(tmp_path / "union.parquet")
    assert main(["audit", str(tmp_path / "union.parquet"), "--label", "is_dwarf"]) == 4
    assert "whether it is missing predicts the label" in capsys.readouterr().out
