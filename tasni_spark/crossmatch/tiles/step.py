"""The tile engine as a step of the crossmatch job: tasks to workers, one commit a group and right survey.

Why: no row passes through Spark. Its workers read sorted files, match and write; the driver plans from the Delta log
and commits, so a group costs one Spark job a survey and no shuffle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasni_spark.core.lake import Commit
from tasni_spark.core.plan import Group
from tasni_spark.core.work import Inputs
from tasni_spark.crossmatch import frames
from tasni_spark.crossmatch.config import CrossmatchConfig
from tasni_spark.crossmatch.tiles import plan
from tasni_spark.crossmatch.tiles.associations import WRITTEN_DDL, Density, Written
from tasni_spark.crossmatch.tiles.driver import commit
from tasni_spark.crossmatch.tiles.sides import Rule
from tasni_spark.crossmatch.tiles.work import Match, worker
from tasni_spark.sky import density
from tasni_spark.tables.associations import MATCHES

TASK_ROWS = 4_000_000
"""Rows of a task, both sides together: 0.6 GiB in a worker."""


def unfit(inputs: Inputs, cfg: CrossmatchConfig) -> str:
    """Why workers cannot read the files of a lake themselves; empty if they can."""
    if not inputs.lake.is_path:
        return "the lake is a catalogue, whose files workers may not read"
    if "://" in inputs.lake.root:
        return "the lake is on an object store: engine = 'tiles' says that workers may read it"
    if "tile" not in inputs.lake.partition(inputs.lake.ref(f"{cfg.left}_positions")):
        return f"{cfg.left} is small and lies in one piece"
    return ""


@dataclass(frozen=True)
class Replacement:
    """A group's matches with all right surveys: the engine calls it with the transaction and the commit's metadata."""

    inputs: Inputs
    group: Group
    cfg: CrossmatchConfig
    radii_arcsec: dict[str, float]

    def __call__(self, transaction: str, metadata: Mapping[str, Any]) -> Commit:
        """Match and commit."""
        done = [self._with(right, f"{transaction}/{right}", metadata) for right in self.radii_arcsec]
        return Commit(max(c.version for c in done), sum(c.rows for c in done))

    def _with(self, right: str, transaction: str, metadata: Mapping[str, Any]) -> Commit:
        lake, tiles = self.inputs.lake, set(self.group.tiles)
        out = lake.location(MATCHES.ref)
        left, other = (self._files(survey) for survey in (self.cfg.left, right))
        cfg = self.cfg
        motion = (cfg.motion_snr, cfg.motion_allowance_masyr)
        shift = frames.shift_arcsec(self.inputs, cfg, right)
        rule = Rule(self.radii_arcsec[right], *plan.epochs(left), *motion, cfg.sigmas, shift)
        is_symmetric = self.cfg.how == "symmetric"
        here = left if is_symmetric else left.filter(pc.is_in(left["partition.tile"], pa.array(sorted(tiles))))
        tasks = plan.tasks(here, other, rule, TASK_ROWS, halo=is_symmetric)
        tasks = [t for t in tasks if tiles.intersection(t.tiles)]
        match = Match(
            self.cfg.left,
            right,
            self._root(self.cfg.left),
            self._root(right),
            rule,
            cfg.how,
            cfg.k,
            cfg.score,
            cfg.prior,
            density=self._density(right),
            frame=frames.frame(self.inputs, cfg, right),
        )
        numbers = self.inputs.spark.range(0, len(tasks), 1, max(len(tasks), 1))
        rows = numbers.mapInArrow(worker([t.to_json() for t in tasks], match, out), WRITTEN_DDL).collect()
        written = [w for w in (Written(*row) for row in rows) if w.tile in tiles]
        commit(out, written, match, transaction, tiles=sorted(tiles), metadata=metadata)
        return Commit(lake.version(MATCHES.ref), sum(w.rows for w in written))

    def _root(self, survey: str) -> str:
        return self.inputs.lake.location(self.inputs.lake.ref(f"{survey}_positions"))

    def _files(self, survey: str) -> pa.Table:
        return plan.add_actions(self._root(survey), self.inputs.version(f"{survey}_positions"))

    def _density(self, right: str) -> Density | None:
        known = density.summary(self.inputs, right)
        if known is None:
            return None
        cells = self.inputs.small("density", "survey", "cell", "per_arcsec2")
        cells = cells.filter(pc.field("survey") == right).sort_by("cell")
        cell, per_arcsec2 = np.asarray(cells["cell"]), np.asarray(cells["per_arcsec2"])
        return Density(known.order, cell, per_arcsec2, 1.0 / density.cell_arcsec2(known.order))
