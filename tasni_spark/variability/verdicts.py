"""The verdict on a trend: claim, doubt or no claim, with every reason for and against it.

Why: a slope with a small p is not yet a fader. A verdict is a pure function of columns, so that the rule which made it
can be read, tested on injected and on null light curves, and run again with another threshold without a fit.
Fading and brightening are treated alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tasni_spark.core.config import opt
from tasni_spark.variability.compiled import Bools, Floats

VERDICTS = (
    "no_trend",
    "both_bands",
    "w2_only",
    "uncalibrated",
    "disputed",
    "truncated",
    "too_short",
    "saturated",
    "blended",
    "moving",
    "not_measurable",
)
"""The first claims nothing, the next two claim; `uncalibrated` and `disputed` would, but for a reason against; the rest
cannot be judged, the first that applies in this order."""
CLAIMS = ("both_bands", "w2_only")

FOR = (
    "w1_significant",
    "w2_significant",
    "same_sign",
    "w2_significant_in_flux",
    "w1_steady",
    "w2_steady",
    "w1_line_preferred",
    "w2_line_preferred",
    "halves_agree",
    "ranks_agree",
    "calibrated",
    "survives_drift",
)
AGAINST = (
    "truncated",
    "too_short",
    "saturated",
    "blended",
    "moving",
    "w1_not_measurable",
    "w2_not_measurable",
    "not_significant",
    "opposite_sign",
    "one_visit_decides",
    "rival_preferred",
    "rivals_not_fitted",
    "halves_disagree",
    "ranks_disagree",
    "uncalibrated",
    "may_be_drift",
    "not_seen_in_flux",
)
RIVALS = ("constant", "step", "sine", "walk")


@dataclass(frozen=True)
class VerdictConfig:
    """The rules of a claim."""

    q_both_bands: float = opt(0.01, "greatest false-discovery rate of a trend seen in both bands")
    q_w2_only: float = opt(0.001, "the same where W1 cannot be measured")
    least_visits: int = opt(6, "visits below which a light curve is too short")
    least_span_yr: float = opt(8.0, "span below which a light curve is too short")
    greatest_sigma_slope_mag_per_yr: float = opt(0.005, "error of the slope above which a band measures no trend")
    saturated_w1_mag: float = opt(8.0, "W1 is saturated if brighter")
    saturated_w2_mag: float = opt(7.0, "W2 is saturated if brighter")
    greatest_motion_arcsec: float = opt(1.5, "motion over the span above which light is lost from the aperture")
    least_delta_bic: float = opt(0.0, "BIC by which the line must beat constant, step and sine")
    least_delta_bic_walk: float = opt(12.0, "BIC by which it must beat the damped random walk, in both bands")
    least_delta_bic_walk_w2_only: float = opt(14.0, "the same where W2 stands alone")
    least_controls: int = opt(50, "control stars below which a trend is uncalibrated")
    contrary_sigma: float = opt(3.0, "W1 speaks against a W2-only trend if it goes the other way by this")

    def __post_init__(self) -> None:
        if not 0 < self.q_w2_only <= self.q_both_bands < 1:
            raise ValueError("verdicts: expected 0 < q_w2_only <= q_both_bands < 1")


class Verdicts(NamedTuple):
    """What is said of n trends.

    Parameters
    ----------
    verdict : (n,)
        Index into VERDICTS.
    reasons_for, reasons_against : (n,)
        Bit k stands for FOR[k] and AGAINST[k].
    """

    verdict: NDArray[np.int8]
    reasons_for: NDArray[np.int32]
    reasons_against: NDArray[np.int32]


class _Band(NamedTuple):
    """What one band says: conditions, source by source."""

    measurable: Bools
    significant: Bools
    strict: Bools
    survives: Bools
    survives_strict: Bools
    steady: Bools
    preferred: Bools
    preferred_alone: Bools
    fitted: Bools
    halves: Bools
    ranks: Bools
    sign: Floats


def judge(columns: Mapping[str, ArrayLike], config: VerdictConfig | None = None) -> Verdicts:
    """Judge the trends of n sources.

    Parameters
    ----------
    columns : (n,) each
        For each band, `w1_` or `w2_` before the names of `statistics.OF_VISITS` and `OF_RIVALS`, and `mean_mag`;
        `log10_q` over all tests made; `n_controls`; and, where these are too few, `drift_mag_per_yr` of the sample and
        `log10_q_subtracted` of the slope less the drift. Of the source: `is_truncated`, `is_blended`, `motion_arcsec`
        over the span; `w2_flux_slope_mag_per_yr` and `w2_flux_log10_q` from the fit in flux. A column that is absent,
        or NaN, is a condition that does not hold: it can cost a claim, never make one.

    Notes
    -----
    both_bands: in W1 and W2 alike, sigma_slope small, q <= q_both_bands, the sign the same, also without any one
    visit, with Theil and Sen, and in the other band; BIC of the line (or line + alternate) below that of every rival,
    of the walk by least_delta_bic_walk. w2_only: W1 is not measurable and not contrary; W2 as before, with q_w2_only,
    in magnitudes and in flux. Without controls all must also hold for the slope less the drift of the sample, or the
    verdict is `uncalibrated`.

    The margins come from 4,000 mock sources at W2 = 13 with 21 visits: at 12, 0.6 % of walks of tau = 3 yr at the worst
    amplitude, seen alike in both bands, pass with p < 0.001 (of which the t-test alone lets 18 % through), and 95 % of
    fades of 15 mmag/yr; at 14, 1 % of those walks in W2 alone.
    """
    c = config or VerdictConfig()
    n = max(len(np.atleast_1d(np.asarray(v))) for v in columns.values())
    w1, w2 = (_band(columns, b, c, n) for b in ("w1", "w2"))
    truth = np.zeros(n, bool)
    is_truncated = np.asarray(columns.get("is_truncated", truth), bool)
    is_blended = np.asarray(columns.get("is_blended", truth), bool)
    is_moving = ~(_get(columns, "motion_arcsec", n, 0.0) <= c.greatest_motion_arcsec)
    is_saturated = _get(columns, "w1_mean_mag", n) < c.saturated_w1_mag
    is_saturated |= _get(columns, "w2_mean_mag", n) < c.saturated_w2_mag
    too_short = ~(_get(columns, "w2_n_visits", n) >= c.least_visits)
    too_short |= ~(_get(columns, "w2_span_yr", n) >= c.least_span_yr)

    flux_slope = _get(columns, "w2_flux_slope_mag_per_yr", n)
    in_flux = (_get(columns, "w2_flux_log10_q", n) <= np.log10(c.q_w2_only)) & (np.sign(flux_slope) == w2.sign)
    same_sign = w1.sign == w2.sign
    t1 = _get(columns, "w1_slope_mag_per_yr", n) / _get(columns, "w1_sigma_slope_mag_per_yr", n)
    contrary = ~w1.measurable & ~same_sign & (np.abs(t1) > c.contrary_sigma)
    sound1, sound2 = (b.measurable & b.steady & b.ranks for b in (w1, w2))
    both = sound1 & sound2 & same_sign & w1.preferred & w2.preferred
    alone = ~w1.measurable & sound2 & w2.preferred_alone & in_flux & ~contrary
    w2_preferred = np.where(w1.measurable, w2.preferred, w2.preferred_alone)
    is_both, is_alone = both & w1.survives & w2.survives, alone & w2.survives_strict
    would = (both & w1.significant & w2.significant) | (alone & w2.strict)
    seen = w2.measurable & w2.significant & (w1.significant | ~w1.measurable)
    calibrated = _calibrated(columns, "w2", c, n) & (_calibrated(columns, "w1", c, n) | ~w1.measurable)
    survives = w2.survives & (w1.survives | ~w1.measurable)
    blocked = [is_truncated, too_short, is_saturated, is_blended, is_moving, ~w2.measurable]
    verdict = np.select([*blocked, is_both, is_alone, would, seen], [5, 6, 7, 8, 9, 10, 1, 2, 3, 4], 0)

    halves = w2.halves & (w1.halves | ~w1.measurable)
    ranks = w2.ranks & (w1.ranks | ~w1.measurable)
    steady = w2.steady & (w1.steady | ~w1.measurable)
    reasons_for = [
        w1.significant,
        w2.significant,
        same_sign,
        in_flux,
        w1.steady,
        w2.steady,
        w1.preferred,
        w2_preferred,
        halves,
        ranks,
        calibrated,
        survives,
    ]
    reasons_against = [
        is_truncated,
        too_short,
        is_saturated,
        is_blended,
        is_moving,
        ~w1.measurable,
        ~w2.measurable,
        ~seen,
        (w1.measurable & ~same_sign) | contrary,
        ~steady,
        (w2.fitted & ~w2_preferred) | (w1.fitted & ~w1.preferred & w1.measurable),
        ~w2.fitted | (w1.measurable & ~w1.fitted),
        ~halves,
        ~ranks,
        ~calibrated,
        seen & ~(survives & (w2.survives_strict | ~w2.strict | w1.measurable)),
        ~w1.measurable & ~in_flux,
    ]
    return Verdicts(verdict.astype(np.int8), _mask(reasons_for), _mask(reasons_against))


def spelled(masks: ArrayLike, names: Sequence[str]) -> list[list[str]]:
    """The names whose bits are set, for each mask: an array column.

    Examples
    --------
    >>> spelled([0, 5], ("a", "b", "c"))
    [[], ['a', 'c']]
    """
    return [[name for k, name in enumerate(names) if int(m) >> k & 1] for m in np.asarray(masks)]


def _get(columns: Mapping[str, ArrayLike], name: str, n: int, default: float = np.nan) -> Floats:
    return np.broadcast_to(np.asarray(columns.get(name, default), np.float64), n)


def _calibrated(columns: Mapping[str, ArrayLike], band: str, c: VerdictConfig, n: int) -> Bools:
    return _get(columns, f"{band}_n_controls", n) >= c.least_controls


def _band(columns: Mapping[str, ArrayLike], band: str, c: VerdictConfig, n: int) -> _Band:
    def get(name: str) -> Floats:
        return _get(columns, f"{band}_{name}", n)

    with np.errstate(invalid="ignore"):
        slope, q, q_less = get("slope_mag_per_yr"), get("log10_q"), get("log10_q_subtracted")
        drift = np.where(_calibrated(columns, band, c, n), 0.0, get("drift_mag_per_yr"))
        sign = np.where(np.isnan(slope), np.nan, np.sign(slope))
        low, high = get("slope_loo_min_mag_per_yr"), get("slope_loo_max_mag_per_yr")
        line = np.fmin(get("bic_line"), get("bic_line_alternate"))
        rivals = np.array([get(f"bic_{r}") for r in RIVALS])
        margins, alone = (
            np.array([[walk if r == "walk" else c.least_delta_bic] for r in RIVALS])
            for walk in (c.least_delta_bic_walk, c.least_delta_bic_walk_w2_only)
        )
        measurable = (get("sigma_slope_mag_per_yr") <= c.greatest_sigma_slope_mag_per_yr) & np.isfinite(slope)
        measurable &= (get("n_visits") >= c.least_visits) & (get("span_yr") >= c.least_span_yr)
        limits = [np.log10(v) for v in (c.q_both_bands, c.q_w2_only)]
        less = np.where(_calibrated(columns, band, c, n), q, q_less)
        holds = ((low - drift) * (high - drift) > 0) & (np.sign(slope - drift) == sign)
        significant, strict = (q <= v for v in limits)
        return _Band(
            measurable,
            significant,
            strict,
            significant & (less <= limits[0]) & holds,
            strict & (less <= limits[1]) & holds,
            low * high > 0,
            (line[None] + margins <= rivals).all(axis=0),
            (line[None] + alone <= rivals).all(axis=0),
            np.isfinite(line) & np.isfinite(rivals).all(axis=0),
            (np.sign(get("slope_first_mag_per_yr")) == sign) & (np.sign(get("slope_last_mag_per_yr")) == sign),
            np.sign(get("theil_sen_mag_per_yr")) == sign,
            sign,
        )


def _mask(reasons: Sequence[Bools]) -> NDArray[np.int32]:
    mask = np.zeros(len(reasons[0]), np.int32)
    for k, holds in enumerate(reasons):
        mask |= holds.astype(np.int32) << k
    return mask
