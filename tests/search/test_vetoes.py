"""Vetoes limited in chance: their three values, and what they cost, against drawn skies."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from pyspark.sql import functions as F

from tasni_spark.core.errors import ConfigError
from tasni_spark.search.cuts import Cut, CutSet, Flag, load, veto_column
from tasni_spark.search.search import chances
from tasni_spark.search.vetoes import asked, clear, state

PER_DEG2 = 1.0 / 3600.0**2
MATCHED, MAYBE, CLEAR, UNSEEN = "matched", "matched, maybe by chance", "nothing there", "not observed"
CUT = Cut("no_s", veto="s", radius_arcsec=3.0, max_p_chance=0.05, unless="red > 1.8")
# sep_s, p_s, observed_s, searched_s, red; what is said, and whether the source is kept
CASES = [
    (1.0, 0.01, True, 5.0, 1.0, MATCHED, False),
    (1.0, 0.01, True, 5.0, None, MATCHED, False),
    (1.0, 0.01, True, 5.0, 2.0, MATCHED, None),
    (1.0, 0.06, True, 5.0, 1.0, MAYBE, None),
    (1.0, None, True, 5.0, 1.0, MAYBE, None),
    (4.0, 0.01, True, 5.0, 1.0, CLEAR, True),
    (None, None, True, 5.0, 2.0, CLEAR, True),
    (None, None, False, 5.0, 1.0, UNSEEN, None),
    (None, None, True, 2.0, 1.0, "its sources were not sought", None),
    (None, None, None, None, 1.0, "its footprint is not known", None),
]


@pytest.mark.spark
def test_the_three_values(spark: Any) -> None:
    ddl = "sep_s double, p_s double, observed_s boolean, searched_s double, red double, said string, keep boolean"
    rows = spark.createDataFrame(CASES, ddl)
    limits = (CUT.veto, CUT.radius_arcsec, CUT.max_p_chance)
    rows = rows.withColumn(veto_column(*limits), clear(*limits))
    got = rows.select("said", "keep", state(*limits).alias("says"), F.expr(CUT.sql).alias("keeps")).collect()
    assert [(r["says"], r["keeps"]) for r in got] == [(r["said"], r["keep"]) for r in got]


@pytest.mark.spark
@pytest.mark.parametrize("per_deg2", [1e3, 1e4, 1e5])
@pytest.mark.parametrize("max_p", [0.05, 1.0])
def test_orphans_lost_to_chance_are_as_many_as_the_clear_ones_say(spark: Any, per_deg2: float, max_p: float) -> None:
    """True orphans among unrelated sources strewn at random: the nearest has an exponential pi r^2 rho."""
    cut = Cut("no_s", veto="s", radius_arcsec=3.0, max_p_chance=max_p)
    p, near = (
        spark.range(1)
        .select(*chances(F.lit(cut.radius_arcsec), F.lit(cut.max_p_chance), F.lit(per_deg2 * PER_DEG2)))
        .first()
    )
    n, area = 400_000, math.pi * per_deg2 * PER_DEG2
    sep = np.sqrt(np.random.default_rng(2).exponential(1.0, n) / area)
    lost = ((sep <= 3.0) & (-np.expm1(-area * sep**2) < max_p)).sum()
    predicted = (sep > 3.0).sum() * p / (1.0 - near)
    assert lost > 500
    assert predicted == pytest.approx(lost, abs=4.0 * math.sqrt(lost))


def test_a_set_asks_each_survey_once_flags_included() -> None:
    beside = Flag("h", survey="t", radius_arcsec=3.0, sql="m_t > 1", columns=("m",))
    flags = (Flag("f", survey="t", radius_arcsec=2.0), Flag("g", sql="x > 1"), beside)
    wide = Cut("wide", veto="s", radius_arcsec=5.0)
    asks = {v.survey: (v.limits, v.borrowed) for v in asked([CutSet("c", "", "", (CUT, wide), flags)])}
    assert asks == {"s": (((3.0, 0.05), (5.0, 1.0)), ()), "t": ((), ("m",))}
    assert beside.condition == "sep_t <= 3.0 AND (m_t > 1)"


def test_vetoes_of_cold_dwarf_are_all_limited_and_the_clouds_are_flags() -> None:
    cuts = load("cold_dwarf")
    assert {c.veto: c.max_p_chance for c in cuts.cuts if c.veto} == dict.fromkeys(("gaia_dr3", "twomass", "nvss"), 0.05)
    assert {f.id for f in cuts.flags} >= {"magellanic", "galactic_plane", "dark_clouds", "saturated", "near_panstarrs1"}
    assert all(c.doc for c in (*cuts.cuts, *cuts.flags))


PLACES = {  # ICRS, SIMBAD
    (80.894, -69.756): ["magellanic"],
    (84.676, -69.101): ["magellanic"],  # 30 Doradus
    (13.187, -72.829): ["magellanic"],
    (64.68, 28.34): ["dark_clouds"],  # L1495 in Taurus
    (52.27, 31.36): ["dark_clouds"],  # NGC 1333 in Perseus
    (246.79, -24.49): ["dark_clouds"],  # L1688 in Ophiuchus
    (83.82, -5.39): ["dark_clouds"],  # the Orion Nebula
    (166.5, -77.3): ["dark_clouds"],  # Chamaeleon I
    (285.43, -36.95): ["dark_clouds"],  # R Coronae Australis
    (277.45, 1.25): ["dark_clouds"],  # the Serpens Main cluster
    (266.417, -29.008): ["galactic_plane"],
    (192.859, 27.128): [],
    (45.0, -27.0): [],
}


@pytest.mark.spark
def test_flags_of_places(spark: Any) -> None:
    sky = SkyCoord(list(PLACES), unit="deg").galactic
    rows = spark.createDataFrame(
        [
            (*map(float, lb), ",".join(f))
            for lb, f in zip(zip(sky.b.deg, sky.l.deg, strict=True), PLACES.values(), strict=True)
        ],
        "glat_deg double, glon_deg double, want string",
    )
    flags = [f for f in load("cold_dwarf").flags if "glat_deg" in f.sql]
    got = rows.select("want", *[F.expr(f.condition).alias(f.id) for f in flags]).collect()
    assert [",".join(f.id for f in flags if r[f.id]) for r in got] == [r["want"] for r in got]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[cuts]]\nid="a"\nvalue="x"\nkeep="> 1"\nmax_p_chance=0.05', "belong to a veto"),
        ('[[cuts]]\nid="a"\nveto="s"\nradius_arcsec=1.0\nmax_p_chance=2.0', "at most 1"),
        ('[[cuts]]\nid="a"\nvalue="x"\nkeep="> 1"\n[[flags]]\nid="f"', "give sql, or survey"),
        (
            '[[cuts]]\nid="a"\nvalue="x"\nkeep="> 1"\n[[flags]]\nid="f"\nsurvey="s"\nradius_arcsec=1.0\nsql="x_s > 1"',
            "columns are those",
        ),
        (
            '[[cuts]]\nid="a"\nvalue="x"\nkeep="> 1"\n[[flags]]\nid="f"\nsql="y"\n[[flags]]\nid="f"\nsql="z"',
            "more than once",
        ),
    ],
)
def test_faults_are_named(tmp_path: Any, text: str, says: str) -> None:
    (tmp_path / "mine.toml").write_text(f'title = "t"\n{text}\n')
    with pytest.raises(ConfigError, match=says):
        load(str(tmp_path / "mine.toml"))
