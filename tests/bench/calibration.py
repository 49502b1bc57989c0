"""What a trend's p and verdict are worth: nulls, red noise, recall and completeness on the cadences of real sources.

Exposures are drawn in flux at the times of the real light curves that are whole and long enough: W2 with a
signal-to-noise of 5 at 14.4, W1 at 15.8, and the systematic error of a visit. A claim is that of the suite's verdict,
rivals fitted and control stars given.

python -m tests.bench.calibration --data ../shared/data
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from tasni_spark.tables.light_curves import BANDS
from tasni_spark.variability import fdr, flux, injection, measures, trials, verdicts
from tasni_spark.variability.compiled import DAYS_PER_YEAR, Floats, Ints
from tasni_spark.variability.exposures import Exposures, ordered
from tasni_spark.variability.injection import KINDS, Truth
from tasni_spark.variability.nulls import permuted_visits
from tasni_spark.variability.variability import VariabilityConfig

DEPTH_MAG = {"w1": 15.8, "w2": 14.4}
"""Where a single exposure has a signal-to-noise of 5 (the design's figures)."""
BRIGHT_ERROR = 0.02
"""Relative error of a bright exposure."""
LEAST_QUALITY = 5
"""Least `qual_frame`."""
CAP = 500
"""The query that made the sample gave no more rows of a source."""
LEAST_YEARS = verdicts.VerdictConfig().least_span_yr
LEVELS = (0.1, 0.01, 0.001)
SLOPES_MMAG = (5, 10, 15, 25, 50, 100)
W2_MAGS = (11.0, 12.0, 13.0, 13.5, 14.0, 14.5, 15.0, 15.5)
UNDETECTED = 20.0
Columns = dict[str, Any]


def whole(data: Path) -> list[pd.DataFrame]:
    """The real light curves that are whole and long enough, in the order of time."""
    shots = pd.read_parquet(data / "wise" / "neowise_epochs.parquet").sort_values(["designation", "mjd"])
    found = [g for _, g in shots.groupby("designation") if len(g) < CAP]
    found = [g[g["qual_frame"] >= LEAST_QUALITY] for g in found]
    return [g for g in found if np.ptp(g["mjd"]) / DAYS_PER_YEAR >= LEAST_YEARS]


def real(data: Path, n: int) -> dict[str, Exposures]:
    """n light curves as they were measured, the real sources over and over."""
    curves = whole(data)
    many = pd.concat([curves[k % len(curves)] for k in range(n)])
    at = np.append(0, np.cumsum([len(curves[k % len(curves)]) for k in range(n)]))
    return {b: ordered(at, *(many[c].to_numpy(float) for c in ("mjd", f"{b}mpro_ep", f"{b}sigmpro_ep"))) for b in BANDS}


def cadences(data: Path, n: int) -> tuple[Ints, Floats]:
    """Offsets and times of n light curves, those of the real sources over and over."""
    x = real(data, n)["w2"]
    return x.at, x.mjd


def sky(at: Ints, t: Floats, kind: str, mags: dict[str, float], seed: int, **values: float) -> dict[str, Exposures]:
    """Light curves of one kind of signal at the same magnitudes, as measured exposure by exposure."""
    n, rng = len(at) - 1, np.random.default_rng(seed)
    source = np.repeat(np.arange(n), np.diff(at))
    truth = Truth(np.full(n, KINDS.index(kind)), *(np.full(n, values.get(f.name, np.nan)) for f in fields(Truth)[1:]))
    signal = injection.factors(at, t, np.arange(n), truth, seed)
    visit = np.cumsum(np.append(True, (np.diff(t) > 30) | (np.diff(source) > 0))) - 1
    found = {}
    for band in BANDS:
        mean = 10 ** (0.4 * (flux.ZERO_POINT - mags[band]))
        noise = np.hypot(10 ** (0.4 * (flux.ZERO_POINT - DEPTH_MAG[band])) / 5, BRIGHT_ERROR * mean)
        common = rng.normal(size=visit[-1] + 1)[visit] * measures.CONFIG[band].floor_mag * mean / flux.MAG_PER_FRACTION
        f = mean * signal + common + noise * rng.normal(size=len(t))
        found[band] = ordered(at, t, *flux.to_mag(f, np.full(len(t), noise)))
    return found


def columns(x: dict[str, Exposures]) -> Columns:
    """All that the verdict looks at; q is p times the tests for each discovery."""
    values = measures.values_of(x, measures.visits_of(x), VariabilityConfig())
    found = trials.judged_as(x["w2"], values, trials.InjectionsConfig())
    return found | {"is_truncated": np.zeros(len(x["w2"].at) - 1), "is_blended": np.zeros(len(x["w2"].at) - 1)}


def claimed(c: Columns) -> NDArray[np.bool_]:
    """Whether each source is claimed to fade or to brighten."""
    return np.isin(verdicts.judge(c).verdict, [verdicts.VERDICTS.index(v) for v in verdicts.CLAIMS])


def rate(hits: NDArray[np.bool_]) -> str:
    """A share and its binomial error."""
    p = float(np.mean(hits))
    return f"{p:.4f} ± {np.sqrt(max(p * (1 - p), 1 / len(hits)) / len(hits)):.4f}"


def nulls(data: Path, n: int) -> Iterator[tuple[str, ...]]:
    """P(p < a) on white noise, and on real light curves and drawn faders whose visits were permuted."""
    at, t = cadences(data, n)
    mags = {"w1": 14.0, "w2": 13.0}
    white = sky(at, t, "none", mags, 1)
    faders = sky(at, t, "exponential", mags, 2, slope_mag_per_yr=0.05, t0_mjd=58600.0)
    kinds = {"white noise": white, "real, permuted": permuted(real(data, n)), "faders, permuted": permuted(faders)}
    for name, x in kinds.items():
        c = columns(x)
        for band in BANDS:
            p = 10 ** c[f"{band}_log10_p"]
            yield name, band, *[rate(p < a) for a in LEVELS], rate(claimed(c))


def permuted(bands: dict[str, Exposures]) -> dict[str, Exposures]:
    """The same exposures with the visits of each source in another order."""
    found = {}
    for band, x in bands.items():
        t = np.empty(len(x.mjd))
        for i in range(len(x.at) - 1):
            here = slice(x.at[i], x.at[i + 1])
            t[here] = permuted_visits(x.mjd[here], measures.CONFIG[band].gap_d, np.random.default_rng(i))
        found[band] = ordered(x.at, t, x.mag, x.err)
    return found


def walks(data: Path, n: int) -> Iterator[tuple[str, ...]]:
    """Red noise: what the t-test alone would say, and what the verdict claims."""
    at, t = cadences(data, n)
    for tau in (0.3, 1.0, 3.0):
        for sd in (0.02, 0.05, 0.1):
            x = sky(at, t, "walk", {"w1": 14.0, "w2": 13.0}, 3, tau_yr=tau, amplitude_mag=sd)
            c = columns(x)
            yield f"{tau} yr", f"{sd} mag", rate(c["w2_log10_p"] < -2), rate(claimed(c))


def recall(data: Path, n: int) -> Iterator[tuple[str, ...]]:
    """One fader in ten: what is claimed at a false-discovery rate of 1 per cent over all tests."""
    at, t = cadences(data, n)
    rest_at, rest_t = cadences(data, 9 * n)
    for slope in (0.015, -0.015):
        mags = {"w1": 14.0, "w2": 13.0}
        parts = [columns(sky(at, t, "exponential", mags, 4, slope_mag_per_yr=slope, t0_mjd=58600.0))]
        parts.append(columns(sky(rest_at, rest_t, "none", mags, 5)))
        both = {k: np.concatenate([p[k] for p in parts]) for k in parts[0]}
        tests = [f"{b}_log10_p" for b in (*BANDS, "w2_flux")]
        q = fdr.log10_q(np.concatenate([both[name] for name in tests])).reshape(3, -1)
        both |= {f"{b}_log10_q": row for b, row in zip((*BANDS, "w2_flux"), q, strict=True)}
        is_claim = claimed(both)
        false = int(is_claim[n:].sum())
        yield f"{1e3 * slope:+.0f} mmag/yr", rate(is_claim[:n]), f"{false} of {int(is_claim.sum())}"


def completeness(data: Path, n: int) -> Iterator[tuple[str, ...]]:
    """Claims of W2 alone, W1 undetected, by magnitude and slope."""
    at, t = cadences(data, n)
    for mag in W2_MAGS:
        cells, sigma = [], np.nan
        for slope in SLOPES_MMAG:
            x = sky(
                at, t, "exponential", {"w1": UNDETECTED, "w2": mag}, 6, slope_mag_per_yr=slope / 1e3, t0_mjd=58600.0
            )
            c = columns(x)
            cells.append(f"{np.mean(claimed(c)):.2f}")
            sigma = np.nanmedian(c["w2_sigma_slope_mag_per_yr"])
        yield f"{mag}", f"{1e3 * sigma:.1f}", *cells


def main() -> None:
    """Measure and print."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--data", type=Path, default=Path("../shared/data"))
    p.add_argument("--sources", type=int, default=2_000, help="light curves of each kind; nulls take ten times as many")
    args = p.parse_args()
    if not (args.data / "wise").is_dir():
        p.error(f"no real light curves below {args.data}: give their folder as --data")
    slopes = [f"{s} mmag/yr" for s in SLOPES_MMAG]
    levels = [f"P(p < {a})" for a in LEVELS]
    tables = (
        ("nulls", ("null", "band", *levels, "claimed"), nulls(args.data, 10 * args.sources)),
        ("damped random walks", ("tau", "sd", "W2: P(p < 0.01)", "claimed"), walks(args.data, args.sources)),
        ("faders at W2 = 13", ("slope", "recall at q 0.01", "false claims"), recall(args.data, args.sources)),
        ("W1 undetected: claims", ("W2", "sigma slope", *slopes), completeness(args.data, args.sources // 4)),
    )
    for title, heads, rows in tables:
        grid = Table(*heads, title=title, title_justify="left", box=None)
        for row in rows:
            grid.add_row(*row)
        Console(width=130).print(grid)


if __name__ == "__main__":
    main()
