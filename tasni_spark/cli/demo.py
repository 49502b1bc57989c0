"""`tasni demo`: a mock sky, the whole search on it, and what came out, in one command."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from pathlib import Path

from tasni_spark.cli import mock, pipeline
from tasni_spark.cli.main import parser
from tasni_spark.cli.sql import show
from tasni_spark.core import places
from tasni_spark.core.arguments import Request
from tasni_spark.core.errors import DataError
from tasni_spark.core.files import Folder
from tasni_spark.core.session import session
from tasni_spark.demo.mock import SURVEYS, MockConfig, make
from tasni_spark.explore import open_lake
from tasni_spark.pipeline import STAGES

REAL = {
    "allwise_tier5": "wise/allwise_tier5.parquet",
    "neowise_tier5": "wise/neowise_epochs.parquet",
    "reference_dwarfs": "brown_dwarfs/known_T6_Y_dwarfs.csv",
}
"""Real catalogues that the demo can add, and where they lie in a folder of data."""
KNOWN = f"ingest.each.known_objects.input={places.ROOT / 'conf' / 'reference'}"
"""Where the real objects lie that are in every lake of the demo."""
WITHOUT_MODELS = "run.stages=[" + ", ".join(f"'{s}'" for s in STAGES if s != "models") + "]"
ANSWER = """SELECT cut_set, cut, n_in, n_pass, n_fail, n_unknown, n_fail_only, expected_lost
FROM v_cutflow WHERE cut_set = 'tasni_2025' AND survey = 'allwise' ORDER BY step"""
A_CANDIDATE = "SELECT id FROM candidates WHERE cut_set = 'tasni_2025' ORDER BY is_complete DESC, id LIMIT 1"
NEXT = """
The report is {report}: open it in a browser. Then try
  tasni why {source}
  tasni sql -q "SELECT class, count(*) FROM candidates JOIN mock_truth USING (id, tile) GROUP BY class"
  tasni status
  tasni map
"""


def main(argv: list[str]) -> int:
    """Make, search, tell."""
    p = parser("demo", "tasni demo\ntasni demo --rows 1000000 --seed 7\ntasni demo --real data\ntasni demo --models")
    mock.add_fields(p)
    p.add_argument("--real", default="", metavar="DIR", help="then search the 4,137 real sources of the first edition")
    p.add_argument(
        "--models", action="store_true", help="then train models, and rank all sources by them: minutes more"
    )
    p.add_argument("--resume", nargs="?", const="", metavar="RUN", help="go on with a search that was stopped")
    p.add_argument("--verbose", action="store_true", help="log more, keep tracebacks")
    args = p.parse_args(argv)
    cfg, started = mock.config(args), time.monotonic()
    real = {name: Path(args.real) / file for name, file in REAL.items()} if args.real else {}
    if missing := [str(file) for file in real.values() if not file.is_file()]:
        raise DataError(f"--real {args.real}: no file {', '.join(missing)}")
    if not _is_made(cfg):
        print(f"making a SYNTHETIC sky of {cfg.rows:,} AllWISE sources in {cfg.out}", file=sys.stderr)
        make(session("short"), cfg)
    stages = [] if args.models else [WITHOUT_MODELS]
    code = pipeline.go(_request("demo", args.resume, [*inputs(cfg), *stages]))
    if code == 0 and real:
        sets = [f"ingest.each.{name}.input={file}" for name, file in real.items()]
        code = pipeline.go(_request("real", args.resume, [f"tiling.input={real['allwise_tier5']}", *sets, KNOWN]))
    if code == 0:
        _tell(cfg)
        if real:
            print(f"The real sources have a lake, lake-real, and a page: {Path('report-real.html').absolute()}")
        print(f"done in {time.monotonic() - started:.0f} s", file=sys.stderr)
    return code


def _is_made(cfg: MockConfig) -> bool:
    found = Folder.at(cfg.out).read(places.SYNTHETIC) or {}
    return found.get("config") == asdict(cfg) and bool(found.get("rows"))


def _request(pipeline_name: str, resume: str | None, sets: list[str]) -> Request:
    conf = places.find("conf/pipeline", pipeline_name)
    return Request(conf=(str(conf),), sets=tuple(sets), resume=resume, skip_done=True)


def inputs(cfg: MockConfig) -> list[str]:
    """Settings that move the demo's inputs to where the mock sky and the known objects are."""
    if cfg.out == "mock":
        return [KNOWN]
    names = {"truth": "mock_truth"}
    sets = [f"ingest.each.{names.get(s, s)}.input={cfg.out}/{s}" for s in SURVEYS]
    maps = [f"coverage.moc.{s}={cfg.out}/moc/{s}.fits" for s in ("panstarrs1", "nvss")]
    return [f"tiling.input={cfg.out}/allwise", *sets, *maps, KNOWN]


def _tell(cfg: MockConfig) -> None:
    spark = open_lake("lake")
    print(f"\nWhat each cut of tasni_2025 costs, of {cfg.rows:,} SYNTHETIC sources:\n")
    show(spark.sql(ANSWER), "table", 100)
    first = spark.sql(A_CANDIDATE).first()
    print(NEXT.format(report=Path("report.html").absolute(), source=first["id"] if first else "218.0,-2.99"))
