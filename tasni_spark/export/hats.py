"""A table as a HATS catalogue: one Parquet file a tile of the lake, for LSDB and others.

Why: a tile of the lake is a HEALPix pixel of mixed order, which is what a partition of HATS is. Each worker writes the
tiles that come to it, batch by batch, so that nothing but footers passes through the driver.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tasni_spark import __version__
from tasni_spark.core.errors import ConfigError
from tasni_spark.core.files import Folder
from tasni_spark.core.spec import Col
from tasni_spark.export.files import described
from tasni_spark.sky.tiling import order_of

PIXEL29 = "_healpix_29"
NEEDED = ("tile", "hpx29")
DIR_SIZE = 10_000
"""Pixels in a folder `Dir=`."""


def write(rows: DataFrame, columns: Sequence[Col], out: str, about: dict[str, str]) -> int:
    """Write a catalogue.

    Parameters
    ----------
    rows, columns
        The rows, with `tile` and `hpx29`, and the declarations of their columns.
    out
        Folder or URI, new or empty.
    about
        `obs_collection`, `dataproduct_type`, `hats_col_ra`, `hats_col_dec`.

    Returns
    -------
    int
        Rows written.

    Raises
    ------
    ConfigError
        If the columns that place a row on the sky are missing.

    References
    ----------
    IVOA note HATS 1.0 (2025); hats, https://github.com/astronomy-commons/hats.
    """
    there = [c.name for c in columns]
    needed = [*NEEDED, about["hats_col_ra"], about["hats_col_dec"]]
    if missing := [n for n in needed if n not in there]:
        raise ConfigError(f"table {about['obs_collection']}: HATS needs column {', '.join(missing)}, which it lacks")
    known = {c.name: c for c in columns}
    place = Col(PIXEL29, "bigint", known["hpx29"].doc, ucd=known["hpx29"].ucd)
    stored = [place, *(c for c in columns if c.name not in NEEDED)]
    chosen = rows.select(F.col("hpx29").alias(PIXEL29), *[c.name for c in stored[1:]], "tile")
    spread = chosen.repartition("tile").sortWithinPartitions("tile", PIXEL29)
    found = sorted(
        (r["tile"], r["rows"]) for r in spread.mapInArrow(writer(out, stored), "tile bigint, rows bigint").collect()
    )
    _finish(Folder.at(out), [t for t, _ in found], sum(n for _, n in found), about)
    return sum(n for _, n in found)


def pixel(tile: int) -> tuple[int, int]:
    """Order and pixel of a UNIQ number.

    Examples
    --------
    >>> pixel(4 ** 6 + 8277)
    (5, 8277)
    """
    order = order_of(tile)
    return order, tile - 4 ** (order + 1)


def path(tile: int) -> str:
    """Where a tile lies below `dataset`.

    Examples
    --------
    >>> path(4 ** 8 + 12345)
    'Norder=7/Dir=10000/Npix=12345.parquet'
    """
    order, number = pixel(tile)
    return f"Norder={order}/Dir={number // DIR_SIZE * DIR_SIZE}/Npix={number}.parquet"


def writer(out: str, columns: Sequence[Col]) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """A function that writes batches, sorted by tile, to one file a tile, and tells tile and rows of each."""

    def act(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        now, rows = None, 0
        sink: Any = None
        for batch in batches:
            for tile in pc.unique(batch["tile"]).to_pylist():
                if tile != now:
                    if sink is not None:
                        sink.close()
                        yield _told(now, rows)
                    now, rows = tile, 0
                    file = Folder.at(f"{out}/dataset/{path(tile)}")
                    file.system.create_dir(file.path.rpartition("/")[0], recursive=True)
                    schema = described(batch.schema.remove(batch.schema.get_field_index("tile")), columns)
                    sink = pq.ParquetWriter(file.path, schema, filesystem=file.system)
                part = batch.filter(pc.equal(batch["tile"], tile))
                sink.write_batch(part.drop_columns("tile").cast(schema))
                rows += part.num_rows
        if sink is not None:
            sink.close()
            yield _told(now, rows)

    return act


def _told(tile: int | None, rows: int) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({"tile": pa.array([tile], pa.int64()), "rows": pa.array([rows], pa.int64())})


def _finish(root: Folder, tiles: Sequence[int], rows: int, about: dict[str, str]) -> None:
    """Footers of all files in one, the list of partitions, the properties: a catalogue is complete when these stand."""
    dataset = root / "dataset"
    with ThreadPoolExecutor(16) as pool:
        footers = list(pool.map(lambda t: _footer(dataset, t), tiles))
    if footers:
        schema = footers[0].schema.to_arrow_schema()
        pq.write_metadata(schema, f"{dataset.path}/_common_metadata", filesystem=dataset.system)
        pq.write_metadata(schema, f"{dataset.path}/_metadata", footers, filesystem=dataset.system)
    pixels = [pixel(t) for t in tiles]
    _text(root, "partition_info.csv", "".join(f"{a},{b}\n" for a, b in [("Norder", "Npix"), *pixels]))
    facts = {
        **about,
        "hats_nrows": rows,
        "hats_col_healpix": PIXEL29,
        "hats_col_healpix_order": 29,
        "hats_npix_suffix": ".parquet",
        "hats_order": max((k for k, _ in pixels), default=0),
        "moc_sky_fraction": f"{sum(4.0**-k for k, _ in pixels) / 12:.6g}",
        "hats_builder": f"tasni-spark v{__version__}",
        "hats_creation_date": f"{datetime.datetime.now(datetime.UTC):%Y-%m-%dT%H:%MUTC}",
        "hats_version": "v1.0",
    }
    for name in ("hats.properties", "properties"):
        _text(root, name, "#HATS catalog\n" + "".join(f"{k}={v}\n" for k, v in facts.items()))


def _footer(dataset: Folder, tile: int) -> pq.FileMetaData:
    footer = pq.read_metadata(f"{dataset.path}/{path(tile)}", filesystem=dataset.system)
    footer.set_file_path(path(tile))
    return footer


def _text(folder: Folder, name: str, text: str) -> None:
    with folder.system.open_output_stream(f"{folder.path}/{name}") as stream:
        stream.write(text.encode())
