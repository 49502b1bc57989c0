"""Upkeep changes files and never rows, and leaves unfinished runs what they need."""

from __future__ import annotations

from typing import Any

import pytest

from tasni_spark.core import pins
from tasni_spark.core.errors import ConfigError, ContractError, DataError
from tasni_spark.core.plan import Plan
from tasni_spark.core.spec import Col, Table
from tasni_spark.core.upkeep import compact, migrate, pinned, vacuum

pytestmark = pytest.mark.spark
TABLE = Table(
    "things",
    "Things",
    (Col("id", "bigint", "Identifier"), Col("tile", "bigint", "Tile"), Col("hpx29", "bigint", "Pixel")),
    ("id",),
    partition=("tile",),
    sort=("hpx29",),
    replace_by=("tile",),
    stats=("hpx29",),
)


@pytest.fixture
def fragmented(spark: Any, lake: Any) -> Any:
    """A table whose tile 4 lies in three files."""
    lake.create(TABLE)
    for n, tile in enumerate((4, 5)):
        rows = spark.range(100).selectExpr("id", f"{tile}L AS tile", "(id * 37) % 100 AS hpx29")
        lake.replace(rows, TABLE, {"tile": [tile]}, transaction=f"r/{n}")
    more = spark.range(100, 120).selectExpr("id", "4L AS tile", "id - 100 AS hpx29").repartition(2)
    more.write.format("delta").mode("append").save(lake.location(TABLE.ref))
    return lake


def test_compaction_sorts_what_is_fragmented_and_touches_nothing_else(fragmented: Any) -> None:
    lake, before = fragmented, {f["path"] for f in fragmented.files(TABLE.ref)}
    rows = sorted(tuple(r) for r in lake.read(TABLE.ref).collect())
    assert compact(lake, TABLE.ref) == 3
    assert sorted(tuple(r) for r in lake.read(TABLE.ref).collect()) == rows
    after = {f["path"]: f["partition.tile"] for f in lake.files(TABLE.ref)}
    assert sorted(after.values()) == [4, 5]
    assert {p for p, tile in after.items() if tile == 5} <= before
    in_file = [r["hpx29"] for r in lake.read(TABLE.ref).where("tile = 4").collect()]
    assert in_file == sorted(in_file)
    assert compact(lake, TABLE.ref) == 0


def test_vacuum_spares_what_a_stopped_run_has_pinned(fragmented: Any) -> None:
    lake, version = fragmented, fragmented.version(TABLE.ref)
    compact(lake, TABLE.ref)
    Plan("stopped", "ingest", {}, {}, {"things": version}, {}, {}).save(lake.ops / "runs" / "stopped")
    assert pinned(lake) == {"things": version}
    assert vacuum(lake, TABLE.ref, keep_hours=0) > 0
    assert lake.has_version(TABLE.ref, version)
    (lake.ops / "runs" / "stopped").write("ingest.json", {"state": "done"})
    assert pinned(lake) == {}
    vacuum(lake, TABLE.ref, keep_hours=0)
    assert not lake.has_version(TABLE.ref, version)
    assert lake.read(TABLE.ref).count() == 220


def test_a_release_outlives_compaction_and_vacuum(fragmented: Any) -> None:
    lake, version = fragmented, fragmented.version(TABLE.ref)
    told = pins.pin(lake, "paper-1")["things"]
    assert (told["version"], told["rows"], told["files"]) == (version, 220, 4)
    with pytest.raises(ConfigError, match="never changes"):
        pins.pin(lake, "paper-1")
    assert compact(lake, TABLE.ref) == 3
    assert lake.version(TABLE.ref) > version
    assert vacuum(lake, TABLE.ref, keep_hours=0) > 0
    assert pins.faults(lake, "paper-1") == {}
    assert lake.read(TABLE.ref, pins.versions(lake, "paper-1")["things"]).count() == 220
    pins.folder(lake).write("other.json", {"things": told | {"digest": "of other files"}})
    assert pins.faults(lake, "other") == {"things": f"version {version} has other files than when it was pinned"}
    with pytest.raises(DataError, match=r"no release paper \(did you mean 'paper-1'\?\)"):
        pins.faults(lake, "paper")
    for name in pins.names(lake):
        pins.folder(lake).delete(f"{name}.json")
    lake.spark.conf.set("spark.databricks.delta.retentionDurationCheck.enabled", "false")
    lake.spark.sql(f"VACUUM {lake.identifier(TABLE.ref)} RETAIN 0 HOURS")
    pins.folder(lake).write("paper-1.json", {"things": told})
    assert pins.faults(lake, "paper-1") == {"things": f"version {version} can no longer be read"}


def test_a_migration_adds_columns_and_records_the_version(fragmented: Any) -> None:
    lake, more = fragmented, Col("flux", "double", "Flux", "Jy", "phot.flux")
    newer = TABLE.but(columns=(*TABLE.columns, more), version=2)
    assert migrate(lake, newer) == ["flux"]
    assert migrate(lake, newer) == []
    assert lake.columns(TABLE.ref)[-1] == more
    assert lake.read(TABLE.ref).where("flux IS NULL").count() == 220
    lake.create(newer)
    detail = lake.spark.sql(f"DESCRIBE DETAIL {lake.identifier(TABLE.ref)}").first()
    assert detail["properties"]["tasni.version"] == "2"
    with pytest.raises(ContractError, match=r"column flux is not declared.*drop it and run its job again"):
        migrate(lake, TABLE)
    with pytest.raises(ContractError, match=r"column must \(int\) is missing"):
        migrate(lake, newer.but(columns=(*newer.columns, Col("must", "int", "Key", nullable=False))))
