"""Photometry and flags of a source, told by the units and UCDs of its columns: no survey is named here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tasni_spark.core.spec import Col
from tasni_spark.photometry.magnitudes import BANDS
from tasni_spark.photometry.thermal import thermal
from tasni_spark.tables.thermal import FLAGS

PHOTOMETRY = ("phot.mag", "phot.flux.density")
QUALITY = ("meta.code", "instr.saturation")


@dataclass(frozen=True)
class Measure:
    """One magnitude or flux density of one survey; `error` is None where the survey tells none or it is a limit."""

    survey: str
    column: str
    value: float
    error: float | None
    unit: str
    is_limit: bool


def measures(survey: str, columns: Sequence[Col], row: Mapping[str, Any]) -> list[Measure]:
    """Magnitudes and flux densities of a row.

    Parameters
    ----------
    survey
        Name of the survey.
    columns
        Columns of its table.
    row
        Values.

    Notes
    -----
    The error of a column is the next one whose UCD is `stat.error;` and its own. A value whose error is null is a
    limit, as catalogues have it (`w1sigmpro`, `j_msigcom`); one that has no column of errors is not.
    """
    ucds = {c.name: c.ucd for c in columns}
    names, found = list(ucds), []
    for k, name in enumerate(names):
        value = row.get(name)
        if ucds[name].split(";")[0] not in PHOTOMETRY or value is None:
            continue
        later = names[k + 1 :]
        until = next((i for i, n in enumerate(later) if ucds[n] == ucds[name]), len(later))
        sigma = next((n for n in later[:until] if ucds[n] == f"stat.error;{ucds[name]}"), "")
        error = row.get(sigma) if sigma else None
        found.append(Measure(survey, name, float(value), error, columns[k].unit, bool(sigma) and error is None))
    return found


def flags(columns: Sequence[Col], row: Mapping[str, Any]) -> dict[str, tuple[Any, str]]:
    """Flags of a row: column to value and meaning."""
    return {
        c.name: (row[c.name], c.doc)
        for c in columns
        if c.ucd.split(";")[0].startswith(QUALITY) and row.get(c.name) is not None
    }


def warm(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the `thermal` job would say of a row of `w?mpro` and `w?sigmpro`; None of one that lacks them."""
    mags = [_number(row.get(f"{b.name}mpro")) for b in BANDS]
    errors = [_number(row.get(f"{b.name}sigmpro")) for b in BANDS]
    if np.isnan(mags).all():
        return None
    found = thermal([np.array([m]) for m in mags], [np.array([e]) for e in errors])
    values = {name: value[0].item() for name, value in found.items()}
    return {n: None if isinstance(v, float) and np.isnan(v) else v for n, v in values.items()}


def thermal_flags(bits: int) -> list[str]:
    """Names of the flags that are set."""
    return [name for name, (bit, _) in FLAGS.items() if bits & bit]


def _number(value: Any) -> float:
    return np.nan if value is None else float(value)
