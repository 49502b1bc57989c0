"""Rules of classes that need more than the statistics: what has been seen of a period."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from tasni_spark.variability.classes import ClassesConfig, variability_classes

pytestmark = pytest.mark.spark
PLACE = {"survey": "neowise", "left_survey": "allwise", "tile": 4, "hpx29": 7}
QUIET = {"n_exposures": 200, "rchi2": 1.5, "stetson_j": 0.0, "skew": 0.0}


def test_a_period_has_been_seen_twice(spark: Any) -> None:
    periods = {1: 500.0, 2: 1800.0, 3: 1900.0, 4: 36_524.0}
    found = [{"period_d": p, "span_d": 3652.0, "log10_false_alarm": -20.0} for p in periods.values()]
    rows = {
        "variability": [{**PLACE, "id": k, "band": b, **QUIET} for k in periods for b in ("w1", "w2")],
        "trends": [{**PLACE, "id": k, "is_claim": k == 1, "sign": 1} for k in periods],
        "periods": [{**PLACE, "id": k, **f} for k, f in zip(periods, found, strict=True)],
    }
    tables = {name: spark.createDataFrame(r) for name, r in rows.items()}
    tables["periods"] = tables["periods"].selectExpr("*", "array() cadence")
    inputs = SimpleNamespace(read=tables.__getitem__, has=lambda _: False)
    (classes,) = variability_classes(cast("Any", inputs), cast("Any", None), ClassesConfig()).values()
    told = {r["id"]: (r["class"], r["period_d"]) for r in cast("Any", classes).collect()}
    assert told == {1: ("fading", None), 2: ("periodic", 1800.0), 3: ("unknown", None), 4: ("unknown", None)}
