"""`tasni show NAME`: the page about one source, or about an empty place on the sky."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

from astropy import units as u
from astropy.coordinates import SkyCoord
from rich.table import Table as Grid

from tasni_spark.cli.lake import add_lake, open_lake
from tasni_spark.cli.main import console, parser
from tasni_spark.cli.why import show as show_cuts
from tasni_spark.core.errors import ConfigError
from tasni_spark.photometry.dwarfs import NEAREST_Y_DWARF_PC
from tasni_spark.report import sed
from tasni_spark.search.measured import Measure, thermal_flags
from tasni_spark.search.near import NEAR_ARCSEC, Anchor
from tasni_spark.search.show import Page, open_tables, page
from tasni_spark.search.sights import Sight
from tasni_spark.variability import curve
from tasni_spark.variability.curve import READS


def main(argv: list[str]) -> int:
    """Print all that the lake knows of a source."""
    p = parser(
        "show",
        "tasni show J143046.35-025927.8\n"
        "tasni show 217.6931,-2.9911 --png source.png\n"
        'tasni show "WISE J085510.83-071442.5" --json',
    )
    add_lake(p, "short")
    p.add_argument("name", nargs="+", help="designation, identifier, or ra,dec in deg")
    p.add_argument("--survey", default="allwise", help="survey in which it is sought first (default: allwise)")
    p.add_argument("--cut-set", action="append", default=[], help="repeatable (default: those that were searched by)")
    p.add_argument("--png", default="", metavar="FILE", help="write a picture of its spectrum, colours and light curve")
    p.add_argument("--json", action="store_true", help="as JSON")
    args = p.parse_args(argv)
    if args.png and not Path(args.png).absolute().parent.is_dir():
        raise ConfigError(f"--png {args.png}: no folder {Path(args.png).absolute().parent}")
    tables = open_tables(open_lake(args), READS)
    found = page(tables, " ".join(args.name), args.survey, args.cut_set)
    at = found.anchor
    light = curve.curve(tables, at.survey, at.id, at.hpx29) if at.id is not None else None
    if args.png:
        title = heading(found)
        measures = [dataclasses.asdict(m) for m in found.photometry]
        sed.draw(title, measures, found.thermal, light).savefig(args.png, dpi=144, facecolor="white")
    if args.json:
        print(json.dumps(dataclasses.asdict(found), indent=1, default=str))
    else:
        tell(found)
        if light:
            console().print(f"\nLight curve in {light['survey']}", style="bold")
            for line in curve.lines(light):
                console().print(line, highlight=False, markup=False)
    return 0


def tell(found: Page) -> None:
    """Print a page."""
    out = console()
    out.print(heading(found), style="bold", highlight=False, markup=False)
    for line in place(found.anchor):
        out.print(line, highlight=False, markup=False)
    _grid("\nWhat each survey says", SIGHTS, (sight(s, found.synthetic) for s in found.sights))
    for name, (n, first, last) in found.exposures.items():
        when = f", MJD {first:.1f} to {last:.1f}" if first is not None and last is not None else ""
        out.print(f"{name}: {n} single exposures{when}", highlight=False)
    if not found.anchor.survey:
        return
    _grid("\nPhotometry", ("survey", "column", "value", "error", "unit"), (measure(m) for m in found.photometry))
    out.print("\nTemperature" + (f" ({found.thermal_from})" if found.thermal_from else ""), style="bold")
    for line in heat(found.thermal):
        out.print(line, highlight=False, markup=False)
    _grid("\nFlags", ("column", "value", "meaning"), ((n, str(v), doc) for n, (v, doc) in found.flags.items()))
    _grid(
        f"\nNeighbours in {found.anchor.survey} within {NEAR_ARCSEC:g} arcsec: {len(found.neighbours)}",
        ("id", "ra", "dec", "arcsec"),
        ((str(n["id"]), *_pair(n["ra"], n["dec"]), f"{n['sep_arcsec']:.2f}") for n in found.neighbours),
    )
    out.print("")
    for cut_set, (about, lines) in found.cuts.items():
        show_cuts(found.anchor.survey, cut_set, about, lines)
    if not found.cuts:
        out.print(f"{found.anchor.survey} was not searched: no cuts (tasni run search --left {found.anchor.survey})")


def heading(found: Page) -> str:
    """What the page is about."""
    at = found.anchor
    if not at.survey:
        return f"Nothing at {at.ra:.6f}, {at.dec:.6f}: no source of any survey in the lake within 10 arcsec"
    return " ".join(str(w) for w in (at.survey, found.name, at.id) if w) + mark(at.survey, found.synthetic)


def mark(survey: str, synthetic: Collection[str]) -> str:
    """What stands behind the name of a survey that is made up."""
    return " (SYNTHETIC)" if survey in synthetic else ""


def place(at: Anchor) -> list[str]:
    """Position, in two frames, and motion."""
    sky = SkyCoord(at.ra * u.deg, at.dec * u.deg)
    epoch = "" if at.epoch is None else f" at {at.epoch:.4f}"
    galactic = sky.galactic
    lines = [
        f"ra, dec {at.ra:.6f}, {at.dec:.6f} deg{epoch} = {sky.to_string('hmsdms', sep=':', precision=2)}; "
        f"l, b {galactic.l.deg:.4f}, {galactic.b.deg:.4f} deg; hpx29 {at.hpx29}, tile {at.tile}"
    ]
    if at.pmra_masyr is not None:
        parallax = "" if at.parallax_mas is None else f", parallax {at.parallax_mas:.1f} mas"
        lines.append(
            f"true motion {at.pmra_masyr:.1f}, {at.pmdec_masyr:.1f} mas/yr{parallax}, as in {at.motion_from}: "
            "its places below are where it was at each survey's epoch"
        )
    elif at.survey:
        lines.append("no significant true motion known: its place is taken as fixed")
    return lines


SIGHTS = ("survey", "verdict", "by", "arcsec", "by chance", "nearest", "near", "epoch", "ra", "dec", "expected there")


def sight(s: Sight, synthetic: Collection[str] = ()) -> tuple[str, ...]:
    """One survey as cells."""
    expected = ", ".join(_pair(s.expected_ra, s.expected_dec)) if s.expected_ra is not None else ""
    epoch = s.epoch if s.epoch is not None else s.expected_epoch
    return (
        s.survey + mark(s.survey, synthetic),
        f"{s.verdict} within {s.radius_arcsec:g} arcsec" if s.verdict in ("matched", "nothing there") else s.verdict,
        s.by,
        _number(s.sep_arcsec, ".2f"),
        _number(s.p_chance, ".2g"),
        _number(s.nearest_arcsec, ".2f"),
        str(s.n_near),
        _number(epoch, ".2f"),
        *_pair(s.ra, s.dec),
        expected,
    )


def measure(m: Measure) -> tuple[str, ...]:
    """One magnitude or flux as cells; a limit is marked as one."""
    sign = ("> " if m.unit == "mag" else "< ") if m.is_limit else ""
    error = "limit, 95%" if m.is_limit else _number(m.error, ".3f")
    return (m.survey, m.column, f"{sign}{m.value:.3f}", error, m.unit)


def heat(found: dict[str, Any] | None) -> list[str]:
    """Temperature and implied distances in words."""
    if found is None or found.get("temperature_k") is None:
        return ["no fit: fewer than two bands measured"] if found else []
    lines = [
        f"blackbody {found['temperature_k']:.0f} +- {_number(found['temperature_error_k'], '.0f')} K, "
        f"chi^2 {found['chi2_blackbody']:.1f}; power law {found['power_law_index']:.2f}, "
        f"chi^2 {found['chi2_power_law']:.1f}; nearest dwarf type {_type(found['dwarf_spt_num'])}, "
        f"chi^2 {_number(found['chi2_dwarf'], '.1f')}; {found['n_measured']} of {found['n_bands']} bands measured",
        f"if it were a dwarf: {found['distance_if_dwarf_pc']:.2f} pc by its solid angle "
        f"(factor {found['distance_if_dwarf_factor']:.1f})",
    ]
    if found["colour_distance_pc"] is not None:
        bound = "at most " if found["is_colour_distance_bound"] else ""
        factor = found["colour_distance_factor"]
        lines[-1] += f", {bound}{found['colour_distance_pc']:.1f} pc by W2 and W1-W2 (factor {factor:.2f})"
    lines[-1] += f"; the nearest Y dwarf known is at {NEAREST_Y_DWARF_PC} pc"
    raised = thermal_flags(found["thermal_flags"])
    return [*lines, f"flags: {', '.join(raised) or 'none'}"]


def _type(number: float | None) -> str:
    if number is None:
        return "none"
    return f"T{number - 10:.0f}" if number < 20 else f"Y{number - 20:.0f}"


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def _pair(ra: float | None, dec: float | None) -> tuple[str, str]:
    return _number(ra, ".6f"), _number(dec, "+.6f")


def _grid(title: str, columns: Sequence[str], rows: Iterable[tuple[str, ...]]) -> None:
    out, grid = console(), Grid(*columns, box=None, pad_edge=False)
    for row in rows:
        grid.add_row(*row)
    out.print(title, style="bold", highlight=False)
    if grid.row_count:
        out.print(grid, markup=False, highlight=False)
