"""One catalogue in every published format gives one and the same table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.sql import functions as F

from tasni_spark.core.compare import compare
from tasni_spark.ingest import formats, raw
from tasni_spark.ingest.survey import load

from .conftest import BIG, TOML, catalogue, write

FORMS = ["parquet", "hive", "upper", "narrow", "sentinels", "hats", "csv", "csv.gz", "ecsv", "ipac", "votable", "fits"]


@pytest.mark.parametrize("form", FORMS)
def test_rows_and_columns_are_known_before_reading(tmp_path: Path, form: str) -> None:
    found = formats.discover(str(write(catalogue(), tmp_path / form, form)))
    files, faults = formats.inspect_all(found)
    assert not faults
    assert sum(f.rows for f in files) == 60
    assert {n.lower() for n, _ in files[0].columns} >= {"cntr", "ra", "dec", "flag"}


@pytest.mark.parametrize("form", ["csv", "ecsv", "ipac", "fits", "votable"])
def test_large_files_come_in_blocks(tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "BLOCK_ROWS", 16)
    path, kind, _ = formats.discover(str(write(catalogue(), tmp_path / form, form)))[0]
    blocks = list(formats.blocks(path, kind, ["cntr", "flag"]))
    assert sum(len(b) for b in blocks) == 60
    assert form == "csv" or [len(b) for b in blocks] == [16, 16, 16, 12]
    assert [int(v) for b in blocks for v in b.column(0).to_pylist()] == list(range(BIG - 60, BIG))
    assert blocks[0].column(1).to_pylist()[:4] == ["0000", "0001", "0002", "0000"]


@pytest.mark.spark
def test_every_format_gives_the_same_rows(spark: Any, tmp_path: Path) -> None:
    survey = load(str(TOML))
    rows = {}
    for form in FORMS:
        files, _ = formats.inspect_all(formats.discover(str(write(catalogue(), tmp_path / form, form))))
        assert not [fault for f in files for fault in raw.flavour(f, survey)[1]]
        rows[form] = raw.read(spark, files, survey).where(F.size(raw.BAD) == 0).drop(raw.BAD, raw.FILE)
    first = rows["parquet"]
    assert first.count() == 60
    assert first.where("w1mpro IS NULL").count() == 5
    assert first.where("pmra IS NULL").count() == 6
    assert first.where("cntr = 9223372036854775806").first()["flag"] == "0002"
    for form, again in rows.items():
        told = compare(first, again, ["cntr"], relative=1e-6 if form == "narrow" else 1e-15)
        assert told.is_equal, f"{form}: {told}"


@pytest.mark.spark
def test_a_user_s_own_catalogue_needs_no_code(tiled: Any, job: Callable[..., Any], tmp_path: Path) -> None:
    record = job("ingest", tiled, survey=str(TOML), input=str(write(catalogue(), tmp_path / "fits", "fits")))
    assert record["state"] == "done"
    assert record["rows"] == {"tiny": 60, "tiny_positions": 60}
    assert tiled.facts(tiled.ref("tiny"))["rows"] == 60


@pytest.mark.spark
def test_positions(tiled: Any, job: Callable[..., Any], tmp_path: Path) -> None:
    """Units converted, epochs in years, unit vectors, sorted along the sky."""
    job("ingest", tiled, survey=str(TOML), input=str(write(catalogue(), tmp_path / "p", "parquet")))
    got = tiled.read(tiled.ref("tiny_positions")).toPandas().sort_values("id").reset_index(drop=True)
    want = catalogue()
    assert np.abs(got["epoch"] - (2000 + (want["mjd"] - 51544.5) / 365.25)).max() < 1e-9
    assert np.abs(got["ra_error_arcsec"] * 1000 - want["e_ra"]).max() < 1e-9
    moving = want["pmra"].notna()
    assert np.abs(got["pmra_masyr"][moving] - 1000 * want["pmra"][moving]).max() < 1e-9
    assert (got["pmra_masyr"].isna() == ~moving).all()
    assert np.abs(got["x"] ** 2 + got["y"] ** 2 + got["z"] ** 2 - 1).max() < 1e-15
    assert np.abs(got["z"] - np.sin(np.radians(want["dec"]))).max() < 1e-15
    tiles = tiled.read(tiled.ref("tiling")).select("tile", "hpx29_start", "hpx29_end")
    inside = tiled.read(tiled.ref("tiny_positions")).join(tiles, "tile")
    assert inside.where((F.col("hpx29") >= F.col("hpx29_start")) & (F.col("hpx29") < F.col("hpx29_end"))).count() == 60


@pytest.mark.spark
def test_files_are_sorted_along_the_sky(spark: Any, tiled: Any, job: Callable[..., Any], tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    job("ingest", tiled, survey=str(TOML), input=str(write(catalogue(), tmp_path / "p", "hive")))
    for name in ("tiny", "tiny_positions"):
        ref = tiled.ref(name)
        files = tiled.files(ref)
        assert len(files) > 5
        assert all("partition.tile" in f for f in files)
        for file in files:
            pixels = pq.read_table(f"{tiled.location(ref)}/{file['path']}", columns=["hpx29"])["hpx29"].to_numpy()
            assert (np.diff(pixels) >= 0).all()
