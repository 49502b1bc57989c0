"""Errors that a user can cause, each with the exit code that a scheduler acts on.

Why: a message names the table, file or key, what was expected, what was found, and what to do. Anything that is not
one of these is a bug and keeps its traceback.
"""

from __future__ import annotations

from difflib import get_close_matches


class TasniError(Exception):
    """Base of all errors a user can cause."""

    exit_code = 1


class ConfigError(TasniError):
    """A wrong option, key, value or file of configuration."""

    exit_code = 2


class ContractError(TasniError):
    """A table does not have the columns, kinds or values that its declaration promises."""

    exit_code = 3


class DataError(TasniError):
    """An input file or value cannot be used."""

    exit_code = 3


class QualityError(TasniError):
    """A data-quality gate failed."""

    exit_code = 4


class PartialError(TasniError):
    """Some groups are not done; the run can be resumed."""

    exit_code = 5


class HeldError(TasniError):
    """Another run is writing the table."""

    exit_code = 6


class DependencyError(TasniError):
    """Java, a jar or a package is missing or of a wrong version."""

    exit_code = 7


def nearest(word: str, known: list[str]) -> str:
    """A ' (did you mean ...?)' hint, or an empty string where nothing known is close."""
    hits = get_close_matches(word, known, n=1)
    return f" (did you mean '{hits[0]}'?)" if hits else ""
