"""Training rows as arrays: features, labels and splits of the few sources that models learn from.

Why: 10^2 .. 10^5 labelled sources fit into memory whatever the catalogue holds, so that audit, folds and calibration
are plain NumPy; only scoring meets every source.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tasni_spark.core.errors import ContractError, DataError
from tasni_spark.core.spec import Table
from tasni_spark.core.work import Inputs
from tasni_spark.models.measures import Bools, Floats, Ints
from tasni_spark.tables.features import FEATURE_TABLE, FEATURES
from tasni_spark.tables.models import SPLITS

PROCESSED = ("variability.", "trend_tests.")
"""Tables in which a null may mean that a pipeline did not run: such nulls must not know the label."""
SKY = ("spatial__equatorial__ra__deg", "spatial__equatorial__dec__deg")


@dataclass(frozen=True)
class Rows:
    """Sources that train, test and calibrate.

    Parameters
    ----------
    names, values
        Features, (n, features); NaN where null.
    label
        1 for the target, 0 for another class, NaN without a label.
    fold, buffers
        (n,) and (n, folds): whether a row must not train for a fold.
    block, identity, id, tile, hpx29, stratum
        (n,) whole numbers.
    is_calibration
        Rows that no outlier model may be fitted on.
    ra, dec
        deg.
    """

    names: tuple[str, ...]
    values: NDArray[np.float32]
    label: Floats
    fold: Ints
    buffers: Bools
    block: Ints
    identity: Ints
    id: Ints
    hpx29: Ints
    stratum: Ints
    is_calibration: Bools
    ra: Floats
    dec: Floats

    def __len__(self) -> int:
        return len(self.label)

    @property
    def has_label(self) -> Bools:
        """Rows with a label."""
        return np.isfinite(self.label)

    def only(self, names: Sequence[str]) -> Rows:
        """The same rows with some features.

        Raises
        ------
        ContractError
            If one is not there.
        """
        at = {n: k for k, n in enumerate(self.names)}
        if missing := [n for n in names if n not in at]:
            raise ContractError(f"features: no {', '.join(missing[:3])}: the model was trained on another dictionary")
        return replace(self, names=tuple(names), values=self.values[:, [at[n] for n in names]])

    def at(self, rows: Ints) -> Rows:
        """Some of the rows."""
        whole = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name != "names"}
        return replace(self, **whole)

    def trains(self, fold: int) -> Bools:
        """Rows that may train a model which is tested on a fold: neither in it nor in the ring around it."""
        return np.asarray((self.fold != fold) & ~self.buffers[:, fold])

    @property
    def folds(self) -> range:
        """All folds."""
        return range(self.buffers.shape[1])


def wanted(groups: Sequence[str], also: Sequence[str] = ()) -> tuple[str, ...]:
    """Features of some groups that are for models: strata are left out unless named."""
    return tuple(
        n for n, f in FEATURES.items() if (f.role == "feature" and (not groups or f.group in groups)) or n in also
    )


def sky_nulls(names: Sequence[str]) -> frozenset[str]:
    """Features whose nulls have a cause on the sky."""
    return frozenset(n for n in names if not any(i.startswith(PROCESSED) for i in FEATURES[n].inputs))


def rows_of(inputs: Inputs, survey: str, target: str, names: Sequence[str]) -> Rows:
    """The sources of `splits` with their features.

    Raises
    ------
    DataError
        If there are no splits of the survey.
    """
    split = inputs.read(SPLITS.name).where(F.col("survey") == survey).drop("survey", "hpx29")
    features = inputs.read(FEATURE_TABLE.name).where(F.col("survey") == survey)
    both = features.select("id", "tile", "hpx29", "stratum", *dict.fromkeys((*names, *SKY)))
    found: pd.DataFrame = both.join(F.broadcast(split), ["tile", "id"]).toPandas()
    if found.empty:
        raise DataError(f"splits of {survey}: no row has features: run features and splits for it")
    found = found.sort_values("id", kind="stable", ignore_index=True)
    label = np.where(found["label"].isna(), np.nan, (found["label"] == target).astype(float))
    n_folds = int(found["fold"].max()) + 1
    buffers = np.zeros((len(found), n_folds), bool)
    for k, near in enumerate(found["buffers"]):
        buffers[k, list(near)] = True
    whole = {n: found[n].to_numpy(np.int64) for n in ("fold", "block", "id", "hpx29", "stratum")}
    return Rows(
        tuple(names),
        found[list(names)].to_numpy(np.float32),
        label,
        buffers=buffers,
        identity=found["object_id"].to_numpy(np.int64),
        is_calibration=found["is_calibration"].to_numpy(bool),
        ra=found[SKY[0]].to_numpy(np.float64),
        dec=found[SKY[1]].to_numpy(np.float64),
        **whole,
    )


def labels_of(inputs: Inputs, survey: str) -> pd.DataFrame:
    """`id` and `label` of the sources that may train under one."""
    known = inputs.read(SPLITS.name).where((F.col("survey") == survey) & F.col("label").isNotNull())
    found: pd.DataFrame = known.select("id", "label").toPandas()
    return found


def framed(spark: SparkSession, rows: pd.DataFrame, table: Table) -> DataFrame:
    """Rows as a frame of the declared columns; NaN is null."""
    types = ", ".join(f"{c.name} {c.type}" for c in table.columns)
    return spark.createDataFrame(rows[list(table.names)], types)
