"""`tasni release`: name a set of table versions, and see that it is still whole."""

from __future__ import annotations

from tasni_spark.cli.lake import add_lake, open_lake
from tasni_spark.cli.main import parser
from tasni_spark.core import pins
from tasni_spark.core.arguments import Parser
from tasni_spark.core.errors import QualityError


def main(argv: list[str]) -> int:
    """Pin, verify or list."""
    p = parser("release", "tasni release pin paper-1 --tables candidates allwise\ntasni release verify paper-1")
    actions = p.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    pinning = actions.add_parser("pin", help="name the present versions of tables; upkeep spares them from then on")
    pinning.add_argument("--tables", nargs="+", default=[], metavar="TABLE", help="default: all")
    verifying = actions.add_parser("verify", help="see that each version is as it was; exit code 4 if not")
    for action in (pinning, verifying):
        action.add_argument("name", metavar="NAME", help="the name of the set")
    for action in (pinning, verifying, actions.add_parser("list", help="names, tables and versions")):
        add_lake(action)
    args = p.parse_args(argv)
    lake = open_lake(args)
    if args.action == "pin":
        for table, told in pins.pin(lake, args.name, args.tables).items():
            print(f"{table}: version {told['version']}, {told['rows']:,} rows")
    elif args.action == "list":
        for name in pins.names(lake):
            print(f"{name}: " + ", ".join(f"{t} v{v}" for t, v in pins.versions(lake, name).items()))
    elif found := pins.faults(lake, args.name):
        for table, fault in found.items():
            print(f"{table}: {fault}")
        return QualityError.exit_code
    else:
        print(f"{args.name}: {len(pins.versions(lake, args.name))} tables as they were pinned")
    return 0
