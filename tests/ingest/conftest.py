"""A tiny catalogue as a publisher would write it, in every format, and a lake to put it into."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.table import MaskedColumn, Table

TOML = Path(__file__).resolve().parents[1] / "data" / "surveys" / "tiny.toml"
BIG = 2**63 - 1


def catalogue(n: int = 60, seed: int = 4) -> pd.DataFrame:
    """Rows with poles, the seam, an identifier near 2^63, missing magnitudes and motions, flags like 0000."""
    rng = np.random.default_rng(seed)
    df = pd.DataFrame(
        {
            "cntr": np.arange(n, dtype=np.int64) + BIG - n,
            "name": [f"J{i:06d}" for i in range(n)],
            "ra": rng.uniform(0, 360, n).round(7),
            "dec": np.degrees(np.arcsin(rng.uniform(-1, 1, n))).round(7),
            "e_ra": rng.uniform(10, 90, n).round(3),
            "e_dec": rng.uniform(10, 90, n).round(3),
            "mjd": rng.uniform(55000, 58000, n).round(3),
            "pmra": rng.normal(0, 1, n).round(4),
            "pmdec": rng.normal(0, 1, n).round(4),
            "e_pm": 0.01,
            "w1mpro": rng.uniform(8, 17, n).round(3),
            "flag": [f"{i % 3:04d}" for i in range(n)],
            "n": np.arange(n, dtype=np.int32),
        }
    )
    df.loc[0, ["ra", "dec"]] = (0.0, 90.0)
    df.loc[1, ["ra", "dec"]] = (359.9999999, -90.0)
    df.loc[2, ["ra", "dec"]] = (0.0, 0.0)
    df.loc[5:9, "w1mpro"] = np.nan
    df.loc[7:12, ["pmra", "pmdec"]] = np.nan
    return df


def as_arrow(df: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(df, preserve_index=False)


def as_astropy(df: pd.DataFrame) -> Table:
    table = Table()
    for name in df.columns:
        values = df[name].to_numpy()
        if values.dtype == object:
            table[name] = values.astype(str)
        elif values.dtype.kind == "f":
            table[name] = MaskedColumn(np.nan_to_num(values), mask=np.isnan(values))
        else:
            table[name] = values
    return table


def write(df: pd.DataFrame, folder: Path, form: str) -> Path:
    """The catalogue in one of its formats; the path to ingest."""
    folder.mkdir(parents=True, exist_ok=True)
    if form == "parquet":
        pq.write_table(as_arrow(df), folder / "a.parquet")
    elif form == "hive":
        for k, part in df.groupby(df.index // 25):
            (folder / f"healpix_k0={k}").mkdir()
            pq.write_table(as_arrow(part), folder / f"healpix_k0={k}" / "part0.snappy.parquet")
        (folder / "_metadata").write_bytes(b"not to be read")
    elif form == "upper":
        pq.write_table(as_arrow(df.rename(columns=str.upper).rename(columns={"W1MPRO": "W1mag"})), folder / "a.parquet")
    elif form == "narrow":
        narrow = df.astype({"w1mpro": "float32", "n": "int16", "e_ra": "float32"})
        pq.write_table(as_arrow(narrow), folder / "b.parquet")
    elif form == "sentinels":
        pq.write_table(as_arrow(df.fillna({"w1mpro": -999.0, "pmra": -999.0, "pmdec": -999.0})), folder / "a.parquet")
    elif form == "hats":
        primary = folder / "tiny" / "dataset" / "Norder=0" / "Dir=0"
        margin = folder / "tiny_margin" / "dataset" / "Norder=0" / "Dir=0"
        for place in (primary, margin):
            place.mkdir(parents=True)
            pq.write_table(as_arrow(df), place / "Npix=1.parquet")
        (folder / "collection.properties").write_text("#HATS\nobs_collection=tiny\nhats_primary_table_url=tiny\n")
        (folder / "tiny" / "hats.properties").write_text("dataproduct_type=object\n")
    elif form == "csv":
        df.fillna("null").to_csv(folder / "a.csv", index=False)
    elif form == "csv.gz":
        df.to_csv(folder / "a.csv.gz", index=False)
    else:
        suffix, name = {
            "ecsv": ("ecsv", "ascii.ecsv"),
            "ipac": ("tbl", "ascii.ipac"),
            "votable": ("vot", "votable"),
            "fits": ("fits", "fits"),
        }[form]
        as_astropy(df).write(folder / f"a.{suffix}", format=name)
    return folder


@pytest.fixture
def tiled(lake: Any, job: Callable[..., Any], tmp_path: Path) -> Any:
    """A lake with a tiling of the tiny catalogue."""
    raw = write(catalogue(), tmp_path / "for_tiling", "parquet")
    job("tiling", lake, survey=str(TOML), input=str(raw), rows_per_tile=10)
    return lake


@pytest.fixture(scope="module")
def interpreted(spark: Any) -> Iterator[None]:
    """No generated code: a few rows of many columns are through sooner than code for them is compiled."""
    wanted = {"spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN"}
    before = {key: spark.conf.get(key, None) for key in wanted}
    for key, value in wanted.items():
        spark.conf.set(key, value)
    yield
    for key, value in before.items():
        if value is None:
            spark.conf.unset(key)
        else:
            spark.conf.set(key, value)
