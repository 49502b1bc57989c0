"""A declared table as Markdown: one section of the data dictionary.

Why: units, UCDs and meanings stand in the declarations only; the page that people read is drawn from them and a test
finds it stale.
"""

from __future__ import annotations

from collections.abc import Iterable

from tasni_spark.core.spec import Col, Table

HEADER = ("column", "type", "unit", "UCD", "range", "null", "meaning")


def section(table: Table, note: str = "") -> str:
    """One table: what it is, how it is keyed and laid out, its columns.

    Parameters
    ----------
    table
        The declaration.
    note
        A further sentence, such as what to cite.

    Examples
    --------
    >>> t = Table("moons", "Moons", (Col("id", "bigint", "Identifier", nullable=False),), key=("id",))
    >>> print(section(t))
    ### `moons`
    <BLANKLINE>
    Moons.
    <BLANKLINE>
    Version 1; key `id`.
    <BLANKLINE>
    | column | type | unit | UCD | range | null | meaning |
    |---|---|---|---|---|---|---|
    | `id` | bigint |  |  |  | no | Identifier |
    """
    layout = [f"{word} {_code(names)}" for word, names in _layout(table) if names]
    facts = "; ".join([f"Version {table.version}", *([f"release {table.release}"] if table.release else []), *layout])
    lines = [f"### `{table.name}`", "", _sentence(table.doc), *([_sentence(note)] if note else []), "", f"{facts}.", ""]
    return "\n".join([*lines, row(HEADER), "|" + "---|" * len(HEADER), *map(_column, table.columns)])


def row(cells: Iterable[str]) -> str:
    """One row of a Markdown table."""
    return "| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |"


def _layout(table: Table) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return (
        ("key", table.key),
        ("partitioned by", table.partition),
        ("sorted by", table.sort),
        ("replaced by", table.replace_by),
    )


def _column(c: Col) -> str:
    limits = f"{c.range[0]:g} .. {c.range[1]:g}" if c.range else ""
    null = "yes" if c.nullable else "no"
    return row((f"`{c.name}`", c.type.replace("<", "&lt;"), c.measure, c.ucd, limits, null, c.doc.replace("<", "&lt;")))


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{n}`" for n in names)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
