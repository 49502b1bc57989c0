"""What varies, and how: trends, periods, red noise, flares."""

from __future__ import annotations

import numpy as np

from tasni_spark.demo.directions import Columns, Floats, years_since
from tasni_spark.demo.populations import CLASSES
from tasni_spark.demo.visits import NEOWISE, visits

KINDS = ("none", "fader", "brightener", "lpv", "eclipsing", "red_noise", "flare")
PLANTED = {"fader": 0.03, "brightener": 0.03, "eclipsing": 0.03, "flare": 0.02}
"""Share of a monitored leaf's bright sources that is made to vary, at least LEAST of each: far above true rates."""
LEAST = 2
BRIGHT = 15.0
"""W1 of the faintest source in which a variation is planted: single exposures measure it to 0.1 mag."""
VARIABLE = ("variability", "slope", "period", "amplitude", "tau", "t0")
"""Columns that say how an object varies."""
_FADERS = tuple(CLASSES.index(c) for c in ("star", "galaxy", "yso"))


def vary(objects: Columns, *, is_monitored: bool, rng: np.random.Generator) -> None:
    """Give objects their kind of variability, in place.

    Notes
    -----
    AGN and AGB stars vary everywhere, as they do; the others in monitored leaves only, where exposures can show it.
    Slopes are 5 .. 100 mmag/yr, constant from 2010 on, the same in all bands; eclipses of 0.1 .. 0.7 mag every
    0.15 .. 0.95 d; flares of 0.3 .. 2 mag that start during a visit and decay in 0.3 .. 3 d.
    """
    kind, n = objects["kind"], len(objects["kind"])
    objects["variability"] = np.zeros(n, np.int8)
    objects["variability"][kind == CLASSES.index("agb")] = KINDS.index("lpv")
    objects["variability"][kind == CLASSES.index("agn")] = KINDS.index("red_noise")
    if is_monitored:
        _plant(objects, rng)
    what = objects["variability"]
    fade = np.isin(what, [KINDS.index("fader"), KINDS.index("brightener")])
    sign = np.where(what == KINDS.index("fader"), 1.0, -1.0)
    slopes = sign * 10.0 ** rng.uniform(np.log10(0.005), np.log10(0.1), n)
    objects["slope"] = np.where(fade, np.round(slopes, 6), np.nan)
    eclipse, flare = what == KINDS.index("eclipsing"), what == KINDS.index("flare")
    objects["period"] = np.where(eclipse, 10.0 ** rng.uniform(np.log10(0.15), np.log10(0.95), n), objects["period"])
    depths = np.where(eclipse, rng.uniform(0.1, 0.7, n), rng.uniform(0.3, 2.0, n))
    objects["amplitude"] = np.where(eclipse | flare, depths, objects["amplitude"])
    objects["tau"] = np.where(flare, 10.0 ** rng.uniform(np.log10(0.3), np.log10(3.0), n), objects["tau"])
    objects["t0"] = np.where(np.isnan(objects["period"]), np.nan, NEOWISE[0] + objects["period"] * rng.random(n))
    if flare.any():
        visit = visits(objects["elon"][flare], NEOWISE)[:, 1:20]
        objects["t0"][flare] = rng.permuted(visit, axis=1)[:, 0] + rng.uniform(-0.5, 0.2, flare.sum())


def _plant(objects: Columns, rng: np.random.Generator) -> None:
    fit = objects["in_allwise"] & (objects["w1"] < BRIGHT) & np.isin(objects["kind"], _FADERS)
    free = rng.permutation(np.flatnonzero(fit))
    n = len(free)
    for name, share in PLANTED.items():
        able = free if name in ("fader", "brightener") else free[objects["kind"][free] == CLASSES.index("star")]
        taken = able[: max(LEAST, round(share * n))]
        objects["variability"][taken] = KINDS.index(name)
        free = free[~np.isin(free, taken)]


def change(objects: Columns, mjd: Floats, rng: np.random.Generator) -> Floats:
    """Change in brightness against the magnitude of 2010.6.

    Parameters
    ----------
    objects
        Columns of n objects.
    mjd : d, (k,)
        Times in order.

    Returns
    -------
    mag, (n, k)
        Positive for fainter.
    """
    shift: Floats = np.nan_to_num(objects["slope"])[:, None] * years_since(mjd)
    what = objects["variability"]
    for name, curve in (("lpv", _pulsation), ("eclipsing", _eclipses), ("red_noise", _walk), ("flare", _flare)):
        at = np.flatnonzero(what == KINDS.index(name))
        if len(at):
            column = {c: objects[c][at, None] for c in ("period", "amplitude", "tau", "t0")}
            shift[at] += curve(column, mjd, rng)
    return shift


def _pulsation(c: Columns, mjd: Floats, _: np.random.Generator) -> Floats:
    """A sine of semi-amplitude `amplitude`, brightest at `t0`."""
    return np.asarray(-c["amplitude"] * np.cos(2.0 * np.pi * (mjd - c["t0"]) / c["period"]))


def _eclipses(c: Columns, mjd: Floats, _: np.random.Generator) -> Floats:
    """Eclipses of depth `amplitude` at `t0`, and of 0.4 of that half a period later."""
    phase = ((mjd - c["t0"]) / c["period"] + 0.25) % 1.0 - 0.25
    dips = np.exp(-0.5 * (phase / 0.04) ** 2) + 0.4 * np.exp(-0.5 * ((phase - 0.5) / 0.04) ** 2)
    return np.asarray(c["amplitude"] * dips)


def _walk(c: Columns, mjd: Floats, rng: np.random.Generator) -> Floats:
    """A damped random walk of standard deviation `amplitude` and time scale `tau`, exact at the times asked for.

    References
    ----------
    Kelly, Bechtold and Siemiginowska 2009, ApJ 698, 895 (2009ApJ...698..895K).
    """
    kept = np.exp(-np.diff(mjd)[None, :] / c["tau"])
    noise = rng.standard_normal((len(c["tau"]), len(mjd)))
    walk = noise.copy()
    for k in range(1, len(mjd)):
        walk[:, k] = kept[:, k - 1] * walk[:, k - 1] + np.sqrt(1.0 - kept[:, k - 1] ** 2) * noise[:, k]
    return np.asarray(c["amplitude"] * walk)


def _flare(c: Columns, mjd: Floats, _: np.random.Generator) -> Floats:
    """A sudden brightening by `amplitude` at `t0` that decays exponentially with `tau`."""
    since = mjd - c["t0"]
    return np.where(since >= 0.0, -c["amplitude"] * np.exp(-np.maximum(since, 0.0) / c["tau"]), 0.0)
