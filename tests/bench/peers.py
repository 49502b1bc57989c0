"""The same match by others: scipy's tree, DuckDB, LSDB, and Spark's own join of the pairs with what was published.

Every function reads raw Parquet (id, ra, dec, ...) and writes the nearest right source in the radius of each left one.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq

CELL_DEG = 0.02


def ckdtree(folder: Path, out: Path, radius_arcsec: float) -> None:
    """One tree in memory, rows in the order of the sky curve first (a third faster), all columns written."""
    import astropy.units as u
    from astropy.coordinates import Latitude, Longitude
    from cdshealpix.nested import lonlat_to_healpix
    from scipy.spatial import cKDTree

    sides = []
    for side in ("left", "right"):
        table = pads.dataset(folder / side).to_table()
        ra, dec = table["ra"].to_numpy(), table["dec"].to_numpy()
        order = np.argsort(lonlat_to_healpix(Longitude(ra * u.deg), Latitude(dec * u.deg), 14))
        a, d = np.radians(ra[order]), np.radians(dec[order])
        sides.append((table.take(order), np.stack([np.cos(a) * np.cos(d), np.sin(a) * np.cos(d), np.sin(d)], 1)))
    (left, here), (right, there) = sides
    chord = 2 * np.sin(np.radians(radius_arcsec / 3600) / 2)
    found, row = cKDTree(there).query(here, distance_upper_bound=chord * (1 + 1e-12))
    met = np.flatnonzero(row < len(there))
    columns = {f"left_{c}": left[c].take(met) for c in left.column_names}
    columns |= {f"right_{c}": right[c].take(row[met]) for c in right.column_names}
    columns["sep_arcsec"] = pa.array(np.degrees(2 * np.arcsin(found[met] / 2)) * 3600)
    pq.write_table(pa.table(columns), out / "pairs.parquet")


_DUCKDB = """
CREATE MACRO bins(dec_zone) AS greatest(1, floor(360 * cos(radians(least(89.999999,
    greatest(abs(dec_zone * {h}), abs((dec_zone + 1) * {h}))))) / {h}))::INT;
CREATE MACRO wide(dec) AS CASE WHEN abs(dec) + {r} >= 90 THEN 180
    ELSE degrees(asin(least(1, sin(radians({r})) / cos(radians(abs(dec)))))) END;
COPY (
    WITH l AS (
        SELECT id, {xyz}, ra, dec,
            unnest(generate_series(floor((dec - {r}) / {h})::INT, floor((dec + {r}) / {h})::INT)) AS zone
        FROM '{left}/*.parquet'
    ),
    here AS (
        SELECT id, x, y, z, zone, unnest(list_distinct(list_transform(
            generate_series(floor((ra - least(wide(dec), 180)) * bins(zone) / 360)::INT,
                            floor((ra + least(wide(dec), 180)) * bins(zone) / 360)::INT),
            lambda b: (b + 10 * bins(zone)) % bins(zone)))) AS bin
        FROM l
    ),
    there AS (
        SELECT id, {xyz}, floor(dec / {h})::INT AS zone,
            floor(ra * bins(floor(dec / {h})::INT) / 360)::INT % bins(floor(dec / {h})::INT) AS bin
        FROM '{right}/*.parquet'
    ),
    pairs AS (
        SELECT here.id AS left_id, there.id AS right_id,
            (here.x - there.x) * (here.x - there.x) + (here.y - there.y) * (here.y - there.y)
            + (here.z - there.z) * (here.z - there.z) AS c2
        FROM here JOIN there ON here.zone = there.zone AND here.bin = there.bin
        WHERE c2 <= {limit}
    ),
    best AS (
        SELECT left_id, arg_min(right_id, c2) AS right_id, min(c2) AS c2, count(*) AS n_neighbours
        FROM pairs GROUP BY left_id
    )
    {chosen}
) TO '{out}/pairs.parquet'
"""
_XYZ = "cos(radians(ra)) * cos(radians(dec)) AS x, sin(radians(ra)) * cos(radians(dec)) AS y, sin(radians(dec)) AS z"
_NARROW = "SELECT left_id, right_id, degrees(2 * asin(sqrt(c2) / 2)) * 3600 AS sep_arcsec, n_neighbours FROM best"
_WIDE = """SELECT best.left_id, best.right_id, degrees(2 * asin(sqrt(c2) / 2)) * 3600 AS sep_arcsec, n_neighbours,
    a.* EXCLUDE (id), b.* EXCLUDE (id)
FROM best JOIN '{left}/*.parquet' AS a ON best.left_id = a.id JOIN '{right}/*.parquet' AS b ON best.right_id = b.id"""


def duckdb(folder: Path, out: Path, radius_arcsec: float, *, wide: bool) -> None:
    """Declination zones cut into bins of right ascension, in one statement: the pairs alone, or with all columns."""
    import duckdb as engine

    where = {"left": folder / "left", "right": folder / "right", "out": out}
    limit = (2 * np.sin(np.radians(radius_arcsec / 3600) / 2)) ** 2
    fill = {
        "h": CELL_DEG if folder.name != "P" else CELL_DEG / 4,
        "r": radius_arcsec / 3600,
        "limit": limit,
        "xyz": _XYZ,
    }
    with engine.connect() as connection:
        connection.execute("SET preserve_insertion_order = false")
        for statement in _DUCKDB.format(chosen=_WIDE.format(**where) if wide else _NARROW, **fill, **where).split(";"):
            connection.execute(statement)


def attach(lake: Path, folder: Path, out: Path) -> None:
    """What was published of both sides, joined to stored pairs by Spark."""
    from pyspark.sql import functions as F

    from tasni_spark.core.session import session

    spark = session("local", "bench")
    pairs = spark.read.format("delta").load(str(lake / "matches")).select("left_id", "right_id", "sep_arcsec")
    sides = []
    for side in ("left", "right"):
        rows = spark.read.parquet(str(folder / side))
        sides.append(rows.select(*[F.col(c).alias(f"{side}_{c}") for c in rows.columns]))
    spark.conf.set("spark.sql.autoBroadcastJoinThreshold", "-1")
    hint = "shuffle_hash"
    joined = pairs.hint(hint).join(sides[0], "left_id").hint(hint).join(sides[1], "right_id")
    joined.write.mode("overwrite").parquet(str(out / "pairs"))


LSDB = """
import sys, lsdb, pandas as pd
from dask.distributed import Client
from pathlib import Path
what, folder, out, radius = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[4])
if __name__ == "__main__":
    with Client(n_workers=2, threads_per_worker=1, processes=True):
        if what == "import":
            for side in ("left", "right"):
                files = sorted((folder / side).glob("*.parquet"))
                rows = pd.concat([pd.read_parquet(p, columns=["id", "ra", "dec"]) for p in files])
                names = {"ra_column": "ra", "dec_column": "dec", "catalog_name": side}
                catalog = lsdb.from_dataframe(rows, **names, margin_threshold=10.0)
                catalog.write_catalog(out / side, catalog_name=side, as_collection=True, overwrite=True)
        else:
            left, right = (lsdb.open_catalog(out.parent / "hats" / side) for side in ("left", "right"))
            found = left.crossmatch(right, radius_arcsec=radius, n_neighbors=1, suffixes=("_left", "_right"))
            pairs = found[["id_left", "id_right", "_dist_arcsec"]]
            pairs.write_catalog(out / "pairs", catalog_name="pairs", overwrite=True)
"""
