"""The right side of a match as the kernel wants it: where each source is sought, and how far around.

Why: most sources stand still, so their place is all that the scan reads. Those that move between the left epochs are
put at the middle of these, with a ball that holds all their places; the scan works out the exact place only where a
left source lies in the ball. Which row is treated how, and in which order numbers are added, follows
`crossmatch.sql.pairs` to the letter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tasni_spark.crossmatch.tiles.compiled import Bytes, Longs, Reals, compiled

ARCSEC = math.pi / 180 / 3600
RAD_PER_MAS = 4.84813681109536e-9


@dataclass(frozen=True)
class Rule:
    """What counts as a match.

    Parameters
    ----------
    radius_arcsec
        Radius, inclusive.
    first_epoch, last_epoch : yr
        Range of the left epochs over the whole left table; null where it has none.
    motion_snr
        A proper motion of fewer sigma is not applied.
    allowance_masyr
        Motion to allow for where neither side has one.
    sigmas
        A pair farther apart than so many errors of both sides is none; 0 for the radius alone.
    shift_arcsec
        How far right sources may be moved before the match (`frame`).
    """

    radius_arcsec: float
    first_epoch: float | None = None
    last_epoch: float | None = None
    motion_snr: float = 5.0
    allowance_masyr: float = 0.0
    sigmas: float = 0.0
    shift_arcsec: float = 0.0

    @property
    def middle(self) -> float:
        """The epoch to which the right side is brought; NaN if the left side has none."""
        if self.first_epoch is None or self.last_epoch is None:
            return math.nan
        return (self.first_epoch + self.last_epoch) / 2

    @property
    def half_span(self) -> float:
        """The longest time, in yr, between that epoch and a left source's own."""
        return 0.0 if self.first_epoch is None or self.last_epoch is None else (self.last_epoch - self.first_epoch) / 2

    @property
    def is_late(self) -> bool:
        """Whether the left source's own epoch decides."""
        return self.half_span > 0 or self.allowance_masyr > 0

    @property
    def limit(self) -> float:
        """Greatest square of a chord, by the SQL engine's expression for either case."""
        if self.is_late:
            return (2 * math.sin(self.radius_arcsec * (ARCSEC / 2))) ** 2
        return float((2.0 * math.sin(math.radians(self.radius_arcsec / 3600.0) / 2.0)) ** 2)

    def years(self, first: float | None, last: float | None) -> float:
        """The longest time between a left epoch and one in the range given, in yr; 0 where either is unknown."""
        if first is None or last is None or self.first_epoch is None or self.last_epoch is None:
            return 0.0
        return max(abs(self.last_epoch - first), abs(self.first_epoch - last))


class Motion(NamedTuple):
    """Columns of the right side that say how it moves; null is NaN."""

    epoch: Reals
    pmra_masyr: Reals
    pmdec_masyr: Reals
    pmra_error_masyr: Reals
    pmdec_error_masyr: Reals


class Right(NamedTuple):
    """The right side, ready for the kernel.

    Parameters
    ----------
    id
        Identifiers.
    place : (n, 3)
        Where each source is sought.
    ball
        Chord of the ball around it in which a left source may match.
    is_special
        1 where the exact place or radius depends on the left source's epoch.
    is_propagated
        1 where a proper motion is applied.
    origin, rate : (n, 3)
        Place at its own epoch, and its change in a year; empty unless some are special.
    epoch : yr
        Empty unless some are special.
    variance_arcsec2
        Square of the error of the place, NaN where there is none; empty where errors do not matter.
    """

    id: Longs
    place: Reals
    ball: Reals
    is_special: Bytes
    is_propagated: Bytes
    origin: Reals
    rate: Reals
    epoch: Reals
    variance_arcsec2: Reals


def right_side(
    identifiers: Longs,
    place: Reals,
    rule: Rule,
    motion: Motion | None,
    nulls: bool = False,
    variance_arcsec2: Reals | None = None,
) -> Right:
    """Bring the right side to the middle of the left epochs.

    Parameters
    ----------
    place : (n, 3)
        Unit vectors as stored; written over.
    motion
        None for a survey without motions.
    nulls
        Whether left sources without an epoch take part: these meet the right side where it was itself observed.
    variance_arcsec2
        As in `Right`.
    """
    n = len(identifiers)
    none, empty = np.zeros(n, np.uint8), np.empty((0, 3))
    chord = 2 * math.sin(rule.radius_arcsec * (ARCSEC / 2)) * (1 + 1e-9) + 1e-15
    side = Right(identifiers, place, np.full(n, chord), none, none, empty, empty, np.empty(0), np.empty(0))
    if motion is None:
        motion = Motion(*[np.full(n, np.nan) if rule.is_late else np.empty(0) for _ in Motion._fields])
    if len(motion.epoch) == n:
        late = n if rule.is_late else 0
        side = side._replace(
            is_special=np.zeros(n, np.uint8), is_propagated=np.zeros(n, np.uint8), epoch=np.empty(late)
        )
        side = side._replace(origin=np.empty((late, 3)), rate=np.empty((late, 3)))
        shift = (rule.middle, rule.half_span, rule.motion_snr, rule.radius_arcsec, rule.allowance_masyr)
        _move(side, motion, shift, rule.is_late, nulls)
    if variance_arcsec2 is not None:
        side = side._replace(variance_arcsec2=variance_arcsec2)
    return side._replace(is_special=np.ones(n, np.uint8)) if rule.sigmas else side


@compiled
def at(x: float, y: float, z: float, years: float, mx: float, my: float, mz: float) -> tuple[float, float, float]:
    """A unit vector after some years of uniform motion in space, as `crossmatch.motion.at`."""
    x, y, z = x + mx * years, y + my * years, z + mz * years
    length = math.sqrt(x * x + y * y + z * z)
    return x / length, y / length, z / length


@compiled
def _move(side: Right, motion: Motion, shift: tuple[float, ...], late: bool, nulls: bool) -> None:
    middle, half_span, snr, radius, allowance = shift
    for i in range(len(side.id)):
        x, y, z = side.place[i, 0], side.place[i, 1], side.place[i, 2]
        epoch, pm = motion.epoch[i], math.sqrt(motion.pmra_masyr[i] ** 2 + motion.pmdec_masyr[i] ** 2)
        error = math.sqrt(motion.pmra_error_masyr[i] ** 2 + motion.pmdec_error_masyr[i] ** 2) / math.sqrt(2.0)
        moves = pm >= snr * error and not math.isnan(epoch) and not math.isnan(middle)
        years = 0.0 if math.isnan(middle - epoch) else middle - epoch
        mx = my = mz = 0.0
        if moves:
            # The sines of ra and dec are in the vector already; a vector at the pole itself has no east.
            cos_dec = math.sqrt(x * x + y * y)
            cos_ra, sin_ra = (x / cos_dec, y / cos_dec) if cos_dec > 0 else (1.0, 0.0)
            east, north = motion.pmra_masyr[i] * RAD_PER_MAS, motion.pmdec_masyr[i] * RAD_PER_MAS
            mx, my = -sin_ra * east - cos_ra * z * north, cos_ra * east - sin_ra * z * north
            mz = cos_dec * north
            side.is_propagated[i] = 1
        if late:
            side.origin[i, 0], side.origin[i, 1], side.origin[i, 2] = x, y, z
            side.rate[i, 0], side.rate[i, 1], side.rate[i, 2] = mx, my, mz
            side.epoch[i] = epoch
            reach, span = radius, max(half_span, abs(years)) if nulls else half_span
            if moves:
                reach += pm * (span / 1000)
            if allowance > 0:
                reach += allowance * (abs(years) + half_span) / 1000
            if moves or allowance > 0:
                side.is_special[i] = 1
                side.ball[i] = min(reach * ARCSEC, 2.0) * (1 + 1e-9) + 1e-15  # no chord is longer than its arc
        if late or moves:
            # Where the left epochs differ the SQL engine normalises sources at rest as well.
            x, y, z = at(x, y, z, years if moves else 0.0, mx, my, mz)
            side.place[i, 0], side.place[i, 1], side.place[i, 2] = x, y, z
