"""Signals of known size in real light curves: what a search finds of what is there.

Why: completeness is measured, not argued. Signals are added in flux to real or mock constant curves on their own
cadences, so that the noise, the gaps and the lost faint exposures stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike

from tasni_spark.core.config import opt
from tasni_spark.variability.compiled import DAYS_PER_YEAR, Floats, Ints, compiled, floats, integers
from tasni_spark.variability.draws import normal, uniform
from tasni_spark.variability.flux import MAG_PER_FRACTION

KINDS = ("none", "linear", "exponential", "step", "periodic", "flare", "walk")
"""Fades linear in flux, linear in magnitude, and sudden; a sine; a flare; a damped random walk."""
_WALK = 16
_NOISE = 17


@dataclass(frozen=True)
class InjectionConfig:
    """What is injected; ranges are drawn from uniformly in the logarithm."""

    slope_mag_per_yr: tuple[float, float] = opt(
        (0.005, 0.1), "fades; a step has the same height as a fade over the span"
    )
    period_d: tuple[float, float] = opt((0.1, 1000.0), "periods")
    amplitude_mag: tuple[float, float] = opt((0.01, 0.5), "semi-amplitudes of sines")
    flare_mag: tuple[float, float] = opt((0.2, 3.0), "heights of flares")
    flare_d: tuple[float, float] = opt((0.1, 200.0), "decay times of flares")
    tau_yr: tuple[float, float] = opt((0.3, 3.0), "time scales of damped random walks")
    sd_mag: tuple[float, float] = opt((0.01, 0.3), "standard deviations of damped random walks")
    brightening: float = opt(0.5, "share of the fades that are turned into brightenings")
    seed: int = opt(1, "experiment; the same seed gives the same signals")

    def __post_init__(self) -> None:
        for name in (f.name for f in fields(InjectionConfig) if isinstance(f.default, tuple)):
            value = getattr(self, name)
            if not 0 < value[0] <= value[1]:
                raise ValueError(f"{name} is {value}, expected 0 < least <= greatest")


@dataclass(frozen=True)
class Truth:
    """What was injected, source by source; NaN where a parameter does not apply.

    Parameters
    ----------
    kind : (n,)
        Index into KINDS.
    slope_mag_per_yr, period_d, phase, amplitude_mag, t0_mjd, decay_d, tau_yr : (n,)
        `amplitude_mag` is the semi-amplitude of a sine, the height of a flare or a step, the standard deviation of a
        walk; `t0_mjd` the time of a step or a flare, and of zero change of a fade.
    """

    kind: Ints
    slope_mag_per_yr: Floats
    period_d: Floats
    phase: Floats
    amplitude_mag: Floats
    t0_mjd: Floats
    decay_d: Floats
    tau_yr: Floats


def draw(kinds: ArrayLike, ids: ArrayLike, first_mjd: ArrayLike, last_mjd: ArrayLike, config: InjectionConfig) -> Truth:
    """Parameters of the signals to inject.

    Parameters
    ----------
    kinds, ids : (n,)
        Index into KINDS and identifier of each source, from which its numbers are drawn.
    first_mjd, last_mjd : d, (n,)
        Coverage of each light curve.
    """
    kind, key = integers(kinds), integers(ids)
    first, last = floats(first_mjd), floats(last_mjd)

    def within(bounds: tuple[float, float], stream: int, *names: str) -> Floats:
        value = np.exp(np.log(bounds[0]) + np.log(bounds[1] / bounds[0]) * uniform(key, stream, config.seed))
        return np.where(np.isin(kind, [KINDS.index(n) for n in names]), value, np.nan)

    sign = np.where(uniform(key, 1, config.seed) < config.brightening, -1.0, 1.0)
    slope = sign * within(config.slope_mag_per_yr, 0, "linear", "exponential", "step")
    amplitude = np.full(len(kind), np.nan)
    for stream, (name, bounds) in enumerate(
        (("periodic", config.amplitude_mag), ("flare", config.flare_mag), ("walk", config.sd_mag)), start=2
    ):
        amplitude = np.where(kind == KINDS.index(name), within(bounds, stream, name), amplitude)
    is_step, is_flare = kind == KINDS.index("step"), kind == KINDS.index("flare")
    amplitude = np.where(is_step, slope * (last - first) / DAYS_PER_YEAR, amplitude)
    inside = first + (last - first) * np.where(is_flare, 1.0, 0.5) * uniform(key, 5, config.seed)
    inside += np.where(is_step, 0.25 * (last - first), 0.0)
    return Truth(
        kind,
        np.where(is_step, np.nan, slope),
        within(config.period_d, 6, "periodic"),
        np.where(kind == KINDS.index("periodic"), uniform(key, 7, config.seed), np.nan),
        amplitude,
        np.where(is_step | is_flare, inside, np.where(np.isnan(slope), np.nan, 0.5 * (first + last))),
        within(config.flare_d, 8, "flare"),
        within(config.tau_yr, 9, "walk"),
    )


def factors(offsets: ArrayLike, mjd: ArrayLike, ids: ArrayLike, truth: Truth, seed: int) -> Floats:
    """The flux of each exposure over that without the signal.

    Parameters
    ----------
    offsets, mjd : (n + 1,), d, (exposures,)
        In the order of time within a source.
    ids : (n,)
    truth
        Of the n sources.
    seed
        Of the walks.
    """
    at, t = integers(offsets), floats(mjd)
    counts = np.diff(at)
    source = np.repeat(np.arange(len(counts)), counts)

    def each(values: Floats) -> Floats:
        return np.asarray(values[source])

    kind, t0 = truth.kind[source], each(truth.t0_mjd)
    fade = each(truth.slope_mag_per_yr) * (t - t0) / DAYS_PER_YEAR
    amplitude = each(truth.amplitude_mag)
    since = np.maximum(t - t0, 0.0)
    noise = normal(np.repeat(integers(ids), counts), _WALK, seed, np.arange(len(source)) - at[:-1][source])
    walks = np.zeros(len(t))
    _walks(at, t, floats(truth.tau_yr), noise, walks)
    mag = np.select(
        [kind == KINDS.index(k) for k in ("exponential", "step", "periodic", "walk")],
        [
            fade,
            np.where(t >= t0, amplitude, 0.0),
            amplitude * np.sin(2.0 * np.pi * (t / each(truth.period_d) + each(truth.phase))),
            amplitude * walks,
        ],
        0.0,
    )
    flare = np.where(t >= t0, (10.0 ** (0.4 * amplitude) - 1.0) * np.exp(-since / each(truth.decay_d)), 0.0)
    return np.select(
        [kind == KINDS.index("linear"), kind == KINDS.index("flare")],
        [np.maximum(0.0, 1.0 - fade / MAG_PER_FRACTION), 1.0 + flare],
        10.0 ** (-0.4 * mag),
    )


def inject(offsets: ArrayLike, flux: ArrayLike, err: ArrayLike, factor: ArrayLike) -> Floats:
    """Fluxes with the signal added and the noise left as it is.

    Parameters
    ----------
    flux, err, factor : (exposures,)
        Flux and error of a source taken as constant; what `factors` gives.

    Notes
    -----
    F + <F> (factor - 1), with the weighted mean <F> of the source: multiplying F itself would scale the noise too.
    """
    at, f, e = integers(offsets), floats(flux), floats(err)
    use = np.isfinite(f) & (e > 0) & np.isfinite(e)
    w = np.where(use, 1.0 / np.where(use, e, 1.0) ** 2, 0.0)
    source = np.repeat(np.arange(len(at) - 1), np.diff(at))
    sums = [np.bincount(source, v, len(at) - 1) for v in (w * np.where(use, f, 0.0), w)]
    mean = np.divide(sums[0], sums[1], out=np.zeros(len(at) - 1), where=sums[1] > 0)
    return np.asarray(f + mean[source] * (floats(factor) - 1.0))


def observed(offsets: ArrayLike, flux: ArrayLike, err: ArrayLike, ids: ArrayLike, seed: int) -> Floats:
    """Fluxes of a mock source with Gaussian noise of the given errors."""
    at = integers(offsets)
    source = np.repeat(np.arange(len(at) - 1), np.diff(at))
    noise = normal(integers(ids)[source], _NOISE, seed, np.arange(len(source)) - at[:-1][source])
    return np.asarray(floats(flux) + floats(err) * noise)


@compiled
def _walks(offsets: Ints, t: Floats, tau: Floats, noise: Floats, out: Floats) -> None:
    """Unit damped random walks, exact at the times asked for (Kelly et al. 2009, 2009ApJ...698..895K)."""
    for i in range(len(offsets) - 1):
        if tau[i] > 0.0:
            for k in range(offsets[i], offsets[i + 1]):
                kept = np.exp((t[k - 1] - t[k]) / (tau[i] * DAYS_PER_YEAR)) if k > offsets[i] else 0.0
                before = out[k - 1] if k > offsets[i] else 0.0
                out[k] = kept * before + np.sqrt(1.0 - kept * kept) * noise[k]
