"""`tasni sql`: Spark SQL over a lake, with its tables, views and the sky's functions."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from rich.table import Table as Grid

from tasni_spark.cli.lake import add_lake, open_lake
from tasni_spark.cli.main import console, parser
from tasni_spark.core import places, questions, thrift
from tasni_spark.core.errors import ConfigError
from tasni_spark.explore import name_all


def main(argv: list[str]) -> int:
    """Answer one statement, or a conversation."""
    p = parser(
        "sql",
        'tasni sql -q "SELECT * FROM v_cutflow ORDER BY step"\n'
        'tasni sql -q "SELECT hpx29(80.894, -69.756)" --format csv\n'
        "tasni sql --file candidates_near --arg ra=80.9 --arg dec=-69.8 --arg radius_deg=5\n"
        "tasni sql --serve 10000",
    )
    add_lake(p)
    p.add_argument("-q", "--query", default="", metavar="SQL", help="one statement")
    p.add_argument("--file", default="", metavar="NAME", help="one of sql/examples, or a .sql file")
    p.add_argument("--arg", action="append", default=[], metavar="NAME=VALUE", help="a parameter of the statement")
    p.add_argument("--format", choices=("table", "csv", "json"), default="table", help="default: table")
    p.add_argument("--limit", type=int, default=1000, metavar="N", help="rows to print (default: 1000)")
    p.add_argument("--serve", type=int, default=0, metavar="PORT", help="answer JDBC clients on 127.0.0.1 until Ctrl-C")
    args = p.parse_args(argv)
    statement = places.find("sql/examples", args.file, ".sql").read_text() if args.file else args.query
    parameters = dict(_parameter(a) for a in args.arg)
    lake = open_lake(args, **(thrift.properties(args.serve) if args.serve else {}))
    name_all(lake)
    questions.seal(lake.spark)
    if args.serve:
        return thrift.serve(lake.spark, args.serve)
    for text in [statement] if statement else _conversation():
        try:
            answer = questions.asked(lake.spark, text, parameters)
            if told := questions.warning(answer):
                print(f"warning: {told}", file=sys.stderr)
            show(answer, args.format, args.limit)
        except (PySparkException, ConfigError) as e:
            if statement:
                raise ConfigError(_plain(e)) from e
            print(f"error: {_plain(e)}", file=sys.stderr)
    return 0


def show(answer: DataFrame, form: str, limit: int) -> None:
    """Print rows as a table, CSV or JSON lines; 64-bit identifiers stay whole."""
    rows = answer.limit(limit + 1).collect()
    cut, rows = len(rows) > limit, rows[:limit]
    if form == "json":
        for row in rows:
            print(json.dumps(row.asDict(recursive=True), default=str))
    elif form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(answer.columns)
        writer.writerows(["" if v is None else v for v in row] for row in rows)
    else:
        grid = Grid(*answer.columns, box=None, pad_edge=False)
        for row in rows:
            grid.add_row(*[_cell(v) for v in row])
        console().print(grid, markup=False, highlight=False)
    if cut:
        print(f"first {limit} rows; more with --limit", file=sys.stderr)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.8g}" if isinstance(value, float) else str(value)


def _parameter(text: str) -> tuple[str, object]:
    name, sep, value = text.partition("=")
    if not sep:
        raise ConfigError(f"--arg {text}: expected NAME=VALUE")
    try:
        return name, float(value) if "." in value or "e" in value.lower() else int(value)
    except ValueError:
        return name, value


def _conversation() -> Iterator[str]:
    """Statements typed by a user, each ended by a semicolon."""
    print("Spark SQL over the lake; a statement ends with ';', 'exit' or Ctrl-D leaves.", file=sys.stderr)
    lines: list[str] = []
    while True:
        try:
            line = input("tasni> " if not lines else "     > ")
        except EOFError:
            return
        if not lines and line.strip() in ("exit", "quit"):
            return
        lines.append(line)
        if line.rstrip().endswith(";"):
            yield "\n".join(lines)
            lines = []


def _plain(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
