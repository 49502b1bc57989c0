"""Drift: what the stars of one place, brightness and colour have in common, visit by visit.

Why: the sample as a whole fades by some 5 mmag a year, as no source does; a zero point wanders, and how far it shows
depends on brightness and colour. Stars of the same cell saw the same visits. Sums of their deviations, one row for each
cell, band, brightness, colour and half year, take one pass over the visits; a source then looks its own up, and no pair
of sources is ever made. A source is its own control too, which costs a fade at most 1 / `least_controls` of its slope.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import astropy.units as u
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from cdshealpix.nested import healpix_to_lonlat
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tasni_spark.core.config import opt
from tasni_spark.sky.healpix import ORDER
from tasni_spark.tables.light_curves import BANDS
from tasni_spark.tables.trends import ENSEMBLE
from tasni_spark.variability import suite
from tasni_spark.variability.compiled import Bools, Floats, Ints
from tasni_spark.variability.verdicts import VerdictConfig
from tasni_spark.variability.visits import W1, W2, Visits, means, take

BINS = ("cell", "band", "mag_bin", "colour_bin", "half_year")
CONFIG = dict(zip(BANDS, (W1, W2), strict=True))
_SUMS = ("n_controls", "w", "wd", "wdd")
_WIDTHS = (2, 7, 6, 8)
"""Bits of band, brightness, colour and half year in a code; the cell stands above them."""
_OBLIQUITY = np.radians(84381.411 / 3600.0)
READS = ("survey", "left_survey", "tile", "hpx29", "id", "band", "colour_mag", "mjd", "mag", "error", "n_used", "side")


@dataclass(frozen=True)
class EnsembleConfig:
    """Which stars are controls, and of which sources."""

    cell_order: int = opt(6, "HEALPix order of the cells: 6 is 55 arcmin")
    bin_mag: float = opt(0.5, "width of the bins of brightness")
    bin_colour: float = opt(0.5, "width of the bins of W1 - W2")
    greatest_rchi2_control: float = opt(3.0, "chi2 / dof about its line above which a star is no control")
    clip_mag: float = opt(0.3, "a visit of a control star further than this from its mean is left out")

    def __post_init__(self) -> None:
        if not (0 <= self.cell_order <= 10 and self.bin_mag >= 0.1 and self.bin_colour >= 0.1):
            raise ValueError("ensemble: expected cell_order 0 .. 10, bin_mag and bin_colour at least 0.1")


class Drift(NamedTuple):
    """The ensemble of some cells: codes in order, and for each its drift, error and control stars."""

    code: Ints
    mag: Floats
    error: Floats
    n: Ints


def half_year(mjd: Floats, cell: Ints, order: int) -> Ints:
    """Number of the half year to which a visit of a cell belongs.

    Parameters
    ----------
    mjd, cell : d, (n,)
        Time, and pixel of order `order`.

    Notes
    -----
    WISE looks 90 deg from the Sun: in the middle of each half year in which the Sun's longitude goes from that of the
    cell to the opposite one. The Sun's mean longitude is good to 2 deg, the visits of a place lie 180 deg apart.

    References
    ----------
    Astronomical Almanac, section C, for 280.460 deg + 0.9856474 deg / d since J2000.
    """
    places, at = np.unique(cell, return_inverse=True)
    lon, lat = healpix_to_lonlat(places, order)
    a, d = lon.to_value(u.rad), lat.to_value(u.rad)
    y, z = np.cos(d) * np.sin(a), np.sin(d)
    own = np.degrees(np.arctan2(y * np.cos(_OBLIQUITY) + z * np.sin(_OBLIQUITY), np.cos(d) * np.cos(a))) % 360.0
    sun = 280.460 + 0.9856474 * (mjd - 51544.5)
    number: Ints = np.floor((sun - own[at]) / 180.0).astype(np.int64)
    return number


def ensemble(visits: DataFrame, cfg: EnsembleConfig, judge: VerdictConfig) -> DataFrame:
    """Drift of every bin that has enough control stars.

    Parameters
    ----------
    visits
        Of one survey.

    Notes
    -----
    The weighted mean of the deviations; its error is that of the weights, times the root of chi2 / (n - 1) above 1.
    """
    types = f"cell bigint, band string, {', '.join(f'{n} int' for n in BINS[2:])}, n_controls bigint"
    types += "".join(f", {n} double" for n in _SUMS[1:])
    place = ("survey", "left_survey")
    sums = visits.select(*READS).mapInArrow(_summed(cfg, judge), f"survey string, left_survey string, {types}")
    whole = sums.groupBy(*place, *BINS).agg(*[F.sum(n).alias(n) for n in _SUMS])
    enough = whole.where(F.col("n_controls") >= judge.least_controls)
    drift, n = F.col("wd") / F.col("w"), F.col("n_controls")
    rchi2 = (F.col("wdd") - F.col("wd") * drift) / (n - 1)
    error = F.sqrt(F.greatest(F.lit(1.0), rchi2) / F.col("w"))
    return enough.withColumns({"drift_mag": drift, "drift_error_mag": error}).select(*ENSEMBLE.names)


def drift_of(rows: pa.Table) -> Drift:
    """Rows of `ensemble` as a table to look up in."""
    band = _band(rows["band"])
    cell, mag, colour, half = (np.asarray(rows[n]).astype(np.int64) for n in ("cell", *BINS[2:]))
    code = _code(cell, band, mag, colour, half)
    order = np.argsort(code)
    drift, error, n = (np.asarray(rows[c])[order] for c in ("drift_mag", "drift_error_mag", "n_controls"))
    return Drift(code[order], drift, error, n)


class Rows(NamedTuple):
    """Rows of `visits` as arrays: the visits, band and cell of each source, and the code of each visit."""

    visits: Visits
    band: Ints
    source: Ints
    code: Ints


def rows_of(batch: pa.RecordBatch, cfg: EnsembleConfig) -> Rows:
    """Arrays of a batch of READS.

    Notes
    -----
    A source without a colour has the code -1: nothing says which stars are like it.
    """
    lists = {n: batch.column(n) for n in ("mjd", "mag", "error", "n_used", "side")}
    offsets = np.asarray(lists["mjd"].offsets).astype(np.int64)
    values = {n: c.values.to_numpy(zero_copy_only=False).astype(np.float64) for n, c in lists.items()}
    at = slice(offsets[0], offsets[-1])
    mjd, mag, error, used, side = (values[n][at] for n in lists)
    v = Visits(offsets - offsets[0], mjd, mag, error, used.astype(np.int64), used.astype(np.int64), side)
    band = _band(batch.column("band"))
    source = np.repeat(np.arange(len(batch)), np.diff(v.offsets))
    cell = np.asarray(batch.column("hpx29")) >> 2 * (ORDER - cfg.cell_order)
    mean = means(v)
    colour = batch.column("colour_mag").to_numpy(zero_copy_only=False).astype(np.float64)
    widths = ((mean, cfg.bin_mag), (colour, cfg.bin_colour))
    bins = [np.floor(np.nan_to_num(x) / width).astype(np.int64)[source] for x, width in widths]
    code = _code(cell[source], band[source], bins[0], bins[1], half_year(mjd, cell[source], cfg.cell_order))
    return Rows(v, band, source, np.where(np.isfinite(mean + colour)[source], code, -1))


def controls(rows: Rows, cfg: EnsembleConfig, judge: VerdictConfig) -> tuple[Ints, Ints, Floats]:
    """Sums over the control stars of a batch.

    Returns
    -------
    code, n, sums : (k,), (k,), (3, k)
        Stars of each code, which near a pole may have several visits in it; sums of w, w d and w d^2 over the visits,
        d the distance of a visit from the mean of its source.
    """
    v = rows.visits
    is_control = np.zeros(len(rows.band), bool)
    for k, config in enumerate(CONFIG.values()):
        mine = np.flatnonzero(rows.band == k)
        fit = suite.trends(take(v, mine), config)
        fine = (fit["n_visits"] >= judge.least_visits) & (fit["span_yr"] >= judge.least_span_yr)
        is_control[mine] = fine & (fit["rchi2_line"] <= cfg.greatest_rchi2_control)
    d = v.mag - means(v)[rows.source]
    least = np.array([c.least_exposures for c in CONFIG.values()])[rows.band][rows.source]
    use = is_control[rows.source] & (rows.code >= 0) & (v.n_used >= least) & (np.abs(d) <= cfg.clip_mag)
    mine, star = rows.code[use], rows.source[use]
    is_first = np.append(np.ones(min(1, len(mine)), bool), (mine[1:] != mine[:-1]) | (star[1:] != star[:-1]))
    code, at = np.unique(mine, return_inverse=True)
    w, d = v.err[use] ** -2.0, d[use]
    sums = np.array([np.bincount(at, x, len(code)) for x in (w, w * d, w * d * d)]).reshape(3, len(code))
    return code, np.bincount(at[is_first], minlength=len(code)), sums


def corrected(rows: Rows, drift: Drift, least: int) -> tuple[Visits, Ints]:
    """The visits of each source less its drift, and the control stars of its poorest visit.

    Notes
    -----
    Where a visit has no drift the source has no controls, and its visits stay as they are. The error of the drift is
    added in quadrature.
    """
    v = rows.visits
    at = np.minimum(np.searchsorted(drift.code, rows.code), max(len(drift.code) - 1, 0))
    known = (drift.code[at] == rows.code) & (rows.code >= 0) if len(drift.code) else np.zeros(len(rows.code), bool)
    needed = np.isfinite(v.mag) & (v.n_used > 0)
    n = np.full(len(rows.band), np.iinfo(np.int32).max, np.int64)
    np.minimum.at(n, rows.source[needed], np.where(known, drift.n[at] if len(drift.n) else 0, 0)[needed])
    n[n == np.iinfo(np.int32).max] = 0
    is_calibrated: Bools = (n >= least)[rows.source]
    shift = np.where(is_calibrated & known, drift.mag[at] if len(drift.n) else 0.0, 0.0)
    added = np.where(is_calibrated & known, drift.error[at] if len(drift.n) else 0.0, 0.0)
    return v._replace(mag=v.mag - shift, err=np.hypot(v.err, added)), np.where(n >= least, n, 0)


def _summed(
    cfg: EnsembleConfig, judge: VerdictConfig
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in (b for b in batches if len(b)):
            code, n, sums = controls(rows_of(batch, cfg), cfg, judge)
            cell, band, *bins = _bins(code)
            place = [pa.repeat(batch.column(c)[0], len(code)) for c in READS[:2]]
            names = pa.array(BANDS).take(pa.array(band))
            columns = [*place, pa.array(cell), names, *(pa.array(b, pa.int32()) for b in bins), pa.array(n), *sums]
            yield pa.record_batch(columns, [*READS[:2], *BINS, *_SUMS])

    return run


def _band(names: pa.Array | pa.ChunkedArray) -> Ints:
    """Position of each name in BANDS."""
    return np.asarray(pc.index_in(names, pa.array(BANDS))).astype(np.int64)


def _code(cell: Ints, band: Ints, mag: Ints, colour: Ints, half: Ints) -> Ints:
    """One number for a bin; brightness and half year are cut to 0 .. 127 and 0 .. 255, colour to -32 .. 31."""
    code: NDArray[np.int64] = np.asarray(cell, np.int64)
    parts = (band, np.clip(mag, 0, 127), np.clip(colour, -32, 31) + 32, np.clip(half, 0, 255))
    for value, width in zip(parts, _WIDTHS, strict=True):
        code = code << width | value
    return code


def _bins(code: Ints) -> list[Ints]:
    """The parts of a code: cell, band, brightness, colour, half year."""
    found = []
    for width in reversed(_WIDTHS):
        found.append(code & ((1 << width) - 1))
        code = code >> width
    half, colour, mag, band = found
    return [code, band, mag, colour - 32, half]
