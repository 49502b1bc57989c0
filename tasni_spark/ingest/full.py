"""Every published column, in a table of its own beside the few that a definition names.

Why: above 100 columns Spark switches off code generation and vectorised reads (13 thousand rows per CPU-second against
85 thousand), so what every search reads stays narrow, and `<survey>_full` is made only when it is asked for. Names,
kinds, widths and values are those of the files: null values and units are not touched. An ingest that does not ask
for it leaves an earlier one as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tasni_spark.core.spec import Col, Table, kind
from tasni_spark.ingest.formats import SPARK_TYPES, RawFile
from tasni_spark.ingest.survey import OURS, Survey
from tasni_spark.tables.survey import published

WIDTHS = ("tinyint", "smallint", "int", "bigint", "float", "double")
"""Numbers, the narrower first within a kind."""

Columns = list[tuple[str, str]]
"""(name, type) of the published columns in file order, those of the path last."""


def columns(files: Sequence[RawFile]) -> tuple[Columns, list[str]]:
    """What the files hold together, each column as wide as its widest file has it, and why that cannot be stored.

    Notes
    -----
    Case does not tell columns apart; the first file spells them. Text formats have strings only.
    """
    found: dict[str, tuple[str, str]] = {}
    faults: dict[str, None] = {}
    for file in files:
        here = [*file.columns, *((n, _in_path(file.path, n)) for n in file.in_path)]
        twice = {n.lower() for i, (n, _) in enumerate(here) if n.lower() in {m.lower() for m, _ in here[:i]}}
        faults |= dict.fromkeys(f"column {n} is there twice, in other case" for n in sorted(twice))
        for name, type in here:
            before = found.setdefault(name.lower(), (name, type))
            if kind(before[1]) != kind(type):
                faults[f"column {name} is {before[1]} in one file and {type} in another"] = None
            elif type in WIDTHS and WIDTHS.index(type) > WIDTHS.index(before[1]):
                found[name.lower()] = (before[0], type)
    for name, type in found.values():
        if name.lower() in OURS:
            faults[f"column {name} has the name of one of ours"] = None
        if type not in SPARK_TYPES:
            faults[f"column {name} is {type}: numbers, strings and booleans can be stored"] = None
        if re.search(r"[ ,;{}()\n\t=.`]", name):
            faults[f"column '{name}' has a character that Delta tables cannot have in names"] = None
    return list(found.values()), [f"all_columns: {fault}" for fault in faults]


def _in_path(path: str, name: str) -> str:
    value = re.search(rf"/{name}=([^/]+)/", path)
    return "int" if value and value[1].isdecimal() else "string"


def table(survey: Survey, held: Sequence[Sequence[str]], *, tiled: bool) -> Table:
    """The declaration of `<survey>_full`.

    Parameters
    ----------
    held
        (name, type) of the published columns.
    """
    named = {n.lower(): c for name, c in survey.columns.items() for n in (name, *c.names)}
    cols = tuple(Col(n, t, named[n.lower()].doc if n.lower() in named else "As published") for n, t in held)
    return published(f"{survey.name}_full", survey.release, f"{survey.title}, every column", cols, tiled=tiled)
