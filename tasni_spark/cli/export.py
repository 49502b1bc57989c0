"""`tasni export TABLE`: a table in a format that astronomers' tools read, with units and UCDs."""

from __future__ import annotations

import uuid
from pathlib import Path

from pyspark.errors import AnalysisException, ParseException
from pyspark.sql import DataFrame

from tasni_spark.cli.lake import add_lake, open_lake
from tasni_spark.cli.main import console, parser
from tasni_spark.core import contract
from tasni_spark.core.errors import ConfigError, nearest
from tasni_spark.core.lake import Lake
from tasni_spark.explore import name_all
from tasni_spark.export import files, hats

FORMATS = (*files.ASTROPY, *files.STREAMED, "hats")


def main(argv: list[str]) -> int:
    """Write a table."""
    p = parser(
        "export",
        "tasni export candidates --format votable --out candidates.vot --where \"cut_set = 'tasni_2025'\"\n"
        "tasni export allwise --format fits --out bright.fits --columns ra,dec,w2mpro --where 'w2mpro < 8'\n"
        "tasni export gaia_dr3 --format hats --out gaia_hats",
    )
    add_lake(p)
    p.add_argument("table", help="a table of the lake")
    p.add_argument("--format", required=True, choices=FORMATS, help=", ".join(FORMATS))
    p.add_argument("--out", required=True, metavar="PATH", help="file to write; a new folder for hats")
    p.add_argument("--where", default="", metavar="SQL", help="rows to write (default: all)")
    p.add_argument("--columns", default="", metavar="A,B", help="columns to write (default: all)")
    args = p.parse_args(argv)
    _check_free(args.out)
    lake = open_lake(args)
    rows = chosen(lake, args.table, args.where, [c for c in args.columns.split(",") if c], args.format == "hats")
    n = write(lake, args.table, rows, args.format, args.out)
    console().print(f"{args.out}: {n:,} rows of {args.table}, {len(rows.columns)} columns", highlight=False)
    return 0


def _check_free(out: str) -> None:
    if "://" not in out and Path(out).exists():
        raise ConfigError(f"--out {out}: it is there already: give another path, or delete it")
    if "://" not in out and not Path(out).absolute().parent.is_dir():
        raise ConfigError(f"--out {out}: no folder {Path(out).absolute().parent}")


def chosen(lake: Lake, table: str, where: str, columns: list[str], is_placed: bool) -> DataFrame:
    """The rows and columns of a table that a command line asks for.

    Parameters
    ----------
    is_placed
        Whether the columns that place a row on the sky come along, whatever is asked.

    Raises
    ------
    ConfigError
        For a table or column that is not there, or a condition that is not SQL.
    """
    ref = lake.ref(table)
    if not lake.exists(ref):
        raise ConfigError(f"lake {lake.root}: no table {table}{nearest(table, lake.names())}")
    rows = lake.read(ref)
    if unknown := [c for c in columns if c not in rows.columns]:
        hint = nearest(unknown[0], rows.columns)
        raise ConfigError(f"--columns: table {table} has no column {', '.join(unknown)}{hint}")
    if where:
        name_all(lake)
        try:
            rows = rows.where(where)
        except (AnalysisException, ParseException) as e:
            raise ConfigError(f"--where {where}: {(str(e).splitlines() or [''])[0]}") from e
    if not columns:
        return rows
    placed = [*hats.NEEDED, *_direction(lake, table)] if is_placed else []
    return rows.select(*columns, *[c for c in placed if c in rows.columns and c not in columns])


def _direction(lake: Lake, table: str) -> tuple[str, str]:
    """Columns of right ascension and declination."""
    facts = lake.facts(lake.ref(table)) if not table.endswith("_positions") else {}
    return facts.get("ra", "ra"), facts.get("dec", "dec")


def write(lake: Lake, table: str, rows: DataFrame, form: str, out: str) -> int:
    """Write rows of a table, and tell how many they were."""
    columns = contract.declared(rows.schema)
    if form != "hats":
        return files.write(rows, columns, form, Path(out), lake.ops / "transient" / f"export-{uuid.uuid4().hex[:8]}")
    ra, dec = _direction(lake, table)
    kind = lake.facts(lake.ref(table)).get("kind", "sources")
    about = {"obs_collection": table, "dataproduct_type": "source" if kind == "detections" else "object"}
    return hats.write(rows, columns, out, about | {"hats_col_ra": ra, "hats_col_dec": dec})
