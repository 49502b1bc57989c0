"""Trials: signals of known size in the survey's own constant light curves, judged as everything else is.

Why: completeness and false alarms depend on cadence, depth and crowding, so they are measured on the light curves at
hand. Nulls are the curves as they are, mirrored in time, and with their visits shuffled; nothing in them fades. A share
of discoveries among all tests must be assumed, since a trial's q depends on the trials beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import functions as F

from tasni_spark.core import parts
from tasni_spark.core.config import opt
from tasni_spark.core.plan import Group
from tasni_spark.core.work import Inputs, Output
from tasni_spark.tables.light_curves import BANDS, LIGHTCURVES
from tasni_spark.tables.variability import COMPLETENESS, INJECTIONS
from tasni_spark.variability import classes, flux, injection, measures, quality, variability, verdicts
from tasni_spark.variability.compiled import DAYS_PER_YEAR, Bools, Floats, Ints
from tasni_spark.variability.draws import uniform
from tasni_spark.variability.exposures import Exposures, ordered
from tasni_spark.variability.injection import KINDS, InjectionConfig, Truth
from tasni_spark.variability.nulls import permuted_visits, reversed_time
from tasni_spark.variability.search import PeriodsConfig, screen
from tasni_spark.variability.verdicts import VerdictConfig

NULLS = ("none", "reversed", "shuffled")
SHARES = {
    "none": 0.1,
    "reversed": 0.1,
    "shuffled": 0.1,
    "linear": 0.15,
    "exponential": 0.25,
    "step": 0.1,
    "periodic": 0.1,
    "flare": 0.05,
    "walk": 0.05,
}
"""Kinds of trials and their shares; half of all fade."""
TRIALS = tuple(SHARES)
SLOPE_STEPS = 3
"""Bins of slope per factor of ten."""
_CHOSEN, _KIND = 30, 31
_KEY = ("survey", "left_survey", "tile", "hpx29", "id")


@dataclass(frozen=True)
class InjectionsConfig(InjectionConfig):
    """Section `[injections]`."""

    survey: str = opt("neowise", "survey of single exposures")
    left: str = opt("allwise", "survey whose sources have light curves")
    reject: tuple[str, ...] = opt(variability.VariabilityConfig.reject, "flags that keep an exposure out")
    one_in: int = opt(10, "of so many constant light curves one gets a trial")
    greatest_rchi2: float = opt(1.5, "chi2 / dof about the mean above which a light curve is not constant")
    greatest_t: float = opt(3.0, "slope over its error above which it is not")
    tests_per_discovery: float = opt(100.0, "tests made for each discovery: q is p times this")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.one_in < 1 or self.tests_per_discovery < 1:
            raise ValueError("injections: expected one_in and tests_per_discovery of at least 1")
        quality.mask(self.reject)

    @property
    def label(self) -> str:
        """Tells the trials of a run apart."""
        return f"{self.survey}-{self.left}"


def scope(cfg: InjectionsConfig) -> dict[str, list[str]]:
    """What a run replaces."""
    return {"survey": [cfg.survey], "left_survey": [cfg.left]}


def injections(inputs: Inputs, group: Group, cfg: InjectionsConfig) -> Output:
    """Trials in the light curves of a group of tiles."""
    curves = inputs.read(LIGHTCURVES.name).where((F.col("survey") == cfg.survey) & (F.col("left_survey") == cfg.left))
    curves = curves.where(F.col("tile").isin(list(group.tiles))).select(*_KEY[:3], *measures.READS)

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield from rows_of(pa.Table.from_batches([batch]), cfg).to_batches()

    types = ", ".join(f"{c.name} {c.type}" for c in INJECTIONS.columns)
    return {INJECTIONS: curves.mapInArrow(run, types)}


def completeness(inputs: Inputs, _: Group, cfg: InjectionsConfig) -> Output:
    """Trials, claims and right claims by kind, slope, brightness and visits."""
    mine = (F.col("survey") == cfg.survey) & (F.col("left_survey") == cfg.left)
    rows = inputs.lake.read(INJECTIONS.ref).where(mine)
    size = F.log10(F.abs("slope_mag_per_yr")) * SLOPE_STEPS
    bins = {
        "slope_bin": F.floor(size).cast("int"),
        "w2_bin": F.floor(F.col("w2_mean_mag") * 2).cast("int"),
        "visits_bin": F.floor(F.col("w2_n_visits") / 4).cast("int"),
    }
    keys = ("survey", "left_survey", "kind", *bins)
    right = F.col("is_claim") & (F.signum("slope_mag_per_yr") == F.col("sign"))
    counts = {"n": F.count("*"), "n_claimed": F.count_if("is_claim"), "n_right": F.count_if(right)}
    counts["n_screened"] = F.count_if("passes_screen")
    found = rows.withColumns(bins).groupBy(*keys).agg(*[c.alias(n) for n, c in counts.items()])
    return {COMPLETENESS: found.select(*COMPLETENESS.names)}


# -- in a worker ------------------------------------------------------------------------------------------------------


def rows_of(curves: pa.Table, cfg: InjectionsConfig) -> pa.Table:
    """Rows of `injections` from light curves."""
    curves = curves.filter(pa.array(uniform(ids_of(curves), _CHOSEN, cfg.seed) < 1.0 / cfg.one_in))
    before = measures.exposures_of(curves, cfg.reject)
    chosen = np.flatnonzero(_is_constant(curves, measures.values_of(before, measures.visits_of(before), None), cfg))
    curves = curves.take(pa.array(chosen))
    x, ids = measures.exposures_of(curves, cfg.reject), ids_of(curves)
    kind = np.searchsorted(np.cumsum(list(SHARES.values()))[:-1], uniform(ids, _KIND, cfg.seed), side="right")
    truth = _truth(x["w2"], ids, kind, cfg)
    for b in BANDS:
        x[b] = ordered(x[b].at, *_with_signal(*x[b], ids, kind, truth, cfg))
    values = measures.values_of(x, measures.visits_of(x), variability.VariabilityConfig())
    columns = judged_as(x["w2"], values, cfg)
    said = verdicts.judge(columns)
    is_claim = np.isin(said.verdict, [verdicts.VERDICTS.index(v) for v in verdicts.CLAIMS])
    sign = np.sign(np.nan_to_num(columns["w2_slope_mag_per_yr"])).astype(np.int32)
    _, passes, _ = screen(values, PeriodsConfig())
    found: dict[str, Any] = {n: curves[n] for n in _KEY}
    found |= {
        "kind": np.array(TRIALS)[kind],
        "slope_mag_per_yr": _slope_of(x["w2"].at, x["w2"].mjd, truth),
        **{n: getattr(truth, n) for n in ("amplitude_mag", "period_d", "decay_d", "tau_yr")},
        **{n: columns[n] for n in ("w1_mean_mag", "w2_mean_mag", "w2_n_visits")},
        **{f"{n}_found": columns[n] for n in ("w2_slope_mag_per_yr", "w2_sigma_slope_mag_per_yr")},
        "verdict": np.array(verdicts.VERDICTS)[said.verdict],
        "is_claim": is_claim,
        "sign": sign,
        "passes_screen": passes,
        "class": np.array(classes.CLASSES)[classes.classify(values, np.where(is_claim, sign, 0), np.zeros(len(ids)))],
    }
    schema = parts.schema(INJECTIONS)
    return pa.table([_column(found[f.name], f) for f in schema], schema=schema)


def ids_of(curves: pa.Table) -> Ints:
    """Identifiers of light curves."""
    return np.asarray(curves["id"]).astype(np.int64)


def judged_as(w2: Exposures, values: Mapping[str, Mapping[str, Floats]], cfg: InjectionsConfig) -> dict[str, Any]:
    """Columns for `verdicts.judge`, of sources that have control stars."""
    shift, n = math.log10(cfg.tests_per_discovery), len(w2.at) - 1
    columns: dict[str, Any] = {f"{b}_{name}": v for b in BANDS for name, v in values[b].items()}
    columns |= {f"w2_flux_{k}": v for k, v in measures.in_flux(w2).items()}
    for b in (*BANDS, "w2_flux"):
        columns[f"{b}_log10_q"] = np.minimum(0.0, columns[f"{b}_log10_p"] + shift)
    columns |= {f"{b}_n_controls": np.full(n, VerdictConfig.least_controls) for b in BANDS}
    return columns | {"motion_arcsec": np.zeros(n)}


def _is_constant(curves: pa.Table, values: Mapping[str, Mapping[str, Floats]], cfg: InjectionsConfig) -> Bools:
    is_whole = ~np.asarray(curves["is_truncated"]) & ~np.asarray(curves["is_blended"])
    w2, limits = values["w2"], VerdictConfig()
    good = is_whole & (w2["n_visits"] >= limits.least_visits) & (w2["span_yr"] >= limits.least_span_yr)
    good &= ~(quality.floating(curves["motion_arcsec"]) > limits.greatest_motion_arcsec)
    for b in BANDS:
        with np.errstate(invalid="ignore"):
            good &= ~(values[b]["rchi2"] > cfg.greatest_rchi2) & ~(np.abs(values[b]["t_slope"]) > cfg.greatest_t)
    return np.asarray(good)


def _truth(w2: Exposures, ids: Ints, kind: NDArray[np.int64], cfg: InjectionsConfig) -> Truth:
    drawn = np.array([KINDS.index(t) if t in KINDS else 0 for t in TRIALS])[kind]
    first, last = (edge.reduceat(w2.mjd, w2.at[:-1]) for edge in (np.fmin, np.fmax))
    return injection.draw(drawn, ids, first, last, cfg)


def _with_signal(
    at: Ints,
    mjd: Floats,
    mag: Floats,
    err: Floats,
    ids: Ints,
    kind: NDArray[np.int64],
    truth: Truth,
    cfg: InjectionsConfig,
) -> tuple[Floats, Floats, Floats]:
    """Exposures of a band with the signals in flux, and the null curves with other times."""
    f, e = flux.to_flux(mag, err)
    changed = injection.inject(at, f, e, injection.factors(at, np.nan_to_num(mjd), ids, truth, cfg.seed))
    new_mag, new_err = flux.to_mag(changed, e)
    is_signal = np.repeat(~np.isin(kind, [TRIALS.index(n) for n in NULLS]), np.diff(at)) & np.isfinite(mjd)
    t = mjd.copy()
    for name, change in (("reversed", _reversed), ("shuffled", _shuffled)):
        for i in np.flatnonzero(kind == TRIALS.index(name)):
            t[at[i] : at[i + 1]] = change(mjd[at[i] : at[i + 1]], int(ids[i]))
    return t, np.where(is_signal, new_mag, mag), np.where(is_signal, new_err, err)


def _reversed(mjd: Floats, _: int) -> Floats:
    return reversed_time(mjd)


def _shuffled(mjd: Floats, id: int) -> Floats:
    use = np.isfinite(mjd)
    t = mjd.copy()
    t[use] = permuted_visits(mjd[use], 30.0, np.random.default_rng(id % 2**63))
    return t


def _slope_of(at: Ints, mjd: Floats, truth: Truth) -> Floats:
    """Slope of a fade; of a step the slope of a fade as high over the same span."""
    span = np.fmax.reduceat(mjd, at[:-1]) - np.fmin.reduceat(mjd, at[:-1])
    is_step = truth.kind == KINDS.index("step")
    return np.where(is_step, truth.amplitude_mag / (span / DAYS_PER_YEAR), truth.slope_mag_per_yr)


def _column(values: Any, field: pa.Field) -> pa.Array:
    is_column = isinstance(values, pa.ChunkedArray)
    return values.combine_chunks() if is_column else pa.array(values, field.type, from_pandas=True)
