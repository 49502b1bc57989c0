"""The footprint of each survey, from its definition: a MOC file, polygons, or limits."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tasni_spark.core.config import need, opt
from tasni_spark.core.errors import ConfigError
from tasni_spark.core.plan import Group
from tasni_spark.core.work import Inputs, Output
from tasni_spark.ingest.survey import Footprint, Survey, load
from tasni_spark.sky import cover
from tasni_spark.sky.footprint import Limits, by_cell, from_limits
from tasni_spark.tables.sky import COVERAGE


@dataclass(frozen=True)
class CoverageConfig:
    """Section `[coverage]`."""

    surveys: tuple[str, ...] = need("definitions whose footprint is stored")
    depth: int = opt(12, "order of the cells along a border: 12 is 50 arcsec")
    moc: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 6 <= self.depth <= 16:
            raise ValueError(f"depth is {self.depth}, expected 6 .. 16")


def coverage(inputs: Inputs, _: Group, cfg: CoverageConfig) -> Output:
    """Ranges of all surveys asked for."""
    frames = []
    for definition in cfg.surveys:
        survey = load(definition)
        cells = by_cell(ranges(survey, cfg))
        frame = pd.DataFrame(cells, columns=["cell", "start", "end"])
        frames.append(frame.assign(survey=survey.name))
    return {COVERAGE: inputs.spark.createDataFrame(pd.concat(frames))}


def definitions(cfg: CoverageConfig) -> dict[str, Any]:
    """What the surveys' definitions say of their footprints."""
    return {s: dataclasses.asdict(load(s)).get("coverage") for s in cfg.surveys}


def files(cfg: CoverageConfig, _: Mapping[str, Any]) -> list[str]:
    """The maps that are read."""
    return [str(path) for s in cfg.surveys if (path := _moc(load(s), cfg))]


def _moc(survey: Survey, cfg: CoverageConfig) -> Path | None:
    if survey.name in cfg.moc:
        return Path(cfg.moc[survey.name])
    named = survey.coverage.moc if survey.coverage else ""
    return Path(survey.folder) / named if named else None


def ranges(survey: Survey, cfg: CoverageConfig) -> cover.Ranges:
    """A survey's footprint.

    Raises
    ------
    ConfigError
        If its definition says nothing of what it observed.
    """
    if moc := _moc(survey, cfg):
        return cover.ranges(cover.moc_file(moc))
    footprint = survey.coverage
    if footprint is None:
        raise ConfigError(
            f"survey {survey.name}: its definition has no [coverage], so nothing is known of what it observed; "
            f"where there is a MOC of it, coverage.moc.{survey.name}=FILE"
        )
    if footprint.polygons:
        return cover.merged(np.concatenate([cover.polygon(p, cfg.depth) for p in footprint.polygons]))
    return from_limits(_limits(footprint), cfg.depth)


def _limits(footprint: Footprint) -> Limits:
    return Limits(footprint.dec, footprint.glon, footprint.glat)


def names(surveys: Iterable[str]) -> list[str]:
    """Names of surveys given by name or file."""
    return [load(s).name for s in surveys]
