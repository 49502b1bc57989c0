"""`tasni deploy render`: what a platform needs to run the jobs, generated from the map and the locks."""

from __future__ import annotations

from pathlib import Path

from tasni_spark.cli.main import parser
from tasni_spark.core.arguments import Parser
from tasni_spark.deploy import databricks, emr_serverless
from tasni_spark.deploy.drawing import platform

TARGETS = {"databricks": databricks.files, "emr-serverless": emr_serverless.files}


def main(argv: list[str]) -> int:
    """Write the files of a platform."""
    p = parser("deploy", "tasni deploy render --target databricks --out bundle\ntasni deploy render --help")
    actions = p.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    render = actions.add_parser("render", help="write an Asset Bundle, or the requests of EMR Serverless")
    render.add_argument("--target", choices=TARGETS, required=True, help=" | ".join(TARGETS))
    render.add_argument("--out", required=True, metavar="DIR", help="folder to write to")
    render.add_argument("--platform", default="", metavar="NAME", help="in conf/airflow, or a TOML file of your own")
    args = p.parse_args(argv)
    found = TARGETS[args.target](platform(args.platform or args.target.replace("-", "_")))
    for name, text in found.items():
        file = Path(args.out) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        if name.endswith(".sh"):
            file.chmod(0o755)
    print(f"{args.out}: {len(found)} files for {args.target}")
    return 0
