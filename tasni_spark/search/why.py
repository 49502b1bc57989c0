"""Why a source was kept or rejected: every cut with its value, its threshold and its verdict."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tasni_spark.core.work import Inputs
from tasni_spark.search import search, vetoes
from tasni_spark.search.cuts import CutSet
from tasni_spark.search.search import SearchConfig


@dataclass(frozen=True)
class Line:
    """One cut of one source."""

    cut: str
    value: str
    threshold: str
    verdict: str
    doc: str


def explain(inputs: Inputs, cfg: SearchConfig, row: DataFrame) -> dict[str, tuple[dict[str, Any], list[Line]]]:
    """For each cut set what every cut says of a source, given by its row (`search.find`).

    Returns
    -------
    dict
        Cut set to (identifier, tile and summary of the source; lines in the order of the cuts).
    """
    place = row.select("id", "tile").first()
    assert place is not None
    row = row.withColumns(search.galactic_columns(inputs, cfg.left))
    chosen = search.sets(cfg)
    judged = search.with_values(row, inputs, cfg, chosen, [place["tile"]])
    made_up = bool(inputs.lake.facts(inputs.lake.ref(cfg.left)).get("is_synthetic"))
    records = judged.select(*[F.struct(*_columns(s)).alias(s.name) for s in chosen]).first()
    assert records is not None
    found = {}
    for s in chosen:
        record = records[s.name].asDict()
        lines = [_line(record, s, k) for k in range(len(s.cuts))]
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
