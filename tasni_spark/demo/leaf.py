"""Every catalogue of a leaf, and the files of a group of leaves: what a worker does.

Why: a leaf draws from a seed of its own, so it is the same whoever makes it, in whatever order. One worker makes all
leaves of an order-1 pixel, so that the surveys that come in few files do here too.
"""

from __future__ import annotations

import io
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from tasni_spark.core.files import Folder
from tasni_spark.demo.allwise import allwise
from tasni_spark.demo.exposures import exposures
from tasni_spark.demo.files import array, table, write
from tasni_spark.demo.infrared import catwise, twomass
from tasni_spark.demo.leaves import Leaf, plan
from tasni_spark.demo.optical import gaia, panstarrs
from tasni_spark.demo.radio import nvss
from tasni_spark.demo.truth import truth
from tasni_spark.demo.world import world

GROUPS = 48
"""Order-1 pixels: each is one task and one file of every survey but WISE."""
FILE_ROWS = 1_000_000


def leaf(which: Leaf, seed: int) -> dict[str, pa.Table]:
    """All catalogues of one leaf, with the columns that are filled.

    Parameters
    ----------
    which
        A leaf of `leaves.plan`.
    seed
        Seed of the sky.

    Returns
    -------
    dict
        Survey to rows; `neowise` has `year` and `pixel` besides, which name its file.
    """
    streams = (np.random.default_rng(s) for s in np.random.SeedSequence([seed, which.pixel]).spawn(8))
    objects = world(which, next(streams))
    others = {"gaia_dr3": gaia, "twomass": twomass, "panstarrs1": panstarrs, "catwise2020": catwise, "nvss": nvss}
    seen = {survey: look(objects, which, next(streams)) for survey, look in others.items()}
    rows, listed = allwise(objects, which, seen["twomass"][0], next(streams))
    tables = {"allwise": table("allwise", rows)}
    if which.is_monitored:
        shots = exposures(listed, rows, which.pixel, next(streams))
        place = {name: shots.pop(name) for name in ("year", "pixel")}
        tables["neowise"] = table("neowise", shots)
        for name, values in place.items():
            tables["neowise"] = tables["neowise"].append_column(name, array(values, pa.int64()))
    tables |= {survey: table(survey, columns) for survey, (columns, _) in seen.items()}
    return tables | {"truth": table("truth", truth(objects, which, rows["cntr"], seen))}


def write_group(group: int, out: Folder, rows: int, seed: int) -> tuple[Counter[str], str]:
    """Write the leaves of one order-1 pixel.

    Parameters
    ----------
    group
        Its number, 0 .. GROUPS - 1.
    out
        Folder of the mock sky.
    rows, seed
        Rows of AllWISE and seed of the whole sky.

    Returns
    -------
    dict, str
        Rows of each survey, and the lines of NVSS, which is a single text file.
    """
    counts, parts, lines = Counter[str](), Counter[str](), io.BytesIO()
    waiting: dict[str, list[pa.Table]] = {}

    def flush(survey: str) -> None:
        name = f"part-{group:02d}-{parts[survey]:02d}.snappy.parquet"
        write(survey, pa.concat_tables(waiting.pop(survey)), out / survey, name)
        parts[survey] += 1

    for which in (w for w in plan(rows) if w.pixel >> 8 == group):
        tables = leaf(which, seed)
        counts.update({survey: t.num_rows for survey, t in tables.items()})
        write("allwise", tables.pop("allwise"), _hive(out / "allwise", which.pixel), "part0.snappy.parquet")
        if "neowise" in tables:
            _write_exposures(tables.pop("neowise"), which.pixel, out / "neowise")
        pacsv.write_csv(tables.pop("nvss"), lines, pacsv.WriteOptions(include_header=False))
        for survey, made in tables.items():
            waiting.setdefault(survey, []).append(made)
            if sum(t.num_rows for t in waiting[survey]) > FILE_ROWS:
                flush(survey)
    for survey in list(waiting):
        flush(survey)
    return counts, lines.getvalue().decode()


def _write_exposures(rows: pa.Table, pixel: int, folder: Folder) -> None:
    """Write a file for each year and pixel: `part0` for the leaf's own, by its number for rows beyond its border."""
    year, where = (np.frombuffer(rows.column(c).chunk(0).buffers()[1], np.int64) for c in ("year", "pixel"))
    order = np.lexsort((where, year))
    rows = rows.drop_columns(["year", "pixel"]).take(array(order, pa.int64()))
    files, starts = np.unique(np.stack([year, where], axis=1)[order], axis=0, return_index=True)
    for (y, p), start, end in zip(files.tolist(), starts, [*starts[1:], len(order)], strict=True):
        part = 0 if p == pixel else pixel
        root = folder / f"year{y}" / f"neowiser-healpix_k5-year{y}.parquet"
        write("neowise", rows.slice(start, end - start), _hive(root, p), f"part{part}.snappy.parquet")


def _hive(root: Folder, pixel: int) -> Folder:
    return root / f"healpix_k0={pixel >> 10}" / f"healpix_k5={pixel}"
