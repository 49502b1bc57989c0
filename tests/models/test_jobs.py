"""The jobs of models, one after the other, on the small mock sky: from labels to the ranked list and its view."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import functions as F

from tasni_spark.core.errors import ContractError, QualityError
from tasni_spark.core.work import Inputs
from tasni_spark.explore import name_all
from tasni_spark.models import clusters
from tasni_spark.models.standings import with_ranks
from tasni_spark.report.facts import MAP_ORDER, Facts, ReportConfig
from tasni_spark.report.page import render
from tasni_spark.report.ranked import ranked
from tasni_spark.tables.features import FEATURES

pytestmark = pytest.mark.spark
SMALL = {"lightgbm_trees": 40, "xgboost_trees": 30, "isolation_trees": 60, "n_features": 24, "bags": 3}
SMALL |= {"rows_per_class": 2_000}
SUPERVISED = ["lightgbm", "xgboost", "pu_bagging"]
OUTLIERS = ["isolation_forest", "isolation_arrays"]
MODELS = [*SUPERVISED, *OUTLIERS]


@pytest.fixture(scope="module")
def trained(demo_lake: Any, job: Callable[..., Any], features: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Records of all jobs up to the list."""
    return {
        "labels": job("labels", demo_lake, planted_share=0.6),
        "splits": job("splits", demo_lake, folds=2, background_rows=6_000),
        "feature_audit": job("feature_audit", demo_lake),
        "training": job("training", demo_lake, models=MODELS, **SMALL),
        "scores": job("scores", demo_lake),
        "standings": job("standings", demo_lake, top=2_000),
    }


def table(lake: Any, name: str) -> pd.DataFrame:
    return lake.read(lake.ref(name)).toPandas()


def test_every_job_ends_and_the_audit_accepts(trained: dict[str, dict[str, Any]], demo_lake: Any) -> None:
    assert {n: r["exit_code"] for n, r in trained.items()} == dict.fromkeys(trained, 0)
    assert "ACCEPTED" in trained["feature_audit"]["facts"]["verdict"]
    audited = table(demo_lake, "feature_audit")
    assert set(audited["feature"]) <= set(FEATURES)
    assert (audited["ground"] == "").all()
    assert (audited["n"] >= audited["n_positive"]).all()


def test_scores_out_of_fold_come_from_other_blocks(trained: dict[str, Any], demo_lake: Any) -> None:
    told = table(demo_lake, "out_of_fold")
    split = table(demo_lake, "splits")
    assert set(told["model"]) == set(MODELS)
    assert len(told) == len(split) * len(MODELS)
    own = told.merge(split[["id", "fold"]], on="id", suffixes=("", "_split"))
    assert (own["fold"] == own["fold_split"]).all()
    supervised = told[told["model"].isin(SUPERVISED)]
    assert supervised["probability"].between(0, 1).all()


def test_fallbacks_without_jars_are_as_good(trained: dict[str, Any], demo_lake: Any) -> None:
    found = table(demo_lake, "model_measures").query("measure == 'average_precision'").set_index("model")
    best = {m: (row["value"], row["low"], row["high"]) for m, row in found.iterrows()}
    assert best["lightgbm"][0] > 0.7
    for jar, plain in (("lightgbm", "xgboost"), ("isolation_forest", "isolation_arrays")):
        assert best[plain][2] > best[jar][1], (jar, plain, best)
        assert best[jar][2] > best[plain][1], (jar, plain, best)


def test_the_list_finds_what_was_planted_and_trained_nothing(trained: dict[str, Any], demo_lake: Any) -> None:
    listed = table(demo_lake, "standings").sort_values("position")
    assert listed["position"].tolist() == list(range(1, 2_001))
    assert (listed["borda"].diff().dropna() <= 0).all()
    assert (listed["expected_false_positives"].diff().dropna() >= 0).all()
    truth = table(demo_lake, "mock_truth")[["id", "class"]]
    new = truth.merge(table(demo_lake, "splits").query("label.notna()")[["id"]], how="left", indicator=True)
    sought = set(new[(new["class"] == "cold_dwarf") & (new["_merge"] == "left_only")]["id"])
    assert len(sought) > 3
    found = listed[listed["id"].isin(sought) & listed["trained_as"].isna()]
    assert (found["position"] <= 500).sum() > 0.5 * len(sought)
    assert listed["reasons"].str.len().max() == 5
    assert not any("catwise2020" in v for v in listed["vetoes"])
    assert name_all(demo_lake) == []
    assert demo_lake.spark.table("v_ranked").where("position <= 20").count() == 20


def test_the_report_tells_of_the_list(trained: dict[str, Any], demo_lake: Any) -> None:
    names = ["standings", "model_measures", "feature_audit", "splits", "mock_truth", "allwise"]
    told = ranked(Inputs.latest(demo_lake, names), "allwise", "mock_truth", "cold_dwarf")
    facts = Facts([], {}, {}, [], {}, np.ones(12 * 4**MAP_ORDER, np.int64), ranked=told)
    text = re.sub(r"<[^>]+>|\s+", " ", render(facts, ReportConfig(), "run").partition("What models rank highest")[2])
    assert f"{len(MODELS)} models of cold_dwarf and of what is usual rank every source" in text
    assert "The audit refuses none of" in text
    assert "planted cold_dwarf among the rest" in text


def test_ranks_do_not_depend_on_partitions_nor_on_the_run(
    trained: dict[str, Any], demo_lake: Any, job: Callable[..., Any]
) -> None:
    scores = demo_lake.read(demo_lake.ref("scores"))
    found = [
        with_ranks(scores.repartition(n), MODELS).select("id", "borda").orderBy("id").toPandas() for n in (1, 2, 8)
    ]
    assert all(found[0].equals(f) for f in found[1:])
    before = table(demo_lake, "standings").sort_values("position", ignore_index=True)
    job("standings", demo_lake, top=2_000)
    after = table(demo_lake, "standings").sort_values("position", ignore_index=True)
    pd.testing.assert_frame_equal(before, after)


def test_an_artefact_that_was_touched_does_not_score(
    trained: dict[str, Any], demo_lake: Any, job: Callable[..., Any]
) -> None:
    model_id = trained["training"]["facts"]["lightgbm"].split()[-1]
    artefact = Path(demo_lake.root) / "_ops" / "models" / model_id / "artefact" / "model.txt"
    whole = artefact.read_bytes()
    artefact.write_bytes(whole.replace(b"leaf_value=", b"leaf_value=9", 1))
    try:
        with pytest.raises(ContractError, match="not that of the manifest"):
            job("scores", demo_lake)
    finally:
        artefact.write_bytes(whole)


def test_light_curves_of_the_labelled_sources_only_stop_the_training(
    trained: dict[str, Any], demo_lake: Any, job: Callable[..., Any]
) -> None:
    """The failure that this search is known for: here its features are made so, and the trainer must refuse."""
    ref = demo_lake.ref("features")
    version = demo_lake.version(ref)
    curves = next(n for n, f in FEATURES.items() if f.group == "variability" and f.role == "feature")
    labelled = demo_lake.read(demo_lake.ref("splits")).where("label IS NOT NULL").select("id", F.lit(True).alias("_l"))
    rows = demo_lake.read(ref)
    spoiled = (
        rows.join(labelled, "id", "left").withColumn(curves, F.when(F.col("_l"), F.rand(3).cast("float"))).drop("_l")
    )
    try:
        spoiled.select(*rows.columns).write.format("delta").mode("overwrite").save(f"{demo_lake.root}/features")
        with pytest.raises(QualityError, match=f"{curves}: whether it is missing tells labelled rows from the others"):
            job("training", demo_lake, groups=["variability"], models=["pu_bagging"], **SMALL)
    finally:
        demo_lake.spark.sql(f"RESTORE TABLE delta.`{demo_lake.root}/features` TO VERSION AS OF {version}")


def test_groups_of_the_sample_say_what_they_are_worth(
    trained: dict[str, Any], demo_lake: Any, job: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clusters, "placed", lambda x, n, _: x[:, :n].astype(float))  # maps are tested without a lake
    record = job("clusters", demo_lake, rows=900, components=3, least=15, draws=1)
    assert record["exit_code"] == 0
    sources, told = table(demo_lake, "clustered"), table(demo_lake, "clusters").set_index("cluster")
    assert len(sources) == 900 == told["n"].sum()
    assert sources["id"].is_unique
    groups = told[told.index >= 0]
    assert len(groups) > 0
    assert groups["stability"].between(0, 1).all()
    steady = groups["stability"] > groups["greatest_by_chance"].clip(lower=0.6)
    assert (groups["is_group"] == steady).all()


def test_calibration_is_never_fitted_on(trained: dict[str, Any], demo_lake: Any) -> None:
    split = table(demo_lake, "splits")
    assert not (split["is_calibration"] & split["label"].notna()).any()
    listed = table(demo_lake, "standings")
    assert (listed["n_calibration"].dropna() <= split["is_calibration"].sum()).all()
    assert np.isfinite(listed["q_outlier"].dropna()).all()
