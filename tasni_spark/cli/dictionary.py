"""`make dictionary`: write `sql/DICTIONARY.md` from the declarations of all tables and surveys."""

from __future__ import annotations

import sys
from pathlib import Path

from tasni_spark.core import places
from tasni_spark.ingest.survey import Survey, load
from tasni_spark.tables import RECORDS, TABLES
from tasni_spark.tables.dictionary import section
from tasni_spark.tables.survey import positions

FILE = places.ROOT / "sql" / "DICTIONARY.md"
INTRODUCTION = """# Data dictionary

Written by `make dictionary` from `tasni_spark/tables` and `conf/surveys`: do not edit.

- A null means *not measured*. Units are written as astropy writes them; UCDs are of the UCD 1+ vocabulary.
- `tile` is a HEALPix pixel of the lake's tiling as a UNIQ number, 4^(order + 1) + pixel; `hpx29` is the pixel of
  order 29. Both are NESTED.
- *Replaced by* names the columns that say which rows one unit of work replaces.
- A survey table that has no more rows than about five full tiles is not partitioned."""
PARTS = (
    ("Tables that jobs write", "`tasni map` shows which job writes which."),
    ("Records", "Views of the small files under `_ops` in the lake; `tasni sql` names them."),
    (
        "Positions",
        "Every survey of sources has this table beside its published columns; a survey of detections has none.",
    ),
    (
        "Surveys",
        "Published columns under their published names, after `id`, `tile` and `hpx29`. "
        "A definition of your own adds a table here.",
    ),
)


def surveys() -> list[Survey]:
    """The definitions in `conf/surveys`, by name."""
    return [load(path.stem) for path in sorted((places.ROOT / "conf" / "surveys").glob("*.toml"))]


def text() -> str:
    """The whole dictionary."""
    contents = (
        [section(t) for t in TABLES.values()],
        [section(t) for t in RECORDS.values()],
        [section(positions("{survey}"))],
        [section(s.tables(tiled=True)[0], _about(s)) for s in surveys()],
    )
    parts = ["\n\n".join([f"## {title}", intro, *found]) for (title, intro), found in zip(PARTS, contents, strict=True)]
    return "\n\n".join([INTRODUCTION, *parts]) + "\n"


def main(file: Path = FILE) -> int:
    """Write it."""
    file.write_text(text())
    print(f"{file.name}: {len(TABLES) + len(RECORDS) + 1 + len(surveys())} tables")
    return 0


def _about(s: Survey) -> str:
    own = ", ".join(f"`{k}`" for k in s.key) + ("" if s.has_integer_key else ", hashed")
    designation = f"; names in `{s.designation}`" if s.designation else ""
    epoch = f"epoch {s.epoch.year:.8g}" if s.epoch.year else f"epoch in `{s.epoch.column}` ({s.epoch.unit})"
    cited = f" Cite: {s.citation}" if s.citation else ""
    return f"Kind: {s.kind}; `id` from {own}{designation}; {epoch}; matched at {s.match_radius_arcsec:g} arcsec.{cited}"


if __name__ == "__main__":
    sys.exit(main())
