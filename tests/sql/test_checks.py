"""Checks under `sql` pass on the demo's lake, and find a planted fault."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import functions as F

from tasni_spark.cli.scripts import work
from tasni_spark.core import config
from tasni_spark.pipeline import JOBS, parts
from tasni_spark.quality import checks
from tests.sql.files import SQL, text

SURVEYS = ["allwise", "gaia_dr3", "twomass", "panstarrs1", "catwise2020", "nvss", "mock_truth"]
MEASURED = ["gaia_dr3", "twomass", "panstarrs1", "catwise2020", "nvss"]


def each(form: str, surveys: list[str], *markers: str) -> list[dict[str, str]]:
    """Parameters for every survey."""
    return [dict(zip(markers, form.format(s).split(), strict=True)) for s in surveys]


GOOD: dict[str, list[dict[str, str]]] = {
    "candidates_fail_nothing": [{}],
    "coverage_in_cells": [{}],
    "cutflow_adds_up": [{}],
    "hpx29_of_position": each("{}_positions", SURVEYS, "t"),
    "many_rejected": [{}],
    "matches_counted": [{}],
    "matches_left_known": [{"left_survey": "allwise", "t": "allwise_positions"}],
    "matches_right_known": each("{0} {0}_positions", MEASURED, "right_survey", "t"),
    "positions_of_sources": each("{0} {0}_positions", SURVEYS, "sources", "positions"),
    "repeated_ids": each("{}", SURVEYS, "t"),
    "rows_rejected": [{}],
    "rows_stored": each("{}", [*SURVEYS, "neowise"], "t"),
    "tile_of_hpx29": each("{}", ["allwise_positions", "neowise", "verdicts"], "t"),
    "tiling_covers_sky": [{}],
    "unit_vector_of_position": each("{}_positions", SURVEYS, "t"),
}
FAULTS = {  # check to the table, column and expression of a fault that it must find, with the first parameters above
    "candidates_fail_nothing": ("candidates", "id", "-id"),
    "coverage_in_cells": ("coverage", "end", "`end` + 1"),
    "cutflow_adds_up": ("cutflow", "n_pass", "n_pass + 1"),
    "hpx29_of_position": ("allwise_positions", "dec", "dec * 0.999D"),
    "many_rejected": ("surveys", "rejected", "rejected + rows"),
    "matches_counted": ("match_tiles", "n_pairs", "n_pairs + 1"),
    "matches_left_known": ("matches", "left_id", "-left_id"),
    "matches_right_known": ("matches", "right_id", "-7L"),
    "positions_of_sources": ("allwise_positions", "id", "id + 1000000"),
    "repeated_ids": ("allwise", "id", "shiftright(id, 60)"),
    "rows_rejected": ("surveys", "rejected", "rejected + 1"),
    "rows_stored": ("surveys", "rows", "rows + 1"),
    "tile_of_hpx29": ("allwise_positions", "tile", "tile + 1"),
    "tiling_covers_sky": ("tiling", "hpx29_end", "hpx29_end - 1"),
    "unit_vector_of_position": ("allwise_positions", "x", "x + 1E-11"),
}


def test_every_check_is_tried() -> None:
    assert set(GOOD) == set(FAULTS) == {p.stem for p in (SQL / "checks").glob("*.sql")} == {c.name for c in checks()}


def test_the_gate_makes_them_after_their_jobs() -> None:
    """The parameters that the headers give, under the demo's settings, are among those that are tried here."""
    settings = config.read([SQL.parent / "conf/pipeline/demo.toml"], [], ["run", *JOBS])
    due = {(job, each) for job, each in parts(settings)}
    for check in checks():
        given = [
            g for job, each in due if job == check.job for g in check.due(settings.section(job, work(job).config, each))
        ]
        assert given, check.name
        written = {t for s in ("neowise", "known_objects") for t in (s, f"{s}_positions")}
        tried = [g for g in given if not written & set(g.values())]
        assert all(g in GOOD[check.name] or check.name == "tile_of_hpx29" for g in tried), check.name
        assert set(given[0]) == set(GOOD[check.name][0]), check.name


@pytest.mark.spark
@pytest.mark.parametrize("name", sorted(GOOD))
def test_check_passes(name: str, named: Any) -> None:
    for given in GOOD[name]:
        assert named.sql(text("checks", name), args=given or None).collect() == [], given


@pytest.mark.spark
@pytest.mark.parametrize("name", sorted(FAULTS))
def test_check_finds_a_fault(name: str, named: Any) -> None:
    table, column, wrong = FAULTS[name]
    good = named.table(table)
    assert not good.isEmpty()
    good.withColumn(column, F.expr(wrong)).createOrReplaceTempView(table)
    try:
        found = named.sql(text("checks", name), args=GOOD[name][0] or None).count()
    finally:
        good.createOrReplaceTempView(table)
    assert found > 0
