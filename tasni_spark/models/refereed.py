"""The job `feature_audit`, and the same audit of any Parquet file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from tasni_spark.core.config import opt
from tasni_spark.core.errors import ConfigError, DataError, QualityError, nearest
from tasni_spark.core.plan import Group
from tasni_spark.core.work import Inputs, Output
from tasni_spark.models.audit.rules import AuditConfig, Sample
from tasni_spark.models.audit.verdict import Verdict, audit, told
from tasni_spark.models.labels import USES
from tasni_spark.models.sample import Rows, framed, rows_of, sky_nulls, wanted
from tasni_spark.tables.features import FEATURES
from tasni_spark.tables.models import FEATURE_AUDIT

BLOCK_DEG = 7.3
"""Side of a block where a file has positions: that of HEALPix nside 8."""
POSITIONS = (("ra", "dec"), ("ra_deg", "dec_deg"), ("raj2000", "dej2000"), ("glon", "glat"), ("l", "b"))


@dataclass(frozen=True)
class FeatureAuditConfig(AuditConfig):
    """Section `[feature_audit]`."""

    left: str = opt("allwise", "survey whose features are audited")
    target: str = opt("cold_dwarf", "class that is sought")
    groups: tuple[str, ...] = opt((), "groups of features; none for all that models may use")
    strata: tuple[str, ...] = opt((), "strata that models shall use as features")

    @property
    def label(self) -> str:
        """Tells the audits of a run apart."""
        return f"{self.left}-{self.target}"


def scope(cfg: FeatureAuditConfig) -> dict[str, list[str]]:
    """What a run replaces."""
    return {"survey": [cfg.left], "target": [cfg.target]}


def of_features(rows: Rows, rules: frozenset[str], cfg: AuditConfig) -> Verdict:
    """The audit of training rows."""
    a, d = np.radians(rows.ra), np.radians(rows.dec)
    sample = Sample(
        rows.names,
        rows.values,
        rows.label,
        rows.block,
        rows.identity,
        np.stack([np.cos(a) * np.cos(d), np.sin(a) * np.cos(d), np.sin(d)], 1),
        sky_nulls(rows.names),
        frozenset(c for rule in rules for c in USES.get(rule, ())),
        {n: FEATURES[n].inputs for n in rows.names},
    )
    return audit(sample, cfg)


def feature_audit(inputs: Inputs, _: Group, cfg: FeatureAuditConfig) -> Output:
    """What each feature and its missing pattern tell alone, and why it is refused."""
    rows = rows_of(inputs, cfg.left, cfg.target, wanted(cfg.groups, cfg.strata))
    rules = {
        r["rule"] for r in inputs.read("labels").where(f"survey = '{cfg.left}'").select("rule").distinct().collect()
    }
    verdict = of_features(rows, frozenset(rules), cfg)
    inputs.notes["verdict"] = told(verdict, f"features of {cfg.left} for {cfg.target}")
    inputs.notes["grounds"] = list(verdict.grounds)
    table = pd.DataFrame([f._asdict() for f in verdict.findings]).rename(columns={"name": "feature"})
    told_of = table.assign(survey=cfg.left, target=cfg.target)
    return {FEATURE_AUDIT: framed(inputs.spark, told_of, FEATURE_AUDIT)}


def tell(inputs: Inputs, _: FeatureAuditConfig, __: Mapping[str, int], ___: Mapping[str, Any]) -> dict[str, Any]:
    """The verdict, for the record and the reader."""
    return {"verdict": "\n" + inputs.notes.get("verdict", "")}


def refuse(verdict: Verdict, what: str) -> None:
    """Stop before anything is trained on a refused table.

    Raises
    ------
    QualityError
        With the grounds.
    """
    if not verdict.is_accepted:
        raise QualityError(f"{what}: the feature audit refuses it: {'; '.join(verdict.grounds)}")


# -- any file ---------------------------------------------------------------------------------------------------------


def of_file(path: str, label: str, positive: str, identity: str, sky: tuple[str, ...], cfg: AuditConfig) -> Verdict:
    """The audit of a Parquet file.

    Parameters
    ----------
    path
        File.
    label
        Column of the label; a null is an unlabelled row.
    positive
        Value that is sought; empty for true, 1, or the rarer of two values.
    identity
        Column of the object; empty for none.
    sky
        Columns whose nulls have a cause on the sky.

    Raises
    ------
    DataError, ConfigError
        If there is no such file or column.
    """
    if not Path(path).is_file():
        raise DataError(f"{path}: no such file")
    table = pq.read_table(path).to_pandas()
    for column in (label, *([identity] if identity else []), *sky):
        if column not in table.columns:
            raise ConfigError(f"{path}: no column {column}{nearest(column, list(table.columns))}")
    y = _labels(table[label], positive)
    place = _position(table)
    block = _blocks(table, place)
    named = {label, identity, *(place or ())}
    columns = {n: c for n, c in table.items() if n not in named and _is_number(c)}
    if not columns:
        raise DataError(f"{path}: no numeric column beside {label}: nothing to audit")
    values = np.stack([c.to_numpy(np.float32, na_value=np.nan) for c in columns.values()], 1)
    ids = pd.factorize(table[identity])[0] if identity else np.arange(len(table))
    xyz = np.full((len(table), 3), np.nan)
    if place:
        a, d = (np.radians(table[c].to_numpy(np.float64, na_value=np.nan)) for c in place)
        xyz = np.stack([np.cos(a) * np.cos(d), np.sin(a) * np.cos(d), np.sin(d)], 1)
    return audit(Sample(tuple(columns), values, y, block, ids.astype(np.int64), xyz, frozenset(sky)), cfg)


def _is_number(column: pd.Series[Any]) -> bool:
    return bool(pd.api.types.is_numeric_dtype(column))


def _labels(column: pd.Series[Any], positive: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    text = column.map(lambda v: None if pd.isna(v) else str(v))
    counts = text.value_counts()
    if positive and positive not in counts.index:
        raise ConfigError(f"label {column.name}: no value {positive}: it has {', '.join(map(str, counts.index[:8]))}")
    usual = next((v for v in ("True", "1", "1.0") if v in counts.index), None)
    if not positive and usual is None and len(counts) != 2:
        raise ConfigError(
            f"label {column.name}: {len(counts)} values, expected two: say which is sought with --positive"
        )
    chosen = positive or usual or str(counts.index[-1])
    return np.where(text.isna(), np.nan, (text == chosen).astype(float))


def _position(table: pd.DataFrame) -> tuple[str, str] | None:
    lower = {str(c).lower(): str(c) for c in table.columns}
    return next(((lower[a], lower[b]) for a, b in POSITIONS if a in lower and b in lower), None)


def _blocks(table: pd.DataFrame, place: tuple[str, str] | None) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Blocks of about equal area where the file has positions, else rows taken by turns."""
    if place is None:
        return np.arange(len(table)) % 50
    lon, lat = (table[c].to_numpy(np.float64, na_value=np.nan) for c in place)
    band = np.floor((np.nan_to_num(lat) + 90) / BLOCK_DEG)
    width = BLOCK_DEG / np.maximum(np.cos(np.radians((band + 0.5) * BLOCK_DEG - 90)), 0.05)
    return np.asarray(band * 1000 + np.floor(np.nan_to_num(lon) / width), np.int64)
