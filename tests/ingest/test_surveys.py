"""Each shipped definition on a few rows in its published format, with the traps of that catalogue.

Expected values are worked out here, by hand or by astropy, from what is written to the file. All surveys go through one
Spark action each for rows and positions.
"""

from __future__ import annotations

import json
import math
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import Latitude, Longitude, SkyCoord
from astropy.table import MaskedColumn, Table
from astropy.time import Time
from mocpy import MOC
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tasni_spark.core.errors import ConfigError
from tasni_spark.ingest import formats, raw
from tasni_spark.ingest.coverage import CoverageConfig, ranges
from tasni_spark.ingest.rows import identifier, narrow
from tasni_spark.ingest.survey import load
from tasni_spark.sky.cover import Ranges

PUBLISHED = Path(__file__).resolve().parents[1] / "data" / "published"
NONE32 = np.float32(-999999500.0)
"""What the archives in Edinburgh write for missing: single precision makes it -999999488."""


def mep(path: Path) -> None:
    """As Gator writes it: a magnitude without error is a limit, W3 was not on."""
    shutil.copy(PUBLISHED / "allwise_mep.tbl", path)


def untimely(path: Path) -> None:
    """As IRSA has it: hive-partitioned Parquet, single precision."""
    single = pa.float32()
    table = pa.table(
        {
            "flux": pa.array([1478.2817, -3.5], single),
            "dx": pa.array([0.02711302, 1e20], single),
            "dy": pa.array([0.026857046, 1e20], single),
            "dflux": pa.array([23.787693, 1e10], single),
            "ra": [26.970234, 0.0],
            "dec": [23.65304, 90.0],
            "band": pa.array([1, 2], pa.int32()),
            "unwise_detid": ["0264p242w1o0003274e000", "0264p242w2o0000001e000"],
            "primary": pa.array([1, 0], pa.int16()),
            "EPOCH": [0, 0],
            "FORWARD": [0, 1],
            "MJDMEAN": [55215.066, 55400.0],
        }
    )
    folder = path / "healpix_k0=1" / "healpix_k5=1024"
    folder.mkdir(parents=True)
    pq.write_table(table, folder / "part0.snappy.parquet")


def ukidss(path: Path) -> None:
    """One FITS in radians with upper-case names, one CSV in degrees without units: both flavours in one folder."""
    table = Table()
    table["SOURCEID"] = np.array([433808189171, 433808189172])
    table["RA"] = np.radians([359.9999, 12.5]) * u.rad
    table["DEC"] = np.radians([-1.25, 0.0]) * u.rad
    table["EPOCH"] = [2007.5, float(NONE32)]
    table["MERGEDCLASS"] = np.array([-1, -9999], np.int16)
    for band in ("Y", "J_1", "H", "K"):
        table[f"{band}APERMAG3"] = np.array([18.25, NONE32], np.float32) * u.mag
        table[f"{band}APERMAG3ERR"] = np.array([0.05, NONE32], np.float32) * u.mag
    table.write(path / "las.fits")
    (path / "las.csv").write_text(
        "sourceID,priOrSec,ra,dec,epoch,mergedClass,yAperMag3,yAperMag3Err,j_1AperMag3,j_1AperMag3Err,hAperMag3,"
        "hAperMag3Err,kAperMag3,kAperMag3Err\n"
        "433808189173,-99999999,200.0,10.0,2010.25,1,-9.999995e8,-9.999995e8,19.5,0.1,-9.999995E8,-9.999995E8,18.0,0.2\n"
    )


def vhs(path: Path) -> None:
    table = Table()
    table["sourceID"] = np.array([472446430209, 472446430210])
    table["ra"] = [0.00001, 359.99999] * u.deg
    table["dec"] = [-89.9, -0.5] * u.deg
    table["priOrSec"] = np.array([0, 123])
    for band, mag in (("j", 17.5), ("ks", 16.75)):
        table[f"{band}AperMag3"] = np.array([mag, NONE32], np.float32) * u.mag
        table[f"{band}AperMag3Err"] = np.array([0.02, NONE32], np.float32) * u.mag
    table.write(path / "vhs.vot", format="votable")


def vlass(path: Path) -> None:
    shutil.copy(PUBLISHED / "vlass.csv", path)


def rosat(path: Path) -> None:
    """The same name in two sky fields."""
    table = Table()
    table["IAU_NAME"] = ["2RXS J120000.0+000001"] * 2
    table["SEQ_ID"] = np.array([931001, 931002])
    table["IND_DET"] = np.array([7, 7], np.int32)
    table["RA"] = [180.0, 180.0001]
    table["DEC"] = [0.0003, 0.0002]
    table["XERR"] = [0.2, 0.4]
    table["YERR"] = [0.3, 0.4]
    table["EXI_ML"] = [25.0, 8.0]
    table["RATE"] = [0.12, 0.05]
    table["ERATE"] = [0.02, 0.02]
    table["USKY"] = np.array([1, 0], np.int16)
    table.write(path / "cat2rxs.fits")


def erosita(path: Path) -> None:
    """One row as published, and one with an extent; the position error of the second file in arcmin."""
    table = Table()
    table["IAUNAME"] = ["1eRASS J094453.1-711153"]
    table["UID"] = np.array([114916200171])
    table["UID_Hard"] = np.array([0])
    table["RA"] = [146.222] * u.deg
    table["DEC"] = [-71.1982] * u.deg
    table["POS_ERR"] = np.array([2.75669], np.float32) * u.arcsec
    table["RADEC_ERR"] = np.array([3.23189], np.float32) * u.arcsec
    table["MJD"] = np.array([58874.6], np.float32) * u.d
    table["EXT"] = np.array([0.0], np.float32) * u.arcsec
    table["EXT_ERR"] = np.array([0.0], np.float32) * u.arcsec
    table["EXT_LIKE"] = np.array([0.0], np.float32)
    table["DET_LIKE_0"] = np.array([25.2987], np.float32)
    table["ML_FLUX_1"] = np.array([3.4213e-14], np.float32) * u.Unit("erg / (s cm2)")
    table["ML_FLUX_ERR_1"] = np.array([9.34943e-15], np.float32) * u.Unit("erg / (s cm2)")
    table.write(path / "a.fits")
    table["UID"] = np.array([114916200172])
    table["EXT"], table["EXT_ERR"] = np.float32([25.0]) * u.arcsec, np.float32([3.0]) * u.arcsec
    table["POS_ERR"] = np.array([0.0625], np.float32) * u.arcmin
    table.write(path / "b.fits")


def simbad(path: Path) -> None:
    """TAP as CSV, and astroquery as VOTable, with masked values and no columns but the default ones."""
    shutil.copy(PUBLISHED / "simbad.csv", path)
    table = Table()
    table["main_id"] = np.array(["* alf Cen", "M 31"], object)
    table["ra"] = MaskedColumn([219.873833, 10.6847083], unit="deg")
    table["dec"] = MaskedColumn([-60.832222, 41.26875], unit="deg")
    table["coo_err_maj"] = MaskedColumn(np.float32([np.nan, 5.0]), mask=[True, False], unit="mas")
    table["coo_err_angle"] = MaskedColumn(np.int16([0, 90]), mask=[True, False], unit="deg")
    table.write(path / "b.vot", format="votable")


@dataclass(frozen=True)
class Case:
    """A survey's files, and what must come of them: by key, values of columns and of positions."""

    write: Callable[[Path], None]
    rows: dict[Any, dict[str, Any]]
    positions: dict[Any, dict[str, float | None]]


def year(mjd: float) -> float:
    return float(Time(mjd, format="mjd", scale="tt").jyear)


CASES = {
    "allwise_mep": Case(
        mep,
        {
            9223372036854775801: {
                "w1sigmpro_ep": 0.045,
                "cc_flags": "0000",
                "cntr_mf": 9223372036854775806,
                "saa_sep": -3.25,
            },
            9223372036854775802: {
                "w1mpro_ep": 17.2,
                "w1sigmpro_ep": None,
                "w1flux_ep": -12.3,
                "w3mpro_ep": None,
                "moon_masked": "0100",
                "qi_fact": None,
            },
        },
        {
            9223372036854775801: {"ra": 359.9999999, "epoch": 2010.5589, "ra_error_arcsec": None},
            9223372036854775802: {"ra": 359.9999999, "epoch": 2010.5589},
        },
    ),
    "untimely": Case(
        untimely,
        {
            "0264p242w1o0003274e000": {"band": 1, "primary": 1, "flags_unwise": None},
            "0264p242w2o0000001e000": {"flux": -3.5, "dflux": None, "dx": None},
        },
        {
            "0264p242w1o0003274e000": {
                "epoch": year(55215.066),
                "ra_error_arcsec": 0.02711302 * 2.75,
                "dec_error_arcsec": 0.026857046 * 2.75,
            },
            "0264p242w2o0000001e000": {"epoch": year(55400.0), "dec": 90.0, "z": 1.0, "ra_error_arcsec": None},
        },
    ),
    "ukidss_las": Case(
        ukidss,
        {
            433808189171: {"ra": 359.9999, "mergedClass": -1, "hAperMag3": 18.25, "priOrSec": None},
            433808189172: {"mergedClass": None, "yAperMag3": None, "kAperMag3Err": None, "epoch": None},
            433808189173: {
                "priOrSec": None,
                "yAperMag3": None,
                "j_1AperMag3": 19.5,
                "hAperMag3Err": None,
                "kAperMag3": 18.0,
            },
        },
        {
            433808189171: {
                "ra": 359.9999,
                "dec": -1.25,
                "epoch": 2007.5,
                "z": np.sin(np.radians(-1.25)),
                "ra_error_arcsec": 0.1,
            },
            433808189172: {"ra": 12.5, "dec": 0.0, "epoch": None},
            433808189173: {"ra": 200.0, "dec": 10.0, "epoch": 2010.25},
        },
    ),
    "vhs": Case(
        vhs,
        {
            472446430209: {"jAperMag3": 17.5, "ksAperMag3": 16.75, "yAperMag3": None, "priOrSec": 0},
            472446430210: {"jAperMag3": None, "jAperMag3Err": None, "ksAperMag3": None, "priOrSec": 123},
        },
        {472446430209: {"dec": -89.9, "epoch": 2013.0, "ra_error_arcsec": 0.1}, 472446430210: {"ra": 359.99999}},
    ),
    "vlass": Case(
        vlass,
        {
            "VLASS1QLCIR J000000.02-395959.9": {
                "Total_flux": 1.5,
                "ql_tile": "T01t01",
                "NVSS_distance": 2.5,
                "Quality_flag": 0,
            },
            "VLASS1QLCIR J123456.78+895900.0": {
                "E_RA": None,
                "E_Total_flux": None,
                "E_Peak_flux": None,
                "NVSS_distance": None,
                "Quality_flag": 2,
            },
        },
        {
            "VLASS1QLCIR J000000.02-395959.9": {"ra_error_arcsec": 0.1296, "dec_error_arcsec": 0.2592, "epoch": 2018.5},
            "VLASS1QLCIR J123456.78+895900.0": {"ra_error_arcsec": 0.5, "dec_error_arcsec": 0.5},
        },
    ),
    "rosat": Case(
        rosat,
        {931001: {"RATE": 0.12, "USKY": 1, "EXT": None}, 931002: {"EXI_ML": 8.0, "IAU_NAME": "2RXS J120000.0+000001"}},
        {
            931001: {"ra_error_arcsec": 9.0, "dec_error_arcsec": 13.5, "epoch": 1991.0},
            931002: {"ra_error_arcsec": 18.0},
        },
    ),
    "erosita_dr1": Case(
        erosita,
        {
            114916200171: {
                "IAUNAME": "1eRASS J094453.1-711153",
                "EXT": 0.0,
                "EXT_ERR": None,
                "UID_Hard": 0,
                "ML_FLUX_1": 3.4213e-14,
            },
            114916200172: {"EXT": 25.0, "EXT_ERR": 3.0, "POS_ERR": 3.75},
        },
        {
            114916200171: {
                "epoch": year(float(np.float32(58874.6))),
                "ra_error_arcsec": 2.75669,
                "dec_error_arcsec": 2.75669,
            },
            114916200172: {"ra_error_arcsec": 3.75},
        },
    ),
    "simbad": Case(
        simbad,
        {
            "WISE J085510.83-071442.5": {"otype": "BD*", "coo_err_angle": 90, "plx_value": 439.0},
            "NAME  Two  Blanks, and a comma": {"coo_err_maj": None, "coo_err_angle": None, "pmra": None},
            "* alf Cen": {"coo_err_maj": None, "coo_err_angle": None, "otype": None},
            "M 31": {"coo_err_maj": 5.0},
            "NAME No Position": {"ra": None, "dec": None, "otype": "ev"},
        },
        {
            "WISE J085510.83-071442.5": {
                "epoch": 2000.0,
                "ra_error_arcsec": 0.06,
                "pmra_masyr": -8123.7,
                "pmra_error_masyr": 9.8,
                "parallax_error_mas": 2.4,
            },
            "NAME  Two  Blanks, and a comma": {"ra_error_arcsec": None, "pmra_masyr": None, "pmra_error_masyr": None},
            "* alf Cen": {"dec": -60.832222, "ra_error_arcsec": None},
            "M 31": {"dec_error_arcsec": 0.005},
            "NAME No Position": {"ra": None, "z": None},
        },
    ),
}


@pytest.fixture(scope="module")
def ingested(spark: Any, interpreted: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Of each survey by key: row and position. The place on the sky curve, tested elsewhere, is left out."""
    rows, positions = [], []
    for name, case in CASES.items():
        folder = tmp_path_factory.mktemp(name)
        case.write(folder)
        survey = load(name)
        files, faults = formats.inspect_all(formats.discover(str(folder)))
        assert not faults
        assert not [fault for f in files for fault in raw.flavour(f, survey)[1]]
        place = {"id": identifier(survey), "tile": F.lit(0), "hpx29": F.lit(0)}
        found = raw.read(spark, files, survey).withColumns({**place, "survey": F.lit(name)})
        row = F.to_json(F.struct(*survey.columns), {"ignoreNullFields": "false"}).alias("row")
        rows.append(found.select("survey", "id", F.col(survey.key[0]).cast("string").alias("key"), raw.BAD, row))
        positions.append(narrow(found, survey).withColumn("survey", F.lit(name)))
    told: dict[str, dict[str, Any]] = {name: {"rows": {}, "positions": {}} for name in CASES}
    keys = {}
    for r in reduce(DataFrame.unionByName, rows).collect():
        assert not r[raw.BAD]
        key = int(r["key"]) if r["key"].isdigit() else r["key"]
        keys[r["survey"], r["id"]] = key
        told[r["survey"]]["rows"][key] = json.loads(r["row"])
    for p in reduce(DataFrame.unionByName, positions).collect():
        told[p["survey"]]["positions"][keys[p["survey"], p["id"]]] = p.asDict()
    return told


@pytest.mark.spark
@pytest.mark.parametrize("survey", CASES)
def test_rows_and_positions(ingested: dict[str, dict[str, Any]], survey: str) -> None:
    case, told = CASES[survey], ingested[survey]
    for part, wanted in (("rows", case.rows), ("positions", case.positions)):
        assert set(told[part]) == set(wanted)
        for key, values in wanted.items():
            got = {column: told[part][key][column] for column in values}
            assert all(same(got[column], value) for column, value in values.items()), (part, key, got, values)


def same(got: Any, wanted: Any) -> bool:
    """Equal, to single precision where it is a float: null is no number, and integers and strings are exact."""
    return math.isclose(got or 0, wanted, rel_tol=1e-6) if isinstance(wanted, float) else got == wanted


@pytest.mark.parametrize("survey", CASES)
def test_citation_names_a_bibcode(survey: str) -> None:
    assert re.search(r"\(\d{4}[A-Za-z&.\d]{14}[A-Z]\)", load(survey).citation)


def test_a_column_with_the_name_of_one_of_ours_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('name = "t"\ntitle = "x"\nkey = ["n"]\n[columns]\nn = {}\nra = {}\ndec = {}\nTile = {}\n')
    with pytest.raises(ConfigError, match="column 'Tile' has the name of one of ours"):
        load(str(own))


@pytest.mark.parametrize(("stated", "factor"), [("rad", 180 / np.pi), ("Radians", 180 / np.pi), ("arcsec", 1 / 3600)])
def test_a_unit_that_the_header_states_is_converted(tmp_path: Path, stated: str, factor: float) -> None:
    """Into that of the definition, unless the column holds integers; a unit without meaning changes nothing."""
    own = tmp_path / "own.toml"
    column = '{ unit = "deg" }'
    whole = '{ type = "int", unit = "deg" }'
    own.write_text(f'name = "t"\ntitle = "x"\nkey = ["n"]\n[columns]\nra = {column}\ndec = {column}\nn = {whole}\n')
    survey = load(str(own))
    columns = (("ra", "double"), ("dec", "double"), ("n", "int"))
    told = raw.flavour(formats.RawFile("a", "fits", 1, 1, columns, units=(("ra", stated), ("dec", "furlong"))), survey)
    assert told[0].factors == (pytest.approx(factor), 1.0, 1.0)
    assert told[1] == []
    told = raw.flavour(formats.RawFile("a", "fits", 1, 1, columns, units=(("n", stated),)), survey)
    assert told[1] == [f"column n is in {stated}, expected deg"]


def inside(region: Ranges, sky: SkyCoord) -> list[bool]:
    return [bool(b) for b in MOC.from_depth29_ranges(29, region.astype(np.uint64)).contains_skycoords(sky)]


@pytest.mark.parametrize(
    ("survey", "sky", "observed"),
    [
        ("vlass", SkyCoord([10, 10, 10] * u.deg, [-40.1, -39.9, 90] * u.deg), [False, True, True]),
        (
            "erosita_dr1",
            SkyCoord([179.8, 180.1, 359.8, 0.1] * u.deg, [30] * 4 * u.deg, frame="galactic"),
            [False, True, True, False],
        ),
        *(
            (s, SkyCoord([0, 359.999] * u.deg, [-90, 90] * u.deg), [True, True])
            for s in ("allwise_mep", "untimely", "rosat")
        ),
    ],
)
def test_coverage_by_rule(survey: str, sky: SkyCoord, observed: list[bool]) -> None:
    assert inside(ranges(load(survey), CoverageConfig((survey,), depth=10)), sky.icrs) == observed


@pytest.mark.parametrize("survey", ["ukidss_las", "vhs", "simbad"])
def test_coverage_by_moc(survey: str, tmp_path: Path) -> None:
    """Patches are not guessed: without its MOC nothing is known, and the message says how to give it."""
    with pytest.raises(ConfigError, match=rf"nothing is known .* coverage\.moc\.{survey}=FILE"):
        ranges(load(survey), CoverageConfig((survey,)))
    moc = MOC.from_cone(Longitude(200 * u.deg), Latitude(10 * u.deg), radius=2 * u.deg, max_depth=10)
    moc.save(tmp_path / "moc.fits", format="fits")
    region = ranges(load(survey), CoverageConfig((survey,), moc={survey: str(tmp_path / "moc.fits")}))
    assert inside(region, SkyCoord([201, 203] * u.deg, [10, 10] * u.deg)) == [True, False]
