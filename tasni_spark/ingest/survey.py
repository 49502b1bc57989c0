"""What a survey is: its definition, read from `conf/surveys/<survey>.toml` or from a user's own file.

Why: a new survey is data, not code. A definition names the columns worth keeping, with unit, UCD and the names that
other flavours of the same catalogue give them, and says where position, epoch, motion and errors are and in which unit.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from tasni_spark.core import places
from tasni_spark.core.config import build, opt
from tasni_spark.core.errors import ConfigError
from tasni_spark.core.spec import Col, Table, kind
from tasni_spark.tables.survey import positions, published

KINDS = ("sources", "detections")
EPOCH_UNITS = ("yr", "mjd", "jd")
OURS = ("id", "tile", "hpx29")
MAG_SYSTEMS = ("", "Vega", "AB")


@dataclass(frozen=True)
class Column:
    """One published column.

    Parameters
    ----------
    type
        Spark SQL type of the stored column; the kind must be that of the file.
    unit, ucd, doc
        As in `core.spec.Col`.
    names
        Other names that flavours of the catalogue use; case never matters.
    optional
        Whether files may lack it; it is then null.
    nulls
        Values that mean *no measurement* in this column, besides the survey's.
    mag_system
        Of a magnitude, where it is not the survey's.
    """

    type: str = opt("double", "Spark SQL type")
    unit: str = opt("", "unit, as published")
    ucd: str = opt("", "UCD 1+")
    doc: str = opt("", "what it is")
    names: tuple[str, ...] = opt((), "other names of the same column")
    optional: bool = opt(False, "whether files may lack it")
    nulls: tuple[Any, ...] = opt((), "values that mean no measurement")
    mag_system: str = opt("", "Vega or AB")


@dataclass(frozen=True)
class Position:
    """Columns of the position, and of its error in `error_unit`: pixels are `2.75 arcsec`.

    Parameters
    ----------
    ellipse
        Columns of an error ellipse: semi-major axis, semi-minor axis, position angle in deg, east of north.
    """

    ra: str = opt("ra", "column, deg")
    dec: str = opt("dec", "column, deg")
    ra_error: str = opt("", "column, times cos(dec)")
    dec_error: str = opt("", "column")
    error_unit: str = opt("arcsec", "unit of the errors")
    error_arcsec: float = opt(0.0, "one error for all, where there are no columns")
    ellipse: tuple[str, ...] = opt((), "columns of an error ellipse: semi-axes, position angle")

    def __post_init__(self) -> None:
        if len(self.ellipse) not in (0, 3):
            raise ValueError(
                f"ellipse is {list(self.ellipse)}, expected semi-major axis, semi-minor axis, position angle"
            )


@dataclass(frozen=True)
class Epoch:
    """Epoch of the position: one Julian year for all rows, or a column in yr, mjd or jd."""

    year: float = opt(0.0, "Julian year of all rows")
    column: str = opt("", "column")
    unit: str = opt("yr", "yr, mjd or jd")

    def __post_init__(self) -> None:
        if bool(self.year) == bool(self.column):
            raise ValueError("give either year or column")
        if self.unit not in EPOCH_UNITS:
            raise ValueError(f"unit is '{self.unit}', expected one of {', '.join(EPOCH_UNITS)}")


@dataclass(frozen=True)
class Motion:
    """Columns of the true proper motion, in `unit`, and of the parallax in mas; apparent motions do not belong here."""

    pmra: str = opt("", "column, times cos(dec)")
    pmdec: str = opt("", "column")
    pmra_error: str = opt("", "column")
    pmdec_error: str = opt("", "column")
    unit: str = opt("mas / yr", "unit of the four")
    parallax: str = opt("", "column, mas")
    parallax_error: str = opt("", "column, mas")


@dataclass(frozen=True)
class Footprint:
    """What the survey observed: limits that all hold, a MOC file, or polygons.

    Parameters
    ----------
    dec, glon, glat
        Limits in deg; `glon` may run through 0.
    moc
        MOC file, FITS or JSON; a path beside the definition counts from there.
    polygons
        Each a list of (ra, dec) corners in deg.
    """

    dec: tuple[float, float] = opt((-90.0, 90.0), "declination limits")
    glon: tuple[float, float] = opt((0.0, 360.0), "Galactic longitude limits")
    glat: tuple[float, float] = opt((-90.0, 90.0), "Galactic latitude limits")
    moc: str = opt("", "MOC file")
    polygons: tuple[tuple[tuple[float, float], ...], ...] = opt((), "polygons")


@dataclass(frozen=True)
class Survey:
    """A survey's definition.

    Parameters
    ----------
    name, release, title, citation
        `gaia_dr3`, `DR3`, full name, what to cite.
    kind
        `sources` (a table and its positions) or `detections` (one table, unique within a tile).
    key
        The column of the 64-bit identifier, or the columns whose values together name a row (hashed).
    designation
        Column of the source's name, where it has one.
    match_radius_arcsec
        Radius at which it is matched unless a job says otherwise.
    mag_system
        `Vega` or `AB`, of its magnitudes.
    nulls
        Values that mean *no measurement* in any column.
    """

    name: str
    title: str
    release: str = ""
    citation: str = ""
    kind: str = "sources"
    key: tuple[str, ...] = ("id",)
    designation: str = ""
    match_radius_arcsec: float = 2.0
    mag_system: str = ""
    nulls: tuple[Any, ...] = ()
    position: Position = field(default_factory=Position)
    epoch: Epoch = field(default_factory=lambda: Epoch(year=2000.0))
    motion: Motion = field(default_factory=Motion)
    coverage: Footprint | None = None
    columns: dict[str, Column] = field(default_factory=dict)
    folder: str = ""

    def __post_init__(self) -> None:
        if not self.name.isidentifier() or self.name != self.name.lower():
            raise ValueError(f"name is '{self.name}', expected lower-case letters, digits and underscores")
        if self.kind not in KINDS:
            raise ValueError(f"kind is '{self.kind}', expected one of {', '.join(KINDS)}")
        for system in {self.mag_system, *(c.mag_system for c in self.columns.values())} - set(MAG_SYSTEMS):
            raise ValueError(f"mag_system is '{system}', expected Vega or AB")
        if self.match_radius_arcsec <= 0:
            raise ValueError(f"match_radius_arcsec is {self.match_radius_arcsec}, expected more than 0")
        for name in self.columns:
            if name.lower() in OURS and (name,) != self.key:
                raise ValueError(
                    f"column '{name}' has the name of one of ours: list it under another, with names = ['{name}']"
                )
        for role, name in self.roles().items():
            if name not in self.columns:
                raise ValueError(f"{role} is column '{name}', which [columns] does not list")

    def roles(self) -> dict[str, str]:
        """Role to column, for every column that position, epoch, motion, key and name need."""
        used = {f"key[{i}]": k for i, k in enumerate(self.key)}
        used |= {f"position.ellipse[{i}]": c for i, c in enumerate(self.position.ellipse)}
        used |= {"designation": self.designation, "epoch.column": self.epoch.column}
        for part, value in (("position", self.position), ("motion", self.motion)):
            used |= {f"{part}.{f.name}": getattr(value, f.name) for f in fields(value)}
        return {r: n for r, n in used.items() if n and isinstance(n, str) and not r.endswith(("unit", ".error_arcsec"))}

    @property
    def has_integer_key(self) -> bool:
        """Whether the survey's own key is a 64-bit integer; names are hashed."""
        return len(self.key) == 1 and kind(self.columns[self.key[0]].type) == "integer"

    def tables(self, *, tiled: bool) -> tuple[Table, ...]:
        """Its declared tables: the published columns and, for sources, the positions."""
        columns = tuple(self._declared(n, c) for n, c in self.columns.items() if n.lower() not in OURS)
        wide = published(self.name, self.release, self.title, columns, tiled=tiled)
        return (wide, positions(self.name, self.release, tiled=tiled)) if self.kind == "sources" else (wide,)

    def _declared(self, name: str, c: Column) -> Col:
        col = Col(name, c.type, c.doc, c.unit, c.ucd)
        return replace(col, mag_system=c.mag_system or self.mag_system) if col.is_magnitude else col


def load(name: str) -> Survey:
    """A survey by name, or from a user's TOML file.

    Raises
    ------
    ConfigError
        For an unknown name, a file that is not TOML, an unknown key or a column that is used but not listed.
    """
    path = places.find("conf/surveys", name)
    return _read(path, path.stat().st_mtime_ns)


@functools.cache
def _read(path: Path, _changed: int) -> Survey:
    try:
        data = tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as e:
        raise ConfigError(f"survey {path}: not TOML: {e}") from e
    return build(Survey, _with_columns(data, path) | {"folder": str(path.parent)}, f"survey {path.name}")


def _with_columns(data: dict[str, Any], path: Path) -> dict[str, Any]:
    """Fill in the columns of the survey that this one `extends`: the same catalogue in another flavour."""
    base = data.pop("extends", "")
    if not base:
        return data
    parent = tomllib.loads(places.find("conf/surveys", base).read_text())
    own = data.get("columns", {})
    inherited: Mapping[str, Any] = {n: {**c, "optional": True} for n, c in parent["columns"].items() if n not in own}
    return {**parent, **data, "columns": {**inherited, **own}}
