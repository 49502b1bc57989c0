"""Picture of a light curve: visits over exposures, line, residuals, and the periodogram with its window."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import SubFigure
from numpy.typing import NDArray

from tasni_spark.report.figures import ACCENT, FAINT, INK

COLOURS = {"w1": "#3a6ea5", "w2": ACCENT}
DRAWN = 1500
"""Points to which a periodogram of many thousand frequencies is drawn, each the highest of its neighbours."""


def draw(figure: SubFigure, curve: Mapping[str, Any]) -> None:
    """Fill a part of a figure.

    Parameters
    ----------
    curve
        `bands`: for each band `mjd`, `mag`, `error`, `visits`, `trend` and `periodogram`, as `variability.curve` has
        them.
    """
    above, below, power = figure.subplots(3, 1, height_ratios=(3, 1.2, 1.6))
    for band, of in curve["bands"].items():
        colour, v = COLOURS[band], of["visits"]
        measured = np.isfinite(of["error"])
        above.plot(of["mjd"][measured], of["mag"][measured], ",", color=colour, alpha=0.5)
        above.plot(of["mjd"][~measured], of["mag"][~measured], "v", ms=2, color=FAINT)
        slope, sigma = (1e3 * of["trend"][n] for n in ("slope_mag_per_yr", "sigma_slope_mag_per_yr"))
        label = f"{band.upper()}, {slope:+.1f} $\\pm$ {sigma:.1f} mmag/yr" if np.isfinite(sigma) else band.upper()
        above.errorbar(v["mjd"], v["mag"], v["error"], fmt="o", ms=4, color=colour, lw=1, label=label)
        above.plot(v["mjd"], v["line"], color=colour, lw=1)
        below.errorbar(v["mjd"], 1e3 * v["residual"], 1e3 * v["error"], fmt="o", ms=3, color=colour, lw=0.8)
        p = of["periodogram"]
        power.plot(*_outline(p["frequency"], p["power"]), color=colour, lw=0.7, label=f"{band.upper()}, detrended")
    power.plot(*_outline(p["frequency"], p["window"]), color=FAINT, lw=0.5, zorder=0, label="window")
    below.axhline(0, color=INK, lw=0.6)
    above.invert_yaxis()
    above.set(ylabel="mag, Vega")
    below.set(ylabel="residual (mmag)", xlabel="MJD", xlim=above.get_xlim())
    power.set(xscale="log", xlabel="frequency (1/d)", ylabel="power", ylim=(0, 1))
    above.legend(frameon=False, fontsize=9)
    power.legend(frameon=False, fontsize=8, loc="upper left", ncols=3)


def _outline(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The highest of each of DRAWN groups of neighbours, evenly cut in the logarithm of x."""
    if len(x) <= DRAWN:
        return x, y
    cuts = np.unique(np.searchsorted(x, np.geomspace(x[0], x[-1], DRAWN)))
    tops = np.maximum.reduceat(y, cuts[cuts < len(y)])
    return x[cuts[cuts < len(y)]], tops
