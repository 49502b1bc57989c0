"""The tables thermal and ranking against the kernel on the raw files, and against what was planted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tasni_spark.photometry.thermal import thermal
from tasni_spark.search.thermal import ERRORS, MAGS

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def fitted(demo_lake: Any) -> pd.DataFrame:
    return demo_lake.spark.sql("SELECT * FROM thermal WHERE survey = 'allwise'").toPandas()


def test_every_source_has_the_fits_of_its_published_photometry(fitted: pd.DataFrame, mock_sky: Path) -> None:
    files = sorted((mock_sky / "allwise").rglob("*.parquet"))
    raw = pd.concat([pd.read_parquet(f, columns=["cntr", *MAGS, *ERRORS]) for f in files], ignore_index=True)
    got = raw.merge(fitted, left_on="cntr", right_on="id", how="outer", validate="1:1")
    assert len(got) == len(raw) == len(fitted)
    want = pd.DataFrame(thermal([got[n] for n in MAGS], [got[n] for n in ERRORS]))
    for column in want:
        assert np.allclose(got[column].astype(float), want[column].astype(float), rtol=1e-12, equal_nan=True), column
    assert got["temperature_k"].notna().sum() > 15_000


def test_what_is_not_known_is_null_not_nan(demo_lake: Any) -> None:
    assert demo_lake.spark.sql("SELECT * FROM thermal WHERE isnan(temperature_k) OR isnan(dwarf_log_ratio)").isEmpty()
    assert not demo_lake.spark.sql("SELECT * FROM thermal WHERE dwarf_log_ratio IS NULL").isEmpty()


def test_the_ranking_is_in_order_and_its_price_rises(demo_lake: Any, fitted: pd.DataFrame) -> None:
    got = demo_lake.spark.sql("SELECT * FROM ranking WHERE survey = 'allwise' ORDER BY cut_set, rank").toPandas()
    kept = demo_lake.spark.sql("SELECT cut_set, id FROM candidates WHERE survey = 'allwise'").toPandas()
    assert sorted(zip(got["cut_set"], got["id"], strict=True)) == sorted(zip(kept["cut_set"], kept["id"], strict=True))
    ratio = fitted.set_index("id")["dwarf_log_ratio"]
    for _, rows in got.groupby("cut_set"):
        assert rows["rank"].tolist() == list(range(1, len(rows) + 1))
        want = rows.assign(r=ratio.loc[rows["id"]].to_numpy()).sort_values(["r", "id"], ascending=[False, True])
        assert want["id"].tolist() == rows["id"].tolist()
        assert (rows["expected_false_positives"].diff().dropna() >= 0).all()
        assert rows["recall"].between(0, 1).all()
        assert (rows["recall"].diff().dropna() >= 0).all()


def test_planted_dwarfs_stand_above_the_galaxies(demo_lake: Any, fitted: pd.DataFrame) -> None:
    """Of what is red; artefacts have any colour and are no population."""
    truth = demo_lake.spark.sql("SELECT id, class FROM mock_truth").toPandas()
    both = fitted.merge(truth, on="id").dropna(subset="dwarf_log_ratio")
    dwarfs, galaxies = (both.loc[both["class"] == c, "dwarf_log_ratio"] for c in ("cold_dwarf", "agn"))
    assert len(dwarfs) > 20
    assert len(galaxies) > 20
    assert dwarfs.median() > galaxies.quantile(0.9)


def test_known_objects_are_judged_and_have_temperatures(demo_lake: Any) -> None:
    kept = demo_lake.spark.sql(
        "SELECT c.cut_set, count(k.spt) AS n, count(*) - count(k.spt) AS other FROM candidates c "
        "JOIN known_objects k USING (id) WHERE c.survey = 'known_objects' GROUP BY c.cut_set"
    ).toPandas()
    found = kept.set_index("cut_set")
    assert found["n"].to_dict() == {"tasni_2025": 6, "tasni_2025_as_run": 0, "cold_dwarf": 23}
    assert found["other"].get("cold_dwarf") == 0
    rows = demo_lake.spark.sql(
        "SELECT k.name, t.distance_if_dwarf_pc FROM thermal t JOIN known_objects k USING (id) "
        "WHERE t.survey = 'known_objects'"
    ).toPandas()
    assert len(rows) == 27
    near = rows.set_index("name")["distance_if_dwarf_pc"]
    assert near["J143046.35-025927.8"] == pytest.approx(0.28, abs=0.01)
    assert not demo_lake.facts(demo_lake.ref("known_objects"))["is_synthetic"]


def test_flags_tell_and_do_not_cut(demo_lake: Any) -> None:
    spark = demo_lake.spark
    flagged = spark.sql("SELECT * FROM verdicts WHERE cut_set = 'cold_dwarf' AND flagged <> 0 AND failed = 0")
    assert not flagged.isEmpty()
    plane = spark.sql(
        "SELECT c.flags, abs(a.glat) AS b FROM candidates c JOIN allwise a USING (id, tile) "
        "WHERE c.cut_set = 'cold_dwarf'"
    ).toPandas()
    assert [("galactic_plane" in f) for f in plane["flags"]] == (plane["b"] <= 5).tolist()
