"""What light curves say, as rows of the tables that keep it: visits, statistics of a band, tests of trends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasni_spark.core.spec import Table
from tasni_spark.tables.light_curves import BANDS, VISITS
from tasni_spark.tables.statistics import OF_RIVALS
from tasni_spark.tables.trends import IN_FLUX, JUDGED, TREND_TESTS
from tasni_spark.tables.variability import VARIABILITY
from tasni_spark.variability import flux, quality, suite
from tasni_spark.variability.compiled import Floats, Ints
from tasni_spark.variability.exposures import Exposures, ordered
from tasni_spark.variability.visits import W1, W2, Visits, group, means, take

if TYPE_CHECKING:
    from tasni_spark.variability.variability import VariabilityConfig

PIECE_CURVES = 2_000
"""Light curves that are computed at once: the system maps and clears greater arrays anew at each step. 40,000 at once
took 170 microseconds a source, 2,000 took 90."""
CONFIG = dict(zip(BANDS, (W1, W2), strict=True))
PLACE = ("survey", "left_survey", "tile", "hpx29", "id")
FACTS = ("is_truncated", "is_blended", "motion_arcsec")
READS = ("hpx29", "id", *FACTS, "mjd", *(f"{b}_{c}" for b in BANDS for c in ("mag", "error", "flags")))


def tables_of(curves: pa.Table, cfg: VariabilityConfig, wanted: Sequence[Table]) -> dict[str, pa.Table]:
    """Rows of the wanted tables from light curves."""
    starts = range(0, max(len(curves), 1), PIECE_CURVES)
    pieces = [_piece(curves.slice(k, PIECE_CURVES), cfg, wanted) for k in starts]
    return {name: pa.concat_tables([p[name] for p in pieces]) for name in pieces[0]}


def _piece(curves: pa.Table, cfg: VariabilityConfig, wanted: Sequence[Table]) -> dict[str, pa.Table]:
    x = exposures_of(curves, cfg.reject)
    visits = visits_of(x)
    place = curves.select(list(PLACE))
    found = {}
    if VISITS in wanted:
        colour = pa.array(np.subtract(*(means(visits[b]) for b in BANDS)), from_pandas=True)
        found[VISITS.name] = _stacked(place, {b: {"colour_mag": colour} | _visit_columns(visits[b]) for b in BANDS})
    if VARIABILITY in wanted or TREND_TESTS in wanted:
        values = values_of(x, visits, cfg)
    if VARIABILITY in wanted:
        found[VARIABILITY.name] = _stacked(place, {b: _arrays(values[b]) for b in BANDS})
    if TREND_TESTS in wanted:
        tests = {f"{b}_{name}": values[b][name] for b in BANDS for name in JUDGED}
        tests |= {f"w2_flux_{name}": v for name, v in in_flux(x["w2"]).items()}
        tests |= suite.two_bands(x["w1"], x["w2"], visits["w1"], visits["w2"])
        columns = {n: curves[n] for n in (*PLACE, *FACTS)} | _arrays(tests)
        found[TREND_TESTS.name] = pa.table(columns)
    return found


Values = dict[str, dict[str, Floats]]
"""Band to the statistics of many sources, by name."""


def exposures_of(curves: pa.Table, reject: Sequence[str]) -> dict[str, Exposures]:
    """Exposures of light curves in each band, without those that have a rejected flag."""
    at, mjd = _lists(curves["mjd"])
    found = {}
    for b in BANDS:
        mag, error, flags = (_lists(curves[f"{b}_{c}"])[1] for c in ("mag", "error", "flags"))
        rejected = (flags & quality.mask(reject)) != 0
        found[b] = ordered(at, np.where(rejected, np.nan, mjd) if rejected.any() else mjd, mag, error)
    return found


def visits_of(x: Mapping[str, Exposures]) -> dict[str, Visits]:
    """The visits of each band."""
    return {b: group(*x[b], CONFIG[b]) for b in BANDS}


def values_of(
    x: Mapping[str, Exposures], visits: Mapping[str, Visits], cfg: VariabilityConfig | None
) -> dict[str, dict[str, Floats]]:
    """All statistics of each band; without a configuration no rival is fitted."""
    values = {b: suite.statistics(*x[b], CONFIG[b], visits=visits[b]) for b in BANDS}
    if cfg is not None:
        _fit_rivals(values, visits, cfg)
    return values


def in_flux(x: Exposures) -> dict[str, Floats]:
    """The trend in flux, limits included."""
    relative, error, _ = flux.relative_mag(x.at, *flux.to_flux(x.mag, x.err))
    fitted = suite.trends(group(x.at, x.mjd, relative, error, W2), W2)
    return {name: fitted[name] for name in IN_FLUX}


def _lists(column: pa.ChunkedArray) -> tuple[Ints, NDArray[Any]]:
    """Offsets and values of a list column; a null number is NaN."""
    chunk = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    at = np.asarray(chunk.offsets).astype(np.int64)
    return at - at[0], chunk.values.slice(at[0], at[-1] - at[0]).to_numpy(zero_copy_only=False)


def _fit_rivals(values: Mapping[str, dict[str, Floats]], visits: Mapping[str, Visits], cfg: VariabilityConfig) -> None:
    """Fit sine and random walk where a trend might be claimed: seen in W2, and in W1 unless W1 is not measured."""
    w1, w2 = (values[b]["log10_p"] for b in BANDS)
    chosen = np.flatnonzero((w2 <= cfg.rivals_log10_p) & ~((w1 > cfg.rivals_log10_p) & _measures(values["w1"], cfg)))
    for band in BANDS:
        fitted = suite.trends(take(visits[band], chosen), CONFIG[band], rivals=True)
        for s in OF_RIVALS:
            values[band][s.name][chosen] = fitted[s.name]


def _measures(band: Mapping[str, Floats], cfg: VariabilityConfig) -> NDArray[np.bool_]:
    return np.asarray(band["sigma_slope_mag_per_yr"] <= cfg.greatest_sigma_slope_mag_per_yr)


def _visit_columns(v: Visits) -> dict[str, pa.Array]:
    offsets = pa.array(v.offsets, pa.int32())
    columns = {"mjd": v.mjd, "mag": v.mag, "error": v.err}
    columns |= {n: x.astype(np.int32) for n, x in (("n_used", v.n_used), ("n_limits", v.n_limits), ("side", v.side))}
    return {n: pa.ListArray.from_arrays(offsets, pa.array(x, from_pandas=True)) for n, x in columns.items()}


def _arrays(values: Mapping[str, Floats]) -> dict[str, pa.Array]:
    """Columns; NaN is null."""
    return {n: pa.array(v, from_pandas=True) for n, v in values.items()}


def _stacked(place: pa.Table, columns: Mapping[str, Mapping[str, pa.Array]]) -> pa.Table:
    """One row a source and band."""
    whole = [
        pa.table(
            {n: place[n] for n in place.column_names} | {"band": pa.repeat(pa.scalar(band), len(place))} | dict(of)
        )
        for band, of in columns.items()
    ]
    return pa.concat_tables(whole)
