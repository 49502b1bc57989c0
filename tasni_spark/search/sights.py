"""What every survey says of one place: matched, nothing there, not observed, or not to be known.

Why: *nothing there* and *not observed* are different answers, and so is *nobody has looked*.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow.compute as pc

from tasni_spark.core.work import Inputs
from tasni_spark.search.near import Anchor, epochs, expected
from tasni_spark.sky import density
from tasni_spark.sky.footprint import CELL_ORDER
from tasni_spark.sky.healpix import ORDER

MATCHED, NOTHING = "matched", "nothing there"


@dataclass(frozen=True)
class Sight:
    """What one survey says of the place.

    Parameters
    ----------
    verdict
        As `verdict` puts it.
    by
        `crossmatch` where the job has sought it, `now` where it was looked up for this page, empty where neither.
    radius_arcsec
        Within which a source counts as matched.
    sep_arcsec, p_chance
        Of the match; the probability of an unrelated source as near.
    nearest_arcsec
        Nearest source within `near.NEAR_ARCSEC`, at equal epochs.
    n_near
        Sources within `near.NEAR_ARCSEC`.
    id, epoch, ra, dec
        The nearest source, where it counts as matched; yr, deg.
    expected_epoch, expected_ra, expected_dec
        Where the anchor was at that survey's epoch, by its true motion; None without one.
    """

    survey: str
    verdict: str
    by: str
    radius_arcsec: float
    sep_arcsec: float | None = None
    p_chance: float | None = None
    nearest_arcsec: float | None = None
    n_near: int = 0
    id: int | None = None
    epoch: float | None = None
    ra: float | None = None
    dec: float | None = None
    expected_epoch: float | None = None
    expected_ra: float | None = None
    expected_dec: float | None = None


def verdict(sep: float | None, observed: bool | None, searched: float | None, radius: float) -> str:
    """What a survey says of a place, in the words of `vetoes.state`.

    Parameters
    ----------
    sep : arcsec
        Of the nearest source; None for none.
    observed
        Whether the survey looked there; None where its footprint is not known.
    searched, radius : arcsec
        How far its sources were sought, None where they were not; how far a source counts as matched.

    Examples
    --------
    >>> verdict(1.2, True, 3.0, 3.0), verdict(None, True, 3.0, 3.0), verdict(None, True, None, 3.0)
    ('matched', 'nothing there', 'its sources were not sought')
    """
    if sep is not None and sep <= radius:
        return MATCHED
    if observed is None:
        return "its footprint is not known"
    if not observed:
        return "not observed"
    return NOTHING if searched is not None and searched >= radius else "its sources were not sought"


def sights(inputs: Inputs, surveys: Sequence[str], at: Anchor, around: Sequence[Mapping[str, Any]]) -> list[Sight]:
    """What each survey says of the anchor.

    Parameters
    ----------
    surveys
        Surveys of sources that the lake holds; those whose footprint alone is known are asked too.
    around
        What `near` found.

    Notes
    -----
    The verdict is that of the crossmatch where it has sought the anchor's survey in the tile; elsewhere the rows near
    by decide, with the same radius and the same footprints.
    """
    asked = [s for s in [*surveys, *sorted(_covered(inputs) - set(surveys))] if s != at.survey]
    first = {s: next((r for r in around if r["survey"] == s), None) for s in asked}
    when = epochs(inputs, [s for s in asked if s in surveys], at.hpx29)
    found = []
    for told in _told(inputs, at, {s: r["sep_arcsec"] if r else None for s, r in first.items()}):
        survey, radius, source = told["survey"], told["radius"], first[told["survey"]]
        sep, p, searched = told["sep"], told["p"], told["searched"]
        by = "" if searched is None else "crossmatch"
        if searched is None and survey in surveys:
            by, searched = "now", radius
            if source and source["sep_arcsec"] <= radius:
                sep, p = source["sep_arcsec"], told["p_now"]
        state = verdict(sep, told["observed"], searched, radius)
        place: dict[str, Any] = {}
        if state == MATCHED:
            matched = next((r for r in around if (r["survey"], r["id"]) == (survey, told["id"])), source)
            place = {n: matched[n] for n in ("id", "epoch", "ra", "dec")} if matched else {}
        then = expected(at, place.get("epoch") or when.get(survey))
        nearest = source["sep_arcsec"] if source else None
        n_near = sum(r["survey"] == survey for r in around)
        found.append(Sight(survey, state, by, radius, sep, p, nearest, n_near, **place, **then))
    return found


def _told(inputs: Inputs, at: Anchor, nearest: Mapping[str, float | None]) -> list[dict[str, Any]]:
    """For each survey what the crossmatch and the coverage know of the anchor, and the chance of its nearest source.

    Notes
    -----
    The same as `vetoes.with_vetoes` adds to a row, but by small look-ups: a plan that joins a dozen surveys to one row
    is beyond what the JVM compiles.
    """
    footprints, inside, sought, matches = (
        _covered(inputs),
        _inside(inputs, at),
        _sought(inputs, at),
        _matches(inputs, at),
    )
    found = []
    for s, sep in nearest.items():
        facts, match = inputs.lake.facts(inputs.lake.ref(s)), matches.get(s, {})
        found.append(
            {
                "survey": s,
                "radius": float(facts.get("match_radius_arcsec", 2.0)),
                "id": match.get("right_id"),
                "sep": match.get("sep_arcsec"),
                "p": match.get("p_chance"),
                "observed": s in inside if s in footprints else None,
                "searched": sought.get(s),
                "p_now": None if sep is None else _chance(inputs, s, at.hpx29, sep),
            }
        )
    return found


def _matches(inputs: Inputs, at: Anchor) -> dict[str, dict[str, Any]]:
    """The nearest match of each survey, as the crossmatch has it."""
    if not inputs.has("matches") or at.id is None:
        return {}
    here = (pc.field("left_survey") == at.survey) & (pc.field("tile") == at.tile) & (pc.field("left_id") == at.id)
    return {r["right_survey"]: r for r in inputs.few("matches", here & (pc.field("rank") == 1))}


def _chance(inputs: Inputs, survey: str, hpx29: int, sep_arcsec: float) -> float | None:
    """`density.p_chance` with the density of `density.with_density`; None for a survey that was not counted."""
    counted = density.summary(inputs, survey) if inputs.has("density") else None
    if counted is None:
        return None
    order = counted[0]
    cell = (pc.field("survey") == survey) & (pc.field("cell") == hpx29 >> 2 * (ORDER - order))
    rows = inputs.few("density", cell, ["per_arcsec2"])
    rho = rows[0]["per_arcsec2"] if rows else 1.0 / density.cell_arcsec2(order)
    return -math.expm1(-math.pi * sep_arcsec**2 * rho)


def _covered(inputs: Inputs) -> set[str]:
    """Surveys whose footprint is known."""
    return set(pc.unique(inputs.small("coverage", "survey")["survey"]).to_pylist()) if inputs.has("coverage") else set()


def _inside(inputs: Inputs, at: Anchor) -> set[str]:
    """Surveys that observed the place."""
    if not inputs.has("coverage"):
        return set()
    cell = pc.field("cell") == at.hpx29 >> 2 * (ORDER - CELL_ORDER)
    here = cell & (pc.field("start") <= at.hpx29) & (pc.field("end") > at.hpx29)
    return {r["survey"] for r in inputs.few("coverage", here, ["survey"])}


def _sought(inputs: Inputs, at: Anchor) -> dict[str, float]:
    """Right surveys in which the crossmatch has sought the anchor's survey in its tile, and to what radius."""
    if not inputs.has("match_tiles") or not at.survey:
        return {}
    here = (pc.field("left_survey") == at.survey) & (pc.field("tile") == at.tile)
    return {r["right_survey"]: r["radius_arcsec"] for r in inputs.few("match_tiles", here)}
