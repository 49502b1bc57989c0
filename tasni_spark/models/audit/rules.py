"""What is audited, and where a referee draws lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tasni_spark.core.config import opt
from tasni_spark.models.measures import Floats, Ints


@dataclass(frozen=True)
class AuditConfig:
    """Section `[feature_audit]`: where a referee draws lines."""

    greatest_null_auc: float = opt(0.7, "AUC of a column's missing pattern above which it is refused")
    greatest_digit_auc: float = opt(0.9, "AUC of a column's number of decimals above which it is refused")
    greatest_precision: float = opt(
        0.999, "average precision of one column, or of three questions, above which the label is a formula of them"
    )
    greatest_sky_auc: float = opt(0.9, "AUC of the position alone above which the label is a place")
    least_pooled_auc: float = opt(0.75, "AUC over the sky above which a column must also tell inside blocks")
    greatest_within_auc: float = opt(0.55, "AUC inside blocks below which such a column only knows the place")
    least_positive: int = opt(30, "measured positives from which on a column can be refused for its values or decimals")
    least_per_class: int = opt(10, "rows of each class without which nothing can be said")
    folds: int = opt(5, "parts of the blocks in which trees are tested")
    seed: int = opt(1, "of folds and of the shuffled labels")


@dataclass(frozen=True)
class Sample:
    """What is audited.

    Parameters
    ----------
    names
        Columns.
    values : (n, columns)
        NaN where null.
    label : (n,)
        1, 0, or NaN for rows that have no label.
    block : (n,)
        Block of the sky, or any group that belongs together.
    identity : (n,)
        The object: rows of one object must stay in one block.
    xyz : (n, 3)
        Direction, NaN where not known.
    sky_nulls
        Columns whose nulls have a cause on the sky: not detected, a limit.
    rule_inputs
        Catalogue columns that the rule of the label uses.
    inputs
        Column to the catalogue columns that it is computed from.
    """

    names: tuple[str, ...]
    values: NDArray[np.float32]
    label: Floats
    block: Ints
    identity: Ints
    xyz: Floats
    sky_nulls: frozenset[str] = frozenset()
    rule_inputs: frozenset[str] = frozenset()
    inputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
