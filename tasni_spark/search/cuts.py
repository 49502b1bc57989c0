"""Cuts as data: read from `conf/cuts`, turned into boolean columns.

Why: a cut has a name, a value, a threshold and a reason, so that a referee can read it, `tasni why` can print it and
the cut-flow can count it. A null is not a failure: where the value is missing the cut is *unknown*.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass

from pyspark.errors import ParseException
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from tasni_spark.core import places
from tasni_spark.core.config import build, opt
from tasni_spark.core.errors import ConfigError


@dataclass(frozen=True)
class Cut:
    """One cut: a SQL value and the condition on it that keeps a source, or a veto by another survey.

    Parameters
    ----------
    id, doc, reference
        Name, what it says about a source, where it comes from.
    value, keep
        `w1mpro - w2mpro` and `> 1.5`: SQL whose concatenation is the condition.
    veto, radius_arcsec
        The survey that must show nothing within the radius.
    max_p_chance
        A match counts only if an unrelated source as near is less likely than this; otherwise the cut is unknown.
    unless
        SQL on the source's own columns: where it is true a match leaves the cut unknown, as that of 2MASS does for a
        source whose 2MASS colours are those of a dwarf.
    """

    id: str
    doc: str = opt("", "what it says about a source")
    reference: str = opt("", "where it comes from")
    value: str = opt("", "SQL expression")
    keep: str = opt("", "condition on it")
    veto: str = opt("", "survey that must show nothing")
    radius_arcsec: float = opt(0.0, "within this radius")
    max_p_chance: float = opt(1.0, "a match likelier by chance than this is no veto")
    unless: str = opt("", "SQL boolean: where it is true a match is no veto")

    def __post_init__(self) -> None:
        if bool(self.veto) == bool(self.value):
            raise ValueError(f"cut {self.id}: give either value and keep, or veto and radius_arcsec")
        if self.value and not self.keep:
            raise ValueError(f"cut {self.id}: keep is missing: the condition that keeps a source, as in '> 1.5'")
        if self.veto and self.radius_arcsec <= 0:
            raise ValueError(f"cut {self.id}: radius_arcsec is {self.radius_arcsec}, expected more than 0")
        if not 0 < self.max_p_chance <= 1:
            raise ValueError(f"cut {self.id}: max_p_chance is {self.max_p_chance}, expected more than 0, at most 1")
        if (self.max_p_chance < 1 or self.unless) and not self.veto:
            raise ValueError(f"cut {self.id}: max_p_chance and unless belong to a veto")

    @property
    def sql(self) -> str:
        """The condition that keeps a source: true, false, or null for unknown."""
        if not self.veto:
            return f"({self.value}) {self.keep}"
        clear = veto_column(self.veto, self.radius_arcsec, self.max_p_chance)
        return f"{clear} OR nullif(coalesce({self.unless}, false), true)" if self.unless else clear

    @property
    def threshold(self) -> str:
        """The condition in words."""
        if not self.veto:
            return self.keep
        chance = f" with p < {self.max_p_chance:g}" if self.max_p_chance < 1 else ""
        return f"none within {self.radius_arcsec:g} arcsec{chance}" + (f", unless {self.unless}" if self.unless else "")


@dataclass(frozen=True)
class Flag:
    """Something to know of a source that does not decide: a condition, a match in another survey, or both.

    Parameters
    ----------
    id, doc, reference
        Name, what it says about a source, where it comes from.
    sql
        True where the flag is set.
    survey, radius_arcsec
        The survey, of which a match within the radius sets the flag.
    columns
        Columns of the match that `sql` reads: `w2mpro` of survey S as `w2mpro_S`.
    """

    id: str
    doc: str = opt("", "what it says about a source")
    reference: str = opt("", "where it comes from")
    sql: str = opt("", "SQL boolean that sets the flag")
    survey: str = opt("", "survey whose match sets the flag")
    radius_arcsec: float = opt(0.0, "within this radius")
    columns: tuple[str, ...] = opt((), "columns of the match that sql reads")

    def __post_init__(self) -> None:
        if not (self.survey or self.sql) or bool(self.survey) != (self.radius_arcsec > 0):
            raise ValueError(f"flag {self.id}: give sql, or survey and radius_arcsec above 0, or both")
        if bool(self.columns) != bool(self.survey and self.sql):
            raise ValueError(f"flag {self.id}: columns are those of a match that sql reads: give all three")

    @property
    def condition(self) -> str:
        """SQL that is true where the flag is set."""
        near = [f"sep_{self.survey} <= {self.radius_arcsec}"] if self.survey else []
        return " AND ".join([*near, f"({self.sql})"] if self.sql else near)


@dataclass(frozen=True)
class CutSet:
    """Cuts in order."""

    name: str
    title: str
    reference: str
    cuts: tuple[Cut, ...]
    flags: tuple[Flag, ...] = ()

    def __post_init__(self) -> None:
        for kind, ids in (("cut", [c.id for c in self.cuts]), ("flag", [f.id for f in self.flags])):
            if repeated := {i for i in ids if ids.count(i) > 1}:
                raise ValueError(f"{kind} {', '.join(sorted(repeated))} stands there more than once")
            if len(ids) > 62:
                raise ValueError(f"{len(ids)} {kind}s, expected at most 62: a verdict is a 64-bit mask")
        if not self.cuts:
            raise ValueError("no cuts, expected one at least")

    @property
    def sql(self) -> tuple[str, ...]:
        """Conditions of all cuts and flags."""
        return (*(c.sql for c in self.cuts), *(f.condition for f in self.flags))


def load(name: str) -> CutSet:
    """A cut set by name, or from a user's TOML file.

    Raises
    ------
    ConfigError
        For an unknown name, a file that is not TOML, or a cut that is not complete.
    """
    path = places.find("conf/cuts", name)
    try:
        data = tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as e:
        raise ConfigError(f"cut set {path}: not TOML: {e}") from e
    return build(CutSet, {"reference": "", **data, "name": path.stem}, f"cut set {path.name}")


def veto_column(survey: str, radius_arcsec: float, max_p_chance: float) -> str:
    """Name of the column that says whether a survey shows nothing within a radius, but by chance."""
    return f"clear_{survey}_{radius_arcsec:g}_{max_p_chance:g}".replace(".", "p")


def referenced(spark: SparkSession, sql: str, where: str) -> set[str]:
    """Columns that an expression reads.

    Raises
    ------
    ConfigError
        If its SQL cannot be parsed.
    """
    try:
        expression = spark._jsparkSession.sessionState().sqlParser().parseExpression(sql)
    except ParseException as e:
        raise ConfigError(f"{where}: not SQL: {sql}: {(str(e).splitlines() or [''])[0]}") from e
    leaves = expression.collectLeaves()
    found = (leaves.apply(i) for i in range(leaves.size()))
    return {leaf.name() for leaf in found if leaf.getClass().getSimpleName() == "UnresolvedAttribute"}


def mask(conditions: Iterable[Column]) -> Column:
    """A bit mask: bit k is set where condition k is true; null counts as false."""
    total: Column = F.lit(0).cast("bigint")
    for k, condition in enumerate(conditions):
        total = total + F.when(condition, F.lit(1 << k)).otherwise(F.lit(0)).cast("bigint")
    return total


def failed(cuts: CutSet) -> Column:
    """Mask of the cuts that a row fails."""
    return mask(~F.expr(c.sql) for c in cuts.cuts)


def flagged(cuts: CutSet) -> Column:
    """Mask of the flags that are set for a row."""
    return mask(F.expr(f.condition) for f in cuts.flags)


def unknown(cuts: CutSet) -> Column:
    """Mask of the cuts that cannot be judged for a row."""
    return mask(F.expr(c.sql).isNull() for c in cuts.cuts)
