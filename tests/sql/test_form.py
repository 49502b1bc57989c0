"""Every file under `sql` has the same form."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tasni_spark.sky.functions import FUNCTIONS
from tests.sql.files import SQL, body, header, names, text

FILES = sorted(SQL.glob("*/*.sql"))
FIELDS = ["Purpose", "Reads", "Parameters", "Usage"]


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_form(path: Path) -> None:
    statement = path.read_text()
    told, code = header(statement), body(statement)
    assert [line.split(":")[0] for line in statement.splitlines()[:4]] == [f"-- {f}" for f in FIELDS]
    assert all(told.values())
    assert ";" not in code
    assert "--" not in code
    assert len(re.findall(r"^(?:SELECT|CREATE)\b", code, re.MULTILINE)) == 1
    for name in names(told["Reads"]):
        assert re.search(rf"(?<!\w){re.escape(name)}\b", code), f"{name} is not read"
    markers = set(re.findall(r"(?<![\w:]):([a-z]\w*)", code))
    assert all(re.search(rf"\b{m}\b", told["Parameters"]) for m in markers)
    if path.parent.name != "functions":
        assert bool(markers) == (told["Parameters"] != "none")
    given = set(re.findall(r"--arg (\w+)=", told["Usage"]))
    assert given in (markers, set())


def test_every_function_but_the_lake_s_own_is_there() -> None:
    there = {p.stem for p in FILES if p.parent.name == "functions"}
    assert set(FUNCTIONS) <= there
    used = {p: names(header(text("functions", p))["Reads"]) for p in there}
    assert {f for reads in used.values() for f in reads} <= there
    made: set[str] = set()
    while made != there:
        next_ones = {p for p in there - made if set(used[p]) <= made}
        assert next_ones, f"functions that need each other: {sorted(there - made)}"
        made |= next_ones
