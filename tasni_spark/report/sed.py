"""Picture of one source: its energy distribution with the blackbody, its colours among the dwarfs, its light curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tasni_spark.photometry.bandpass import planck_mjy_per_sr
from tasni_spark.photometry.dwarfs import sequence
from tasni_spark.photometry.magnitudes import BANDS
from tasni_spark.report import curve
from tasni_spark.report.figures import ACCENT, FAINT, INK, STYLE

UM_HZ = 2.99792458e14
FILTERS = {
    **{f"{b.name}mpro": (b.wavelength_um, b.zero_jy) for b in BANDS},
    "j_m": (1.235, 1594.0),
    "h_m": (1.662, 1024.0),
    "k_m": (2.159, 666.7),
    **{f"{b}MeanPSFMag": (um, 3631.0) for b, um in zip("grizy", (0.481, 0.617, 0.752, 0.866, 0.962), strict=True)},
    "phot_g_mean_mag": (0.6218, 3228.75),
}
"""Column to wavelength (um) and flux density of magnitude 0 (Jy).

WISE as in `photometry.magnitudes`; 2MASS, Cohen et al. 2003 (2003AJ....126.1090C); Pan-STARRS1, AB, Tonry et al. 2012
(2012ApJ...750...99T); Gaia DR3, Riello et al. 2021 (2021A&A...649A...3R).
"""
LIMIT_LENGTH = 0.35


def draw(
    title: str,
    measures: Sequence[Mapping[str, Any]],
    heat: Mapping[str, Any] | None,
    light_curve: Mapping[str, Any] | None = None,
) -> Figure:
    """Picture of a source.

    Parameters
    ----------
    title
        Above it.
    measures
        Magnitudes: `survey`, `column`, `value`, `error`, `is_limit`.
    heat
        `temperature_k` and `solid_angle_sr` of its blackbody.
    light_curve
        What `curve.draw` draws below.
    """
    with mpl.rc_context(STYLE):
        heights = (4.4, 6.6) if light_curve else (4.4,)
        figure = Figure(figsize=(10.5, sum(heights)), layout="constrained")
        rows = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
        left, right = rows[0].subplots(1, 2, width_ratios=(3, 2))
        if light_curve:
            curve.draw(rows[1], light_curve)
        figure.suptitle(title, color=INK, fontsize=11)
        _sed(left, measures, heat)
        _colours(right, {m["column"]: m for m in reversed(measures)})
        return figure


def _sed(axes: Axes, measures: Sequence[Mapping[str, Any]], heat: Mapping[str, Any] | None) -> None:
    known = [m for m in measures if m["column"] in FILTERS]
    for k, survey in enumerate(dict.fromkeys(m["survey"] for m in known)):
        mine = [m for m in known if m["survey"] == survey]
        um = np.array([FILTERS[m["column"]][0] for m in mine])
        flux = np.array([1000.0 * FILTERS[m["column"]][1] * 10.0 ** (-0.4 * m["value"]) for m in mine])
        error = np.array([flux[i] * 0.4 * np.log(10) * (m["error"] or 0.0) for i, m in enumerate(mine)])
        is_limit = np.array([m["is_limit"] for m in mine])
        error[is_limit] = LIMIT_LENGTH * flux[is_limit]
        style: Any = {"fmt": "o", "ms": 5, "mfc": f"C{k}" if k == 0 else "white", "color": f"C{k}", "lw": 1.1}
        axes.errorbar(um, flux, yerr=error, uplims=is_limit, label=survey, **style)
    if heat and heat.get("temperature_k") and heat.get("solid_angle_sr"):
        um = np.geomspace(0.4, 30.0, 400)
        curve = heat["solid_angle_sr"] * planck_mjy_per_sr(heat["temperature_k"], UM_HZ / um)
        axes.plot(um, curve, color=ACCENT, lw=1.2, zorder=0, label=f"blackbody, {heat['temperature_k']:.0f} K")
    axes.set(xscale="log", yscale="log", xlabel="wavelength (um)", ylabel="flux density (mJy)", xlim=(0.4, 30))
    axes.set_xticks([0.5, 1, 2, 5, 10, 20], ["0.5", "1", "2", "5", "10", "20"])
    if known:
        values = np.array([1000.0 * FILTERS[m["column"]][1] * 10.0 ** (-0.4 * m["value"]) for m in known])
        axes.set_ylim(values.min() / 5.0, values.max() * 4.0)
        axes.legend(frameon=False, fontsize=9)


def _colours(axes: Axes, by_column: Mapping[str, Mapping[str, Any]]) -> None:
    s = sequence()
    sequence_style: Any = {"fmt": "s-", "ms": 4, "color": FAINT, "ecolor": FAINT, "lw": 1.0, "elinewidth": 0.6}
    axes.errorbar(s["w2_w3"], s["w1_w2"], xerr=s["s_w3"], yerr=s["s_w1"], label="dwarfs, T6 to Y1", **sequence_style)
    for number, x, y in zip(s["spt_num"], s["w2_w3"], s["w1_w2"], strict=True):
        name = f"T{number - 10:.0f}" if number < 20 else f"Y{number - 20:.0f}"
        axes.annotate(name, (x, y), textcoords="offset points", xytext=(5, 4), color=INK, fontsize=8)
    w1, w2, w3 = (by_column.get(f"{b}mpro") for b in ("w1", "w2", "w3"))
    if w1 and w2 and w3 and not w2["is_limit"]:
        x, y = w2["value"] - w3["value"], w1["value"] - w2["value"]
        xerr, yerr = (np.hypot(m["error"] or 0.0, w2["error"] or 0.0) for m in (w3, w1))
        arrows = {"xuplims": w3["is_limit"], "lolims": w1["is_limit"]}
        length: Any = {"xerr": 0.3 if w3["is_limit"] else xerr, "yerr": 0.3 if w1["is_limit"] else yerr}
        axes.errorbar(x, y, fmt="o", ms=6, color=ACCENT, lw=1.2, label="this source", **arrows, **length)
    axes.set(xlabel="W2 - W3 (mag, Vega)", ylabel="W1 - W2 (mag, Vega)")
    axes.legend(frameon=False, fontsize=9, loc="lower right")
