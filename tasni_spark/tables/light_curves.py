"""Tables of light curves: exposures and visits."""

from __future__ import annotations

from dataclasses import replace

from tasni_spark.core.spec import Col, Table
from tasni_spark.tables.columns import HPX29, ID, LEFT_SURVEY, TILE
from tasni_spark.tables.statistics import Statistic

BANDS = ("w1", "w2")
FLAGS: dict[str, tuple[int, str]] = {
    "limit": (1, "An upper limit, or nothing at all: the magnitude has no error"),
    "frame": (2, "The exposure is of poor quality"),
    "image": (4, "Its image is blurred"),
    "saa": (8, "Taken near the South Atlantic Anomaly"),
    "moon": (16, "Moonlight"),
    "artefact": (32, "On the spike, halo, ghost or latent image of a bright star"),
    "fit": (64, "The profile fits badly"),
    "moving": (128, "A known solar-system object lies there"),
    "saturated": (256, "Saturated pixels"),
}
"""Bits of `w1_flags` and `w2_flags`: what is wrong with an exposure in a band."""
LIMIT = FLAGS["limit"][0]

EXPOSED = Col("survey", "string", "Survey of single exposures", ucd="meta.id;meta.dataset", nullable=False)
CURVE = (EXPOSED, LEFT_SURVEY, TILE, HPX29, ID)
BAND = Col("band", "string", "w1 or w2", ucd="instr.bandpass", nullable=False)
_BITS = ", ".join(f"{bit} {name}" for name, (bit, _) in FLAGS.items())
RATE = "arith.rate;phot.mag"
_WAVE = {"w1": "em.IR.3-4um", "w2": "em.IR.4-8um"}


def columns_of(statistics: tuple[Statistic, ...], prefix: str = "") -> tuple[Col, ...]:
    """Columns of statistics; whole numbers where they count."""
    return tuple(_column(s, prefix) for s in statistics)


def _column(s: Statistic, prefix: str) -> Col:
    is_whole = s.ucd in ("meta.number", "stat.fit.dof")
    doc = s.doc + (f" ({s.reference})" if s.reference else "")
    col = Col(prefix + s.name, "int" if is_whole else "double", doc, s.unit, s.ucd)
    return replace(col, mag_system="Vega") if col.is_magnitude else col


def _exposures(band: str) -> tuple[Col, ...]:
    name, wave = band.upper(), _WAVE[band]
    return (
        Col(
            f"{band}_mag",
            "array<float>",
            f"{name} magnitude; a limit where the error is null",
            "mag",
            "phot.mag",
            mag_system="Vega",
        ),
        Col(f"{band}_error", "array<float>", f"Error of {band}_mag; null for a limit", "mag", "stat.error;phot.mag"),
        Col(f"{band}_flags", "array<int>", f"What is wrong with {name}, bits: {_BITS}", ucd=f"meta.code.qual;{wave}"),
    )


def count(name: str, doc: str, type: str = "int") -> Col:
    """A column that counts."""
    return Col(name, type, doc, ucd="meta.number", nullable=False)


FACTS = (
    Col("is_truncated", "boolean", "Whether its exposures end at the cap of a query", ucd="meta.code", nullable=False),
    Col("is_blended", "boolean", "Whether another source lies so near", ucd="meta.code", nullable=False),
    Col("motion_arcsec", "double", "Drift of the exposures from where the source was sought", "arcsec", "pos.pm"),
)

LIGHTCURVES = Table(
    "lightcurves",
    "Single exposures of every source, one row a source; arrays run in the order of time",
    (
        *CURVE,
        count("n_exposures", "Exposures: the length of the arrays"),
        count("n_duplicates", "Further detections in the same exposures, left out"),
        count("n_other_tiles", "Exposures whose detection lies in another tile than the source"),
        count("n_archive", "Detections that the archive gives to the source"),
        count("n_position", "Detections that are nearest to where the source was at the time"),
        count("n_both", "Detections that are both"),
        *FACTS,
        Col("nearest_arcsec", "double", "Distance to the nearest other source, if near", "arcsec", "pos.angDistance"),
        Col(
            "sep_arcsec",
            "double",
            "Mean distance of the exposures from where the source was",
            "arcsec",
            "pos.angDistance;stat.mean",
        ),
        Col("sep_growth_arcsec_per_yr", "double", "Growth of that distance", "arcsec / yr", "arith.rate"),
        Col("mjd", "array<double>", "Modified Julian date, UTC", "d", "time.epoch"),
        *_exposures("w1"),
        *_exposures("w2"),
    ),
    key=("survey", "left_survey", "id"),
    partition=("survey", "left_survey", "tile"),
    sort=("hpx29", "id"),
    replace_by=("survey", "left_survey", "tile"),
    stats=("hpx29", "id", "n_exposures"),
    row_group_mb=32,
)

LIGHTCURVE_TILES = Table(
    "lightcurve_tiles",
    "What became of the detections of each tile, by both associations",
    (
        EXPOSED,
        LEFT_SURVEY,
        TILE,
        count("n_sources", "Sources of the tile", "bigint"),
        count("n_detections", "Detections that lie in the tile", "bigint"),
        count("n_archive", "Of these, given to a source by the archive", "bigint"),
        count("n_position", "Of these, nearest to where a source was", "bigint"),
        count("n_both", "Of these, given to the same source by both", "bigint"),
        count("n_differ", "Of these, given to different sources", "bigint"),
        count("n_given", "Of these, given to a source by the association in use", "bigint"),
        count("n_exposures", "Exposures in the light curves of the tile's sources", "bigint"),
        count("n_duplicates", "Further detections in the same exposures of these sources", "bigint"),
        Col("unjudged", "array<string>", "Flags never set, as their columns are absent or null", ucd="meta.code"),
    ),
    key=("survey", "left_survey", "tile"),
    partition=("survey", "left_survey"),
    sort=("survey", "left_survey", "tile"),
    replace_by=("survey", "left_survey", "tile"),
    stats=("tile",),
)

VISITS = Table(
    "visits",
    "Means of the exposures of a day or so, one row a source and band; arrays run in the order of time",
    (
        *CURVE,
        BAND,
        Col("colour_mag", "double", "W1 - W2 of the means over all visits; null without either", "mag", "phot.color"),
        Col("mjd", "array<double>", "Mean time of the exposures", "d", "time.epoch"),
        Col(
            "mag",
            "array<double>",
            "Weighted mean magnitude; null without a measurement",
            "mag",
            "phot.mag",
            mag_system="Vega",
        ),
        Col("error", "array<double>", "Its error, with the floor", "mag", "stat.error;phot.mag"),
        Col("n_used", "array<int>", "Exposures in the mean", ucd="meta.number"),
        Col("n_limits", "array<int>", "Exposures that gave an upper limit only", ucd="meta.number"),
        Col("side", "array<int>", "+1 or -1: the two scan directions", ucd="meta.code"),
    ),
    key=("survey", "left_survey", "id", "band"),
    partition=("survey", "left_survey", "tile"),
    sort=("hpx29", "id", "band"),
    replace_by=("survey", "left_survey", "tile"),
    stats=("hpx29", "id"),
    row_group_mb=32,
    has_dictionaries=False,
)
