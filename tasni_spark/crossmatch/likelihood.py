"""How much likelier two sources are one than two, from their separation and their errors.

Each formula serves columns and arrays alike; workers that have no Spark import it.

References
----------
Budavari and Szalay 2008, ApJ 679, 301 (2008ApJ...679..301B), equations 16 and 9.
"""

from __future__ import annotations

import math
from typing import Any

_ARCSEC = math.pi / 180 / 3600


def bayes_factor(score: Any, variance_arcsec2: Any) -> Any:
    """Odds of one source against two, before any prior: 2 / (s1^2 + s2^2) exp(-score / 2), angles in rad.

    Parameters
    ----------
    score
        Squared separation over the sum of both variances.
    variance_arcsec2 : arcsec2
        Sum of both variances.
    """
    return math.e ** (score * -0.5) * 2.0 / (variance_arcsec2 * _ARCSEC**2)


def posterior(factor: Any, prior: float, per_arcsec2: Any) -> Any:
    """Probability that a pair is one source.

    Parameters
    ----------
    factor
        Bayes factor.
    prior
        Share of left sources that have a counterpart.
    per_arcsec2 : arcsec-2
        Surface density of the right survey: of its sources over the whole sky, at this density, one is the counterpart.
    """
    chance = prior / (per_arcsec2 * (4 * math.pi / _ARCSEC**2))
    return chance * factor / (chance * factor + 1.0 - chance)
