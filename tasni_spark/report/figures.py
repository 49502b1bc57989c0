"""Pictures of the report, as PNG for embedding."""

from __future__ import annotations

import base64
import io
from typing import Any

import matplotlib as mpl
import numpy as np
from astropy import units as u
from astropy.coordinates import Latitude, Longitude, SkyCoord
from cdshealpix.nested import lonlat_to_healpix
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tasni_spark.photometry.dwarfs import sequence
from tasni_spark.report.facts import COLOUR_BINS, MAP_ORDER

LEAST_TRIALS = 5
SLOPE_TICKS = (5, 10, 20, 50, 100)
INK, ACCENT, FAINT = "#1b2733", "#d1495b", "#9aa7b3"
STYLE: Any = {
    "font.size": 10,
    "font.family": "DejaVu Sans",
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
}


def png(figure: Figure) -> str:
    """A figure as a data URI."""
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=144, bbox_inches="tight", facecolor="white")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def sky_map(counts: NDArray[np.int64], candidates: list[dict[str, Any]], label: str, frame: str = "icrs") -> str:
    """All-sky map in Mollweide projection: sources per square degree, and the candidates.

    Parameters
    ----------
    counts : (12 * 4**MAP_ORDER,)
        Sources per cell.
    candidates
        With ra and dec in deg.
    label
        What the candidates are called.
    frame
        Frame of the map, as astropy names it: `icrs` or `galactic`. The other one's equator is drawn as a line.
    """
    other = "icrs" if frame == "galactic" else "galactic"
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 4.6))
        axes = figure.add_subplot(projection="mollweide")
        x, y = np.meshgrid(np.radians(np.linspace(-180, 180, 1081)), np.radians(np.linspace(-90, 90, 541)))
        place = SkyCoord(-x * u.rad, y * u.rad, frame=frame).icrs
        cells = lonlat_to_healpix(Longitude(place.ra), Latitude(place.dec), MAP_ORDER)
        area = 41252.96 / len(counts)
        image = np.where(counts[cells] > 0, counts[cells], np.nan) / area
        mesh = axes.pcolormesh(x, y, image, norm="log", cmap="Blues", shading="nearest", rasterized=True)
        equator = SkyCoord(np.linspace(0, 360, 721) * u.deg, np.zeros(721) * u.deg, frame=other)
        axes.plot(*_mollweide(equator, frame), ",", color=FAINT)
        if candidates:
            found = SkyCoord([c["ra"] for c in candidates] * u.deg, [c["dec"] for c in candidates] * u.deg)
            axes.plot(*_mollweide(found, frame), "o", ms=4, mfc="none", mec=ACCENT, mew=1.1, label=label)
            axes.legend(loc="lower right", bbox_to_anchor=(1.0, -0.08), frameon=False)
        ticks = np.array([-120, -60, 0, 60, 120])
        names = [f"{-t % 360}\N{DEGREE SIGN}" if frame == "galactic" else f"{-t % 360 // 15}h" for t in ticks]
        axes.set_xticks(np.radians(ticks), names)
        axes.grid(color=FAINT, lw=0.3)
        figure.colorbar(mesh, ax=axes, shrink=0.6, pad=0.03, label="sources judged per square degree")
        return png(figure)


def _mollweide(place: SkyCoord, frame: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Longitude to the left, as the sky is seen."""
    at = place.transform_to(frame).spherical
    return -at.lon.wrap_at(180 * u.deg).rad, at.lat.rad


def colours(bins: list[dict[str, Any]], candidates: list[dict[str, Any]], label: str) -> str:
    """W1-W2 against W2-W3: sources as bins, the T and Y dwarfs as a line, candidates as points, limits as arrows."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 4.8))
        axes = figure.add_subplot()
        if bins:
            x = np.array([b["w2_w3"] for b in bins]) * COLOUR_BINS
            y = np.array([b["w1_w2"] for b in bins]) * COLOUR_BINS
            dots = axes.scatter(x, y, c=[b["count"] for b in bins], s=9, marker="s", norm="log", cmap="Blues", lw=0)
            figure.colorbar(dots, ax=axes, label="sources measured in W1, W2 and W3, per bin", shrink=0.8)
        dwarfs = sequence()
        axes.plot(dwarfs["w2_w3"], dwarfs["w1_w2"], "-", color=INK, lw=1.4, label="T and Y dwarfs, mean of each type")
        for number, red, blue in zip(dwarfs["spt_num"], dwarfs["w2_w3"], dwarfs["w1_w2"], strict=True):
            name = f"{'Y' if number >= 20 else 'T'}{number % 10:.0f}"
            axes.annotate(name, (red, blue), (4, -9), textcoords="offset points", fontsize=8)
        seen = [c for c in candidates if _all(c, "w1mpro", "w2sigmpro", "w3mpro")]
        for limits, words in ((), ""), (("w3",), ", W3 a limit"), (("w1",), ", W1 a limit"), (("w1", "w3"), ", both"):
            rows = [c for c in seen if all((c.get(f"{b}sigmpro") is None) == (b in limits) for b in ("w1", "w3"))]
            if rows:
                red, blue = _colour(rows)
                style: Any = {"ls": "", "marker": "." if limits else "o", "ms": 5, "mfc": "none", "color": ACCENT}
                arrows: Any = {b: 0.3 for b, band in (("xerr", "w3"), ("yerr", "w1")) if band in limits}
                arrows |= {"xuplims": "w3" in limits, "lolims": "w1" in limits, "lw": 0.9}
                axes.errorbar(red, blue, label=label + words, **style, **arrows)
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(0.0, -0.13), fontsize=8)
        axes.set(xlabel="W2 - W3 (mag, Vega)", ylabel="W1 - W2 (mag, Vega)")
        return png(figure)


def _all(row: dict[str, Any], *names: str) -> bool:
    return all(row.get(n) is not None for n in names)


def _colour(rows: list[dict[str, Any]]) -> tuple[list[float], list[float]]:
    return [r["w2mpro"] - r["w3mpro"] for r in rows], [r["w1mpro"] - r["w2mpro"] for r in rows]


def flow_bars(steps: list[dict[str, Any]]) -> str:
    """The sequential cut-flow: what passes, what cannot be judged, what fails, on a logarithmic axis."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 0.32 * len(steps) + 0.9))
        axes = figure.add_subplot()
        rows = np.arange(len(steps))[::-1]
        left = np.array([s["n_pass"] + s["n_unknown"] for s in steps], dtype=float)
        dark = np.array([s["n_unknown"] for s in steps], dtype=float)
        axes.barh(rows, np.maximum(left, 0.5), color="#3d6a99", height=0.62, label="left")
        axes.barh(
            rows, np.where(dark > 0, dark, np.nan), color="#e3b23c", height=0.3, label="of these not to be judged"
        )
        for row, n in zip(rows, left, strict=True):
            axes.text(max(n, 0.5) * 1.08, row, f"{int(n):,}", va="center", color=INK, fontsize=9)
        axes.set(xscale="log", xlim=(0.5, max(left.max(), 1) * 4), xlabel="sources left after the cut")
        axes.set_yticks(rows, [s["cut"] for s in steps])
        axes.legend(frameon=False, loc="lower right")
        return png(figure)


def completeness(trials: list[dict[str, Any]]) -> str:
    """Share of injected fades that are claimed with their sign, against slope, one line for each magnitude of W2.

    Parameters
    ----------
    trials
        `slope_bin` (3 log10 of mag / yr), `w2_bin` (half magnitudes), `n`, `n_right`.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7, 3.6))
        axes = figure.subplots()
        fades = [t for t in trials if t["slope_bin"] is not None and t["w2_bin"] is not None]
        mags = sorted({t["w2_bin"] // 2 for t in fades})
        for k, mag in enumerate(mags):
            mine = [t for t in fades if t["w2_bin"] // 2 == mag]
            slopes = sorted({t["slope_bin"] for t in mine})
            n, right = (
                np.array([sum(t[c] for t in mine if t["slope_bin"] == s) for s in slopes]) for c in ("n", "n_right")
            )
            enough = n >= LEAST_TRIALS
            x = 1e3 * 10 ** ((np.array(slopes) + 0.5) / 3)
            error = np.sqrt(right * (n - right) / np.maximum(n, 1) ** 3)
            colour = mpl.colormaps["viridis"](0.9 * k / max(len(mags) - 1, 1))
            style: Any = {"fmt": "o-", "ms": 4, "lw": 1.2, "color": colour}
            if enough.any():
                axes.errorbar(x[enough], (right / n)[enough], error[enough], label=f"{mag} - {mag + 1}", **style)
        axes.set(xscale="log", xlabel="slope (mmag/yr)", ylabel="claimed, with its sign", ylim=(-0.02, 1.02))
        axes.set_xticks(SLOPE_TICKS, [str(s) for s in SLOPE_TICKS])
        axes.minorticks_off()
        if axes.get_legend_handles_labels()[1]:
            axes.legend(frameon=False, fontsize=9, title="W2", title_fontsize=9, loc=2, bbox_to_anchor=(1, 1))
        return png(figure)
