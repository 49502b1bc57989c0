"""Pictures of matches: separations over their errors, offsets of frames over the sky."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
from cdshealpix.nested import healpix_to_lonlat
from matplotlib.figure import Figure

from tasni_spark.report.figures import ACCENT, INK, STYLE, png
from tasni_spark.sky.tiling import order_of
from tasni_spark.tables.associations import BIN, BINS


def separations(quality: list[dict[str, Any]]) -> str:
    """Histogram of separations over both errors, each survey a step, and the Rayleigh distribution."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 3.4))
        axes = figure.add_subplot()
        edges = BIN * np.arange(BINS)
        for q in quality:
            n = max(int(q["separations"].sum()), 1)
            axes.stairs(q["separations"][:-1] / (n * BIN), edges, label=q["survey"])
        x = np.linspace(0, edges[-1], 400)
        axes.plot(x, x * np.exp(-(x**2) / 2), "--", color=INK, lw=1, label="if the errors are right")
        axes.set(xlabel="separation / error of both", ylabel="pairs per unit", xlim=(0, edges[-1]))
        axes.legend(frameon=False)
        return png(figure)


def offsets(quality: list[dict[str, Any]]) -> str:
    """Median offset of each tile as an arrow at its centre, a panel a survey, longitude to the left."""
    with mpl.rc_context(STYLE):
        rows = max(-(-len(quality) // 2), 1)
        figure = Figure(figsize=(9, 2.8 * rows))
        for k, q in enumerate(quality):
            axes = figure.add_subplot(rows, 2, k + 1, projection="mollweide")
            tiles = np.array([t for t, _, _ in q["tiles"]], np.int64)
            places = [
                healpix_to_lonlat(np.array([t - 4 ** (order_of(int(t)) + 1)], np.uint64), order_of(int(t)))
                for t in tiles
            ]
            lon = -np.array([(p[0].rad[0] + np.pi) % (2 * np.pi) - np.pi for p in places])
            lat = np.array([p[1].rad[0] for p in places])
            east, north = (np.array([t[i] for t in q["tiles"]], float) for i in (1, 2))
            longest = float(np.hypot(east, north).max()) if len(tiles) else 1.0
            arrows = axes.quiver(lon, lat, -east, north, color=ACCENT, scale=12 * max(longest, 1e-9), width=0.004)
            axes.quiverkey(
                arrows, 0.88, 1.02, longest, f"{longest:.2g} arcsec", labelpos="N", fontproperties={"size": 8}
            )
            axes.set_title(q["survey"], loc="left", fontsize=9)
            axes.set_xticks([])
            axes.grid(lw=0.3)
        return png(figure)


PICTURES = {"separations": separations, "offsets": offsets}
"""What the page shows, by the name in its template."""
