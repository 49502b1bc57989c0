"""Jobs of a pipeline side by side: which wait for which, and that no more run at once than may."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tasni_spark.cli.pipeline import _in_turn
from tasni_spark.core import config, places
from tasni_spark.deploy import drawing
from tasni_spark.pipeline import JOBS

WAITS = {("a", ""): [], ("b", "1"): [], ("b", "2"): [("b", "1")], ("c", ""): [("a", ""), ("b", "2")]}


def test_what_the_demo_s_jobs_wait_for() -> None:
    found = drawing.waits(config.read([places.find("conf/pipeline", "demo")], [], ["run", "pipeline", *JOBS]))
    assert found["ingest", "gaia_dr3"] == [("tiling", "")]
    assert ("ingest", "neowise") in found["lightcurves", ""]
    assert ("search", "allwise") in found["search", "known_objects"], "both write verdicts"
    assert not {("search", "allwise"), ("crossmatch", "")} & set(found["variability", ""])
    order = list(found)
    assert all(order.index(before) < order.index(one) for one in order for before in found[one])


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_each_begins_when_those_before_it_have_ended(at_once: int) -> None:
    lock, running, ended, most = threading.Lock(), set[Any](), set[Any](), 0
    together = threading.Barrier(min(at_once, 2))

    def record_of(part: tuple[str, str]) -> dict[str, Any]:
        nonlocal most
        with lock:
            assert ended.issuperset(WAITS[part])
            running.add(part)
            most = max(most, len(running))
        if not WAITS[part]:
            together.wait(10)
        with lock:
            running.remove(part)
            ended.add(part)
        return {"part": part}

    assert {r["part"] for r in _in_turn(WAITS, at_once, record_of)} == set(WAITS)
    assert most == min(at_once, 2)


def test_nothing_begins_after_an_error() -> None:
    begun = []

    def record_of(part: tuple[str, str]) -> dict[str, Any]:
        begun.append(part)
        if part == ("b", "1"):
            raise ValueError(part)
        return {}

    with pytest.raises(ValueError, match="b"):
        list(_in_turn(WAITS, 2, record_of))
    assert set(begun) == {("a", ""), ("b", "1")}
