"""HATS catalogues: those of ours look like those that hats-import made, and hold every row in its pixel."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import Latitude, Longitude
from cdshealpix.nested import lonlat_to_healpix

from tasni_spark.core.errors import ConfigError
from tasni_spark.core.spec import Col
from tasni_spark.export import hats
from tasni_spark.ingest.formats import discover, inspect_all
from tests.small import ROOT

LSDB = ROOT / ".venv-lsdb" / "bin" / "python"
READ = """
import sys
import lsdb

if __name__ == "__main__":
    found = lsdb.open_catalog(sys.argv[1])
    rows = found.compute()
    pairs = found.crossmatch(found, radius_arcsec=0.01, suffixes=("_1", "_2")).compute()
    told = found.hc_structure.catalog_info.total_rows, len(rows), rows["source_id"].nunique()
    print(*told, (pairs["source_id_1"] == pairs["source_id_2"]).sum())
"""


def properties(folder: Path) -> dict[str, str]:
    lines = (folder / "hats.properties").read_text().splitlines()
    assert lines[0] == "#HATS catalog"
    return dict(line.split("=", 1) for line in lines[1:])


def layout(folder: Path) -> set[str]:
    """Paths with the numbers taken out."""
    found = (str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    return {re.sub(r"\d+", "N", p) for p in found}


def in_their_pixels(folder: Path, ra: str, dec: str) -> int:
    """Rows of a catalogue, each of which lies in the pixel of its file and is sorted there."""
    rows = 0
    for line in (folder / "partition_info.csv").read_text().splitlines()[1:]:
        order, pixel = (int(v) for v in line.split(","))
        file = folder / "dataset" / f"Norder={order}" / f"Dir={pixel // 10000 * 10000}" / f"Npix={pixel}.parquet"
        table = pads.dataset(file).to_table([hats.PIXEL29, ra, dec])
        lon, lat = (np.asarray(table[n]) for n in (ra, dec))
        where = lonlat_to_healpix(Longitude(lon, "deg"), Latitude(lat, "deg"), 29).astype(np.int64)
        stored = np.asarray(table[hats.PIXEL29])
        assert (np.diff(stored) >= 0).all()
        assert ((stored >> 2 * (29 - order)) == pixel).all()
        assert (stored == where).mean() > 0.999  # the last bit of a sine decides at the edge of a cell
        rows += table.num_rows
    return rows


def test_places_of_pixels_are_those_of_real_catalogues(real: Path) -> None:
    found = 0
    for folder in (real / "hats").glob("small_sky*/dataset"):
        for file in folder.rglob("Npix=*.parquet"):
            order, pixel = (int(re.search(rf"{w}=(\d+)", str(file))[1]) for w in ("Norder", "Npix"))  # type: ignore[index]
            assert hats.path(4 ** (order + 1) + pixel) == str(file.relative_to(folder))
            assert hats.pixel(4 ** (order + 1) + pixel) == (order, pixel)
            found += 1
    assert found > 10


COLUMNS = (
    Col(hats.PIXEL29, "bigint", "Pixel", ucd="pos.healpix"),
    Col("id", "bigint", "Identifier"),
    Col("dec", "double", "Declination", "deg", "pos.eq.dec"),
)


def test_a_worker_writes_a_file_a_tile(tmp_path: Path) -> None:
    tiles = [16] * 3 + [17] * 5 + [4**8 + 12345] * 4
    rows = pa.table({hats.PIXEL29: range(12), "id": range(100, 112), "dec": [0.5] * 12, "tile": tiles})
    told = hats.writer(str(tmp_path), COLUMNS)(rows.to_batches(max_chunksize=4))
    assert [r for b in told for r in b.to_pylist()] == [
        {"tile": 16, "rows": 3},
        {"tile": 17, "rows": 5},
        {"tile": 4**8 + 12345, "rows": 4},
    ]
    last = pq.read_table(tmp_path / "dataset" / "Norder=7" / "Dir=10000" / "Npix=12345.parquet", partitioning=None)
    assert last.to_pydict() == {hats.PIXEL29: [8, 9, 10, 11], "id": [108, 109, 110, 111], "dec": [0.5] * 4}
    assert last.schema.field("dec").metadata[b"unit"] == b"deg"
    assert list(hats.writer(str(tmp_path / "none"), COLUMNS)([])) == []


def test_columns_that_place_a_row_are_needed() -> None:
    about = {"obs_collection": "things", "hats_col_ra": "ra", "hats_col_dec": "dec"}
    rows: Any = None
    with pytest.raises(ConfigError, match=r"things: HATS needs column tile, hpx29, ra"):
        hats.write(rows, COLUMNS, "out", about)


@pytest.mark.spark
def test_a_survey_as_hats(demo_lake: Any, tmp_path: Path, real: Path) -> None:
    from tasni_spark.cli.export import chosen, write

    out = tmp_path / "gaia"
    rows = chosen(demo_lake, "gaia_dr3", "", ["source_id", "parallax"], True)
    n = write(demo_lake, "gaia_dr3", rows, "hats", str(out))
    ids = {r["id"] for r in demo_lake.spark.sql("SELECT id FROM gaia_dr3").collect()}
    files, faults = inspect_all(discover(str(out)))
    assert faults == []
    assert sum(f.rows for f in files) == n == len(ids) > 5000
    stored = pads.dataset([f.path for f in files]).to_table()
    assert set(stored["source_id"].to_pylist()) == ids
    assert in_their_pixels(out, "ra", "dec") == n
    theirs = real / "hats" / "small_sky_order3_source"
    assert layout(theirs) - layout(out) == {"skymap.fits", "point_map.fits"}
    assert layout(out) <= layout(theirs)
    left_out = set(properties(theirs)) - set(properties(out))
    assert left_out == {"hats_skymap_order", "hats_estsize", "hats_release_date", "hats_max_rows"}
    assert properties(out)["hats_nrows"] == str(n)
    footer = pq.read_metadata(out / "dataset" / "_metadata")
    assert footer.num_rows == n
    assert (out / "dataset" / footer.row_group(0).column(0).file_path).is_file()
    assert pq.read_schema(out / "dataset" / "_common_metadata").field("parallax").metadata[b"unit"] == b"mas"


@pytest.mark.spark
@pytest.mark.skipif(not LSDB.exists(), reason="LSDB has an environment of its own: make bench-lsdb")
def test_lsdb_reads_what_was_exported(demo_lake: Any, tmp_path: Path) -> None:
    """Its own count, every row, and each row met with itself."""
    from tasni_spark.cli.export import chosen, write

    rows = chosen(demo_lake, "gaia_dr3", "", ["source_id"], True)
    n = write(demo_lake, "gaia_dr3", rows, "hats", str(tmp_path / "gaia"))
    (tmp_path / "read.py").write_text(READ)
    words = [str(LSDB), str(tmp_path / "read.py"), str(tmp_path / "gaia")]
    told = subprocess.run(words, check=True, capture_output=True, text=True)
    assert told.stdout.split()[-4:] == [str(n)] * 4


@pytest.mark.spark
def test_candidates_as_votable(demo_lake: Any, tmp_path: Path) -> None:
    from astropy import units as u
    from astropy.table import Table

    from tasni_spark.cli.export import chosen, write
    from tasni_spark.export import files

    where = "cut_set = 'cold_dwarf'"
    rows = chosen(demo_lake, "candidates", where, [], False)
    out = tmp_path / "candidates.vot"
    n = write(demo_lake, "candidates", rows, "votable", str(out))
    found = Table.read(out)
    kept = demo_lake.spark.sql(f"SELECT id, ra FROM candidates WHERE {where}").collect()
    assert n == len(found) == len(kept) > 0
    assert sorted(zip(found["id"], found["ra"], strict=True)) == sorted((r["id"], r["ra"]) for r in kept)
    assert found["ra"].unit == u.deg
    assert found["ra"].meta["ucd"] == "pos.eq.ra;meta.main"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "IN_MEMORY_ROWS", n - 1)
        with pytest.raises(Exception, match=r"more than .* rows, and fits is made in memory: choose --format parquet"):
            write(demo_lake, "candidates", rows, "fits", str(tmp_path / "many.fits"))
    assert [p.name for p in tmp_path.iterdir()] == ["candidates.vot"]
    with pytest.raises(ConfigError, match=r"no column w2mpr.*did you mean 'w2mpro'"):
        chosen(demo_lake, "allwise", "", ["w2mpr"], False)
    with pytest.raises(ConfigError, match=r"--where w9 < 3: .*w9"):
        chosen(demo_lake, "allwise", "w9 < 3", [], False)
