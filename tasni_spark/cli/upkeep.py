"""`tasni upkeep`: compact fragmented tiles, and delete files that nobody needs."""

from __future__ import annotations

from tasni_spark.cli.lake import add_lake, open_lake
from tasni_spark.cli.main import console, parser
from tasni_spark.core import lease
from tasni_spark.core.arguments import RunConfig
from tasni_spark.core.upkeep import KEEP_HOURS, compact, migrate, vacuum
from tasni_spark.tables import TABLES


def main(argv: list[str]) -> int:
    """Look after tables."""
    p = parser("upkeep", "tasni upkeep\ntasni upkeep matches candidates --keep-hours 24")
    add_lake(p)
    p.add_argument("tables", nargs="*", help="tables (default: all)")
    p.add_argument(
        "--keep-hours",
        type=float,
        default=KEEP_HOURS,
        metavar="H",
        help=f"keep files that a version of the last H hours needs (default: {KEEP_HOURS:g})",
    )
    p.add_argument("--migrate", action="store_true", help="first add the columns that newer declarations have")
    args = p.parse_args(argv)
    lake = open_lake(args)
    for name in args.tables or lake.names():
        ref = lake.ref(name)
        with lease.held(lake.ops / "leases", [str(ref)], "upkeep", RunConfig().lease_timeout_s):
            added = migrate(lake, TABLES[name]) if args.migrate and name in TABLES else []
            n, hours = compact(lake, ref), vacuum(lake, ref, args.keep_hours)
        if added:
            console().print(f"{ref}: columns added: {', '.join(added)}", highlight=False)
        console().print(f"{ref}: {n} files compacted, versions of the last {hours} h kept", highlight=False)
    return 0
