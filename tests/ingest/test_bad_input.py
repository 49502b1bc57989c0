"""Bad input: files that cannot be used end the run with one clear line, bad rows are kept with a reason."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasni_spark.core.arguments import Request
from tasni_spark.core.errors import ConfigError, DataError
from tasni_spark.core.spec import Ref

from .conftest import TOML, as_arrow, catalogue, write

pytestmark = pytest.mark.spark


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return write(catalogue(), tmp_path / "raw", "hive")


def spoil(folder: Path, how: str) -> None:
    """Spoil the second of three files."""
    path = folder / "healpix_k0=1" / "part0.snappy.parquet"
    df = pd.read_parquet(path)
    if how == "truncated":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "page":
        data = bytearray(path.read_bytes())
        data[4:400] = bytes(396)
        path.write_bytes(data)
    elif how == "column":
        pq.write_table(as_arrow(df.drop(columns="w1mpro")), path)
    elif how == "kind":
        pq.write_table(as_arrow(df.assign(flag=df["flag"].astype(int))), path)
    elif how == "twice":
        pq.write_table(as_arrow(df.assign(RA=df["ra"])), path)


FAULTS = [
    ("truncated", r"part0\.snappy\.parquet: cannot be read: ArrowInvalid"),
    ("empty", r"part0\.snappy\.parquet: the file is empty \(0 bytes\)"),
    ("column", r"part0\.snappy\.parquet: column w1mpro is missing"),
    ("kind", r"part0\.snappy\.parquet: column flag is bigint, expected string"),
    ("twice", r"part0\.snappy\.parquet: column ra is ambiguous: ra, RA"),
    ("page", r"part0\.snappy\.parquet: cannot be read: "),
]


@pytest.mark.parametrize(("how", "message"), FAULTS)
def test_a_bad_file_is_named_and_leaves_no_table(
    tiled: Any, job: Callable[..., Any], good: Path, how: str, message: str
) -> None:
    spoil(good, how)
    with pytest.raises(DataError, match=message) as e:
        job("ingest", tiled, survey=str(TOML), input=str(good))
    assert e.value.exit_code == 3
    assert "\n" not in str(e.value)
    assert "healpix_k0=1" in str(e.value)
    assert "healpix_k0=0" not in str(e.value)
    assert "tiny" not in tiled.names() or tiled.rows(Ref("tiny", "1")) == 0


@pytest.mark.parametrize("how", ["truncated", "page"])
def test_quarantine_leaves_it_out_and_says_so(tiled: Any, job: Callable[..., Any], good: Path, how: str) -> None:
    spoil(good, how)
    record = job("ingest", tiled, survey=str(TOML), input=str(good), request=Request(quarantine=True))
    assert (record["state"], record["exit_code"]) == ("done", 5)
    assert record["rows"]["tiny"] == 35
    assert len(record["facts"]["files left out"]) == 1
    assert "healpix_k0=1" in record["facts"]["files left out"][0]


def test_bad_rows_are_kept_with_their_reason(spark: Any, tiled: Any, job: Callable[..., Any], tmp_path: Path) -> None:
    df = catalogue().astype({"cntr": "object"})
    df.loc[20, "ra"] = 400.0
    df.loc[21, "dec"] = -90.5
    df.loc[22, "cntr"] = None
    df.loc[23, "ra"] = np.nan
    df.loc[24, ["ra", "dec"]] = (-1.0, 95.0)
    df["cntr"] = df["cntr"].astype("Int64")
    raw = tmp_path / "raw"
    raw.mkdir()
    pq.write_table(as_arrow(df), raw / "a.parquet")
    record = job("ingest", tiled, survey=str(TOML), input=str(raw))
    assert record["rows"] == {"tiny": 55, "tiny_positions": 55, "rejects": 5}
    rejects = {r["row"]: r for r in tiled.read(Ref("rejects")).collect()}
    reasons = sorted((r["id"] is None, r["reason"]) for r in rejects.values())
    assert reasons == [
        (False, "bad_dec"),
        (False, "bad_ra"),
        (False, "bad_ra"),
        (False, "bad_ra; bad_dec"),
        (True, "null_key"),
    ]
    far = next(r for r in rejects.values() if '"ra":400.0' in r["row"])
    assert far["file"].endswith("a.parquet")
    assert '"name":"J000020"' in far["row"]
    assert (far["survey"], far["release"]) == ("tiny", "1")


def test_repeated_identifiers_keep_one_row_by_a_total_order(
    tiled: Any, job: Callable[..., Any], tmp_path: Path
) -> None:
    """The same row twice, and the same identifier in two tiles: one of each stays, whatever the order of the files."""
    df = catalogue()
    elsewhere = df.iloc[[30]].assign(ra=(df.loc[30, "ra"] + 180) % 360)
    parts = [df, df.iloc[[10, 11]], elsewhere]
    kept = []
    for k, order in enumerate(([0, 1, 2], [2, 1, 0])):
        raw = tmp_path / f"raw{k}"
        raw.mkdir()
        for i, part in enumerate(order):
            pq.write_table(as_arrow(parts[part]), raw / f"{i}.parquet")
        record = job("ingest", tiled, survey=str(TOML), input=str(raw))
        assert record["rows"] == {"tiny": 60, "tiny_positions": 60, "rejects": 3}
        assert {r["reason"] for r in tiled.read(Ref("rejects")).collect()} == {"duplicate_id"}
        kept.append(tiled.read(tiled.ref("tiny")).where(f"id = {df.loc[30, 'cntr']}").collect())
    assert len(kept[0]) == 1
    assert kept[0] == kept[1]


def test_values_that_are_no_numbers(tiled: Any, job: Callable[..., Any], tmp_path: Path) -> None:
    df = catalogue().astype({"w1mpro": "object", "cntr": "object"})
    df.loc[3, "w1mpro"] = "bright"
    df.loc[4, "cntr"] = str(2**63)
    raw = tmp_path / "raw"
    raw.mkdir()
    df.to_csv(raw / "a.csv", index=False)
    record = job("ingest", tiled, survey=str(TOML), input=str(raw))
    assert record["rows"]["tiny"] == 58
    reasons = {r["reason"] for r in tiled.read(Ref("rejects")).collect()}
    assert reasons == {"bad_value: w1mpro=bright", f"bad_value: cntr={2**63}; null_key"}


def test_unsigned_identifiers_beyond_63_bits(tiled: Any, job: Callable[..., Any], tmp_path: Path) -> None:
    table = as_arrow(catalogue())
    ids = np.arange(60, dtype=np.uint64) + np.uint64(2**63 - 30)
    raw = tmp_path / "raw"
    raw.mkdir()
    pq.write_table(table.set_column(0, "cntr", pa.array(ids)), raw / "a.parquet")
    record = job("ingest", tiled, survey=str(TOML), input=str(raw))
    assert record["rows"] == {"tiny": 30, "tiny_positions": 30, "rejects": 30}
    assert tiled.read(tiled.ref("tiny")).agg({"id": "max"}).first()[0] == 2**63 - 1


def test_reingest_is_idempotent_and_clears_old_rejects(
    tiled: Any, job: Callable[..., Any], good: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad"
    shutil.copytree(good, bad)
    path = bad / "healpix_k0=1" / "part0.snappy.parquet"
    pq.write_table(as_arrow(pd.read_parquet(path).assign(ra=500.0)), path)
    assert job("ingest", tiled, survey=str(TOML), input=str(bad))["rows"]["rejects"] == 25
    for _ in range(2):
        record = job("ingest", tiled, survey=str(TOML), input=str(good))
        assert record["rows"]["tiny"] == 60
    assert tiled.read(Ref("rejects")).count() == 0
    assert tiled.rows(tiled.ref("tiny")) == 60


def test_no_input(tiled: Any, job: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no such file or folder"):
        job("ingest", tiled, survey=str(TOML), input=str(tmp_path / "nowhere"))
    (tmp_path / "void").mkdir()
    with pytest.raises(DataError, match="no data files; known endings"):
        job("ingest", tiled, survey=str(TOML), input=str(tmp_path / "void"))


def test_no_tiling(lake: Any, job: Callable[..., Any], good: Path) -> None:
    with pytest.raises(DataError, match="no tiling: run 'tasni run tiling' first"):
        job("ingest", lake, survey=str(TOML), input=str(good))


def test_definitions_are_checked(tiled: Any, job: Callable[..., Any], good: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    for text, message in [
        ('name = "Tiny"\ntitle = "x"\n', "name is 'Tiny', expected lower-case"),
        ('name = "t"\ntitle = "x"\nkye = ["a"]\n', "unknown key 'kye' (did you mean 'key'?)"),
        ('name = "t"\ntitle = "x"\nkey = ["a"]\n', "key[0] is column 'a', which [columns] does not list"),
        ('name = "t"\n', "missing key 'title'"),
        ("name = ", "not TOML"),
    ]:
        own.write_text(text)
        with pytest.raises(ConfigError) as e:
            job("ingest", tiled, survey=str(own), input=str(good))
        assert message in str(e.value)
    with pytest.raises(ConfigError, match="no known name 'allwis' \\(did you mean 'allwise'"):
        job("ingest", tiled, survey="allwis", input=str(good))
