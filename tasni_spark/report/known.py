"""Known objects, one by one: what their four fluxes imply, and which cuts of each set they fail."""

from __future__ import annotations

from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tasni_spark.core.work import Inputs
from tasni_spark.photometry.dwarfs import NEAREST_Y_DWARF_PC

MOST = 200
HEAT = ("temperature_k", "temperature_error_k", "distance_if_dwarf_pc", "distance_if_dwarf_factor", "dwarf_log_ratio")


def with_heat(rows: DataFrame, inputs: Inputs, survey: str) -> DataFrame:
    """Rows of a survey with temperature, implied distance and likeness to a dwarf; null where it was not fitted."""
    if not inputs.has("thermal"):
        return rows.withColumns({n: F.lit(None).cast("double") for n in HEAT})
    heat = inputs.read("thermal").where(F.col("survey") == survey).select("id", "tile", *HEAT)
    return rows.join(heat, ["id", "tile"], "left")


def known(inputs: Inputs, survey: str) -> list[dict[str, Any]]:
    """The objects of a survey that was searched beside: photometry, temperature, distances, cuts failed and open.

    Returns
    -------
    list of dict
        At most MOST, nearest as a dwarf first; `cuts` holds for each cut set (cuts failed, cuts unknown).
    """
    if not inputs.has(survey):
        return []
    facts = inputs.lake.facts(inputs.lake.ref(survey))
    rows = with_heat(inputs.read(survey), inputs, survey).orderBy("distance_if_dwarf_pc", "id").limit(MOST)
    found = {r["id"]: r.asDict() | {"cuts": {}} for r in rows.collect()}
    mine = F.col("survey") == survey
    steps = inputs.read("cutflow").where(mine & (F.col("step") > 0)).select("cut_set", "step", "cut").distinct()
    names: dict[str, dict[int, str]] = {}
    for s in steps.collect():
        names.setdefault(s["cut_set"], {})[s["step"] - 1] = s["cut"]
    for v in inputs.read("verdicts").where(mine & F.col("id").isin(list(found))).orderBy("cut_set").collect():
        cuts = sorted(names[v["cut_set"]].items())
        found[v["id"]]["cuts"][v["cut_set"]] = tuple(
            [n for k, n in cuts if v[m] >> k & 1] for m in ("failed", "unknown")
        )
    for row in found.values():
        row["name"] = row[facts.get("designation") or "id"]
        row["is_nearer"] = (row["distance_if_dwarf_pc"] or NEAREST_Y_DWARF_PC) < NEAREST_Y_DWARF_PC
    return list(found.values())
