"""Known T6 to Y dwarfs as CatWISE measured them, beside a mock sky observed like CatWISE: what a model says of those
in blocks that it has not seen. One catalogue, one depth: W1, W2 and motion, and nothing that one side alone has."""

from __future__ import annotations

from pathlib import Path

import cdshealpix
import numpy as np
import pandas as pd
import pytest
from astropy import units as u
from astropy.coordinates import Latitude, Longitude

from tasni_spark.models.audit.rules import AuditConfig, Sample
from tasni_spark.models.audit.verdict import audit
from tasni_spark.models.fit import FitConfig, fit
from tasni_spark.models.sample import Rows
from tasni_spark.models.splits import BLOCK_ORDER, dealt, rings

pytestmark = pytest.mark.spark
NAMES = ("w2", "w1_w2", "motion_sigma", "reduced_w2")
FOLDS = 5
TYPES = {"T6-T7": (16, 18), "T8-T9": (18, 20), "Y": (20, 30)}


def observed(table: pd.DataFrame) -> pd.DataFrame:
    """What a model may see of rows with w1, w2, pmra, pmdec, e_pm, in mag and mas / yr."""
    motion = np.hypot(table["pmra"], table["pmdec"])
    made = {"w2": table["w2"], "w1_w2": table["w1"] - table["w2"], "motion_sigma": np.log10(motion / table["e_pm"])}
    return pd.DataFrame(made | {"reduced_w2": table["w2"] + 5 * np.log10(motion / 1000) + 5})


@pytest.fixture(scope="module")
def sky(mock_sky: Path) -> pd.DataFrame:
    """Sources of the mock sky that are no cold dwarfs, as the mock CatWISE2020 lists them."""
    files = sorted((mock_sky / "catwise2020").rglob("*.parquet"))
    names = ["ra", "dec", "w1mpro_pm", "w1sigmpro_pm", "w2mpro_pm", "w2sigmpro_pm", "pmra", "pmdec", "sigpmra"]
    rows = pd.concat([pd.read_parquet(f, columns=names) for f in files], ignore_index=True)
    rows = rows[rows["w1sigmpro_pm"].notna() & rows["w2sigmpro_pm"].notna()].reset_index(drop=True)
    rows = rows.rename(columns={"w1mpro_pm": "w1", "w2mpro_pm": "w2"})
    return rows.assign(pmra=1000 * rows["pmra"], pmdec=1000 * rows["pmdec"], e_pm=1000 * rows["sigpmra"])


@pytest.fixture(scope="module")
def dwarfs(real: Path, sky: pd.DataFrame) -> pd.DataFrame:
    """Dwarfs with W1 and W2 of CatWISE2020 and their motion, which is measured anew with CatWISE's error at that W2."""
    rows = pd.read_csv(real / "brown_dwarfs" / "known_T6_Y_dwarfs.csv")
    of_catwise = (rows["w1_ref"] == "Maro21") & (rows["w2_ref"] == "Maro21") & (rows["w1_limit"] == 0)
    rows = rows[of_catwise & rows["pmra_masyr"].notna()].reset_index(drop=True)
    bins = np.arange(8, 18, 0.5)
    usual = sky.groupby(np.digitize(sky["w2"], bins))["e_pm"].median()
    error = np.interp(np.digitize(rows["w2"], bins), usual.index, usual)
    noise = np.random.default_rng(13).normal(size=(2, len(rows))) * error
    return pd.DataFrame(
        {
            "ra": rows["ra_deg"],
            "dec": rows["dec_deg"],
            "w1": rows["w1"],
            "w2": rows["w2"],
            "pmra": rows["pmra_masyr"] + noise[0],
            "pmdec": rows["pmdec_masyr"] + noise[1],
            "e_pm": error,
            "spt_num": rows["spt_num"],
        }
    )


@pytest.fixture(scope="module")
def rows(sky: pd.DataFrame, dwarfs: pd.DataFrame) -> Rows:
    """Both, with folds of blocks and rings between them."""
    both = pd.concat([dwarfs, sky], ignore_index=True)
    values = observed(both).to_numpy(np.float32)
    place = Longitude(both["ra"].to_numpy(), u.deg), Latitude(both["dec"].to_numpy(), u.deg)
    block = cdshealpix.nested.lonlat_to_healpix(*place, np.uint8(BLOCK_ORDER)).astype(np.int64)
    fold_of = dealt(dict(zip(*np.unique(block, return_counts=True), strict=True)), FOLDS, 1)
    near = rings(fold_of)
    buffers = np.array([[k in near[b] for k in range(FOLDS)] for b in block])
    n, ones = len(both), np.arange(len(both))
    label = (ones < len(dwarfs)).astype(float)
    return Rows(
        NAMES,
        values,
        label,
        np.array([fold_of[b] for b in block]),
        buffers,
        block,
        ones,
        ones,
        block,
        np.zeros(n, np.int64),
        np.zeros(n, bool),
        both["ra"].to_numpy(),
        both["dec"].to_numpy(),
    )


def test_the_audit_has_nothing_against_it(rows: Rows) -> None:
    a, d = np.radians(rows.ra), np.radians(rows.dec)
    xyz = np.stack([np.cos(a) * np.cos(d), np.sin(a) * np.cos(d), np.sin(d)], 1)
    assert audit(Sample(NAMES, rows.values, rows.label, rows.block, rows.identity, xyz), AuditConfig()).grounds == ()


def test_dwarfs_in_blocks_not_seen_rank_high_whatever_their_type(rows: Rows, dwarfs: pd.DataFrame) -> None:
    fitted = fit("xgboost", rows, FitConfig(xgboost_trees=200), None)
    usual = np.sort(fitted.score[len(dwarfs) :])
    percentile = 100 * np.searchsorted(usual, fitted.score[: len(dwarfs)]) / len(usual)
    told = {}
    for name, (low, high) in TYPES.items():
        mine = percentile[dwarfs["spt_num"].between(low, high, inclusive="left")]
        told[name] = (len(mine), *np.round(np.percentile(mine, [10, 50]), 2))
    print(f"\n{len(dwarfs)} dwarfs, {len(usual):,} mock sources; type: number, 10th and 50th percentile: {told}")
    assert all(n >= 8 for n, _, _ in told.values()), told
    assert all(median > 99.5 for _, _, median in told.values()), told
    assert all(tenth > 95 for _, tenth, _ in told.values()), told
