"""The mock sky as files, group by group, without Spark."""

from collections import Counter

import numpy as np
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from mocpy import MOC

from tasni_spark.core.config import build
from tasni_spark.core.errors import ConfigError, DataError
from tasni_spark.core.files import Folder
from tasni_spark.demo.leaf import write_group
from tasni_spark.demo.leaves import plan
from tasni_spark.demo.mock import MockConfig, finish, prepare
from tasni_spark.ingest.formats import discover, inspect_all

ROWS = 10_000
GROUPS = (8277 >> 8, 4864 >> 8)


@pytest.fixture(scope="module")
def sky(tmp_path_factory):
    """Two of the 48 groups of a sky: those of the south ecliptic pole and of RA 0 on the equator."""
    out = tmp_path_factory.mktemp("mock") / "sky"
    cfg = MockConfig(out=str(out), rows=ROWS, seed=2)
    prepare(cfg)
    counts, lines = Counter(), []
    for group in GROUPS:
        found, text = write_group(group, Folder.at(cfg.out), cfg.rows, cfg.seed)
        counts.update(found)
        lines.append(text)
    return out, finish(cfg, dict(counts), "".join(lines)), cfg


def test_files_have_the_published_layout(sky):
    out, counts, _ = sky
    leaves = [w for w in plan(ROWS) if w.pixel >> 8 in GROUPS]
    for w in leaves:
        path = out / "allwise" / f"healpix_k0={w.pixel // 1024}" / f"healpix_k5={w.pixel}" / "part0.snappy.parquet"
        assert pq.read_metadata(path).num_rows == w.rows
    path = "neowise/year1/neowiser-healpix_k5-year1.parquet/healpix_k0=8/healpix_k5=8277/part0.snappy.parquet"
    assert (out / path).is_file()
    assert sorted(p.name for p in (out / "neowise").iterdir()) == sorted(f"year{y}" for y in range(1, 12))
    assert counts["allwise"] == counts["truth"] == sum(w.rows for w in leaves)
    for survey in ("gaia_dr3", "twomass", "panstarrs1", "catwise2020", "truth"):
        assert len(list((out / survey).iterdir())) <= len(GROUPS)


def test_the_ingest_finds_all_rows_in_the_files(sky):
    out, counts, _ = sky
    for survey, rows in counts.items():
        files, faults = inspect_all(discover(str(out / survey)))
        assert not faults
        assert sum(f.rows for f in files) == rows


def test_exposures_beyond_the_border_stand_with_the_neighbour(sky):
    out = sky[0]
    names = {p.name for p in (out / "neowise").rglob("*.parquet") if p.is_file()}
    for path in (out / "neowise").rglob("*.snappy.parquet"):
        own = path.name == "part0.snappy.parquet"
        assert own == (path.parent.name in ("healpix_k5=8277", "healpix_k5=4864"))
    assert "part0.snappy.parquet" in names


def test_nvss_is_one_text_file(sky):
    out, counts, _ = sky
    rows = pacsv.read_csv(out / "nvss" / "nvss.csv")
    assert rows.column_names == ["name", "ra", "dec", "e_ra", "e_dec", "s1400", "e_s1400"]
    assert rows.num_rows == counts["nvss"] > 0


def test_coverage_maps_end_at_the_limits(sky):
    out = sky[0]
    dec = np.array([-89.0, -40.1, -39.9, -30.1, -29.9, 0.0, 89.9])
    sky_at = SkyCoord(np.linspace(3, 350, 7) * u.deg, dec * u.deg)
    for survey, south in (("panstarrs1", -30), ("nvss", -40)):
        moc = MOC.load(str(out / "moc" / f"{survey}.fits"), format="fits")
        assert moc.contains_skycoords(sky_at).tolist() == (dec > south).tolist()
        assert moc.sky_fraction == pytest.approx((1 - np.sin(np.radians(south))) / 2, abs=1e-3)


def test_a_folder_of_something_else_is_left_alone(tmp_path, sky):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(DataError, match="not empty"):
        prepare(MockConfig(out=str(tmp_path)))
    assert (tmp_path / "thesis.tex").exists()


def test_an_earlier_sky_is_replaced_whole(tmp_path):
    cfg = MockConfig(out=str(tmp_path / "sky"), rows=ROWS)
    prepare(cfg)
    old = tmp_path / "sky" / "allwise" / "healpix_k0=0" / "healpix_k5=1" / "part0.snappy.parquet"
    old.parent.mkdir(parents=True)
    old.write_text("x")
    prepare(cfg)
    assert not old.exists()


@pytest.mark.parametrize(("key", "value"), [("rows", 9_999), ("rows", 10_000_001), ("seed", -1)])
def test_a_wrong_configuration_is_refused(key, value):
    with pytest.raises(ConfigError, match=key):
        build(MockConfig, {"out": "x", key: value}, "mock")
