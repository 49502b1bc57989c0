"""The mock NEOWISE-R single exposures of a leaf.

Why: sources share their frames, as on the sky. A frame has one time, one quality, one Moon; a source leaves a row where
that frame detects it, at the place where motion and parallax have it on that day.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from tasni_spark.demo.directions import Columns, Floats, pixels
from tasni_spark.demo.files import Rows, array
from tasni_spark.demo.leaves import ORDER
from tasni_spark.demo.names import letters, text
from tasni_spark.demo.neighbours import nearest, pairs
from tasni_spark.demo.populations import CLASSES
from tasni_spark.demo.variables import VARIABLE, change
from tasni_spark.demo.visits import FRAME_ORDER, NEOWISE, frames
from tasni_spark.demo.wise import SINGLE_DEPTH, measured, position_error, published, quality, saturated
from tasni_spark.demo.world import PATH, chosen, joined, offset, seen

DETECTED = 3.5
"""Signal-to-noise ratio, in W1 or W2, from which a frame lists a source."""
SIDE_MAG = 0.008
"""Scatter of the difference between the two scan directions, which depends on what lies next to a source."""
ALLWISE_ARCSEC = 3.0
POSITION_FLOOR = 0.04
LAST = 2**63 - 1
"""Identifiers count down from the largest 64-bit integer, so that whoever passes them through a float loses them."""


def exposures(o: Columns, allwise: Rows, pixel: int, rng: np.random.Generator) -> Rows:
    """All rows of a leaf.

    Parameters
    ----------
    o
        Objects, one for each row of `allwise`.
    allwise
        Columns of the mock AllWISE there.
    pixel
        Order-5 number of the leaf, of which the identifiers are made.

    Returns
    -------
    dict
        Published columns, and `year` (1 .. 11) and `pixel` (order 5), which say in which file a row belongs.
    """
    cells = pixels(allwise["ra"], allwise["dec"], FRAME_ORDER)
    real = o["kind"] != CLASSES.index("artefact")
    rows = joined([*_by_cell(o | {"row": np.arange(len(cells))}, np.where(real, cells, -1), rng)])
    n = len(rows["mjd"])
    static = chosen(o, rows["row"], *PATH, *SINGLE_DEPTH)
    sigma = np.round(position_error(np.maximum(rows["w1snr"], rows["w2snr"]), POSITION_FLOOR), 4)
    ra, dec = seen(static, offset(static, rows["mjd"]), sigma, rng)
    number, side = np.arange(1, n + 1), letters("ba")[rows["is_leading"].astype(int)]
    columns: Rows = {
        "source_id": text((rows["scan"], 5), side, (rows["frame"], 3), "-", (number, 6)),
        "scan_id": text((rows["scan"], 5), side),
        "frame_num": rows["frame"],
        "src": number,
        "ra": ra,
        "dec": dec,
        "sigra": sigma,
        "sigdec": sigma,
        "sigradec": np.zeros(n),
        "nb": allwise["nb"][rows["row"]],
        "na": allwise["na"][rows["row"]],
        "cc_flags": text(*_artefacts(n, rng), "00"),
        "ph_qual": text(quality(rows["w1snr"]), quality(rows["w2snr"])),
        "det_bit": (rows["w1snr"] >= 2.0) + 2 * (rows["w2snr"] >= 2.0),
        "qual_frame": rows["qual_frame"],
        "qi_fact": rows["qi_fact"],
        "saa_sep": rows["saa_sep"],
        "moon_masked": text(letters("01")[rows["moon"] % 2], letters("01")[rows["moon"] // 2]),
        "sso_flg": (rng.random(n) < 0.002).astype(np.int64),
        "mjd": rows["mjd"],
        "cntr": LAST - ((pixel << 44) + number),
    }
    for band in SINGLE_DEPTH:
        columns |= published(band, {q: rows[f"{band}{q}"] for q in ("flux", "sigflux", "snr", "mpro", "sigmpro")})
        columns[f"{band}rchi2"] = np.round(rng.gamma(15.0, 1 / 15.0, n), 3)
        columns[f"{band}sat"] = saturated(static[band], band)
    year = np.minimum((rows["mjd"] - NEOWISE[0]) // 365.25 + 1, 11).astype(np.int64)
    return columns | _allwise(ra, dec, allwise) | {"year": year, "pixel": pixels(ra, dec, ORDER)}


def _by_cell(o: Columns, cells: Floats, rng: np.random.Generator) -> Iterator[Columns]:
    """Detections cell by cell: what the frames of a cell see of the sources in it."""
    for cell in np.unique(cells[cells >= 0]):
        here, shots = chosen(o, np.flatnonzero(cells == cell), *VARIABLE, *SINGLE_DEPTH, "row"), frames(int(cell), rng)
        dm = change(here, shots["mjd"], rng)
        side = SIDE_MAG * rng.standard_normal((len(here["row"]), 1)) * np.where(shots["is_leading"], 1.0, -1.0)
        haze = np.where(shots["qual_frame"] == 0, 0.7, 0.0)
        m = {b: measured(here[b][:, None] + dm + side, d - haze, b, rng) for b, d in SINGLE_DEPTH.items()}
        is_listed = np.maximum(m["w1"]["snr"], m["w2"]["snr"]) >= DETECTED
        which, when = np.nonzero(is_listed)
        found = {f"{b}{q}": values[is_listed] for b, of in m.items() for q, values in of.items()}
        yield found | chosen(shots, when) | {"row": here["row"][which]}


def _artefacts(n: int, rng: np.random.Generator) -> list[Any]:
    """Letters of two bands: a fiftieth of the rows lies on the spike, halo or ghost of a bright star."""
    marks = letters("0dhopDHOP")
    return [marks[np.where(rng.random(n) < 0.02, rng.integers(1, 9, n), 0)] for _ in range(2)]


def _allwise(ra: Floats, dec: Floats, allwise: Rows) -> Rows:
    """The nearest AllWISE source within 3 arcsec: not for long that of a source that moves."""
    i, j, sep = pairs(ra, dec, allwise["ra"], allwise["dec"], ALLWISE_ARCSEC)
    partner, distance, count = nearest(len(ra), i, j, sep)
    found: Rows = {
        "allwise_cntr": array(allwise["cntr"][partner], pa.int64(), missing=partner < 0),
        "r_allwise": np.round(distance, 4),
        "n_allwise": count,
    }
    for band in ("w1", "w2", "w3", "w4"):
        for name in ("mpro", "sigmpro"):
            found[f"{band}{name}_allwise"] = np.where(partner < 0, np.nan, allwise[f"{band}{name}"][partner])
    return found
