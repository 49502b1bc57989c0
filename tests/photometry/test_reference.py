"""The reference lists against their sources, and what the cut sets keep of real objects, by their own SQL."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import tomllib

import numpy as np
import pandas as pd
import pytest
from astropy.coordinates import SkyCoord

from tasni_spark.core.places import ROOT
from tasni_spark.photometry.magnitudes import MAG_PER_SNR

RECALL = {"T6": (36, 142), "T7": (77, 116), "T8": (120, 133), "T9": (70, 71), "Y": (48, 49)}
BIBCODE = re.compile(r"\d{4}[A-Za-z&]{2,}[.A-Za-z0-9&]{4,}[A-Z]")


def reference(name: str) -> pd.DataFrame:
    return pd.read_csv(ROOT / "conf" / "reference" / f"{name}.csv", comment="#")


def as_catalogue(table: pd.DataFrame) -> pd.DataFrame:
    """With the columns that AllWISE would have: a limit has a signal-to-noise ratio below 2 and quality U."""
    made = {"cc_flags": None, "ext_flg": None}
    quality = np.full(len(table), "", dtype=object)
    for b in "1234":
        measured = MAG_PER_SNR / table[f"w{b}sigmpro"]
        made[f"w{b}snr"] = measured.where(measured.notna(), np.where(table[f"w{b}mpro"].notna(), 1.0, np.nan))
        letter = np.select([measured >= 10, measured >= 3, measured >= 2], ["A", "B", "C"], "U")
        quality = quality + letter
    made["glat_deg"] = SkyCoord(table["ra"].to_numpy(), table["dec"].to_numpy(), unit="deg").galactic.b.deg
    return table.assign(ph_qual=quality, **made)


def kept(table: pd.DataFrame, cut_set: str) -> np.ndarray:
    """Which rows fail none of the cuts on photometry; a null is not a failure."""
    cuts = tomllib.loads((ROOT / "conf" / "cuts" / f"{cut_set}.toml").read_text())["cuts"]
    conditions = [f"({c['value']}) {c['keep'].replace('RLIKE', 'REGEXP')}" for c in cuts if "value" in c]
    with contextlib.closing(sqlite3.connect(":memory:")) as db:
        db.create_function("regexp", 2, lambda pattern, text: bool(re.search(pattern, text)))
        table.to_sql("sources", db, index=False)
        failed = " OR ".join(f"NOT coalesce({c}, 1)" for c in conditions)
        return pd.read_sql(f"SELECT NOT ({failed}) AS kept FROM sources", db)["kept"].to_numpy(bool)


def test_y_dwarfs_are_those_published(y_dwarfs: pd.DataFrame) -> None:
    got = reference("y_dwarfs")
    assert len(got) == 23
    assert got["name"].tolist() == y_dwarfs["source"].tolist()
    for b in "1234":
        assert np.array_equal(got[f"w{b}mpro"], y_dwarfs[f"W{b}_mag"].to_numpy(float), equal_nan=True)
        assert np.array_equal(got[f"w{b}sigmpro"], y_dwarfs[f"W{b}_err"].to_numpy(float), equal_nan=True)
    assert np.array_equal(got["parallax_mas"], y_dwarfs["plx_mas"])
    assert np.array_equal(got["pmra_masyr"], y_dwarfs["muRA_masyr"])


@pytest.mark.parametrize("name", ["y_dwarfs", "fading_orphans"])
def test_signal_to_noise_and_quality_follow_from_the_errors(name: str) -> None:
    got = reference(name)
    want = as_catalogue(got)
    assert got["ph_qual"].tolist() == want["ph_qual"].tolist()
    for b in "1234":
        assert np.allclose(got[f"w{b}snr"], want[f"w{b}snr"], atol=0.06, equal_nan=True)


def test_every_value_is_cited() -> None:
    got = reference("y_dwarfs")
    for column in (c for c in got if c.endswith("_ref")):
        assert got[column].map(lambda s: bool(BIBCODE.fullmatch(s)) and len(s) == 19).all(), column
    assert got["name"].is_unique


def test_fading_orphans_are_those_of_the_first_edition(tier5: pd.DataFrame) -> None:
    got = reference("fading_orphans")
    assert len(got) == 4
    want = tier5.set_index("designation").loc[got["name"]]
    for column in [f"w{b}{k}" for b in "1234" for k in ("mpro", "sigmpro")] + ["ra", "dec"]:
        assert np.allclose(got[column], want[column], atol=1e-6), column


@pytest.mark.parametrize(("cut_set", "want"), [("tasni_2025", 6), ("tasni_2025_as_run", 0), ("cold_dwarf", 23)])
def test_what_each_cut_set_keeps_of_the_y_dwarfs(cut_set: str, want: int) -> None:
    assert kept(as_catalogue(reference("y_dwarfs")), cut_set).sum() == want


def test_cold_dwarf_drops_the_first_edition_and_its_four(tier5: pd.DataFrame) -> None:
    got = kept(as_catalogue(tier5), "cold_dwarf")
    assert 0 < got.sum() == pytest.approx(180, abs=1)
    assert got.mean() <= 0.05
    assert not kept(as_catalogue(reference("fading_orphans")), "cold_dwarf").any()


def test_recall_of_known_dwarfs_by_type(known: pd.DataFrame) -> None:
    columns = [f"w{b}{k}" for b in "123" for k in ("mpro", "sigmpro")]
    table = known[columns].assign(w4mpro=np.nan, w4sigmpro=np.nan, ra=known["ra_deg"], dec=known["dec_deg"])
    got = kept(as_catalogue(table), "cold_dwarf")
    found = {t: (int(got[known["subtype"] == t].sum()), int((known["subtype"] == t).sum())) for t in RECALL}
    assert found == RECALL


def test_a_brighter_limit_never_fails_a_source() -> None:
    """Limits in W1 and W3, each brightened by 1 mag, over the whole plane of colours."""
    rng = np.random.default_rng(4)
    n = 4000
    w2 = rng.uniform(13.0, 16.0, n)
    nothing = np.full(n, np.nan)
    table = pd.DataFrame(
        {
            "w1mpro": w2 + rng.uniform(0.0, 5.0, n),
            "w1sigmpro": np.where(rng.random(n) < 0.5, 0.1, nothing),
            "w2mpro": w2,
            "w2sigmpro": 0.05,
            "w3mpro": w2 - rng.uniform(0.0, 5.0, n),
            "w3sigmpro": np.where(rng.random(n) < 0.5, 0.1, nothing),
            "w4mpro": nothing,
            "w4sigmpro": nothing,
            "ra": 10.0,
            "dec": 10.0,
        }
    )
    before = kept(as_catalogue(table), "cold_dwarf")
    assert 0.2 < before.mean() < 0.9
    for band in ("w1", "w3"):
        brighter = table.assign(**{f"{band}mpro": table[f"{band}mpro"] - table[f"{band}sigmpro"].isna()})
        assert kept(as_catalogue(brighter), "cold_dwarf")[before].all()
    both = table["w1sigmpro"].isna() & table["w3sigmpro"].isna()
    assert before[both].all()
