"""How much likelier a source's colours are for a cold dwarf than for what the search finds instead.

Why: a cut wastes what lies just outside and trusts what lies just inside. The ratio of two densities, each convolved
with the source's own errors, uses both, and a limit enters as the faint measurement that it is.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from tasni_spark.photometry.magnitudes import BANDS, LIMIT_SIGMAS, Flags, Floats

NODES = 20
OUTLIERS = 1e-4
"""Share of anything at all in both populations: bounds the ratio where neither has been seen."""
OUTLIER_MEAN = (2.0, 2.5)
OUTLIER_SIGMA_MAG = 2.5
LEAST_SIGMA_MAG = 0.05
_Z, _W = np.polynomial.hermite_e.hermegauss(NODES)  # type: ignore[no-untyped-call]
_W = _W / _W.sum()


class Mixture(NamedTuple):
    """Normal components of the true colours (W1-W2, W2-W3), in mag: (k,), (k, 2), (k, 2, 2)."""

    weight: Floats
    mean: Floats
    covariance: Floats


class Colours(NamedTuple):
    """What is known of a colour for each row, (n,).

    Parameters
    ----------
    value : mag
        The colour, where the other band is measured.
    variance : mag^2
        That of the other band; W2's own is common to both colours and kept apart.
    bound : mag
        The colour if the other band were at its limit, where it is a limit.
    sign
        +1 where a fainter other band makes the colour greater (W1-W2), -1 for W2-W3.
    """

    value: Floats
    variance: Floats
    bound: Floats
    sign: float

    @property
    def is_measured(self) -> Flags:
        """Whether the other band is measured."""
        return np.isfinite(self.value)

    def at(self, rows: Flags) -> Colours:
        """Some of the rows."""
        return Colours(self.value[rows], self.variance[rows], self.bound[rows], self.sign)


def log_ratio(
    w1: npt.ArrayLike,
    w1_error: npt.ArrayLike,
    w2: npt.ArrayLike,
    w2_error: npt.ArrayLike,
    w3: npt.ArrayLike,
    w3_error: npt.ArrayLike,
) -> Floats:
    """Natural logarithm of the likelihood of the colours for a cold dwarf over that for the parent population.

    Parameters
    ----------
    w1, w1_error, w2, w2_error, w3, w3_error : mag, (n,)
        As in the catalogue: a magnitude without an error is a 95 per cent limit, NaN no measurement.

    Returns
    -------
    dimensionless, (n,)
        0 where nothing but W2 is known; NaN where W2 is not measured.

    Notes
    -----
    ln p(colours | dwarfs) - ln p(colours | parents), each a mixture of normals convolved with the errors; a limit is
    the factor exp(-f^2 / 2 sigma^2) of a flux 0 +- sigma, integrated over the colour that the measured one leaves open.
    The parent population is the 4,137 sources of the first edition: real and observed in four bands, W1-W2 > 1.5.
    Fit another with `fit` where the search is run on something else.

    References
    ----------
    Bovy, Hogg and Roweis 2011, Annals of Applied Statistics 5, 1657 (2011AnApS...5.1657B): errors in mixtures.
    """
    blue, red, w2_variance = colours(w1, w1_error, w2, w2_error, w3, w3_error)
    both = mixtures()
    return log_likelihood(both["dwarfs"], blue, red, w2_variance) - log_likelihood(
        both["parents"], blue, red, w2_variance
    )


def colours(
    w1: npt.ArrayLike,
    w1_error: npt.ArrayLike,
    w2: npt.ArrayLike,
    w2_error: npt.ArrayLike,
    w3: npt.ArrayLike,
    w3_error: npt.ArrayLike,
    deeper_mag: float = 0.0,
) -> tuple[Colours, Colours, Floats]:
    """(W1-W2, W2-W3, variance of W2); limits deeper than AllWISE's depth plus `deeper_mag` are clipped to it."""
    m, e = np.asarray(w2, np.float64), np.asarray(w2_error, np.float64)
    centre = np.where(e > 0.0, m, np.nan)
    made = []
    for mag, error, band, sign in ((w1, w1_error, BANDS[0], 1.0), (w3, w3_error, BANDS[2], -1.0)):
        x, s = np.asarray(mag, np.float64), np.asarray(error, np.float64)
        colour = sign * (x - centre)
        bound = sign * (np.minimum(x, band.limit_mag + deeper_mag) - centre)
        is_measured = s > 0.0
        made.append(
            Colours(
                np.where(is_measured, colour, np.nan),
                np.where(is_measured, s * s, 0.0),
                np.where(is_measured, np.nan, bound),
                sign,
            )
        )
    return made[0], made[1], e * e


def log_likelihood(mixture: Mixture, blue: Colours, red: Colours, w2_variance: Floats) -> Floats:
    """Ln of the density of the colours under a mixture, the outliers included; NaN where W2 is not measured."""
    terms = [
        np.log((1.0 - OUTLIERS) * p) + _component(m, c, blue, red, w2_variance)
        for p, m, c in zip(*mixture, strict=True)
    ]
    spread = OUTLIER_SIGMA_MAG**2 * np.eye(2)
    terms.append(np.log(OUTLIERS) + _component(np.array(OUTLIER_MEAN), spread, blue, red, w2_variance))
    return np.where(w2_variance > 0.0, np.logaddexp.reduce(terms, axis=0), np.nan)


def _component(mean: Floats, covariance: Floats, blue: Colours, red: Colours, w2_variance: Floats) -> Floats:
    """Ln density under one normal: what is measured in closed form, limits by quadrature over the rest."""
    out = np.zeros(len(w2_variance))
    total = [
        covariance[0, 0] + blue.variance + w2_variance,
        covariance[0, 1] - w2_variance,
        covariance[1, 1] + red.variance + w2_variance,
    ]
    for rows, first, second, k in (
        (blue.is_measured, blue, red, 0),
        (~blue.is_measured & red.is_measured, red, blue, 1),
    ):
        if rows.any():
            v1, v12, v2 = (t[rows] for t in (total[2 * k], total[1], total[2 - 2 * k]))
            x1 = first.value[rows] - mean[k]
            m2 = mean[1 - k] + v12 / v1 * x1
            out[rows] = _normal(x1, v1) + _marginal(second.at(rows), m2, v2 - v12 * v12 / v1)
    rest = ~blue.is_measured & ~red.is_measured
    if rest.any():
        v1, v12, v2 = (t[rest] for t in total)
        one, two = blue.at(rest), red.at(rest)
        x1 = np.sqrt(v1)[:, None] * _Z
        seen = _log_limit(one, mean[0] + x1)
        m2 = mean[1] + (v12 / v1)[:, None] * x1
        v2 = v2 - v12 * v12 / v1
        other = np.stack([_marginal(two, m2[:, h], v2) for h in range(NODES)], axis=1)
        out[rest] = np.logaddexp.reduce(np.log(_W) + seen + other, axis=1)
    return out


def _marginal(colour: Colours, mean: Floats, variance: Floats) -> Floats:
    """Ln of the likelihood of a colour whose true value, W2's error included, is normal; 0 where nothing is known."""
    nodes = mean[:, None] + np.sqrt(variance)[:, None] * _Z
    limit = np.logaddexp.reduce(np.log(_W) + _log_limit(colour, nodes), axis=1)
    return np.where(colour.is_measured, _normal(np.nan_to_num(colour.value) - mean, variance), limit)


def _log_limit(colour: Colours, value: Floats) -> Floats:
    """-f^2 / 2 sigma^2 for the flux that the colour implies; the limit is LIMIT_SIGMAS sigma."""
    fainter = colour.sign * (value - colour.bound[:, None])
    return np.nan_to_num(-0.5 * (LIMIT_SIGMAS * 10.0 ** (-0.4 * np.maximum(fainter, -10.0))) ** 2, nan=0.0)


def _normal(x: Floats, variance: Floats) -> Floats:
    return np.asarray(-0.5 * (x * x / variance + np.log(2.0 * np.pi * variance)))


def fit(blue: Colours, red: Colours, w2_variance: Floats, components: int, first: Mixture | None = None) -> Mixture:
    """The mixture of greatest likelihood: errors taken out, limits counted.

    Parameters
    ----------
    blue, red, w2_variance
        Of the sample, as `colours` gives them.
    components
        How many normals.
    first
        Where to start, if not from components along W1-W2.

    Notes
    -----
    The sum of `log_likelihood` is climbed by L-BFGS; no component is narrower than LEAST_SIGMA_MAG. Deterministic.
    A limit's own flux, which the catalogue does not tell, counts as 0: where half of W3 are limits W2-W3 comes out
    0.1 mag too blue and its variance a third too large.
    """
    k = components
    edge = np.nanquantile(np.where(blue.is_measured, blue.value, np.nan), (np.arange(k) + 0.5) / k)
    start = np.concatenate([np.zeros(k), edge, np.full(k, np.nanmedian(red.value)), np.full(2 * k, -1.0), np.zeros(k)])
    if first is not None:
        start = _packed(first)

    rows = w2_variance > 0.0
    sample = (blue.at(rows), red.at(rows), w2_variance[rows])

    def loss(p: Floats) -> float:
        value = -float(np.mean(log_likelihood(_unpacked(p, k), *sample)))
        return value if np.isfinite(value) else 1e3

    found = minimize(loss, start, method="L-BFGS-B", options={"maxiter": 400, "maxfun": 40000, "ftol": 1e-11})
    return _unpacked(found.x, k)


def _unpacked(p: Floats, k: int) -> Mixture:
    """Softmax weights, means, Cholesky factors with log diagonals."""
    w = np.exp(p[:k] - p[:k].max())
    factor = np.zeros((k, 2, 2))
    factor[:, 0, 0], factor[:, 1, 1] = np.exp(p[3 * k : 5 * k]).reshape(2, k)
    factor[:, 1, 0] = p[5 * k :]
    covariance = factor @ np.transpose(factor, (0, 2, 1)) + LEAST_SIGMA_MAG**2 * np.eye(2)
    return Mixture(w / w.sum(), p[k : 3 * k].reshape(2, k).T, covariance)


def _packed(mixture: Mixture) -> Floats:
    """The inverse of `_unpacked`."""
    factor = np.linalg.cholesky(mixture.covariance - 0.99 * LEAST_SIGMA_MAG**2 * np.eye(2))
    diagonal = np.log([factor[:, 0, 0], factor[:, 1, 1]]).ravel()
    return np.concatenate([np.log(mixture.weight), mixture.mean.T.ravel(), diagonal, factor[:, 1, 0]])


@cache
def mixtures() -> dict[str, Mixture]:
    """The mixtures that the package carries: `dwarfs` and `parents`."""
    lines = Path(__file__).with_name("mixtures.csv").read_text().splitlines()
    cells = [line.split(",") for line in lines if not line.startswith("#")][1:]
    made = {}
    for name in dict.fromkeys(c[0] for c in cells):
        weight, m1, m2, c11, c12, c22 = np.array([c[1:] for c in cells if c[0] == name], np.float64).T
        covariance = np.stack([np.stack([c11, c12], axis=-1), np.stack([c12, c22], axis=-1)], axis=-2)
        made[name] = Mixture(weight, np.stack([m1, m2], axis=1), covariance)
    return made


def as_csv(made: dict[str, Mixture]) -> str:
    """Mixtures as the rows of `mixtures.csv`."""
    lines = ["population,weight,w1_w2,w2_w3,cov_11,cov_12,cov_22"]
    for name, mixture in made.items():
        for p, m, c in zip(*mixture, strict=True):
            lines.append(",".join((name, *(f"{v:.5g}" for v in (p, *m, c[0, 0], c[0, 1], c[1, 1])))))
    return "\n".join(lines) + "\n"
