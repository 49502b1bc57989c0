"""The page itself: facts and pictures through one template."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from astropy.stats import binom_conf_interval
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from tasni_spark import __version__
from tasni_spark.core.spec import Table
from tasni_spark.core.work import Inputs
from tasni_spark.photometry.dwarfs import NEAREST_Y_DWARF_PC
from tasni_spark.report import figures, matches
from tasni_spark.report.facts import Facts, ReportConfig, gather
from tasni_spark.report.ranked import measured


def write(inputs: Inputs, cfg: ReportConfig, _: Mapping[str, int], __: Mapping[str, Table]) -> dict[str, Any]:
    """Write the report; the path is the result."""
    out = Path(cfg.out).resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(render(gather(inputs, cfg), cfg, inputs.run_id))
    return {"report": str(out)}


def render(facts: Facts, cfg: ReportConfig, run_id: str) -> str:
    """The page as HTML, without a reference to anything outside it."""
    environment = Environment(
        loader=PackageLoader("tasni_spark.report", "."),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pictures = {(f.cut_set, f.survey): figures.flow_bars(f.steps) for f in facts.flows}
    first = next((f for f in facts.flows if f.survey == cfg.left), None)
    shown = facts.candidates[first.cut_set, first.survey] if first else []
    label = f"{first.cut_set} candidates" if first else "candidates"
    return environment.get_template("report.html").render(
        facts=facts,
        cfg=cfg,
        run_id=run_id,
        version=__version__,
        pictures=pictures,
        nearest_pc=NEAREST_Y_DWARF_PC,
        kept=kept(facts.known),
        matches={n: draw(facts.quality) for n, draw in matches.PICTURES.items()} if facts.quality else {},
        worth={cut_set: worth(rows, cfg.sought) for cut_set, rows in facts.recall.items() if rows},
        skies={frame: figures.sky_map(facts.sky, shown, label, frame) for frame in ("icrs", "galactic")},
        colours=figures.colours(facts.colours, shown, label),
        precision=measured(facts.ranked.measures, "average_precision") if facts.ranked else [],
        completeness=figures.completeness(facts.fades.trials) if facts.fades and facts.fades.trials else "",
    )


def kept(known: list[dict[str, Any]]) -> dict[str, dict[str, tuple[int, int]]]:
    """Of the known dwarfs and of the other known objects: (kept, all) by cut set."""
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for row in known:
        counts = found.setdefault("known dwarfs" if row.get("spt") else "published sources", {})
        for cut_set, (failed, _) in row["cuts"].items():
            n, total = counts.get(cut_set, (0, 0))
            counts[cut_set] = (n + (not failed), total + 1)
    return found


def worth(planted: list[dict[str, Any]], sought: str) -> dict[str, tuple[int, int, float, float]]:
    """Recall and purity of a cut set against the planted truth.

    Parameters
    ----------
    planted
        For each class: `class`, `n` planted, `kept`.
    sought
        The class that the search is for.

    Returns
    -------
    dict
        For `recall` and `purity`: (found, of, low, high), the last two the 68 % interval of found / of, Jeffreys'
        (Brown, Cai & DasGupta 2001, doi:10.1214/ss/1009213286); nothing where there is nothing to divide by.
    """
    found = sum(row["kept"] for row in planted if row["class"] == sought)
    among = {
        "recall": sum(row["n"] for row in planted if row["class"] == sought),
        "purity": sum(row["kept"] for row in planted),
    }
    return {
        name: (found, n, *(float(x) for x in binom_conf_interval(found, n, interval="jeffreys")))
        for name, n in among.items()
        if n
    }
