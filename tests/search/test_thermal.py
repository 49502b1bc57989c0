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


def test_planted_dwarfs_stand_above_the_rest(demo_lake: Any, fitted: pd.DataFrame) -> None:
    truth = demo_lake.spark.sql("SELECT id, class FROM mock_truth").toPandas()
    both = fitted.merge(truth, on="id")
    dwarfs = both.loc[both["class"] == "cold_dwarf", "dwarf_log_ratio"].dropna()
    rest = both.loc[both["class"] != "cold_dwarf", "dwarf_log_ratio"].dropna()
    assert len(dwarfs) > 3
    assert len(rest) > 50
    assert dwarfs.median() > rest.quantile(0.95)
