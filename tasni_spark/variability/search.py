"""Periods: what the screen lets through, sought within visits, over all exposures and between visits.

Why: a full periodogram costs a thousand times what all other statistics do, so it is given to light curves that scatter
more than their errors say, a cut whose loss is measured by injection. Three questions need three searches: hours within
a visit (its mean removed), days to months (trend and scan direction removed), and years (visits, not exposures). What
white noise explains is told so at once; for the rest visits are permuted as they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from pyspark.sql import functions as F

from tasni_spark.core import parts
from tasni_spark.core.config import opt
from tasni_spark.core.plan import Group
from tasni_spark.core.work import Inputs, Output
from tasni_spark.tables.light_curves import BANDS, LIGHTCURVES
from tasni_spark.tables.variability import PERIODS
from tasni_spark.variability import aliases, measures, quality, variability
from tasni_spark.variability.compiled import DAYS_PER_YEAR, Floats
from tasni_spark.variability.exposures import of_source
from tasni_spark.variability.nulls import log10_false_alarm, visit_numbers
from tasni_spark.variability.periods import PeriodConfig, detrended, measured, periodogram, without_visit_means
from tasni_spark.variability.visits import W1, VisitConfig, Visits, take

_READS = ("hpx29", "id", "mjd", *(f"{b}_{c}" for b in BANDS for c in ("mag", "error", "flags")))
_KEY = ("survey", "left_survey", "tile", "hpx29", "id")


@dataclass(frozen=True)
class PeriodsConfig(PeriodConfig):
    """Section `[periods]`."""

    survey: str = opt("neowise", "survey of single exposures")
    left: str = opt("allwise", "survey whose sources have light curves")
    reject: tuple[str, ...] = opt(variability.VariabilityConfig.reject, "flags that keep an exposure out")
    screen_rchi2: float = opt(1.3, "chi2 / dof about the mean above which a light curve is searched")
    least_exposures: int = opt(30, "exposures below which it is not")
    screen_log10_p: float = opt(-3.0, "log10 p for white noise above which no null is made: it is noise")
    nulls: int = opt(20, "permuted light curves behind a false-alarm probability")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.nulls < 10 or self.screen_rchi2 < 0 or self.least_exposures < 5:
            raise ValueError("periods: expected nulls >= 10, screen_rchi2 >= 0, least_exposures >= 5")
        quality.mask(self.reject)

    @property
    def label(self) -> str:
        """Tells the periods of a run apart."""
        return f"{self.survey}-{self.left}"


class Found(NamedTuple):
    """The highest peak of one search; `names` of its row are those of table `periods`."""

    search: str
    n_points: int
    span_d: float
    period_d: float
    amplitude_mag: float
    power: float
    window: float
    log10_p_white: float
    log10_false_alarm: float
    cadence: list[str]
    aliases_d: list[float]


def scope(cfg: PeriodsConfig) -> dict[str, list[str]]:
    """What a run replaces."""
    return {"survey": [cfg.survey], "left_survey": [cfg.left]}


def periods(inputs: Inputs, group: Group, cfg: PeriodsConfig) -> Output:
    """Periods of the sources of a group of tiles that pass the screen."""
    curves = inputs.read(LIGHTCURVES.name).where((F.col("survey") == cfg.survey) & (F.col("left_survey") == cfg.left))
    curves = curves.where(F.col("tile").isin(list(group.tiles))).select(*_KEY[:3], *_READS)

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield from rows_of(pa.Table.from_batches([batch]), cfg).to_batches()

    types = ", ".join(f"{c.name} {c.type}" for c in PERIODS.columns)
    return {PERIODS: curves.mapInArrow(run, types)}


def rows_of(curves: pa.Table, cfg: PeriodsConfig) -> pa.Table:
    """Rows of `periods` from light curves."""
    x = measures.exposures_of(curves, cfg.reject)
    visits = measures.visits_of(x)
    band, passes, rchi2 = screen(measures.values_of(x, visits, None), cfg)
    found: list[dict[str, Any]] = []
    which: list[int] = []
    for i in np.flatnonzero(passes):
        b = BANDS[band[i]]
        here = take(visits[b], [i])
        for row in searched(*of_source(x[b], i), here, cfg):
            found.append({"band": b, "rchi2": float(rchi2[i]), **row._asdict()})
            which.append(i)
    place = curves.select(list(_KEY)).take(pa.array(which, pa.int64()))
    columns = {f.name: pa.array([r[f.name] for r in found], f.type, from_pandas=True) for f in _OWN}
    return pa.table({**{n: place[n] for n in _KEY}, **columns}).select(PERIODS.names).cast(parts.schema(PERIODS))


_OWN = [f for f in parts.schema(PERIODS) if f.name not in _KEY]


def screen(values: Mapping[str, Mapping[str, Floats]], cfg: PeriodsConfig) -> tuple[Any, Any, Floats]:
    """The band in which each source varies most surely, whether it is searched, and its chi2 / dof there."""
    rchi2, n = (np.array([np.nan_to_num(values[b][c]) for b in BANDS]) for c in ("rchi2", "n_exposures"))
    band = np.argmax((rchi2 - 1.0) * np.sqrt(n), axis=0)
    rchi2, n = (np.take_along_axis(x, band[None], 0)[0] for x in (rchi2, n))
    return band, (rchi2 >= cfg.screen_rchi2) & (n >= cfg.least_exposures), rchi2


def searched(mjd: Floats, mag: Floats, err: Floats, visits: Visits, cfg: PeriodsConfig) -> Iterator[Found]:
    """The three searches of one light curve.

    Parameters
    ----------
    mjd, mag, err : d, mag, mag, (n,)
        Exposures of one band.
    visits
        Theirs.
    """
    t, m, e = measured(mjd, mag, err)
    order = np.argsort(t, kind="stable")
    t, m, e = t[order], m[order], e[order]
    number = visit_numbers(t, VisitConfig.gap_d)
    side = 1.0 - 2.0 * (number % 2)
    yield _best("exposures", t, detrended(t, m, e, side), e, "visits", cfg)
    day = replace(cfg, lowest_per_d=1.0)
    yield _best("within_visits", t, without_visit_means(m, e, number), e, "exposures", day)
    use = np.isfinite(visits.mag) & (visits.n_used >= W1.least_exposures)
    t, m, e = visits.mjd[use], visits.mag[use], visits.err[use]
    if len(t) >= 6:
        slow = replace(cfg, highest_per_d=1.0 / DAYS_PER_YEAR, lowest_per_d=0.0, per_peak=10, method="direct")
        yield _best("visits", t, m - np.average(m, weights=e**-2.0), e, "visits", slow)


def _best(search: str, t: Floats, y: Floats, e: Floats, blocks: str, cfg: PeriodsConfig) -> Found:
    p = periodogram(t, y, e, cfg)
    n, span = len(t), float(np.ptp(t))
    k = int(p.power.argmax())
    frequency, power = float(p.frequency[k]), float(p.power[k])
    independent = max(1.0, len(p.power) / cfg.per_peak)
    white = min(0.0, math.log10(independent) + 0.5 * (n - 3) * math.log10(max(1.0 - power, 1e-300)))
    alarm = math.nan
    if white <= cfg.screen_log10_p:
        alarm = log10_false_alarm(t, y, e, cfg, blocks=blocks, nulls=cfg.nulls)
    bits = int(aliases.tags([frequency], span)[0])
    told = [name for i, (name, _) in enumerate(aliases.CADENCE) if bits >> i & 1]
    family = (1.0 / aliases.family(frequency, span, cfg.highest_per_d)).tolist()
    amplitude = _amplitude(t, y, e, frequency)
    return Found(search, n, span, 1.0 / frequency, amplitude, power, float(p.window[k]), white, alarm, told, family)


def _amplitude(t: Floats, y: Floats, e: Floats, frequency: float) -> float:
    """Semi-amplitude of the best sine of a frequency with a free mean."""
    phase = 2.0 * np.pi * frequency * (t - t[0])
    x = np.column_stack([np.ones_like(t), np.cos(phase), np.sin(phase)])
    b, *_ = np.linalg.lstsq(x / e[:, None], y / e, rcond=None)
    return float(np.hypot(b[1], b[2]))
