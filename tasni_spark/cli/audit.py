"""`tasni audit FILE`: whether a model may be trained on a table, as a referee would put it."""

from __future__ import annotations

import json

from tasni_spark.cli.main import parser
from tasni_spark.core.errors import QualityError
from tasni_spark.models.audit.rules import AuditConfig
from tasni_spark.models.audit.verdict import told
from tasni_spark.models.refereed import of_file


def main(argv: list[str]) -> int:
    """Audit a file; exit code 4 where it is refused."""
    p = parser(
        "audit", "tasni audit training.parquet --label is_dwarf\ntasni audit t.parquet --label class --positive Y"
    )
    p.add_argument("file", help="Parquet file: one row a source, numbers in columns, ra and dec where it has them")
    p.add_argument("--label", required=True, help="column of the label; null where a row has none")
    p.add_argument("--positive", default="", help="value that is sought (default: true or 1, else the rarer of two)")
    p.add_argument("--id", default="", help="column of the object, where an object may have several rows")
    p.add_argument("--sky-null", action="append", default=[], metavar="COLUMN", help="repeatable: its nulls are limits")
    p.add_argument("--json", action="store_true", help="as JSON")
    args = p.parse_args(argv)
    verdict = of_file(args.file, args.label, args.positive, args.id, tuple(args.sky_null), AuditConfig())
    if args.json:
        found = {"grounds": verdict.grounds, "facts": dict(verdict.facts)}
        print(json.dumps(found | {"columns": [f._asdict() for f in verdict.findings]}, indent=1))
    else:
        print(told(verdict, args.file))
    return 0 if verdict.is_accepted else QualityError.exit_code
