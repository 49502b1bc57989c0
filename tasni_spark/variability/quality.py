"""What is wrong with an exposure, as bits: rules are data, and what cannot be judged is not a fault.

Why: an exposure that fails a rule is kept with its bit, so that another choice of rules needs no second pass over
200 billion detections. Which bits keep an exposure out of a statistic is the statistic's own setting.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tasni_spark.core.errors import nearest
from tasni_spark.tables.light_curves import BANDS, FLAGS, LIMIT
from tasni_spark.variability.compiled import floats

DEFAULT = {
    "frame": "qual_frame >= 5",
    "image": "qi_fact > 0",
    "saa": "saa_sep > 0",
    "moon": "moon_masked in 0",
    "artefact": "cc_flags in 0",
    "fit": "w#rchi2 <= 3",
    "moving": "sso_flg = 0",
    "saturated": "w#sat <= 0",
}
"""What good exposures meet: NEOWISE Explanatory Supplement II.3."""

_FORM = re.compile(r"^\s*([A-Za-z_]\w*#?\w*|w#\w+)\s*(>=|<=|>|<|=|in)\s*(\S+)\s*$")
_COMPARE = {">=": pc.greater_equal, "<=": pc.less_equal, ">": pc.greater, "<": pc.less, "=": pc.equal}


class Rule(NamedTuple):
    """A condition that good exposures meet: its flag, column (`w#` stands for the band), comparison and value."""

    flag: str
    column: str
    how: str
    value: str


def parse(rules: Mapping[str, str]) -> tuple[Rule, ...]:
    """Rules as configuration has them: flag to condition; an empty condition is none.

    Raises
    ------
    ValueError
        For an unknown flag or a condition that cannot be read.

    Examples
    --------
    >>> parse({"frame": "qual_frame >= 5", "fit": ""})
    (Rule(flag='frame', column='qual_frame', how='>=', value='5'),)
    """
    found = []
    for flag, text in rules.items():
        if flag not in FLAGS or flag == "limit":
            raise ValueError(f"quality.{flag}: no such flag{nearest(flag, list(FLAGS))}")
        if not text:
            continue
        form = _FORM.match(text)
        if form is None or (form[2] != "in" and not _is_number(form[3])):
            raise ValueError(
                f"quality.{flag} is '{text}', expected 'column >= number' (or >, <=, <, =), or 'column in LETTERS' for "
                "a column with one letter a band; w# in a name stands for the band"
            )
        found.append(Rule(flag, form[1], form[2], form[3]))
    return tuple(found)


def columns(rules: Collection[Rule]) -> dict[str, list[str]]:
    """Columns that each flag needs, one for all bands or one a band."""
    return {r.flag: list(dict.fromkeys(r.column.replace("w#", band) for band in BANDS)) for r in rules}


def flags(rows: pa.Table, rules: Collection[Rule], band: str) -> NDArray[np.int32]:
    """Bits of what is wrong with each exposure in a band; a column that is absent, or null, is no fault.

    Parameters
    ----------
    rows
        Exposures: the rules' columns, `<band>mpro` and `<band>sigmpro`.
    """
    mag, error = (floating(rows[f"{band}{name}"]) for name in ("mpro", "sigmpro"))
    with np.errstate(invalid="ignore"):
        measured = np.isfinite(mag) & (error > 0) & np.isfinite(error)
    found = np.where(measured, 0, LIMIT).astype(np.int32)
    for rule in rules:
        name = rule.column.replace("w#", band)
        if name not in rows.column_names:
            continue
        values = rows[name]
        if rule.how == "in":
            k = BANDS.index(band)
            good = pc.is_in(pc.utf8_slice_codeunits(values.cast(pa.string()), k, k + 1), pa.array([*rule.value, ""]))
        else:
            good = _COMPARE[rule.how](values.cast(pa.float64()), float(rule.value))
        bad = ~np.asarray(pc.fill_null(pc.or_kleene(good, pc.is_null(values)), True))
        found |= bad.astype(np.int32) * FLAGS[rule.flag][0]
    return found


def unjudged(rows: pa.Table, rules: Collection[Rule]) -> list[str]:
    """Flags that no exposure could be given, because their columns are absent or null."""
    here = {c for c in rows.column_names if rows[c].null_count < len(rows)}
    return [flag for flag, names in columns(rules).items() if not here & set(names)]


def mask(names: Collection[str]) -> int:
    """The bits of some flags.

    Raises
    ------
    ValueError
        For an unknown one.
    """
    for name in names:
        if name not in FLAGS:
            raise ValueError(f"flag '{name}' is unknown{nearest(name, list(FLAGS))}")
    return sum(FLAGS[name][0] for name in set(names))


def floating(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """A column as doubles; a null is NaN."""
    return floats(pc.fill_null(column.cast(pa.float64()), float("nan")))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
