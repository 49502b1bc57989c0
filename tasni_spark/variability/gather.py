"""Light curves of one piece of sky, in a worker: files of exposures and sources in, nested rows out.

Why: detections are a hundred times the sources, and never pass through the JVM. What leaves a worker is a file, and the
counts of what became of the detections.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasni_spark.core import parts
from tasni_spark.core.files import Folder
from tasni_spark.sky import cover
from tasni_spark.sky.tiling import span
from tasni_spark.tables.light_curves import BANDS, LIGHTCURVE_TILES, LIGHTCURVES
from tasni_spark.variability import near, quality
from tasni_spark.variability.compiled import Ints, integers
from tasni_spark.variability.nest import FACTS, Detections, Nested, lists, nest
from tasni_spark.variability.pieces import Piece, fitting, rows

if TYPE_CHECKING:
    from tasni_spark.variability.lightcurves import LightcurvesConfig

PIECE_ROWS = 3_000_000
"""Detections that a worker holds at once: about 1 GiB."""
EXPOSURES = ("id", "hpx29", "ra", "dec", "mjd", *(f"{b}{q}" for b in BANDS for q in ("mpro", "sigmpro")))
LEFT = ("id", "hpx29", "x", "y", "z", "ra", "dec", "epoch")
MOTION = ("pmra_masyr", "pmdec_masyr", "pmra_error_masyr", "pmdec_error_masyr")
COUNTS = tuple(c.name for c in LIGHTCURVE_TILES.columns if c.type == "bigint" and c.name != "tile")


def worker(
    work: Sequence[Piece], roots: tuple[str, str, str], reach: float, cfg: LightcurvesConfig
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """A function for `spark.range(...).mapInArrow(f, WRITTEN_DDL)`: each row names a piece by its position.

    Parameters
    ----------
    roots
        Folders of the exposures, of the left positions, and of `lightcurves`.
    reach : deg
    """

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch.column(0).to_pylist():
                for piece in fitting(work[number], Folder.at(roots[0]), PIECE_ROWS):
                    curves, counts = curves_of(piece, roots[:2], reach, cfg)
                    told = parts.Written("", "", 0, 0, str(piece.tile), json.dumps(counts))
                    yield parts.batch([*parts.write(curves, LIGHTCURVES, Folder.at(roots[2])), told])

    return run


def curves_of(
    piece: Piece, roots: Sequence[str], reach: float, cfg: LightcurvesConfig
) -> tuple[pa.Table, dict[str, Any]]:
    """Light curves of a piece of sky, and the counts of `lightcurve_tiles`."""
    own = cover.merged([(piece.start, piece.end)])
    asked = [*EXPOSURES, cfg.archive_key, *(c for names in quality.columns(cfg.rules).values() for c in names)]
    key = cfg.input_key if cfg.input else "id"
    shots = rows(Folder.at(roots[0]), piece.exposures, dict.fromkeys(asked), cover.grown(own, reach), key)
    near_by = rows(Folder.at(roots[1]), piece.left, (*LEFT, *MOTION), cover.grown(own, 2 * reach))
    sources = _sources(near_by, cfg)
    pixel = near_by["hpx29"].to_numpy()
    mine = (pixel >= piece.start) & (pixel < piece.end)
    seen = _detections(shots)
    archive = _by_key(shots, sources.id, cfg.archive_key)
    position = _by_position(sources, seen, cfg)
    given = archive if cfg.association == "archive" else position
    found = nest(sources, np.where(mine[:, None], span(piece.tile), 0).astype(np.int64), given, seen)
    here = (seen.hpx29 >= piece.start) & (seen.hpx29 < piece.end)
    both = (archive >= 0) & (archive == position)
    counts = [mine, here, here & (archive >= 0), here & (position >= 0), here & both]
    counts += [here & (archive >= 0) & (position >= 0) & ~both, here & (given >= 0)]
    sums = [int(c.sum()) for c in counts] + [int(found.facts[:, k].sum()) for k in (0, 1)]
    told = {"n_archive": archive, "n_position": position, "n_both": np.where(both, archive, -1)}
    per_source = {n: np.bincount(s[s >= 0], minlength=len(pixel))[found.source] for n, s in told.items()}
    nearest = near.neighbours(sources, mine, cfg.blend_arcsec)[found.source]
    curves = _table(found, shots, cfg).append_column("nearest_arcsec", pa.array(nearest, from_pandas=True))
    named = per_source | {
        "is_blended": np.isfinite(nearest),
        "tile": np.full(len(nearest), piece.tile),
        "hpx29": pixel[found.source],
        "id": sources.id[found.source],
    }
    for name, values in named.items():
        curves = curves.append_column(name, pa.array(values))
    return curves, dict(zip(COUNTS, sums, strict=True)) | {"unjudged": quality.unjudged(shots, cfg.rules)}


def _sources(left: pa.Table, cfg: LightcurvesConfig) -> near.Sources:
    values = {c: quality.floating(left[c]) for c in (*LEFT[2:], *MOTION)}
    error = np.hypot(values["pmra_error_masyr"], values["pmdec_error_masyr"]) / np.sqrt(2.0)
    ra, dec, pmra, pmdec = (values[c] for c in ("ra", "dec", *MOTION[:2]))
    rate = near.rates(ra, dec, pmra, pmdec, error, cfg.motion_snr)
    place = np.stack([values[c] for c in "xyz"], 1)
    return near.Sources(integers(left["id"]), place, rate, values["epoch"])


def _detections(shots: pa.Table) -> Detections:
    ra, dec, mjd = (quality.floating(shots[c]) for c in ("ra", "dec", "mjd"))
    pixel = integers(shots["hpx29"])
    return Detections(integers(shots["id"]), pixel, near.vectors(ra, dec), 2000.0 + (mjd - 51544.5) / 365.25, mjd)


def _by_key(shots: pa.Table, ids: Ints, key: str) -> Ints:
    """The source that the archive names; -1 for none, or none here."""
    if key not in shots.column_names or not len(ids):
        return np.full(len(shots), -1, np.int64)
    order = np.argsort(ids)
    wanted = np.asarray(pc.fill_null(shots[key].cast(pa.int64()), -1))
    at = order[np.minimum(np.searchsorted(ids, wanted, sorter=order), len(ids) - 1)]
    return np.where((ids[at] == wanted) & np.asarray(pc.is_valid(shots[key])), at, -1)


def _by_position(sources: near.Sources, seen: Detections, cfg: LightcurvesConfig) -> Ints:
    if not len(seen.id) or not len(sources.id):
        return np.full(len(seen.id), -1, np.int64)
    table = near.cubes(sources, cfg.radius_arcsec, float(seen.year.min()), float(seen.year.max()))
    return near.nearest(sources, table, seen.at, seen.year, cfg.radius_arcsec)


def _table(found: Nested, shots: pa.Table, cfg: LightcurvesConfig) -> pa.Table:
    """Columns that come from the exposures."""
    at, chosen = found.offsets, shots.take(pa.array(found.exposure))
    facts = {name: found.facts[:, k] for k, name in enumerate(FACTS)}
    columns = {n: pa.array(v.astype(np.int32) if n[:2] == "n_" else v, from_pandas=True) for n, v in facts.items()}
    rows_found = (facts["n_exposures"] + facts["n_duplicates"]).astype(np.int64)
    columns["is_truncated"] = pa.array(np.isin(rows_found, cfg.caps))
    columns["mjd"] = lists(at, quality.floating(chosen["mjd"]))
    for band in BANDS:
        for name, of in (("mag", "mpro"), ("error", "sigmpro")):
            values = quality.floating(chosen[f"{band}{of}"])
            columns[f"{band}_{name}"] = lists(at, values.astype(np.float32), np.isnan(values))
        columns[f"{band}_flags"] = lists(at, quality.flags(chosen, cfg.rules, band))
    names = {"survey": cfg.survey, "left_survey": cfg.left}
    return pa.table(columns | {n: pa.repeat(pa.scalar(v), len(at) - 1) for n, v in names.items()})
