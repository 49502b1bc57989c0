"""What each column knows alone: by its values, its nulls, its decimals, its lineage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from tasni_spark.models.audit.rules import AuditConfig, Sample
from tasni_spark.models.measures import Bools, Floats, auc, auc_within, average_precision, of_flag

DECIMALS_BELOW = 100.0
"""Greater numbers of single precision do not show their third decimal: size would pass for rounding."""
ASKED = 64
"""Columns among which three questions are sought."""


class Finding(NamedTuple):
    """What is known of one column."""

    name: str
    n: int
    n_positive: int
    n_null: int
    auc: float
    auc_within: float
    average_precision: float
    null_auc: float
    null_average_precision: float
    null_auc_labelled: float
    digit_auc: float
    lineage: str
    ground: str


def _sided(value: float) -> float:
    """An AUC whichever way the column points."""
    return max(value, 1 - value) if np.isfinite(value) else float("nan")


def finding(sample: Sample, k: int, has_label: Bools, y: Bools, cfg: AuditConfig) -> Finding:
    """Column k of a sample; y are the labels of the rows that have one."""
    name, x = sample.names[k], sample.values[:, k].astype(np.float64)
    is_null = np.isnan(x)
    v, n, b = x[has_label], is_null[has_label], sample.block[has_label]
    good = ~n
    area = auc(v[good], y[good])
    direction = -1.0 if area < 0.5 else 1.0
    whole = _sided(area)
    inside = auc_within(direction * v[good], y[good], b[good]) if good.any() else float("nan")
    ap = average_precision(np.where(good, direction * v, -np.inf), y)
    null_auc, null_ap = of_flag(n, y)
    null_auc, null_ap = _sided(null_auc), max(null_ap, of_flag(good, y)[1])
    labelled = _sided(of_flag(is_null, has_label)[0])
    n_pos = int(y[good].sum())
    written = good & (np.abs(v) < DECIMALS_BELOW)
    digits = _sided(auc(_decimals(v[written]), y[written])) if y[written].sum() >= cfg.least_positive else float("nan")
    lineage = ", ".join(sorted(set(sample.inputs.get(name, ())) & sample.rule_inputs))
    ground = ""
    if lineage:
        ground = f"it is computed from {lineage}, on which the rule of the label rests"
    elif name not in sample.sky_nulls and null_auc > cfg.greatest_null_auc:
        ground = f"whether it is missing predicts the label (AUC {null_auc:.3f})"
    elif name not in sample.sky_nulls and labelled > cfg.greatest_null_auc:
        ground = f"whether it is missing tells labelled rows from the others (AUC {labelled:.3f})"
    elif digits > cfg.greatest_digit_auc and ap <= cfg.greatest_precision:
        ground = f"how many decimals it has predicts the label (AUC {digits:.3f}): two catalogues in one column"
    elif n_pos >= cfg.least_positive and ap > cfg.greatest_precision:
        ground = f"alone it separates the classes (average precision {ap:.4f}): the label is a formula of it"
    elif n_pos >= cfg.least_positive and whole > cfg.least_pooled_auc and inside < cfg.greatest_within_auc:
        ground = f"it tells over the sky (AUC {whole:.3f}), not inside blocks ({inside:.3f}): it knows the place"
    return Finding(
        name,
        int(good.sum()),
        n_pos,
        int(n.sum()),
        whole,
        inside,
        ap,
        null_auc,
        null_ap,
        labelled,
        digits,
        lineage,
        ground,
    )


def _decimals(values: Floats) -> Floats:
    """Decimals, 0 .. 4, that a number below DECIMALS_BELOW is written with."""
    found = np.full(len(values), 4.0)
    for places in (3, 2, 1, 0):
        scaled = values * 10.0**places
        found[np.abs(scaled - np.rint(scaled)) < 1e-2] = places
    return found


def refused(findings: Sequence[Finding]) -> Iterator[str]:
    """Grounds of columns, the worst examples of each kind named."""
    kinds: dict[str, list[Finding]] = {}
    for f in findings:
        if f.ground:
            kinds.setdefault(f.ground.split("(")[0].split(",")[0].strip(), []).append(f)
    for found in kinds.values():
        first = found[0]
        more = f" (and {len(found) - 1} columns more: {', '.join(f.name for f in found[1:4])})" if found[1:] else ""
        yield f"{first.name}: {first.ground}{more}"


def telling(findings: Sequence[Finding]) -> list[int]:
    """The columns that tell most alone, themselves or by being missing; of 600 columns the rest would cost a minute."""
    told = [max(np.nan_to_num([f.auc, f.null_auc], nan=0.5)) for f in findings]
    return sorted(sorted(range(len(findings)), key=lambda k: (-told[k], findings[k].name))[:ASKED])
