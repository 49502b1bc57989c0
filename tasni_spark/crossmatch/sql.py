"""The portable engine: an exact sky join of native expressions alone, without Python, on CPU or GPU.

Why: unit vectors fall into cubes of side `h`; the left row lives in its own cube, the right row in every cube that its
ball touches, and most balls touch one. No poles, no seam, no trigonometry in the join; one exchange a side.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tasni_spark.crossmatch.motion import Epochs, at, with_motion
from tasni_spark.sky.sphere import chord2

_ARCSEC = math.pi / 180 / 3600
_OFFSET = 1 << 20
COPY = 100.0
"""Cost of a right row in another cube, in candidate pairs: 1 microsecond against 10 ns."""
CROWD = 1000.0
"""Most right sources of a cube, where the density is known."""


@dataclass(frozen=True)
class Geometry:
    """Numbers of one join.

    Parameters
    ----------
    cell_arcsec
        Side of the cubes; at least twice the longest reach.
    allowance_masyr
        Motion to allow for where neither side has one.
    sigmas
        A pair farther apart than so many errors of both sides is none; 0 for the radius alone.
    has_errors
        Whether both sides have `variance_arcsec2`, which is then kept as the sum of both.
    """

    cell_arcsec: float
    allowance_masyr: float = 0.0
    sigmas: float = 0.0
    has_errors: bool = False

    def is_late(self, epochs: Epochs) -> bool:
        """Whether the left source's own epoch decides."""
        return epochs.half_span > 0 or self.allowance_masyr > 0


@dataclass(frozen=True)
class Right:
    """A survey in which counterparts are sought.

    Parameters
    ----------
    survey, positions, radius_arcsec
        Name, rows of `<survey>_positions`, radius of the match.
    motion_snr
        As in `with_motion`; None for a survey without motions, for which nothing of the kind is computed.
    """

    survey: str
    positions: DataFrame
    radius_arcsec: float
    motion_snr: float | None = None


def cell_arcsec(around: float, densest: float, reach_arcsec: float) -> float:
    """Side of the cubes that makes a join cheapest.

    Parameters
    ----------
    around, densest : arcsec-2
        Surface density of the right survey around its own sources, and where it is densest; 0 if not known.
    reach_arcsec
        How far from its cube a match may lie.

    Notes
    -----
    Of the right rows 3 * 2 reach / h are copied across a wall, each at the cost of about COPY candidates; of these a
    left row meets 1.5 around h^2, as the sky passes obliquely through the cubes. The sum is least at
    h^3 = 2 COPY reach / around. No cube holds more than CROWD candidates, and none is smaller than twice the reach.
    """
    best = math.cbrt(2 * COPY * reach_arcsec / max(around, 1e-9))
    return max(2.0 * reach_arcsec, min(best, math.sqrt(CROWD / max(densest, 1e-9)), 600.0), 4.0)


def pairs(left: DataFrame, rights: Sequence[Right], epochs: Epochs, g: Geometry) -> DataFrame:
    """All pairs within the radius, each at the left source's epoch.

    Parameters
    ----------
    left
        id, x, y, z, epoch and what else is to be kept of the left side.
    rights
        The other sides; all are met in one join, so that the left side is shuffled once.
    epochs
        Range of the left epochs.
    g
        Cubes.

    Returns
    -------
    DataFrame
        right (number of the survey; `named` tells its name), the left columns with `id` as `left_id`, cell, right_id,
        c2 (square of the chord), is_propagated, and variance_arcsec2 where there are errors.

    Notes
    -----
    Where all left epochs are equal the right side is moved once, before the join. Otherwise it is spread by the motion
    that the range of epochs allows, and moved to the left source's own epoch pair by pair.
    """
    here = left_side(left, epochs, g)
    here = here.withColumn("cell", _packed(*[_cell(F.col(f"l{c}"), g) for c in "xyz"]))
    there = functools.reduce(DataFrame.unionByName, [_in_cells(r, n, epochs, g) for n, r in enumerate(rights)])
    joined = here.join(there.hint("shuffle_hash"), "cell")
    return within_radius(joined, rights, epochs, g, ["cell", *kept(left)])


def kept(left: DataFrame) -> list[str]:
    """Columns of the left side that a join carries and does not look at."""
    return [c for c in left.columns if c not in ("id", "x", "y", "z", "epoch", "variance_arcsec2")]


def left_side(left: DataFrame, epochs: Epochs, g: Geometry) -> DataFrame:
    """The left side as `within_radius` wants it: `left_id`, `lx`, `ly`, `lz` and what it carries."""
    late, errors = (["epoch"] if g.is_late(epochs) else []), (["variance_arcsec2"] if g.has_errors else [])
    place = [F.coalesce(F.col(c), F.lit(math.nan)).alias(f"l{c}") for c in ("x", "y", "z")]
    rest = [F.col(c).alias(f"l{c}") for c in (*late, *errors)]
    return left.select(F.col("id").alias("left_id"), *kept(left), *place, *rest)


def within_radius(
    joined: DataFrame, rights: Sequence[Right], epochs: Epochs, g: Geometry, keep: Sequence[str]
) -> DataFrame:
    """Of candidate pairs those within the radius: the one test that all engines make, in the same arithmetic.

    Parameters
    ----------
    joined
        Rows of `left_side` beside rows of `right_side`.
    keep
        Further columns to keep.
    """
    late = g.is_late(epochs)
    x, y, z = F.col("rx"), F.col("ry"), F.col("rz")
    limit = _each(F.lit(chord2(r.radius_arcsec)) for r in rights)
    radius = _each(F.lit(r.radius_arcsec) for r in rights)
    if late:
        years = F.coalesce(F.col("lepoch") - F.col("repoch"), F.lit(0.0))
        x, y, z = at((x, y, z), (F.col("mx"), F.col("my"), F.col("mz")), years)
    if g.allowance_masyr:
        radius = radius + F.when(F.col("is_propagated"), 0.0).otherwise(g.allowance_masyr * F.abs(years) / 1000)
    variance = F.col("lvariance_arcsec2") + F.col("rvariance_arcsec2") if g.has_errors else None
    if g.sigmas and variance is not None:
        radius = F.least(radius, g.sigmas * F.sqrt(variance))  # null, not measured, is passed over
    if g.allowance_masyr or g.sigmas:
        limit = F.pow(2 * F.sin(radius * (_ARCSEC / 2)), F.lit(2.0))
    dx, dy, dz = F.col("lx") - x, F.col("ly") - y, F.col("lz") - z
    joined = joined.withColumn("c2", dx * dx + dy * dy + dz * dz).where(F.col("c2") <= limit)
    errors = [variance.alias("variance_arcsec2")] if variance is not None else []
    return joined.select("right", "left_id", *keep, "right_id", "c2", "is_propagated", *errors)


def named(found: DataFrame, rights: Sequence[Right]) -> DataFrame:
    """`right_survey` in the place of its number."""
    return found.withColumn("right_survey", _each(F.lit(r.survey) for r in rights)).drop("right")


def _each(values: Iterable[Column]) -> Column:
    """The value of the right survey of a row."""
    first, *rest = values
    chosen = functools.reduce(lambda c, v: c.when(F.col("right") == v[0], v[1]), enumerate(rest, 1), F)
    return chosen.otherwise(first) if rest else first


def right_side(right: Right, number: int, epochs: Epochs, g: Geometry) -> DataFrame:
    """The right side as `within_radius` wants it, and the ball in which each source is sought.

    Returns
    -------
    DataFrame
        `right` (the number), right_id, is_propagated, rx, ry, rz (the place that is tested), ux, uy, uz and `ball`:
        place at the middle of the left epochs, and the chord around it that no match leaves.

    Notes
    -----
    Each step is a projection of its own, and no value that the join tests can be null: Spark would push `IS NOT NULL`
    or a filter on the cubes below the arithmetic, and repeat it there, to methods too long for the JVM to compile.
    """
    late = g.is_late(epochs)
    place = [F.coalesce(F.col(n), F.lit(math.nan)) for n in "xyz"]
    who = [F.lit(number).alias("right"), F.col("id").alias("right_id")]
    if right.motion_snr is None and not late and not g.has_errors:
        at_rest = [p.alias(f"{side}{n}") for side in "ru" for p, n in zip(place, "xyz", strict=True)]
        ball = F.lit(math.sqrt(chord2(right.radius_arcsec)) * (1 + 1e-9) + 1e-15)
        return right.positions.select(*who, F.lit(False).alias("is_propagated"), *at_rest, ball.alias("ball"))
    rows = with_motion(right.positions, right.motion_snr)
    middle = F.lit(epochs.middle).cast("double")
    moves = F.col("is_moving") & middle.isNotNull()
    years = F.coalesce(middle - F.col("epoch"), F.lit(0.0))
    rows = rows.withColumns({"is_moving": moves, "years": years, "repoch": F.col("epoch")})
    carried = ["repoch", "mx", "my", "mz"] if late else []
    if g.has_errors:
        rows = rows.withColumnRenamed("variance_arcsec2", "rvariance_arcsec2")
        carried.append("rvariance_arcsec2")
    reach = right.radius_arcsec + F.col("pm_masyr") * (epochs.half_span / 1000)
    if g.allowance_masyr:
        reach = reach + g.allowance_masyr * (F.abs("years") + epochs.half_span) / 1000
    ball = 2 * F.sin(reach * (_ARCSEC / 2)) * (1 + 1e-9) + 1e-15
    then = [p + F.col(f"m{n}") * F.col("years") for p, n in zip(place, "xyz", strict=True)]
    rows = rows.select(
        *who,
        F.col("is_moving").alias("is_propagated"),
        *carried,
        *[p.alias(f"r{n}") for p, n in zip(place, "xyz", strict=True)],
        *[t.alias(f"u{n}") for t, n in zip(then, "xyz", strict=True)],
        ball.alias("ball"),
    )
    length = F.sqrt(F.col("ux") * F.col("ux") + F.col("uy") * F.col("uy") + F.col("uz") * F.col("uz"))
    rows = rows.withColumn("length", F.when(F.col("is_propagated"), length).otherwise(1.0))
    rows = rows.withColumns({f"u{n}": F.coalesce(F.col(f"u{n}") / F.col("length"), F.lit(math.nan)) for n in "xyz"})
    tested = [F.col(f"{'r' if late else 'u'}{n}").alias(f"r{n}") for n in "xyz"]
    return rows.select("right", "right_id", "is_propagated", *carried, *tested, "ux", "uy", "uz", "ball")


def _in_cells(right: Right, number: int, epochs: Epochs, g: Geometry) -> DataFrame:
    """The right side in every cube that its ball touches."""
    rows = right_side(right, number, epochs, g)
    needed = [c for c in rows.columns if c not in ("ux", "uy", "uz", "ball")]
    corners = [
        _cell(F.col(f"u{n}") + s * F.col("ball"), g).alias(f"{n}{i}") for n in "xyz" for i, s in ((0, -1.0), (1, 1.0))
    ]
    rows = rows.select(*needed, *corners)
    return rows.select(*needed, F.explode(_touched()).alias("cell")).where("cell IS NOT NULL")


def _touched() -> Column:
    """The cube of the low corner of a box, and those of the other corners that lie in cubes of their own."""
    low = _packed(F.col("x0"), F.col("y0"), F.col("z0"))
    others = []
    for corner in itertools.product((0, 1), repeat=3):
        differs = [F.col(f"{n}0") != F.col(f"{n}1") for n, c in zip("xyz", corner, strict=True) if c]
        if differs:
            cell = _packed(*[F.col(f"{n}{c}") for n, c in zip("xyz", corner, strict=True)])
            others.append(F.when(functools.reduce(operator.and_, differs), cell))
    crosses = (F.col("x0") != F.col("x1")) | (F.col("y0") != F.col("y1")) | (F.col("z0") != F.col("z1"))
    return F.when(crosses, F.array(low, *others)).otherwise(F.array(low))


def _cell(value: Column, g: Geometry) -> Column:
    return F.floor(value * (1.0 / (g.cell_arcsec * _ARCSEC)))


def _packed(x: Column, y: Column, z: Column) -> Column:
    return (
        F.shiftleft(x + F.lit(_OFFSET), 42).bitwiseOR(F.shiftleft(y + F.lit(_OFFSET), 21)).bitwiseOR(z + F.lit(_OFFSET))
    )
