"""Cold dwarfs have the scatter of the known ones."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tasni_spark import demo
from tasni_spark.demo.dwarfs import cold_dwarfs

pytestmark = pytest.mark.slow

TABLE = pd.read_csv(Path(demo.__file__).with_name("dwarfs.csv"), comment="#").set_index("bin")


@pytest.fixture(scope="module")
def drawn() -> pd.DataFrame:
    dwarfs = pd.DataFrame(cold_dwarfs(np.full(200_000, 15.5), np.random.default_rng(5)))
    dwarfs["m_w2"] = dwarfs["w2"] - 5 * np.log10(dwarfs["distance_pc"] / 10)
    dwarfs["w1_w2"], dwarfs["w2_w3"] = dwarfs["w1"] - dwarfs["w2"], dwarfs["w2"] - dwarfs["w3"]
    edges = [*TABLE["spt_min"], 99]
    dwarfs["bin"] = pd.cut(dwarfs["spt_num"], edges, right=False, labels=list(TABLE.index))
    return dwarfs


def test_means_and_covariances_are_those_of_the_table(drawn):
    for name, group in drawn.groupby("bin", observed=True):
        want = TABLE.loc[name]
        found = group[["m_w2", "w1_w2", "w2_w3"]]
        assert found.mean().to_numpy() == pytest.approx(want[["m_w2", "w1_w2", "w2_w3"]].to_numpy(float), abs=0.03)
        upper = found.cov().to_numpy()[np.triu_indices(3)]
        names = ["cov_mm", "cov_mc", "cov_ms", "cov_cc", "cov_cs", "cov_ss"]
        assert upper == pytest.approx(want[names].to_numpy(float), abs=0.02)
        assert len(group) / len(drawn) == pytest.approx(want["share"], abs=0.01)


def test_the_table_agrees_with_the_known_dwarfs(real):
    """Plain means of the measured colours; the table has the limits in, and the errors out."""
    known = pd.read_csv(real / "brown_dwarfs" / "known_T6_Y_dwarfs.csv")
    known = known[(known["w1_limit"] == 0) & (known["spt_num"] < 20)]
    for name in ("T6", "T7", "T8", "T9"):
        row = TABLE.loc[name]
        colour = (known["w1"] - known["w2"])[known["spt_num"].between(row["spt_min"], row["spt_max"])]
        assert row["w1_w2"] == pytest.approx(colour.mean(), abs=0.1)
        assert np.sqrt(row["cov_cc"]) == pytest.approx(colour.std(), abs=0.1)


def test_dwarfs_fill_the_volume_evenly(drawn):
    share = (drawn["distance_pc"] / 10 ** ((15.5 - drawn["m_w2"] + 5) / 5)) ** 3
    assert np.histogram(share, 10, (0, 1))[0] / len(drawn) == pytest.approx(0.1, abs=0.005)


def test_speeds_are_those_of_the_solar_neighbourhood(drawn):
    speed = 4.74047 * np.hypot(drawn["pmra"], drawn["pmdec"]) / 1000 * drawn["distance_pc"]
    assert speed.mean() == pytest.approx(30 * np.sqrt(np.pi / 2), rel=0.01)
    assert (drawn["parallax"] * drawn["distance_pc"]).to_numpy() == pytest.approx(1000)


def test_y_dwarfs_have_no_optical_light_and_t_dwarfs_little(drawn):
    is_y = drawn["spt_num"] >= 20
    assert np.isinf(drawn.loc[is_y, ["G", "z", "y"]]).all(axis=None)
    assert np.isfinite(drawn.loc[~is_y, "y"]).all()
    assert (drawn["J"] < 15.8)[is_y].mean() < 0.002
    assert 0 < (drawn["J"] < 15.8)[~is_y].mean() < 0.1
