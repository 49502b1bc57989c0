"""Light curves are the same however the sky is cut, and files become a table in one commit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import astropy.units as u
import deltalake
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cdshealpix.nested import lonlat_to_healpix
from numba.core import event

from tasni_spark.cli import kernels
from tasni_spark.core import parts
from tasni_spark.core.files import Folder
from tasni_spark.sky.tiling import span
from tasni_spark.tables.light_curves import LIGHTCURVES
from tasni_spark.variability import gather
from tasni_spark.variability import lightcurves as lc
from tasni_spark.variability.measures import tables_of
from tasni_spark.variability.pieces import fitting, pieces
from tasni_spark.variability.variability import WRITES, VariabilityConfig

pytestmark = pytest.mark.slow

REACH = 0.05
YEARS = np.linspace(2014.0, 2024.0, 40)


def placed(columns: dict[str, Any], path: Path) -> dict[str, Any]:
    """Write rows sorted by place in small row groups; what the log would tell of the file."""
    pixel = lonlat_to_healpix(columns["ra"] * u.deg, columns["dec"] * u.deg, 29).astype(np.int64)
    order = np.argsort(pixel)
    rows = pa.table({n: np.asarray(v)[order] for n, v in (columns | {"hpx29": pixel}).items()})
    pq.write_table(rows, path, row_group_size=2000)
    return {"path": path.name, "num_records": len(rows), "min.hpx29": pixel.min(), "max.hpx29": pixel.max()}


@pytest.fixture(scope="module")
def sky(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]], list[dict[str, Any]]]:
    """A crowd around a corner where four tiles meet, each source seen 40 times; one in five moves by 1 arcsec/yr."""
    folder = tmp_path_factory.mktemp("sky")
    rng = np.random.default_rng(2)
    n = 600
    east, north = rng.uniform(-60, 60, (2, n)) / 3600
    ra, dec = 45.0 + east, north
    pm = np.where(np.arange(n)[:, None] % 5 == 0, rng.uniform(-1000, 1000, (n, 2)), np.nan)
    a, d = np.radians(ra), np.radians(dec)
    left = {"id": np.arange(n), "ra": ra, "dec": dec, "x": np.cos(a) * np.cos(d), "y": np.sin(a) * np.cos(d)}
    left |= {"z": np.sin(d), "epoch": np.full(n, 2010.5), "pmra_masyr": pm[:, 0], "pmdec_masyr": pm[:, 1]}
    left |= {"pmra_error_masyr": np.full(n, 10.0), "pmdec_error_masyr": np.full(n, 10.0)}
    moved = np.nan_to_num(pm)[:, :, None] * (YEARS - 2010.5) / 3.6e6
    shot = {"id": np.arange(n * len(YEARS)), "mjd": np.tile(51544.5 + 365.25 * (YEARS - 2000), n)}
    shot |= {"ra": (ra[:, None] + moved[:, 0]).ravel(), "dec": (dec[:, None] + moved[:, 1]).ravel()}
    shot["allwise_cntr"] = np.repeat(np.arange(n), len(YEARS))
    for band in ("w1", "w2"):
        shot |= {f"{band}mpro": rng.normal(13, 0.1, len(shot["id"])), f"{band}sigmpro": np.full(len(shot["id"]), 0.1)}
    return folder, [placed(shot, folder / "shots.parquet")], [placed(left, folder / "left.parquet")]


def curves(sky: Any, most_rows: int, **settings: Any) -> tuple[pa.Table, list[dict[str, Any]]]:
    folder, shots, left = sky
    cfg = lc.LightcurvesConfig(**settings)
    order = 2
    tiles = [4 ** (order + 1) + k for k in range(12 * 4**order)]
    work = [
        p for w in pieces(tiles, shots, left, REACH, most_rows) for p in fitting(w, Folder.at(str(folder)), most_rows)
    ]
    done = [gather.curves_of(w, (str(folder), str(folder)), REACH, cfg) for w in work if w.exposures]
    rows = pa.concat_tables([c.select(LIGHTCURVES.names).cast(parts.schema(LIGHTCURVES)) for c, _ in done])
    return rows.sort_by("id"), [s for _, s in done]


def test_a_worker_compiles_nothing_that_setup_has_compiled(sky: Any) -> None:
    """Arrays from files are of the types that `cli.kernels` compiles for; seen where no cache of another run is."""
    kernels.make()
    with event.install_recorder("numba:compile") as told:
        found, _ = curves(sky, 10**9)
        tables_of(found, VariabilityConfig(rivals_log10_p=0.0), WRITES)
    assert {e.data["dispatcher"].py_func.__name__ for _, e in told.buffer} == set()


def test_cuts_of_the_sky_change_nothing(sky: Any) -> None:
    whole, told = curves(sky, 10**9)
    cut, pieces_told = curves(sky, 2000)
    assert len(pieces_told) > len(told) + 10
    assert whole.equals(cut)
    for name in ("n_sources", "n_detections", "n_given", "n_exposures", "n_both"):
        assert sum(t[name] for t in told) == sum(t[name] for t in pieces_told) > 0
    assert len(set(whole["tile"].to_pylist())) >= 3
    assert sum(whole["n_other_tiles"].to_pylist()) > 0
    assert sum(whole["n_exposures"].to_pylist()) + sum(whole["n_duplicates"].to_pylist()) == 600 * len(YEARS)


def test_motion_finds_what_a_fixed_circle_loses(sky: Any) -> None:
    """Followed along its motion a source keeps all its exposures; standing still it keeps those of its first years."""
    moving, _ = curves(sky, 10**9)
    still, _ = curves(sky, 10**9, motion_snr=1e9)
    fast = list(range(0, 600, 5))
    n = {
        name: dict(zip(t["id"].to_pylist(), t["n_both"].to_pylist(), strict=True))
        for name, t in (("m", moving), ("s", still))
    }
    assert sum(n["m"].get(i, 0) for i in fast) > 0.9 * len(fast) * len(YEARS)
    assert sum(n["s"].get(i, 0) for i in fast) < 0.6 * len(fast) * len(YEARS)
    archive, _ = curves(sky, 10**9, association="archive")
    assert archive["n_exposures"].to_pylist() == [len(YEARS)] * 600


def test_a_crowded_tile_is_cut_into_pieces_that_fill_it(sky: Any) -> None:
    _, _shots, left = sky
    tile = 4**3 + 8
    start, end = span(tile)
    crowd = {"path": "a", "num_records": 100_000, "min.hpx29": start, "max.hpx29": end - 1}
    found = pieces([tile], [crowd], left, REACH, 5000)
    assert len(found) == 64
    assert [p.start for p in found] == [start, *[p.end for p in found[:-1]]]
    assert found[-1].end == end


def test_files_become_a_table_in_one_commit(sky: Any, tmp_path: Path) -> None:
    rows, _ = curves(sky, 10**9)
    root = str(tmp_path / "t")
    deltalake.DeltaTable.create(root, parts.schema(LIGHTCURVES), partition_by=list(LIGHTCURVES.partition))
    tiles = sorted(set(rows["tile"].to_pylist()))
    where = {"survey": ["neowise"], "left_survey": ["allwise"], "tile": tiles}
    written = parts.write(rows, LIGHTCURVES, Folder.at(root))
    assert sum(w.rows for w in written) == len(rows)
    for _ in range(2):
        parts.adopt(root, LIGHTCURVES, written, where, "run/1", {"scope": {}})
    table = deltalake.DeltaTable(root)
    assert table.version() == 1
    assert table.to_pyarrow_table().select(rows.column_names).sort_by("id").equals(rows)
    one = tiles[0]
    again = parts.write(rows.filter(pa.compute.equal(rows["tile"], one)).slice(0, 3), LIGHTCURVES, Folder.at(root))
    parts.adopt(root, LIGHTCURVES, again, {**where, "tile": [one]}, "run/2", {})
    left = deltalake.DeltaTable(root).to_pyarrow_table()["tile"].to_pylist()
    assert left.count(one) == 3
    assert len(left) == len(rows) - rows["tile"].to_pylist().count(one) + 3
    stats = pa.table(deltalake.DeltaTable(root).get_add_actions(flatten=True)).to_pylist()
    assert all(s["min.hpx29"] <= s["max.hpx29"] and s["num_records"] > 0 for s in stats)
