"""The files under `sql`, and what their headers say."""

from __future__ import annotations

import re
from pathlib import Path

SQL = Path(__file__).resolve().parents[2] / "sql"
TIER5 = [  # as published by the first edition
    ("J164848.01-450146.9", 12.096, 8.283, 4.496, 31.925991),
    ("J143046.35-025927.8", 13.997, 10.629, 6.104, 25.687315),
    ("J060501.01-545944.5", 15.177, 13.174, 9.251, 11.927247),
]


def text(kind: str, name: str) -> str:
    return (SQL / kind / f"{name}.sql").read_text()


def header(statement: str) -> dict[str, str]:
    lines = [line.removeprefix("-- ") for line in statement.splitlines() if line.startswith("--")]
    return dict(line.split(": ", 1) for line in lines)


def body(statement: str) -> str:
    return re.sub(r"^--.*\n", "", statement, flags=re.MULTILINE)


def names(field: str) -> list[str]:
    return [] if field == "none" else field.split(", ")
