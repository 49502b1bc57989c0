"""Positions tables on disk, small, partitioned by tile, with many row groups."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cdshealpix.nested
import numpy as np
import pyarrow as pa
from astropy.coordinates import Latitude, Longitude
from deltalake import WriterProperties, write_deltalake

ORDER = 2
NAMES = ("pmra_masyr", "pmdec_masyr", "pmra_error_masyr", "pmdec_error_masyr")


def positions(place: np.ndarray, first: int, seed: int = 0, epoch: Any = 2010.0, **columns: Any) -> pa.Table:
    """Rows of a positions table, in the order of the sky curve; NaN becomes null."""
    rng = np.random.default_rng(seed)
    n = len(place)
    lon = Longitude(np.degrees(np.arctan2(place[:, 1], place[:, 0])) % 360, "deg")
    lat = Latitude(np.degrees(np.arctan2(place[:, 2], np.hypot(place[:, 0], place[:, 1]))), "deg")
    hpx29 = cdshealpix.nested.lonlat_to_healpix(lon, lat, 29).astype(np.int64)
    tile = (hpx29 >> 2 * (29 - ORDER)) + 4 ** (ORDER + 1)
    data: dict[str, Any] = {"id": first + rng.permutation(n), "tile": tile, "hpx29": hpx29}
    data |= {c: place[:, k].copy() for k, c in enumerate("xyz")}
    reals = {"epoch": epoch} | {c: columns.get(c, np.nan) for c in NAMES}
    data |= {c: pa.array(np.broadcast_to(v, n).astype(float), from_pandas=True) for c, v in reals.items()}
    return pa.table(data).take(np.argsort(hpx29, kind="stable"))


def write(table: pa.Table, path: Path, *, tiled: bool = True) -> str:
    """A Delta table; without tiles, the rows in ten files along the sky curve."""
    small = WriterProperties(max_row_group_size=64)
    if tiled:
        write_deltalake(path, table, partition_by=["tile"], writer_properties=small)
    else:
        for k in range(10):
            part = table.slice(k * len(table) // 10, (k + 1) * len(table) // 10 - k * len(table) // 10)
            write_deltalake(path, part, mode="append", writer_properties=small)
    return str(path)
