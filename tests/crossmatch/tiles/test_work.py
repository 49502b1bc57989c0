"""From Delta tables to committed matches."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import deltalake
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasni_spark.core.errors import DataError
from tasni_spark.core.files import Folder
from tasni_spark.crossmatch.tiles import boxes, driver, kernel, plan, read, work
from tasni_spark.crossmatch.tiles.associations import SCHEMA, WRITTEN, Density
from tasni_spark.crossmatch.tiles.sides import Motion, Rule, right_side
from tasni_spark.crossmatch.tiles.task import Part
from tasni_spark.crossmatch.tiles.work import Match

from .files import NAMES, positions, write
from .skies import ARCSEC, around, brute, even, near, sides, sky

pytestmark = pytest.mark.slow

MATCH = Match("wise", "gaia", "", "", Rule(3.0))
PAIR = ["left_id", "right_id", "rank", "n_neighbours"]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> tuple[pa.Table, pa.Table, str, str]:
    """Two surveys over the sphere, with clusters across the corners of tiles."""
    rng = np.random.default_rng(9)
    places = even(rng, 3000)
    clusters = [around(rng, c, 200, 60) for c in ((1, 0, 0), (0, 0, 1), (1, 1, 0), (1, 1, 1), (0, -1, 2 / np.sqrt(5)))]
    left = np.concatenate([places, *clusters])
    right = np.concatenate([even(rng, 3000), near(rng, left, 6000, 2)])
    tables = positions(left, 0, 1), positions(right, 100_000, 2)
    folder = tmp_path_factory.mktemp("lake")
    return *tables, write(tables[0], folder / "wise"), write(tables[1], folder / "gaia")


def vectors(table: pa.Table) -> np.ndarray:
    return np.stack([table[c].to_numpy() for c in "xyz"], 1)


def truth(left: pa.Table, right: pa.Table, how: str = "all") -> list[tuple[int, ...]]:
    """(left_id, right_id, rank, n_neighbours) by brute force, sorted."""
    here, there = sides(vectors(left), vectors(right), MATCH.rule)
    here = here._replace(id=left["id"].to_numpy())
    there = there._replace(id=right["id"].to_numpy())
    pairs = brute(here, there, MATCH.rule.limit)
    row = pairs[:, 0].astype(int)
    n = np.bincount(row, minlength=len(here.id))
    rank = np.arange(len(row)) - np.searchsorted(row, row) + 1
    ids = np.stack([here.id[row], there.id[pairs[:, 1].astype(int)], rank, n[row]], 1)
    keep = rank > 0 if how == "all" else rank == 1
    if how == "symmetric":
        best: dict[int, Any] = {}
        for (i, j, *_), c2 in zip(ids, pairs[:, 2], strict=True):
            best[j] = min(best.get(j, (9.0, 0)), (c2, i))
        keep &= np.array([best[j][1] == i for i, j, *_ in ids])
    return sorted(map(tuple, ids[keep].tolist()))


def rows(path: Path | str) -> pa.Table:
    return deltalake.DeltaTable(path).to_pyarrow_table()


def as_tuples(table: pa.Table) -> list[tuple[int, ...]]:
    return sorted(zip(*[table[c].to_pylist() for c in PAIR], strict=True))


@pytest.mark.parametrize("how", ["nearest", "all", "symmetric"])
def test_committed_matches_are_those_of_brute_force(lake: Any, how: str, tmp_path: Path) -> None:
    left, right, left_path, right_path = lake
    match = replace(MATCH, how=how)
    written = driver.match_files(left_path, right_path, match, str(tmp_path / "m"), rows=1500)
    assert len({w.task for w in written}) > 5
    found = rows(tmp_path / "m")
    want = truth(left, right, how)
    assert len(want) > 2000
    assert as_tuples(found) == want
    assert sum(w.n_left for w in written) == len(left)
    assert sum(w.rows for w in written) == len(want)
    assert sum(w.n_matched for w in written) == len({i for i, *_ in want})
    tile = dict(zip(left["id"].to_pylist(), left["tile"].to_pylist(), strict=True))
    assert [tile[i] for i in found["left_id"].to_pylist()] == found["tile"].to_pylist()
    v = [dict(zip(t["id"].to_pylist(), vectors(t), strict=True)) for t in (left, right)]
    a, b = (np.array([v[s][i] for i in found[c].to_pylist()]) for s, c in enumerate(("left_id", "right_id")))
    sep = np.arctan2(np.linalg.norm(np.cross(a, b), axis=1), (a * b).sum(1)) / ARCSEC
    assert np.abs(found["sep_arcsec"].to_numpy() - sep).max() < 1e-8


def test_the_k_nearest(lake: Any, tmp_path: Path) -> None:
    left, right, *paths = lake
    driver.match_files(*paths, replace(MATCH, how="all", k=2), str(tmp_path / "m"), rows=5000)
    want = [w for w in truth(left, right) if w[2] <= 2]
    assert as_tuples(rows(tmp_path / "m")) == want
    assert any(w[3] > 2 for w in want)


def test_a_left_table_without_tiles(lake: Any, tmp_path: Path) -> None:
    left, right, _, right_path = lake
    path = write(left, tmp_path / "flat", tiled=False)
    written = driver.match_files(path, right_path, MATCH, str(tmp_path / "m"), rows=3000)
    assert as_tuples(rows(tmp_path / "m")) == truth(left, right, "nearest")
    assert sum(w.n_left for w in written) == len(left)


def test_files_are_sorted_and_the_log_knows_their_statistics(lake: Any, tmp_path: Path) -> None:
    *_, left_path, right_path = lake
    driver.match_files(left_path, right_path, replace(MATCH, how="all"), str(tmp_path / "m"), rows=4000)
    table = deltalake.DeltaTable(tmp_path / "m")
    actions = pa.table(table.get_add_actions(flatten=True)).to_pylist()
    assert len(actions) > 50
    for action in actions:
        file = pq.ParquetFile(tmp_path / "m" / action["path"])
        found = file.read()
        keys = list(zip(found["left_id"].to_pylist(), found["rank"].to_pylist(), strict=True))
        assert keys == sorted(keys)
        assert action["num_records"] == len(keys)
        for name in ("left_id", "right_id", "sep_arcsec"):
            values = found[name].to_pylist()
            assert (action[f"min.{name}"], action[f"max.{name}"]) == (min(values), max(values))
        assert "PLAIN_DICTIONARY" not in file.metadata.row_group(0).column(0).encodings
        assert "RLE_DICTIONARY" not in file.metadata.row_group(0).column(0).encodings
    assert table.to_pyarrow_table().schema.names == SCHEMA.names


def test_a_group_done_twice_is_a_group_done_once(lake: Any, tmp_path: Path) -> None:
    *_, left_path, right_path = lake
    out = str(tmp_path / "m")
    driver.match_files(left_path, right_path, MATCH, out, rows=4000, transaction="a")
    before = rows(out)
    version = deltalake.DeltaTable(out).version()
    assert driver.match_files(left_path, right_path, MATCH, out, rows=4000, transaction="a") == []
    assert deltalake.DeltaTable(out).version() == version
    other = replace(MATCH, right_survey="other")
    driver.match_files(left_path, right_path, other, out, rows=4000, transaction="b")
    driver.match_files(left_path, right_path, MATCH, out, rows=2000, transaction="c")
    after = rows(out)
    mine = after.filter(pa.compute.equal(after["right_survey"], "gaia"))
    assert as_tuples(mine) == as_tuples(before)
    assert len(after) == 2 * len(before)


def test_the_worker_gives_a_row_for_each_tile(lake: Any, tmp_path: Path) -> None:
    *_, left_path, right_path = lake
    match = replace(MATCH, left_root=left_path, right_root=right_path)
    tasks = plan.tasks(plan.add_actions(left_path), plan.add_actions(right_path), MATCH.rule, 4000)
    run = work.worker([t.to_json() for t in tasks], match, str(tmp_path))
    batches = list(run(iter([pa.RecordBatch.from_pydict({"id": [1, 0]})])))
    assert [b.schema for b in batches] == [WRITTEN] * 2
    assert [b["tile"].to_pylist() for b in batches] == [sorted(tasks[1].tiles), sorted(tasks[0].tiles)]
    for row in (r for b in batches for r in b.to_pylist()):
        assert bool(row["path"]) == bool(row["rows"])
        assert not row["path"] or (tmp_path / row["path"]).stat().st_size == row["bytes"]


def test_movers_across_files(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    place = even(rng, 2000)
    pm = rng.uniform(-1, 1, (2, 2000)) * rng.choice([0.0, 10_000.0], 2000)
    motion = Motion(np.full(2000, 2016.0), *pm, *np.full((2, 2000), 0.1))
    when = rng.uniform(1990, 2015, 2000)
    rule = Rule(1.0, when.min(), when.max())
    moved = right_side(np.arange(2000), place.copy(), rule, motion)
    seen = moved.origin + moved.rate * (when - 2016.0)[:, None]
    seen /= np.linalg.norm(seen, axis=1)[:, None]
    columns = dict(zip(NAMES, (*pm, *np.full((2, 2000), 0.1)), strict=True))
    right = positions(place, 0, 3, 2016.0, **columns)
    left = positions(seen, 0, 3, when)
    paths = write(left, tmp_path / "l"), write(right, tmp_path / "r")
    driver.match_files(*paths, replace(MATCH, rule=Rule(1.0)), str(tmp_path / "m"), rows=500)
    found = rows(tmp_path / "m")
    assert set(zip(found["left_id"].to_pylist(), found["right_id"].to_pylist(), strict=True)) >= {
        (i, i) for i in range(2000)
    }
    flags = dict(zip(found["right_id"].to_pylist(), found["is_propagated"].to_pylist(), strict=True))
    assert sum(flags.values()) == (pm != 0).any(0).sum()


def test_chance_probability(lake: Any, tmp_path: Path) -> None:
    left, right, *paths = lake
    cells, counts = np.unique(right["hpx29"].to_numpy() >> 2 * (29 - 5), return_counts=True)
    area = 4 * np.pi / (12 * 4**5) / ARCSEC**2
    density = Density(5, cells[::2], counts[::2] / area, 1 / area)
    driver.match_files(*paths, replace(MATCH, density=density), str(tmp_path / "m"), rows=4000)
    found = rows(tmp_path / "m")
    of = dict(zip(left["id"].to_pylist(), (left["hpx29"].to_numpy() >> 48).tolist(), strict=True))
    known = dict(zip(cells[::2].tolist(), counts[::2].tolist(), strict=True))
    rho = np.array([known.get(of[i], 1) for i in found["left_id"].to_pylist()]) / area
    want = -np.expm1(-np.pi * found["sep_arcsec"].to_numpy() ** 2 * rho)  # 1 - exp(-x) loses the small ones
    assert np.allclose(found["p_chance"].to_numpy(), want, rtol=1e-9, atol=1e-18)
    assert len(np.unique(rho)) > 5


def test_only_near_rows_are_read(lake: Any) -> None:
    left, right, _, right_path = lake
    actions = plan.add_actions(right_path).to_pylist()
    parts = [Part(a["path"], a["num_records"], int(a["partition.tile"]), 3.0) for a in actions]
    some = vectors(left)[:200]
    near_boxes = boxes.of_rows(some, 20)
    found = read.rows(Folder.at(right_path), parts, ["epoch", "pmra_masyr"], near_boxes)
    assert len(found.id) < found.read < len(right) / 2
    assert sum(found.counts) == len(found.id)
    assert np.isnan(found.columns["pmra_masyr"]).all()
    assert (found.columns["epoch"] == 2010.0).all()
    here, there = sides(some, vectors(right), MATCH.rule)
    needed = brute(here, there, MATCH.rule.limit)[:, 1].astype(int)
    assert len(needed) > 50
    assert set(right["id"].to_numpy()[needed].tolist()) <= set(found.id.tolist())


def test_rows_without_a_place_are_counted(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    table = positions(even(rng, 1000), 0)
    x = np.where(np.arange(1000) % 10 == 0, np.nan, table["x"].to_numpy())
    z = pa.array(table["z"].to_numpy(), mask=np.arange(1000) % 25 == 1)
    ids = pa.array(table["id"].to_numpy(), mask=np.arange(1000) % 100 == 2)
    bad = table.set_column(0, "id", ids).set_column(3, "x", pa.array(x)).set_column(5, "z", z)
    paths = write(bad, tmp_path / "l"), write(table, tmp_path / "r")
    written = driver.match_files(*paths, MATCH, str(tmp_path / "m"), rows=500)
    assert sum(w.n_bad for w in written) == 150
    assert sum(w.n_left for w in written) == 850
    assert len(rows(tmp_path / "m")) == 850


def test_narrow_types_and_missing_columns(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    table = positions(even(rng, 100), 0).drop(["pmra_masyr", "epoch"])
    table = table.set_column(0, "id", table["id"].cast(pa.int32())).set_column(3, "x", table["x"].cast(pa.float32()))
    pq.write_table(table, tmp_path / "a.parquet")
    found = read.rows(Folder.at(str(tmp_path)), [Part("a.parquet", 100)], ["epoch", "tile"])
    assert found.id.dtype == np.int64
    assert np.allclose(found.place, vectors(table), atol=1e-7)
    assert np.isnan(found.columns["epoch"]).all()
    assert found.columns["tile"].tolist() == table["tile"].to_pylist()
    pq.write_table(table.drop(["y"]), tmp_path / "b.parquet")
    with pytest.raises(DataError, match=r"b\.parquet: no column y"):
        read.rows(Folder.at(str(tmp_path)), [Part("b.parquet", 100)], [])


def test_an_empty_right_side(lake: Any, tmp_path: Path) -> None:
    left, right, left_path, _ = lake
    path = write(positions(around(np.random.default_rng(1), (0, 0, 1), 30, 10), 0), tmp_path / "narrow")
    written = driver.match_files(left_path, path, MATCH, str(tmp_path / "m"), rows=1000)
    assert sum(w.n_left for w in written) == len(left)
    assert {w.tile for w in written if w.rows} < {w.tile for w in written}
    driver.match_files(left_path, path, replace(MATCH, rule=Rule(0.001)), str(tmp_path / "m"), 1000, "again")
    assert len(rows(tmp_path / "m")) == 0
    empty = write(right.slice(0, 0), tmp_path / "empty")
    assert sum(w.rows for w in driver.match_files(left_path, empty, MATCH, str(tmp_path / "n"))) == 0


def test_workers_import_neither_pandas_nor_spark(lake: Any, tmp_path: Path) -> None:
    *_, left_path, right_path = lake
    density = "Density(5, np.arange(9), np.ones(9), 1.0)"
    match = f"Match('wise', 'gaia', {left_path!r}, {right_path!r}, Rule(3.0), 'all', density={density})"
    tasks = plan.tasks(plan.add_actions(left_path), plan.add_actions(right_path), MATCH.rule, 4000)
    code = f"""
import sys
import numpy as np
from tasni_spark.crossmatch.tiles.associations import Density, batch
from tasni_spark.crossmatch.tiles.task import Task
from tasni_spark.crossmatch.tiles.work import Match, run_group
from tasni_spark.crossmatch.tiles.sides import Rule
assert batch(run_group(Task.from_json({tasks[0].to_json()!r}), {match}, {str(tmp_path)!r})).num_rows > 1
assert not {{"pandas", "pyspark", "deltalake"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_two_tables_of_the_crowd(tmp_path: Path) -> None:
    left, right = sky("crowd")
    tables = positions(left, 0, 1), positions(right, 100_000, 2)
    paths = write(tables[0], tmp_path / "l"), write(tables[1], tmp_path / "r")
    driver.match_files(*paths, replace(MATCH, how="symmetric"), str(tmp_path / "m"), rows=500)
    assert as_tuples(rows(tmp_path / "m")) == truth(*tables, "symmetric")


def test_preloaded_code_is_the_code_that_runs(lake: Any) -> None:
    *_, left_path, right_path = lake
    work.preload()
    compiled = (kernel._nearest, kernel._collect, kernel.sep_arcsec, boxes.inside, boxes.of_rows)
    before = [len(f.signatures) for f in compiled]
    tasks = plan.tasks(plan.add_actions(left_path), plan.add_actions(right_path), MATCH.rule, 9000, halo=True)
    for how in ("nearest", "all", "symmetric"):
        match = replace(MATCH, how=how, left_root=left_path, right_root=right_path)
        assert len(work.match_group(tasks[0], match).pairs) > 1000
    assert [len(f.signatures) for f in compiled] == before
