"""Functions of Spark 4 under `sql` say what those of the session say: their bodies are put in place for Spark 3.5."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import functions as F

from tasni_spark.sky.functions import FUNCTIONS
from tests.sql.files import SQL

CALLS = {  # function to its arguments and the fields of its answer; columns are those of `places`
    "hpx29": ("ra, dec", ""),
    "hpx_parent": ("some_pixel, 7", ""),
    "unit_vector": ("ra, dec", "x y z"),
    "separation_arcsec": ("ra, dec, ra2, dec2", ""),
    "position_angle": ("ra, dec, ra2, dec2", ""),
    "galactic": ("ra, dec", "l b"),
    "ecliptic": ("ra, dec", "lon lat"),
    "propagate": ("ra, dec, pmra, pmdec, plx, yr", "ra dec parallax is_propagated"),
    "parallax_offset": ("ra, dec, plx, yr + 2000D", "east north"),
    "julian_year": ("yr * 1000D + 2451545D", ""),
}


def arguments(code: str, start: int) -> tuple[list[str], int]:
    """The arguments of the call whose bracket opens at `start`, and where it ends."""
    depth, found = 0, [""]
    for at in range(start, len(code)):
        depth += (code[at] == "(") - (code[at] == ")")
        if depth == 0:
            return [a.strip() for a in found], at + 1
        if code[at] == "," and depth == 1:
            found.append("")
        elif depth > 1 or code[at] != "(":
            found[-1] += code[at]
    raise AssertionError(f"brackets in {code}")


def inlined(code: str, functions: dict[str, tuple[list[str], str]]) -> str:
    """Replace calls of SQL functions by their bodies: what Spark 4 does, for Spark 3.5."""
    call = re.search(rf"\b({'|'.join(functions)})\(", code)
    if not call:
        return code
    given, end = arguments(code, call.end() - 1)
    parameters, expression = functions[call[1]]
    values = dict(zip(parameters, (f"({inlined(a, functions)})" for a in given), strict=True))
    word = rf"(?<![\w.'])({'|'.join(values)})(?![\w'(])"
    whole = inlined(expression, functions)
    return code[: call.start()] + f"({re.sub(word, lambda m: values[m[1]], whole)})" + inlined(code[end:], functions)


def definitions() -> dict[str, tuple[list[str], str]]:
    """Parameters and body of each SQL function."""
    form = re.compile(r"FUNCTION (\w+)\((.*?)\)\s+RETURNS .*?^RETURN (.*)", re.DOTALL | re.MULTILINE)
    found = {}
    for path in (SQL / "functions").glob("*.sql"):
        defined = form.search(path.read_text())
        assert defined is not None, path
        assert defined[1] == path.stem
        found[path.stem] = ([p.split()[0] for p in defined[2].split(",")], defined[3])
    return found


def test_inlining() -> None:
    functions = {"double": (["x"], "x + x"), "both": (["x", "y"], "named_struct('x', double(y), 'y', x)")}
    assert inlined("both(a, f(1, 2)).x", functions) == ("(named_struct('x', (((f(1, 2))) + ((f(1, 2)))), 'y', (a))).x")


@pytest.fixture(scope="module")
def places(named: Any) -> Any:
    """Directions everywhere, at poles, seam and face edges; neighbours near and far; motions, some unknown."""
    rng = np.random.default_rng(4)
    n = 4000
    ra, dec = rng.uniform(0, 360, n), np.degrees(np.arcsin(rng.uniform(-1, 1, n)))
    edges = [
        (a, d) for a in (0, 22.5, 45, 90, 180, 270, 360, -0.0001, 359.9999999) for d in (-90, -41.81, 0, 41.81, 90)
    ]
    ra[: len(edges)], dec[: len(edges)] = np.array(edges).T
    dec[500:1000] = 90 - 10 ** rng.uniform(-8, 1, 500)
    step = 10 ** rng.uniform(-6, 1.5, (2, n)) * rng.choice([-1, 1], (2, n))
    rows = pd.DataFrame(
        {
            "n": np.arange(n),
            "ra": ra,
            "dec": dec,
            "ra2": ra + step[0],
            "dec2": np.clip(dec + step[1], -90, 90),
            "pmra": rng.normal(0, 1000, n),
            "pmdec": rng.normal(0, 1000, n),
            "plx": rng.uniform(0, 500, n),
            "yr": rng.uniform(-30, 30, n),
            "some_pixel": rng.integers(0, 12 << 58, n),
        }
    )
    return named.createDataFrame(rows).withColumn("pmra", F.when(F.col("n") % 10 != 0, F.col("pmra")))


@pytest.mark.spark
@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_function_in_sql_is_that_of_the_session(name: str, named: Any, places: Any) -> None:
    given, fields = CALLS[name]
    parts = [f".{f}" for f in fields.split()] or [""]
    kind = "BIGINT" if name.startswith("hpx") else "DOUBLE"

    def answers(call: str) -> pd.DataFrame:
        columns = [f"cast({call}{p} AS {kind}) AS c{k}" for k, p in enumerate(parts)]
        return places.selectExpr("n", *columns).toPandas().sort_values("n", ignore_index=True).drop(columns="n")

    truth = answers(f"{name}({given})")
    ansi = named.conf.get("spark.sql.ansi.enabled")
    named.conf.set("spark.sql.ansi.enabled", "true")  # as in Spark 4: an overflow is an error
    try:
        found = answers(f"({inlined(f'{name}({given})', definitions())})")
    finally:
        named.conf.set("spark.sql.ansi.enabled", ansi)
    assert len(found) == 4000
    assert found.notna().all(axis=None)
    assert found["c0"].nunique() > 1000
    if kind == "BIGINT":
        assert (found == truth).all(axis=None)
        return
    gap = (found - truth).abs()
    if name == "position_angle":
        gap["c0"] = np.minimum(gap["c0"], 360 - gap["c0"])
    if name in ("galactic", "ecliptic", "propagate"):
        gap["c0"] = np.minimum(gap["c0"], 360 - gap["c0"]) * np.cos(np.radians(truth["c1"]))
    assert gap.max(axis=None) < 1e-8
