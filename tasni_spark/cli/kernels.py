"""The machine code of the kernels, made once, before many workers want it at the same time.

Why: compiling takes forty CPU-seconds, and workers that start side by side on a new installation would each do it.
What is compiled lies in the package's `__pycache__`, whence every process reads it in half a second.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tasni_spark.core import parts
from tasni_spark.crossmatch.tiles.work import preload
from tasni_spark.tables.light_curves import BANDS, LIGHTCURVES
from tasni_spark.variability import near
from tasni_spark.variability.compiled import Floats, floats, integers
from tasni_spark.variability.measures import tables_of
from tasni_spark.variability.nest import Detections, nest
from tasni_spark.variability.variability import WRITES, VariabilityConfig

EPOCH_YR = 2014.5
VISITS = 12


def make() -> None:
    """Compile what joins, nests and measures, by doing a little of each."""
    preload()
    nested()
    tables_of(curves(), VariabilityConfig(rivals_log10_p=0.0), WRITES)


def nested() -> None:
    """Two sources, one of which moves, and an exposure of each."""
    ra, dec, motion, epoch = floats([10.0, 20.0]), floats([0.0, 0.0]), floats([500.0, np.nan]), np.full(2, EPOCH_YR)
    rate = near.rates(ra, dec, motion, motion, np.ones(2), 5.0)
    sources = near.Sources(integers([1, 2]), near.vectors(ra, dec), rate, floats(epoch))
    seen = Detections(integers([1, 2]), integers([0, 1]), near.vectors(ra, dec), epoch, floats([57e3, 57e3]))
    table = near.cubes(sources, 3.0, EPOCH_YR, EPOCH_YR + 1)
    given = near.nearest(sources, table, seen.at, seen.year, 3.0)
    near.neighbours(sources, np.ones(2, np.bool_), 10.0)
    nest(sources, np.array([[0, 1], [1, 2]]), given, seen)


def curves() -> pa.Table:
    """Two fading sources, seen twice at each visit."""
    mjd = np.tile(np.repeat(57000.0 + 182.6 * np.arange(VISITS), 2) + np.tile([0.0, 0.1], VISITS), 2)

    def lists(values: Floats, kind: pa.DataType) -> pa.Array:
        ends = pa.array(len(values) // 2 * np.arange(3), pa.int32())
        return pa.ListArray.from_arrays(ends, pa.array(values).cast(kind))

    columns = {"mjd": lists(mjd, pa.float64())}
    for band in BANDS:
        columns[f"{band}_mag"] = lists(14.0 + 1e-4 * (mjd - mjd[0]) + 0.01 * np.sin(mjd), pa.float32())
        columns[f"{band}_error"] = lists(np.full(len(mjd), 0.02), pa.float32())
    kinds = {f.name: f.type for f in parts.schema(LIGHTCURVES)}
    for name, kind in kinds.items():
        if name.endswith("_flags"):
            columns[name] = lists(np.zeros(len(mjd)), kind.value_type)
        elif name not in columns:
            columns[name] = pa.array(["a", "b"] if pa.types.is_string(kind) else [0, 1]).cast(kind)
    return pa.table(columns)


if __name__ == "__main__":
    make()
