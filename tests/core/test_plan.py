"""Plans: groups, saving, and the refusal to resume what has changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasni_spark.core.errors import ConfigError
from tasni_spark.core.files import Folder
from tasni_spark.core.plan import Group, Plan, by_tiles, grouped


def test_groups_end_where_they_would_grow_too_large() -> None:
    assert grouped([("a", 3), ("b", 3), ("c", 5), ("d", 1), ("e", 9)], 6) == [["a", "b"], ["c", "d"], ["e"]]
    assert grouped([], 6) == []


def test_every_tile_is_in_one_group() -> None:
    tiles = [(t, t % 7) for t in range(100)]
    groups = by_tiles(tiles, 20)
    assert [t for g in groups for t in g.tiles] == [t for t, _ in tiles]
    assert [g.number for g in groups] == list(range(len(groups)))
    assert all(g.rows <= 20 for g in groups)
    assert sum(g.rows for g in groups) == sum(n for _, n in tiles)


def plan() -> Plan:
    steps = {"stage": (Group(0, files=("a", "b"), rows=7),), "cluster": (Group(0, tiles=(4, 5)), Group(1, tiles=(6,)))}
    return Plan("r", "ingest-x", {"ingest": {"survey": "x"}}, {"x": 1}, {"tiling": 0}, {"x": 3}, steps, {"rows": 7})


def test_a_plan_comes_back_as_it_was(tmp_path: Path) -> None:
    plan().save(Folder.at(str(tmp_path)))
    assert Plan.load(Folder.at(str(tmp_path)), "ingest-x") == plan()
    assert Plan.load(Folder.at(str(tmp_path)), "other") is None


def test_a_changed_configuration_is_named() -> None:
    plan().check_same({"ingest": {"survey": "x"}}, {"x": 1})
    with pytest.raises(ConfigError, match=r"ingest\.survey: 'x' -> 'y'"):
        plan().check_same({"ingest": {"survey": "y"}}, {"x": 1})
    with pytest.raises(ConfigError, match="declaration of table x: 1 -> 2"):
        plan().check_same({"ingest": {"survey": "x"}}, {"x": 2})
