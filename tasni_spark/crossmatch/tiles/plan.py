"""Groups of files that can be matched without any other: the work of a match, from the Delta log alone.

Why: a left file needs the right files whose box of x, y, z comes within reach of its own, and no others, whatever the
layout, the radius or the motion: no tiles to agree on, no neighbours, no seam, no poles. A file without statistics may
lie anywhere. Left files of one tile stay together, as a tile is what a commit replaces.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tasni_spark.core.errors import DataError
from tasni_spark.crossmatch.tiles import boxes
from tasni_spark.crossmatch.tiles.compiled import Reals
from tasni_spark.crossmatch.tiles.sides import Rule
from tasni_spark.crossmatch.tiles.task import Part, Task

COLUMNS = b"columns"


@dataclass(frozen=True)
class Files:
    """Files of one table: the parts, their boxes (n, 6), and in which order the sky curve meets them."""

    parts: tuple[Part, ...]
    box: Reals
    order: tuple[Any, ...]


def add_actions(location: str, version: int | None = None, storage: dict[str, str] | None = None) -> pa.Table:
    """Files of a Delta table with their statistics.

    Raises
    ------
    DataError
        If the table has deletion vectors: a reader of plain Parquet would see deleted rows.
    """
    import deltalake  # noqa: PLC0415 - workers need only the classes above
    from deltalake.exceptions import DeltaError  # noqa: PLC0415

    table = deltalake.DeltaTable(location, version=version, storage_options=storage)
    if "deletionVectors" in (table.protocol().reader_features or ()):
        try:
            files = len(_arrow(table.deletion_vectors()))
        except DeltaError as error:
            raise DataError(_refusal(location, "some")) from error
        if files:
            raise DataError(_refusal(location, files))
    names = json.dumps([f.name for f in table.schema().fields])
    return _arrow(table.get_add_actions(flatten=True)).replace_schema_metadata({COLUMNS: names})


def epochs(actions: pa.Table) -> tuple[float | None, float | None]:
    """First and last epoch of a table's files, in yr; null where the log has none."""
    if "min.epoch" not in actions.column_names:
        return None, None
    low, high = (pc.drop_null(actions[f"{end}.epoch"]).to_pylist() for end in ("min", "max"))
    return (min(low), max(high)) if low and high else (None, None)


def tasks(left: pa.Table, right: pa.Table, rule: Rule, rows: int, *, halo: bool = False) -> list[Task]:
    """Cut a match into groups.

    Parameters
    ----------
    left, right
        Add actions with flat statistics, as `add_actions` gives; the left ones may be those of some tiles only.
    rule
        Radius and motion.
    rows
        Wanted rows of a group, both sides together; groups of equal size come near it, tiles stay whole.
    halo
        Whether the left side needs its surroundings (`how` is symmetric).

    Returns
    -------
    list of Task
        In the order of the sky curve. A left file without right files is in one too.

    Raises
    ------
    DataError
        For files with deletion vectors.
    """
    here, there = _files(left, None, "left"), _files(right, rule, "right")
    reach = boxes.chord(np.array([p.reach_arcsec for p in there.parts]))
    units = _units(here)
    hits = [np.flatnonzero(_near(here.box[unit], there.box, reach)) for unit in units]
    shared = np.bincount(np.concatenate([np.empty(0, np.int64), *hits]), minlength=len(there.parts))
    right_rows = np.array([p.rows for p in there.parts]) / np.maximum(shared, 1)
    left_rows = np.array([p.rows for p in here.parts])
    weights = [float(left_rows[u].sum() + right_rows[h].sum()) for u, h in zip(units, hits, strict=True)]
    found = []
    for number, members in enumerate(_even(weights, rows)):
        mine = [i for k in members for i in units[k]]
        hit = np.unique(np.concatenate([hits[k] for k in members]))
        around: tuple[Part, ...] = ()
        if halo and len(hit):
            twice = _near(there.box[hit], here.box, float(reach[hit].max()))
            around = tuple(here.parts[i] for i in np.setdiff1d(np.flatnonzero(twice), mine))
        near = tuple(there.parts[i] for i in hit)
        found.append(Task(number, tuple(here.parts[i] for i in mine), near, around))
    return found


def _near(some: Reals, many: Reals, reach: float | Reals) -> NDArray[np.bool_]:
    found = np.zeros(len(many), bool)
    for box in some:
        found |= boxes.meets(box, many, reach)
    return found


def _units(files: Files) -> list[list[int]]:
    """Files that must stay together, in the order of the sky curve."""
    units: dict[Any, list[int]] = {}
    for i in sorted(range(len(files.parts)), key=lambda i: files.order[i]):
        tile = files.parts[i].tile
        units.setdefault(("file", i) if tile is None else tile, []).append(i)
    return list(units.values())


def _even(weights: Sequence[float], size: int) -> list[list[int]]:
    """Consecutive units in groups of nearly equal weight."""
    total = sum(weights)
    count = max(1, round(total / size))
    groups: dict[int, list[int]] = {}
    before = 0.0
    for k, weight in enumerate(weights):
        groups.setdefault(min(int((before + weight / 2) * count / total), count - 1) if total else 0, []).append(k)
        before += weight
    return list(groups.values())


def _files(actions: pa.Table, rule: Rule | None, side: str) -> Files:
    vectors = [n for n in actions.column_names if n.lower().replace("_", "").startswith("deletionvector")]
    held = sum(1 for n in vectors for v in actions[n].to_pylist() if v not in (None, 0))
    if held:
        raise DataError(_refusal(f"of the {side} side", held))
    rows = actions.to_pylist()
    columns = json.loads((actions.schema.metadata or {}).get(COLUMNS, b"[]")) or [
        n.partition(".")[2] for n in actions.column_names
    ]
    box = np.array([_box(r) for r in rows]).reshape(-1, 6)
    parts = []
    for r in rows:
        tile = r.get("partition.tile")
        reach, moves = _reach(r, rule, columns) if rule else (0.0, False)
        path, count = unquote(r["path"]), r.get("num_records") or 0
        parts.append(Part(path, count, None if tile is None else int(tile), reach, moves))
    order = tuple((r["min.hpx29"] if r.get("min.hpx29") is not None else -1, r["path"]) for r in rows)
    return Files(tuple(parts), box, order)


def _box(row: dict[str, Any]) -> Reals:
    """Box of a file; the whole sky where a statistic is missing."""
    values = [row.get(f"{end}.{c}") for end in ("min", "max") for c in "xyz"]
    return np.array([s if v is None else v for v, s in zip(values, boxes.SKY, strict=True)])


def _reach(row: dict[str, Any], rule: Rule, columns: Collection[str]) -> tuple[float, bool]:
    """How far in arcsec from a left source's place a row of this file may be stored and yet match; may any move."""
    ra, dec, epoch = (_ends(row, c, columns) for c in ("pmra_masyr", "pmdec_masyr", "epoch"))
    near = rule.radius_arcsec + rule.shift_arcsec
    if epoch == () or rule.first_epoch is None or rule.last_epoch is None:
        return near, False
    moves = () not in (ra, dec)
    if not moves and rule.allowance_masyr == 0:
        return near, False
    if epoch is None or ra is None or dec is None:
        return 180 * 3600.0, moves
    fastest = float(np.hypot(max(map(abs, ra)), max(map(abs, dec)))) if moves else 0.0
    years = rule.years(epoch[0], epoch[1])
    return near + max(fastest, rule.allowance_masyr) * years / 1000, moves


def _ends(row: dict[str, Any], column: str, columns: Collection[str]) -> tuple[float, ...] | None:
    """Least and greatest value of a file; empty if it has none but nulls, None if the log does not say."""
    if column not in columns or row.get(f"null_count.{column}") == row.get("num_records"):
        return ()
    low, high = row.get(f"min.{column}"), row.get(f"max.{column}")
    return None if low is None or high is None else (low, high)


def _refusal(table: str, files: int | str) -> str:
    return (
        f"table {table}: {files} files have deletion vectors, which the tile engine cannot see: run "
        "'REORG TABLE ... APPLY (PURGE)' on it, or use the sql engine"
    )


def _arrow(stream: Any) -> pa.Table:
    """What delta-rs gives, without pandas, which `pa.table` imports."""
    return pa.RecordBatchReader.from_stream(stream).read_all()
