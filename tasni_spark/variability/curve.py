"""One light curve for a page: exposures, visits, line, residuals and periodogram."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow.compute as pc

from tasni_spark.core.work import Inputs
from tasni_spark.tables.light_curves import BANDS
from tasni_spark.variability import periods, suite
from tasni_spark.variability.measures import CONFIG, exposures_of, visits_of
from tasni_spark.variability.nulls import visit_numbers
from tasni_spark.variability.variability import VariabilityConfig

READS = ("lightcurves", "trends", "periods")


def curve(inputs: Inputs, left: str, id: int, hpx29: int) -> dict[str, Any] | None:
    """The light curve of a source as plain arrays, worked out anew; None where the lake has none.

    Returns
    -------
    dict
        `survey`, `verdict` (the row of `trends`, or None), `periods` (rows), and for each band with a measurement
        `mjd`, `mag`, `error` (NaN for a limit), `visits` (mjd, mag, error, line, residual), `trend` (all statistics of
        the visits) and `periodogram` (frequency, power, window).
    """
    here = (pc.field("hpx29") == hpx29) & (pc.field("id") == id) & (pc.field("left_survey") == left)
    if not inputs.has("lightcurves"):
        return None
    rows = inputs.lake.few(inputs.lake.ref("lightcurves"), inputs.version("lightcurves"), here)
    if not len(rows):
        return None
    rows = rows.sort_by([("n_exposures", "descending")]).slice(0, 1)
    x = exposures_of(rows, VariabilityConfig.reject)
    visits = visits_of(x)
    mine = here & (pc.field("survey") == rows["survey"][0].as_py())
    told = {n: inputs.few(n, mine) if inputs.has(n) else [] for n in ("trends", "periods")}
    found: dict[str, Any] = {"survey": rows["survey"][0].as_py(), "periods": told["periods"], "bands": {}}
    found["verdict"] = told["trends"][0] if told["trends"] else None
    for b in BANDS:
        _, t, m, e = x[b]
        v, use = visits[b], np.isfinite(m)
        if np.isfinite(m * e).sum() < 2:
            continue
        fit = {n: float(x[0]) for n, x in suite.trends(v, CONFIG[b]).items()}
        seen = np.isfinite(v.mag) & (v.n_used >= CONFIG[b].least_exposures)
        w, alternate = v.err[seen] ** -2.0, np.nan_to_num(fit["alternate_mag"])
        years, flat = v.mjd[seen] / 365.25, v.mag[seen] - alternate * v.side[seen]
        slope = np.nan_to_num(fit["slope_mag_per_yr"])
        line = np.average(flat, weights=w) + slope * (years - np.average(years, weights=w)) if seen.any() else flat
        side = 1.0 - 2.0 * (visit_numbers(t[use]) % 2)
        p = periods.periodogram(t[use], periods.detrended(t[use], m[use], e[use], side), e[use])
        means = {"mjd": v.mjd[seen], "mag": v.mag[seen], "error": v.err[seen], "line": line, "residual": flat - line}
        found["bands"][b] = {
            "mjd": t[use],
            "mag": m[use],
            "error": e[use],
            "visits": means,
            "trend": fit,
            "periodogram": {"frequency": p.frequency, "power": p.power, "window": p.window},
        }
    return found if found["bands"] else None


def lines(found: dict[str, Any]) -> list[str]:
    """The same in words."""
    said = []
    for b, band in found["bands"].items():
        fit, n = band["trend"], len(band["mjd"])
        text = f"{b.upper()}: {n} exposures in {fit['n_visits']:.0f} visits over {fit['span_yr']:.1f} yr"
        if np.isfinite(fit["slope_mag_per_yr"]):
            text += f", {1e3 * fit['slope_mag_per_yr']:+.1f} +- {1e3 * fit['sigma_slope_mag_per_yr']:.1f} mmag/yr"
        said.append(text)
    if verdict := found["verdict"]:
        against = ", ".join(verdict["reasons_against"]) or "nothing"
        said.append(f"verdict on a trend: {verdict['verdict']}; against it: {against}")
    for row in found["periods"]:
        alarm = row["log10_false_alarm"]
        chance = "noise explains it" if alarm is None else f"false alarm 10^{alarm:.1f}"
        cadence = f", a harmonic of the cadence ({', '.join(row['cadence'])})" if row["cadence"] else ""
        said.append(f"period ({row['search']}, {row['band']}): {row['period_d']:.6g} d, {chance}{cadence}")
    return said
