"""`tasni compare`: whether two lakes hold the same, table by table, whichever machine or cluster filled them."""

from __future__ import annotations

from tasni_spark.cli.lake import add_lake, open_lake
from tasni_spark.cli.main import parser
from tasni_spark.cli.runs import key, tell
from tasni_spark.core.compare import Comparison, compare
from tasni_spark.core.errors import DataError
from tasni_spark.core.lake import Lake


def main(argv: list[str]) -> int:
    """Compare the tables of two lakes as they are now."""
    p = parser("compare", "tasni compare lake-of-cluster\ntasni compare other --tables matches candidates")
    p.add_argument("other", metavar="LAKE", help="root path of the other lake")
    p.add_argument("--tables", nargs="+", default=[], metavar="TABLE", help="default: all of both")
    p.add_argument("--json", action="store_true", help="as JSON")
    add_lake(p)
    args = p.parse_args(argv)
    lake = open_lake(args)
    return tell(compared(lake, Lake(lake.spark, args.other), args.tables), (args.lake, args.other), args.json)


def compared(one: Lake, other: Lake, tables: list[str] | None = None) -> dict[str, Comparison]:
    """Each table of two lakes compared.

    Parameters
    ----------
    tables
        Names; none means all.

    Raises
    ------
    DataError
        If one of them lacks a table.
    """
    names = set(tables or {*one.names(), *other.names()})
    for lake in (one, other):
        if lacking := names - set(lake.names()):
            raise DataError(f"lake {lake.root}: no table {', '.join(sorted(lacking))}: compare others with --tables")
    found = {}
    for name in sorted(names):
        refs = one.ref(name), other.ref(name)
        found[name] = compare(one.read(refs[0]), other.read(refs[1]), key(refs[0]))
    return found
