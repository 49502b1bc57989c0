"""Plans: every pair's files meet in the group of the left one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tasni_spark.core.errors import DataError
from tasni_spark.crossmatch.tiles import plan
from tasni_spark.crossmatch.tiles.sides import Rule
from tasni_spark.crossmatch.tiles.task import Task

from .files import positions, write
from .skies import brute, even, near, sides, sky


def actions(place: np.ndarray, file: np.ndarray, tiles: Any = None, **stats: Any) -> pa.Table:
    """Add actions of rows in files."""
    rows = []
    for number in np.unique(file):
        here = place[file == number]
        row = {"path": f"tile=a%20b/{number}", "num_records": len(here), "min.hpx29": int(number)}
        row |= {f"min.{c}": here[:, k].min() for k, c in enumerate("xyz")}
        row |= {f"max.{c}": here[:, k].max() for k, c in enumerate("xyz")}
        row |= {k.replace("__", "."): v for k, v in stats.items()}
        if tiles is not None:
            row["partition.tile"] = str(tiles[number])
        rows.append(row)
    return pa.Table.from_pylist(rows)


def names(parts: Any) -> set[str]:
    return {p.path for p in parts}


@pytest.mark.parametrize("radius", [1.0, 30.0, 7200.0])
@pytest.mark.parametrize("name", ["even", "poles", "seam"])
def test_the_files_of_every_pair_meet(name: str, radius: float) -> None:
    rng = np.random.default_rng(2)
    left, right = sky(name, n=500, m=1500)
    rule = Rule(radius)
    files = rng.integers(0, 60, len(left)), (np.arange(len(right)) // 20)
    left_side, right_side = sides(left, right, rule)
    pairs = brute(left_side, right_side, rule.limit)
    tasks = plan.tasks(actions(left, files[0]), actions(right, files[1]), rule, 400)
    assert len(tasks) > 2
    assert sorted(p.path for t in tasks for p in t.left) == sorted(f"tile=a b/{k}" for k in np.unique(files[0]))
    home = {p.path: t for t in tasks for p in t.left}
    assert len(pairs) > 10 * radius**0.3
    for i, j, _ in pairs:
        task = home[f"tile=a b/{files[0][int(i)]}"]
        assert f"tile=a b/{files[1][int(j)]}" in names(task.right)


def test_far_files_are_not_read() -> None:
    rng = np.random.default_rng(2)
    left, right = even(rng, 4000), even(rng, 8000)
    order = [np.lexsort((v[:, 0] > 0, v[:, 1] > 0, v[:, 2] > 0)) for v in (left, right)]
    left, right = left[order[0]], right[order[1]]
    tasks = plan.tasks(actions(left, np.arange(4000) // 500), actions(right, np.arange(8000) // 1000), Rule(3.0), 1500)
    assert 6 <= len(tasks) <= 8
    assert np.mean([len(t.right) for t in tasks]) < 6


def test_groups_are_even_and_tiles_whole() -> None:
    rng = np.random.default_rng(3)
    left, right = even(rng, 5000), even(rng, 9000)
    tiles = np.arange(100) // 4 + 1000
    tasks = plan.tasks(
        actions(left, np.arange(5000) // 50, tiles), actions(right, np.arange(9000) // 90), Rule(3.0), 2000
    )
    assert [t.number for t in tasks] == list(range(7))
    assert [x for t in tasks for x in t.tiles] == list(range(1000, 1025))
    rows = [sum(p.rows for p in t.left) for t in tasks]
    assert max(rows) <= 1.5 * min(rows)


def test_the_halo_holds_competitors_of_the_left_side() -> None:
    left, right = sky("seam", n=400, m=900)
    rule = Rule(20.0)
    files = np.arange(400) // 10
    tasks = plan.tasks(actions(left, files), actions(right, np.arange(900) // 10), rule, 200, halo=True)
    home = {p.path: t for t in tasks for p in t.left}
    here, there = sides(left, right, rule)
    pairs = brute(here, there, rule.limit)
    rivals: dict[int, set[int]] = {}
    for i, j, _ in pairs.astype(int):
        rivals.setdefault(j, set()).add(i)
    crossing = 0
    for i, j, _ in pairs.astype(int):
        task = home[f"tile=a b/{files[i]}"]
        assert not names(task.left) & names(task.halo)
        for other in rivals[j]:
            path = f"tile=a b/{files[other]}"
            crossing += path in names(task.halo)
            assert path in names(task.left) | names(task.halo)
    assert crossing > 50


def test_motion_widens_the_reach_of_the_files_that_have_it() -> None:
    left = np.array([[1.0, 0, 0]])
    angle = np.radians(40 / 3600)
    right = np.array([[np.cos(angle), np.sin(angle), 0.0]])
    rule = Rule(1.0, 2000.0, 2010.0)
    epoch = {"min__epoch": 2016.0, "max__epoch": 2016.0, "null_count__epoch": 0}
    fast = {f"{e}__{c}": 2000.0 for e in ("min", "max") for c in ("pmra_masyr", "pmdec_masyr")}

    def near_files(rule: Rule, **stats: Any) -> tuple[Any, ...]:
        one = np.zeros(1, int)
        return plan.tasks(actions(left, one), actions(right, one, **stats), rule, 10)[0].right

    assert near_files(rule, **epoch) == ()
    (part,) = near_files(rule, **epoch, **fast)
    assert part.moves
    assert part.reach_arcsec == pytest.approx(1 + np.hypot(2, 2) * 16)
    none = {f"null_count__{c}": 1 for c in ("pmra_masyr", "pmdec_masyr")}
    assert near_files(rule, **epoch, **none) == ()
    unknown = {f"null_count__{c}": 0 for c in ("pmra_masyr", "pmdec_masyr")}
    assert near_files(rule, **epoch, **unknown)[0].reach_arcsec == 180 * 3600
    assert near_files(Rule(1.0), **epoch, **fast) == ()
    assert len(near_files(Rule(1.0, 2000.0, 2010.0, 5.0, 3000.0), **epoch, **none)) == 1


def test_a_file_without_statistics_may_lie_anywhere() -> None:
    rng = np.random.default_rng(5)
    left = even(rng, 100)
    bare = pa.Table.from_pylist([{"path": "x", "num_records": 5}])
    tasks = plan.tasks(actions(left, np.arange(100) // 10), bare, Rule(1.0), 20)
    assert len(tasks) > 3
    assert all(names(t.right) == {"x"} for t in tasks)


def test_nothing_to_match() -> None:
    rng = np.random.default_rng(5)
    some = actions(even(rng, 100), np.arange(100) // 10)
    assert plan.tasks(some.slice(0, 0), some, Rule(1.0), 50) == []
    alone = plan.tasks(some, some.slice(0, 0), Rule(1.0), 50)
    assert sum(len(t.left) for t in alone) == 10
    assert not any(t.right for t in alone)


def test_a_task_survives_json() -> None:
    left, right = sky("even", n=100, m=200)
    tasks = plan.tasks(
        actions(left, np.arange(100) // 10, np.arange(10)),
        actions(right, np.arange(200) // 10),
        Rule(1.0),
        90,
        halo=True,
    )
    assert [Task.from_json(t.to_json()) for t in tasks] == tasks
    assert tasks[0].rows > 0


def test_deletion_vectors_are_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    one = actions(even(rng, 10), np.zeros(10, int))
    marked = one.append_column("deletionVector.cardinality", pa.array([3]))
    with pytest.raises(DataError, match=r"right side: 1 files have deletion vectors.*PURGE"):
        plan.tasks(one, marked, Rule(1.0), 100)
    path = Path(write(positions(near(rng, np.array([[0.8, 0.5, 0.332]]), 20, 5), 0), tmp_path / "t"))
    assert len(plan.add_actions(str(path))) == 1
    log = path / "_delta_log" / "00000000000000000000.json"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    for line in lines:
        if "protocol" in line:
            line["protocol"] = {
                "minReaderVersion": 3, "minWriterVersion": 7,
                "readerFeatures": ["deletionVectors"], "writerFeatures": ["deletionVectors"],
            }  # fmt: skip
        if "add" in line:
            line["add"]["deletionVector"] = {
                "storageType": "i", "pathOrInlineDv": "wi5b=000010000siXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L",
                "sizeInBytes": 40, "cardinality": 6,
            }  # fmt: skip
    log.write_text("\n".join(json.dumps(line) for line in lines))
    with pytest.raises(DataError, match="files have deletion vectors, which the tile engine cannot see"):
        plan.add_actions(str(path))
