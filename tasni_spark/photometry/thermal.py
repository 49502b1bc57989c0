"""Temperature, solid angle and implied distance of WISE sources, and what else their four fluxes could be.

Why: the first edition called sources room-temperature dwarfs at 17 pc whose own fluxes put a dwarf at 0.3 pc. So each
source gets the blackbody with its chi^2, next to that of a power law (galaxies) and of the T and Y dwarfs, and the
distance that it would have if it were a dwarf.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasni_spark.core.config import opt
from tasni_spark.photometry import dwarfs, kernel, models
from tasni_spark.photometry.magnitudes import BANDS, Fluxes, fluxes
from tasni_spark.tables.thermal import COLUMNS, FLAGS

_BEATEN_BY = 10.0
_DEGENERATE = 0.5


@dataclass(frozen=True)
class ThermalConfig:
    """Section `[thermal]`."""

    flux_floor: tuple[float, ...] = opt(tuple(b.floor for b in BANDS), "least relative error of a flux, W1 .. W4")
    t_min_k: float = opt(60.0, "lowest temperature searched")
    t_max_k: float = opt(3000.0, "highest temperature searched")
    index_min: float = opt(-12.0, "steepest power law searched")
    index_max: float = opt(6.0, "flattest power law searched")
    w1_trusted_above_k: float = opt(200.0, "below this a temperature that leans on W1 is flagged")
    is_colour_corrected: bool = opt(True, "whether the bands' colour corrections are applied")

    def __post_init__(self) -> None:
        if len(self.flux_floor) != len(BANDS) or min(self.flux_floor) < 0.0:
            raise ValueError(f"flux_floor is {self.flux_floor}, expected {len(BANDS)} fractions of 0 or more")
        if not 60.0 <= self.t_min_k < self.t_max_k <= 3000.0:
            raise ValueError(
                f"t_min_k {self.t_min_k} and t_max_k {self.t_max_k}: expected 60 <= t_min_k < t_max_k <= 3000"
            )
        if not -12.0 <= self.index_min < self.index_max <= 6.0:
            raise ValueError(
                f"index_min {self.index_min} and index_max {self.index_max}: expected -12 <= index_min < index_max <= 6"
            )


def thermal(
    mags: Sequence[npt.ArrayLike], errors: Sequence[npt.ArrayLike], cfg: ThermalConfig | None = None
) -> dict[str, npt.NDArray[np.generic]]:
    """Blackbody, power law, dwarf type and implied distances of sources.

    Parameters
    ----------
    mags, errors : mag, 4 of (n,)
        `w?mpro` and `w?sigmpro` of W1 .. W4: a magnitude without an error is a 95 per cent limit, NaN no measurement.
    cfg
        Floors and ranges.

    Returns
    -------
    dict
        COLUMNS, in order, (n,) each.

    Notes
    -----
    Fluxes F_i = F_0i 10^(-0.4 m_i) are compared with Omega B_nu(T) f_i(T), f_i the colour corrections, by least squares
    with weights 1 / (sigma_i^2 + (floor_i F_i)^2); limits are fluxes 0 +- sigma (`fluxes`). Errors are formal: for a
    chi^2 far above `n_bands - 2` the source is no blackbody and they say nothing. The same weights serve the power law.

    References
    ----------
    Wright et al. 2010, AJ 140, 1868 (2010AJ....140.1868W).
    """
    cfg = cfg or ThermalConfig()
    measured = [fluxes(m, e, b) for m, e, b in zip(mags, errors, BANDS, strict=True)]
    flux = np.stack([f.flux_mjy for f in measured])
    error = _with_floor(measured, cfg)
    used = np.isfinite(flux) & np.isfinite(error)
    body = kernel.fit(flux, error, models.blackbody(cfg.t_min_k, cfg.t_max_k, cfg.is_colour_corrected))
    law = kernel.fit(flux, error, models.power_law(cfg.index_min, cfg.index_max, cfg.is_colour_corrected))
    spt_num, chi2_dwarf = dwarfs.compare(flux, error)
    temperature = np.exp(body.shape)
    distance = dwarfs.distance_if_dwarf_pc(body.amplitude)
    colour = dwarfs.colour_distance(mags[0], errors[0], mags[1], errors[1])
    is_limit = np.stack([f.is_limit for f in measured])
    n_measured = (used & ~is_limit).sum(axis=0, dtype=np.int32)
    is_fit = body.status != kernel.NO_FIT
    flags = {
        "no_fit": ~is_fit,
        "at_bound": (body.status == kernel.AT_LOW) | (body.status == kernel.AT_HIGH),
        "degenerate": is_fit & ~(body.shape_error <= _DEGENERATE),
        "limit_only": n_measured < 2,
        "w1_unreliable": (temperature < cfg.w1_trusted_above_k) & used[0] & ~is_limit[0],
        "limit_suspect": np.any([f.is_limit_suspect for f in measured], axis=0),
        "power_law_preferred": body.chi2 - law.chi2 > _BEATEN_BY,
        "nearer_than_any_dwarf": distance < dwarfs.NEAREST_Y_DWARF_PC,
    }
    values = (
        temperature,
        temperature * body.shape_error,
        body.amplitude,
        body.amplitude * body.log_amplitude_error,
        body.chi2,
        used.sum(axis=0, dtype=np.int32),
        n_measured,
        law.shape,
        law.shape_error,
        law.chi2,
        spt_num,
        chi2_dwarf,
        distance,
        np.exp(np.minimum(np.hypot(np.log(dwarfs.BLACKBODY_FACTOR), 0.5 * body.log_amplitude_error), 99.0)),
        colour.distance_pc,
        colour.factor,
        colour.is_upper_bound,
        sum((FLAGS[n][0] * v.astype(np.int32) for n, v in flags.items()), np.zeros(flux.shape[1], np.int32)),
    )
    return dict(zip((c.name for c in COLUMNS), values, strict=True))


def _with_floor(measured: Sequence[Fluxes], cfg: ThermalConfig) -> npt.NDArray[np.float64]:
    """Errors (bands, n) with the floors added in quadrature."""
    pairs = zip(measured, cfg.flux_floor, strict=True)
    return np.stack([np.hypot(f.error_mjy, floor * f.flux_mjy) for f, floor in pairs])
