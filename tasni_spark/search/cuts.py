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
    """

    id: str
    doc: str = opt("", "what it says about a source")
    reference: str = opt("", "where it comes from")
    value: str = opt("", "SQL expression")
    keep: str = opt("", "condition on it")
    veto: str = opt("", "survey that must show nothing")
    radius_arcsec: float = opt(0.0, "within this radius")

    def __post_init__(self) -> None:
        if bool(self.veto) == bool(self.value):
            raise ValueError(f"cut {self.id}: give either value and keep, or veto and radius_arcsec")
        if self.value and not self.keep:
            raise ValueError(f"cut {self.id}: keep is missing: the condition that keeps a source, as in '> 1.5'")
        if self.veto and self.radius_arcsec <= 0:
            raise ValueError(f"cut {self.id}: radius_arcsec is {self.radius_arcsec}, expected more than 0")

    @property
    def sql(self) -> str:
        """The condition that keeps a source: true, false, or null for unknown."""
        return veto_column(self.veto, self.radius_arcsec) if self.veto else f"({self.value}) {self.keep}"

    @property
    def threshold(self) -> str:
        """The condition in words."""
        return f"none within {self.radius_arcsec:g} arcsec" if self.veto else self.keep


@dataclass(frozen=True)
class CutSet:
    """Cuts in order."""

    name: str
    title: str
    reference: str
    cuts: tuple[Cut, ...]

    def __post_init__(self) -> None:
        ids = [c.id for c in self.cuts]
        if repeated := {i for i in ids if ids.count(i) > 1}:
            raise ValueError(f"cut {', '.join(sorted(repeated))} stands there more than once")
        if not 0 < len(ids) <= 62:
            raise ValueError(f"{len(ids)} cuts, expected 1 .. 62: a verdict is a 64-bit mask")

    @property
    def vetoes(self) -> tuple[Cut, ...]:
        """Cuts that ask another survey."""
        return tuple(c for c in self.cuts if c.veto)


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


def veto_column(survey: str, radius_arcsec: float) -> str:
    """Name of the column that says whether a survey shows nothing within a radius."""
    return f"clear_{survey}_{radius_arcsec:g}".replace(".", "p")


def referenced(spark: SparkSession, cut: Cut) -> set[str]:
    """Columns that a cut reads.

    Raises
    ------
    ConfigError
        If its SQL cannot be parsed.
    """
    try:
        expression = spark._jsparkSession.sessionState().sqlParser().parseExpression(cut.sql)
    except ParseException as e:
        raise ConfigError(f"cut {cut.id}: not SQL: {cut.sql}: {(str(e).splitlines() or [''])[0]}") from e
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


def unknown(cuts: CutSet) -> Column:
    """Mask of the cuts that cannot be judged for a row."""
    return mask(F.expr(c.sql).isNull() for c in cuts.cuts)
