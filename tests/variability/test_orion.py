"""Two real cones in Orion, in two tiles: flags, limits, both associations and blends, without a lake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import SkyCoord
from cdshealpix.nested import lonlat_to_healpix

from tasni_spark.sky.tiling import span
from tasni_spark.tables.light_curves import FLAGS
from tasni_spark.variability import gather
from tasni_spark.variability import lightcurves as lc
from tasni_spark.variability.pieces import Piece

pytestmark = pytest.mark.slow
TILE = 4**2  # of order 1


def stored(rows: pd.DataFrame, path: Path) -> None:
    pixel = lonlat_to_healpix(rows["ra"].to_numpy() * u.deg, rows["dec"].to_numpy() * u.deg, 29).astype(np.int64)
    table = pa.Table.from_pandas(rows.assign(hpx29=pixel).sort_values("hpx29"), preserve_index=False)
    pq.write_table(table, path)


@pytest.fixture(scope="module")
def shots(real: Path) -> pd.DataFrame:
    exact = {"allwise_cntr": "Int64", "cc_flags": "string"}
    cones = [pd.read_csv(real / "neowise_labelled" / f"{n}.csv", dtype=exact) for n in ("clustersd", "fdsafs")]
    rows = pd.concat(cones, ignore_index=True)
    return rows.assign(id=np.arange(len(rows)))


@pytest.fixture(scope="module")
def found(shots: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> tuple[pa.Table, dict[str, Any], Any]:
    """Light curves of the sources that the archive names, placed at the mean of their detections."""
    folder = tmp_path_factory.mktemp("orion")
    left = shots.dropna(subset="allwise_cntr").groupby("allwise_cntr", as_index=False)[["ra", "dec"]].mean()
    left = left.rename(columns={"allwise_cntr": "id"}).astype({"id": "int64"})
    a, d = np.radians(left["ra"]), np.radians(left["dec"])
    left = left.assign(x=np.cos(a) * np.cos(d), y=np.sin(a) * np.cos(d), z=np.sin(d), epoch=2010.5589)
    left = left.assign(**dict.fromkeys(gather.MOTION, np.nan))
    names = ["id", "ra", "dec", "mjd", "allwise_cntr", "qual_frame", "cc_flags"]
    names += [f"{b}{q}" for b in ("w1", "w2") for q in ("mpro", "sigmpro", "rchi2")]
    stored(shots[names], folder / "shots.parquet")
    stored(left, folder / "left.parquet")
    pixels = lonlat_to_healpix(shots["ra"].to_numpy() * u.deg, shots["dec"].to_numpy() * u.deg, 1)
    done = []
    for tile in (TILE + np.unique(pixels)).tolist():
        piece = Piece(tile, *span(tile), ("shots.parquet",), ("left.parquet",))
        done.append(gather.curves_of(piece, (str(folder), str(folder)), 0.01, lc.LightcurvesConfig()))
    counts = {n: sum(c[n] for _, c in done) for n in gather.COUNTS}
    counts["unjudged"] = set.intersection(*(set(c["unjudged"]) for _, c in done))
    return pa.concat_tables([t for t, _ in done]), counts, left


def test_what_the_rows_say_and_what_they_cannot(shots: pd.DataFrame, found: Any) -> None:
    curves, counts, left = found
    assert (len(shots), counts["n_detections"], counts["n_sources"]) == (8758, 8758, len(left))
    assert counts["unjudged"] == {"image", "saa", "moon", "moving", "saturated"}
    ids = set(np.concatenate([np.asarray(t) for t in curves["mjd"].to_pylist()]))
    assert ids <= set(shots["mjd"])
    for b in ("w1", "w2"):
        flags = np.concatenate(curves[f"{b}_flags"].to_pylist())
        error = np.concatenate([np.array(v, float) for v in curves[f"{b}_error"].to_pylist()])
        assert (((flags & FLAGS["limit"][0]) > 0) == np.isnan(error)).all()
        assert 0 < np.isnan(error).mean() < 0.5
        assert (flags & FLAGS["artefact"][0]).any()
        assert (flags & FLAGS["fit"][0]).any()


def test_both_associations(shots: pd.DataFrame, found: Any) -> None:
    _, counts, left = found
    assert counts["n_archive"] == shots["allwise_cntr"].notna().sum()
    place, seen = (SkyCoord(x["ra"].to_numpy() * u.deg, x["dec"].to_numpy() * u.deg) for x in (left, shots))
    nearest, sep, _ = seen.match_to_catalog_sky(place)
    within = sep.arcsec <= 3.0
    assert counts["n_position"] == within.sum()
    same = within & (left["id"].to_numpy()[nearest] == shots["allwise_cntr"].fillna(-1).to_numpy())
    assert counts["n_both"] == same.sum()
    assert counts["n_both"] > 0.9 * counts["n_archive"]
    assert counts["n_given"] == counts["n_exposures"] + counts["n_duplicates"]


def test_blends(found: Any) -> None:
    curves, _, left = found
    place = SkyCoord(left["ra"].to_numpy() * u.deg, left["dec"].to_numpy() * u.deg)
    _, sep, _ = place.match_to_catalog_sky(place, nthneighbor=2)
    want = dict(zip(left["id"], sep.arcsec <= 10.0, strict=True))
    got = dict(zip(curves["id"].to_pylist(), curves["is_blended"].to_pylist(), strict=True))
    assert got == {k: want[k] for k in got}
    assert 0.05 < np.mean(list(got.values())) < 0.95
