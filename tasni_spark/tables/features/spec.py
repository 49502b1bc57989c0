"""What a family of features is, and how a formula leads back to the columns of catalogues.

Why: 500 features are about 70 ideas, each said once: a quantity, its reason, what a null of it means, and a formula for
each band or pair. Names, documentation, lineage, the table and the tests derive from the families.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

UNITS = {
    "none": "",
    "mag": "mag",
    "deg": "deg",
    "arcsec": "arcsec",
    "mas": "mas",
    "masyr": "mas / yr",
    "k": "K",
    "dex": "dex",
    "um": "um",
    "pc": "pc",
    "kms": "km / s",
    "yr": "yr",
    "d": "d",
    "mag2": "mag2",
    "magyr": "mag / yr",
}
"""Last word of a feature's name to its unit as astropy writes it."""
ROLES = ("feature", "stratum")
"""A feature is for models; a stratum (position, depth) is for calibration, and a model must be told to use it."""
_WORD = re.compile(r"'[^']*'|\b[a-z_][a-z0-9_]*\b")


class Feature(NamedTuple):
    """One column of the table `features`.

    Parameters
    ----------
    name
        `<group>__<quantity>__<band>__<unit>`.
    formula
        Spark SQL over symbols and raw columns.
    null
        What a null means.
    inputs
        Columns of catalogues that it is computed from, as `survey.column`; those of the searched survey are `source.*`.
    """

    name: str
    group: str
    quantity: str
    band: str
    unit: str
    formula: str
    doc: str
    null: str
    role: str
    range: tuple[float, float] | None
    inputs: tuple[str, ...]


@dataclass(frozen=True)
class Family:
    """Features of one idea.

    Parameters
    ----------
    group, quantity, unit
        Words of the names; `unit` is a key of UNITS.
    reason
        What it is and why it is there, with the source of any constant.
    null
        What a null means.
    members
        Band, pair or `all` to its formula.
    role
        One of ROLES.
    range
        Least and greatest value that can be right.
    """

    group: str
    quantity: str
    unit: str
    reason: str
    null: str
    members: Mapping[str, str]
    role: str = "feature"
    range: tuple[float, float] | None = None


class Dictionary(NamedTuple):
    """Symbols that formulas share, and where each raw column comes from.

    Parameters
    ----------
    raw
        Name in a formula to `survey.column`.
    symbols
        Name to its formula over raw columns and earlier symbols.
    """

    raw: Mapping[str, str]
    symbols: Mapping[str, str]

    def inputs(self, formula: str) -> tuple[str, ...]:
        """Columns of catalogues below a formula, in order."""
        return tuple(sorted({self.raw[n] for n in self.raw_names(formula)}))

    def raw_names(self, formula: str) -> frozenset[str]:
        """Raw columns below a formula."""
        return _raw_names(formula, _Frozen(self))

    def needed(self, formula: str) -> list[str]:
        """Symbols below a formula, in the order in which they can be computed."""
        words = set(_WORD.findall(formula)) & set(self.symbols)
        for symbol in tuple(words):
            words |= set(self.needed(self.symbols[symbol]))
        return [s for s in self.symbols if s in words]

    def depth(self, symbol: str) -> int:
        """How many layers of symbols lie below a symbol."""
        below = set(_WORD.findall(self.symbols[symbol])) & set(self.symbols)
        return 1 + max((self.depth(s) for s in below), default=-1)

    def features(self, family: Family) -> list[Feature]:
        """The members of a family."""
        return [
            Feature(
                f"{family.group}__{family.quantity}__{band}__{family.unit}",
                family.group,
                family.quantity,
                band,
                UNITS[family.unit],
                formula,
                family.reason,
                family.null,
                family.role,
                family.range,
                self.inputs(formula),
            )
            for band, formula in family.members.items()
        ]


def placed(formula: str, where: Mapping[str, str]) -> str:
    """A formula with each word that has a place replaced by it; text in quotes stays."""
    return _WORD.sub(lambda word: where.get(word[0], word[0]), formula)


class _Frozen:
    """A dictionary as a key of a cache: by identity."""

    def __init__(self, of: Dictionary) -> None:
        self.of = of

    def __hash__(self) -> int:
        return hash((id(self.of.raw), id(self.of.symbols)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Frozen) and self.of is other.of


@functools.cache
def _raw_names(formula: str, known: _Frozen) -> frozenset[str]:
    found: set[str] = set()
    for word in set(_WORD.findall(formula)):
        if word in known.of.symbols:
            found |= _raw_names(known.of.symbols[word], known)
        elif word in known.of.raw:
            found.add(word)
    return frozenset(found)


def hypot(*terms: str) -> str:
    """The root of a sum of squares, in SQL."""
    return "sqrt(" + " + ".join(f"({t}) * ({t})" for t in terms) + ")"


def entropy(parts: Sequence[str]) -> str:
    """Entropy in nat of the shares of a whole, in SQL: ln of the whole less the mean of the parts' ln."""
    whole = " + ".join(parts)
    return f"ln({whole}) - (" + " + ".join(f"{p} * ln({p})" for p in parts) + f") / ({whole})"
