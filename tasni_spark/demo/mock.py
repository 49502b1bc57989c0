"""The mock sky as files: raw published formats, so that the same ingest reads it as reads real data.

Why: nobody can develop on 340 GB. The mock has the layout, names, types and traps of the published files, a sky with
poles, seam, plane and crowds, and the truth about each source.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa
from mocpy import MOC
from pyspark.sql import SparkSession

from tasni_spark.core import places
from tasni_spark.core.config import need, opt
from tasni_spark.core.errors import DataError
from tasni_spark.core.files import Folder
from tasni_spark.demo.files import schema
from tasni_spark.demo.leaf import GROUPS, write_group
from tasni_spark.demo.optical import PS1_SOUTH
from tasni_spark.demo.radio import NVSS_SOUTH
from tasni_spark.sky.footprint import Limits, from_limits

SURVEYS = ("allwise", "neowise", "gaia_dr3", "twomass", "panstarrs1", "catwise2020", "nvss", "truth")
COVERAGE = {"panstarrs1": PS1_SOUTH, "nvss": NVSS_SOUTH}
"""Southern limit in deg of the surveys that do not cover the sky."""
DEPTH = 12
"""Order of the cells along the border of a coverage map."""
RECORD = places.SYNTHETIC


@dataclass(frozen=True)
class MockConfig:
    """Section `[mock]`."""

    out: str = need("folder to write: it must not exist, be empty, or hold an earlier mock sky")
    rows: int = opt(100_000, "rows of AllWISE, 10 thousand to 10 million; the other surveys follow")
    seed: int = opt(1, "another number gives another sky")

    def __post_init__(self) -> None:
        if not 10_000 <= self.rows <= 10_000_000:
            raise ValueError(f"rows is {self.rows}, expected 10000 .. 10000000")
        if self.seed < 0:
            raise ValueError(f"seed is {self.seed}, expected 0 or more")


def make(spark: SparkSession, cfg: MockConfig) -> dict[str, int]:
    """Write the mock sky.

    Parameters
    ----------
    spark
        Session; its workers must reach `cfg.out`.
    cfg
        Where, how many rows, which seed.

    Returns
    -------
    dict
        Rows written of each survey.

    Raises
    ------
    DataError
        If the folder holds something else.
    """
    prepare(cfg)
    out, rows, seed = cfg.out, cfg.rows, cfg.seed

    def task(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for group in batch.column(0).to_pylist():
                counts, lines = write_group(group, Folder.at(out), rows, seed)
                n = [counts[s] for s in SURVEYS]
                columns = [[group] * len(SURVEYS), list(SURVEYS), n, [lines if s == "nvss" else "" for s in SURVEYS]]
                yield pa.record_batch([pa.array(c) for c in columns], names=["group", "survey", "rows", "lines"])

    groups = spark.range(0, GROUPS, 1, GROUPS)
    done = groups.mapInArrow(task, "group bigint, survey string, rows bigint, lines string").collect()
    counts = {s: sum(r["rows"] for r in done if r["survey"] == s) for s in SURVEYS}
    lines = [r["lines"] for r in sorted(done, key=lambda r: r["group"]) if r["survey"] == "nvss"]
    return finish(cfg, counts, "".join(lines))


def prepare(cfg: MockConfig) -> None:
    """Empty the folder of an earlier mock sky, and mark it.

    Raises
    ------
    DataError
        If it holds something else.
    """
    out = Folder.at(cfg.out)
    if (out.names() or out.folders()) and out.read(RECORD) is None:
        raise DataError(f"mock sky: {cfg.out} is not empty and holds no mock sky ({RECORD}): choose another folder")
    for name in (*SURVEYS, "moc"):
        (out / name).delete_all()
    out.write(RECORD, {"what": "made-up catalogues of tasni_spark.demo", "config": asdict(cfg), "rows": {}})


def finish(cfg: MockConfig, counts: dict[str, int], lines: str) -> dict[str, int]:
    """Write what there is one of: the NVSS list, the coverage maps, the record."""
    out = Folder.at(cfg.out)
    header = ",".join(f'"{name}"' for name in schema("nvss").names)
    _put(out / "nvss", "nvss.csv", f"{header}\n{lines}".encode())
    for survey, south in COVERAGE.items():
        ranges = from_limits(Limits(dec=(south, 90.0)), depth=DEPTH).astype(np.uint64)
        content = io.BytesIO()
        MOC.from_depth29_ranges(max_depth=DEPTH, ranges=ranges).serialize("fits").writeto(content)
        _put(out / "moc", f"{survey}.fits", content.getvalue())
    out.write(RECORD, {"what": "made-up catalogues of tasni_spark.demo", "config": asdict(cfg), "rows": counts})
    return counts


def _put(folder: Folder, name: str, content: bytes) -> None:
    folder.system.create_dir(folder.path, recursive=True)
    with folder.system.open_output_stream(f"{folder.path}/{name}") as stream:
        stream.write(content)
