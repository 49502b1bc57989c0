"""Column lists, types and names as published."""

import tomllib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import Angle, SkyCoord
from astropy.io import fits

from tasni_spark.core.files import Folder
from tasni_spark.demo.files import schema, widened, write
from tasni_spark.demo.names import sexagesimal

pytestmark = pytest.mark.slow

CONF = Path(__file__).resolve().parents[2] / "conf" / "surveys"
WIDTHS = {"allwise": 298, "neowise": 143, "gaia_dr3": 152, "twomass": 60, "panstarrs1": 131, "nvss": 7}
CONSTANT = ("ref_epoch", "objInfoFlag", "mp_flg", "err_ang", "cc_flags", "rd_flg", "cc_flg", "gal_contam")
READ = ("allwise", "neowise", "gaia_dr3", "twomass", "panstarrs1", "catwise2020", "nvss")


@pytest.mark.parametrize("survey", WIDTHS)
def test_widths_are_the_published_ones(survey):
    assert len(schema(survey)) == WIDTHS[survey]


def test_wise_columns_are_those_of_the_published_lists(real):
    allwise = pq.read_schema(real / "wise" / "allwise_schema.parquet").names
    assert schema("allwise").names == [c for c in allwise if c != "use_src"]
    neowise = pq.read_schema(real / "wise" / "neowise_schema.parquet")
    assert schema("neowise").names == [c.lower() for c in neowise.names]
    assert [str(f.type) for f in schema("neowise")] == [str(f.type) for f in neowise]


def test_gaia_columns_are_those_of_the_archive(real):
    with fits.open(real / "gaia" / "gdr3_sm.fits") as hdus:
        assert schema("gaia_dr3").names == hdus[1].columns.names


def test_wise_types_are_wide_and_as_many_as_published():
    kinds = [str(f.type) for f in schema("neowise")]
    assert {k: kinds.count(k) for k in set(kinds)} == {"double": 99, "int64": 34, "string": 10}
    kinds = [str(f.type) for f in schema("allwise")]
    assert {k: kinds.count(k) for k in set(kinds)} == {"double": 206, "int64": 78, "string": 14}


def test_gaia_has_narrow_types():
    kinds = schema("gaia_dr3")
    named = {"ra": "double", "parallax": "double", "ra_error": "float", "phot_g_mean_mag": "float"}
    named |= {"astrometric_params_solved": "int8", "duplicated_source": "bool", "visibility_periods_used": "int16"}
    assert {n: str(kinds.field(n).type) for n in named} == named


@pytest.mark.parametrize("survey", READ)
def test_every_column_that_the_ingest_reads_is_filled(made, survey):
    wanted = tomllib.loads((CONF / f"{survey}.toml").read_text())["columns"]
    rows = pa.concat_tables([t[survey] for t in made.values() if survey in t])
    assert set(wanted) <= set(schema(survey).names)
    for name in wanted:
        column = rows.column(name)
        assert column.null_count < len(column), name
        assert len(column) < 5 or len(column.unique()) > 1 or name in CONSTANT, name


@pytest.mark.parametrize("survey", ["allwise", "neowise", "gaia_dr3", "twomass", "panstarrs1", "catwise2020", "truth"])
def test_files_have_exactly_the_published_columns_and_say_that_they_are_made_up(made, tmp_path, survey):
    rows = made["seam_equator"][survey]
    rows = rows.drop_columns([c for c in ("year", "pixel") if c in rows.column_names])
    write(survey, rows, Folder.at(str(tmp_path / "x=1")), "part0.snappy.parquet")
    file = pq.ParquetFile(tmp_path / "x=1" / "part0.snappy.parquet")
    assert file.schema_arrow.equals(schema(survey))
    assert file.schema_arrow.metadata[b"tasni"] == b"SYNTHETIC"
    assert file.metadata.num_row_groups == 1
    again = pq.read_table(tmp_path / "x=1" / "part0.snappy.parquet", partitioning=None)
    assert again.equals(widened(survey, rows))
    assert again.select(rows.column_names).equals(rows)


def test_panstarrs_writes_999_where_others_write_null(made):
    full = widened("panstarrs1", made["north_pole"]["panstarrs1"])
    assert full.column("yMeanKronMag").unique().to_pylist() == [-999.0]
    assert full.column("gMeanPSFMag").null_count == 0
    assert -999.0 in full.column("gMeanPSFMag").to_pylist()
    assert widened("gaia_dr3", made["north_pole"]["gaia_dr3"]).column("radial_velocity").null_count > 0


def test_designations_hold_the_coordinates_cut_off(frame):
    rows = frame("allwise", "seam_equator", "north_pole")
    assert rows["designation"].str.fullmatch(r"J\d{6}\.\d\d[+-]\d{6}\.\d").all()
    text = rows["designation"]
    ra = Angle(text.str[1:3] + "h" + text.str[3:5] + "m" + text.str[5:10] + "s").deg
    dec = Angle(text.str[10:13] + "d" + text.str[13:15] + "m" + text.str[15:] + "s").deg
    cut = SkyCoord(ra, dec, unit="deg").separation(SkyCoord(rows["ra"].to_numpy(), rows["dec"].to_numpy(), unit="deg"))
    assert cut.arcsec.max() < 0.2
    known = sexagesimal(np.array([217.693149]), np.array([-2.991056]), 2, 1, prefix="J")
    assert known.to_pylist() == ["J143046.35-025927.8"]


def test_names_have_the_published_forms(frame):
    assert frame("allwise")["source_id"].str.fullmatch(r"\d{4}[mp]\d{3}_ac51-\d{6}").all()
    assert frame("neowise")["source_id"].str.fullmatch(r"\d{5}[ab]\d{3}-\d{6}").all()
    assert frame("gaia_dr3")["designation"].str.fullmatch(r"Gaia DR3 [1-9]\d*").all()
    assert frame("twomass")["designation"].str.fullmatch(r"\d{8}[+-]\d{7}").all()
    for flag, width in (("cc_flags", 4), ("ph_qual", 4), ("var_flg", 4), ("moon_lev", 4), ("satnum", 4)):
        assert frame("allwise")[flag].str.len().eq(width).all()
    assert frame("neowise")["moon_masked"].str.fullmatch("[01]{2}").all()
    assert (frame("neowise")["moon_masked"] == "00").mean() > 0.9
