"""Why a source was kept or rejected: every cut with its value, its threshold and its verdict."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tasni_spark.core.errors import DataError
from tasni_spark.core.work import Inputs
from tasni_spark.search import search, vetoes
from tasni_spark.search.cuts import CutSet
from tasni_spark.search.search import SearchConfig
from tasni_spark.sky import cover
from tasni_spark.sky.sphere import separation_arcsec

FAR_ARCSEC = 10.0
"""A position names the source within so many arcsec of it."""


@dataclass(frozen=True)
class Line:
    """One cut of one source."""

    cut: str
    value: str
    threshold: str
    verdict: str
    doc: str


def find(inputs: Inputs, survey: str, name: str) -> DataFrame:
    """The row of a source.

    Parameters
    ----------
    name
        Its designation, its identifier, or `ra,dec` in deg, which means the nearest within FAR_ARCSEC.

    Raises
    ------
    DataError
        If there is none.
    """
    rows = inputs.read(survey)
    position = re.fullmatch(r"\s*([0-9.]+)\s*,\s*([-+]?[0-9.]+)\s*", name)
    if position:
        ra, dec = (float(v) for v in position.groups())
        ra_column, dec_column = search.position_columns(inputs, survey)
        away = separation_arcsec(F.col(ra_column), F.col(dec_column), F.lit(ra), F.lit(dec))
        near = rows.where(cover.within(F.col("hpx29"), cover.cone(ra, dec, FAR_ARCSEC / 3600, depth=16)))
        found = (
            near.withColumn("_away", away).where(F.col("_away") <= FAR_ARCSEC).orderBy("_away").drop("_away").limit(1)
        )
    elif re.fullmatch(r"-?\d+", name):
        found = rows.where(F.col("id") == int(name))
    else:
        column = inputs.lake.facts(inputs.lake.ref(survey)).get("designation", "")
        if not column:
            raise DataError(f"survey {survey}: it has no names: give an identifier or ra,dec in deg")
        found = rows.where(F.col(column).isin([name, re.sub(r"^WISEA?\s*", "", name)]))
    if found.isEmpty():
        raise DataError(f"survey {survey}: no source '{name}': give its designation, its identifier or ra,dec in deg")
    return found.limit(1)


def holder(inputs: Inputs, surveys: Sequence[str], name: str) -> str:
    """The first of several surveys that holds a source.

    Raises
    ------
    DataError
        If none does: what was said of the first one asked.
    """
    faults = []
    for survey in [s for s in surveys if inputs.has(s)] or surveys[:1]:
        try:
            find(inputs, survey, name)
        except DataError as e:
            faults.append(e)
        else:
            return survey
    raise faults[0]


def explain(inputs: Inputs, cfg: SearchConfig, name: str) -> dict[str, tuple[dict[str, Any], list[Line]]]:
    """For each cut set what every cut says of a source.

    Returns
    -------
    dict
        Cut set to (identifier, tile and summary of the source; lines in the order of the cuts).
    """
    row = find(inputs, cfg.left, name)
    place = row.select("id", "tile", "hpx29").first()
    assert place is not None
    row = row.withColumns(search.galactic_columns(inputs, cfg.left))
    chosen = search.sets(cfg)
    judged = search.with_values(row, inputs, cfg, chosen, [place["tile"]])
    made_up = bool(inputs.lake.facts(inputs.lake.ref(cfg.left)).get("is_synthetic"))
    found = {}
    for s in chosen:
        record = judged.select(*_columns(s)).first()
        assert record is not None
        lines = [_line(record.asDict(), s, k) for k in range(len(s.cuts))]
        flags = [f.id for k, f in enumerate(s.flags) if record[f"flag_{k}"]]
        about = {"id": place["id"], "tile": place["tile"], "is_synthetic": made_up, "flags": flags}
        found[s.name] = (about, lines)
    return found


def _columns(s: CutSet) -> list[Any]:
    columns: list[Any] = [F.expr(f.condition).alias(f"flag_{k}") for k, f in enumerate(s.flags)]
    for k, cut in enumerate(s.cuts):
        columns.append(F.expr(cut.sql).alias(f"keep_{k}"))
        if cut.veto:
            columns.append(vetoes.state(cut.veto, cut.radius_arcsec, cut.max_p_chance).alias(f"value_{k}"))
            columns += [F.col(f"{c}_{cut.veto}").alias(f"{c}_{k}") for c in ("sep", "p")]
        else:
            columns.append(F.expr(f"cast({cut.value} as string)").alias(f"value_{k}"))
    return columns


def _line(record: dict[str, Any], s: CutSet, k: int) -> Line:
    cut, keep = s.cuts[k], record[f"keep_{k}"]
    value = record[f"value_{k}"]
    if cut.veto:
        value = f"{cut.veto}: {value}"
        if record[f"sep_{k}"] is not None:
            value += f", nearest at {record[f'sep_{k}']:.2f} arcsec"
            value += "" if record[f"p_{k}"] is None else f" (by chance: {record[f'p_{k}']:.2g})"
    verdict = "unknown" if keep is None else "pass" if keep else "FAIL"
    return Line(cut.id, _short(value), cut.threshold, verdict, cut.doc)


def _short(value: str | None) -> str:
    if value is None:
        return "no value"
    return f"{float(value):.6g}" if re.fullmatch(r"-?\d+\.\d{6,}(E-?\d+)?", value) else value
