"""The 4,137 sources that the first edition published, against what is known of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pandas as pd
import pytest
from astropy.coordinates import SkyCoord
from pyspark.sql import functions as F

from tasni_spark.core.lake import Lake
from tasni_spark.core.work import Inputs
from tasni_spark.search import why
from tasni_spark.search.find import find
from tasni_spark.search.search import SearchConfig, galactic_columns
from tasni_spark.sky.footprint import with_observed
from tasni_spark.sky.sphere import separation_arcsec

pytestmark = pytest.mark.spark
LMC = (80.894, -69.756)


@pytest.fixture(scope="module")
def raw(real: Path) -> pd.DataFrame:
    return pd.read_parquet(real / "wise" / "allwise_tier5.parquet").set_index("designation").sort_index()


def test_rows_and_places(published: Lake, raw: pd.DataFrame) -> None:
    inputs = Inputs.latest(published, ["allwise_tier5"])
    rows = inputs.read("allwise_tier5").withColumns(galactic_columns(inputs, "allwise_tier5"))
    away = separation_arcsec(F.col("ra"), F.col("dec"), *map(F.lit, LMC)) <= 36000
    counts = rows.agg(F.count("*"), F.count_if(F.expr("abs(glat_deg) > 5")), F.count_if(away)).first()
    assert tuple(counts) == (4137, 3375, 116)
    at = SkyCoord(raw["ra"].to_numpy() * u.deg, raw["dec"].to_numpy() * u.deg)
    assert (np.abs(at.galactic.b.deg) > 5).sum() == 3375
    assert (at.separation(SkyCoord(*LMC, unit="deg")).deg <= 10).sum() == 116


def test_what_pan_starrs_and_nvss_observed(published: Lake, raw: pd.DataFrame) -> None:
    inputs = Inputs.latest(published, ["allwise_tier5", "coverage"])
    rows = inputs.read("allwise_tier5").select("designation", "hpx29")
    for survey in ("panstarrs1", "nvss"):
        rows = with_observed(rows, inputs.read("coverage"), survey, survey)
    found = rows.toPandas().set_index("designation").sort_index()
    assert (found["panstarrs1"] == raw["ps1_coverage"].astype(bool)).all()
    assert (found["panstarrs1"].sum(), found["nvss"].sum()) == (2487, 2818)
    assert (found["nvss"] == (raw["dec"] > -40)).all()


def test_why_tells_that_nobody_looked(published: Lake) -> None:
    """It was published as quiet in surveys that never pointed there; of one not loaded nothing is known."""
    inputs = Inputs.latest(published, ["tiling", "coverage", "allwise_tier5", "allwise_tier5_positions"])
    _, row = find(inputs, ["allwise_tier5"], "J060501.01-545944.5")
    _, lines = why.explain(inputs, SearchConfig("allwise_tier5"), row)["tasni_2025"]
    says = {line.cut: (line.value.partition(": ")[2], line.verdict) for line in lines if line.cut.startswith("no_")}
    assert says["no_panstarrs1"] == says["no_nvss"] == ("not observed", "unknown")
    assert says["no_gaia"] == says["no_twomass"] == ("its sources were not sought", "unknown")


def test_no_veto_of_a_survey_that_is_not_loaded(published: Lake, raw: pd.DataFrame, job: Any) -> None:
    record = job("search", published, left="allwise_tier5", cut_sets=["tasni_2025"])
    assert record["rows"]["verdicts"] == len(raw)
    flow = (
        published.read(published.ref("cutflow")).groupBy("cut").sum("n_in", "n_pass", "n_fail", "n_unknown").collect()
    )
    vetoes = {r["cut"]: tuple(r)[1:] for r in flow if r["cut"].startswith("no_")}
    assert vetoes == dict.fromkeys(("no_gaia", "no_twomass", "no_panstarrs1", "no_nvss"), (3375, 0, 0, 3375))
