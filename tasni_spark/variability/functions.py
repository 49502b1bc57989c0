"""The statistics of light curves under their names in SQL: vectorised over the kernels that the jobs use.

Why: a statistic of one's own choice of sources should not need a job. A batch of rows is laid end to end and goes
through the compiled loop at once; there is no call a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from pyspark.sql import SparkSession
from pyspark.sql.pandas.functions import pandas_udf

from tasni_spark.tables.statistics import STRUCTURE
from tasni_spark.variability import periods, suite
from tasni_spark.variability.compiled import Floats, Ints
from tasni_spark.variability.visits import W2

_TREND = ("n_visits", "span_yr", "slope_mag_per_yr", "sigma_slope_mag_per_yr", "log10_p", "rchi2_line")
_LAGS = tuple(s.name for s in STRUCTURE)
_PERIOD = ("period_d", "power", "window")


def visit_trend(mjd: pd.Series, mag: pd.Series, err: pd.Series) -> pd.DataFrame:
    """Weighted line through the visits of each light curve, with the alternate-visit term.

    Parameters
    ----------
    mjd, mag, err : d, mag, mag, arrays
        Exposures in any order; a null or non-positive error marks an upper limit.

    Returns
    -------
    struct
        Visits, span in yr, slope and its error in mag / yr (positive for fading), log10 p, chi2 / dof.
    """
    return pd.DataFrame(_statistics(mjd, mag, err, _TREND))


def stetson_j(mjd: pd.Series, mag: pd.Series, err: pd.Series) -> pd.Series:
    """Stetson's J of each light curve, as in table `variability`."""
    return pd.Series(_statistics(mjd, mag, err, ("stetson_j",))["stetson_j"])


def structure_function(mjd: pd.Series, mag: pd.Series, err: pd.Series) -> pd.DataFrame:
    """Noise-subtracted structure function squared, mag2, at the lags of table `variability`."""
    return pd.DataFrame(_statistics(mjd, mag, err, _LAGS))


def lomb_scargle(mjd: pd.Series, mag: pd.Series, err: pd.Series) -> pd.DataFrame:
    """Highest peak of the detrended floating-mean periodogram on the full grid: thirty light curves a second.

    Returns
    -------
    struct
        Period in d, power (0 .. 1), and the window's power there (0 .. 1; where it is high, the cadence made the peak).
    """
    at, (t, m, e) = _flat(mjd, mag, err)
    found = np.full((len(at) - 1, len(_PERIOD)), np.nan)
    for i in range(len(found)):
        curve = slice(at[i], at[i + 1])
        found[i] = _highest(t[curve], m[curve], e[curve])
    return pd.DataFrame(found, columns=list(_PERIOD))


def register(spark: SparkSession) -> None:
    """Name the functions in a session."""
    vectorised: Any = pandas_udf
    kinds: dict[Any, str] = {
        visit_trend: _struct(_TREND),
        stetson_j: "double",
        structure_function: _struct(_LAGS),
        lomb_scargle: _struct(_PERIOD),
    }
    for function, kind in kinds.items():
        spark.udf.register(function.__name__, vectorised(function, kind))


def _struct(names: Sequence[str]) -> str:
    return f"struct<{', '.join(f'{n}: double' for n in names)}>"


def _flat(*columns: pd.Series) -> tuple[Ints, list[Floats]]:
    """Offsets and values of columns of arrays; a null array is an empty one, a null value NaN."""
    counts = [np.array([0 if row is None else len(row) for row in c], np.int64) for c in columns]
    if any((n != counts[0]).any() for n in counts):
        raise ValueError("arrays of a light curve differ in length: mjd, mag and err need one value an exposure")
    values: list[Any] = [[np.asarray(row, np.float64) for row in c if row is not None] for c in columns]
    return np.append(0, np.cumsum(counts[0])), [np.concatenate(v) if v else np.empty(0) for v in values]


def _statistics(mjd: pd.Series, mag: pd.Series, err: pd.Series, names: Sequence[str]) -> dict[str, Floats]:
    at, (t, m, e) = _flat(mjd, mag, err)
    whole = suite.statistics(at, t, m, e, W2)
    return {n: whole[n] for n in names}


def _highest(t: Floats, m: Floats, e: Floats) -> tuple[float, float, float]:
    if np.isfinite(t * m * e).sum() < 5:
        return np.nan, np.nan, np.nan
    found = periods.periodogram(t, periods.detrended(t, m, e), e)
    if not len(found.power):
        return np.nan, np.nan, np.nan
    k = int(found.power.argmax())
    return 1.0 / float(found.frequency[k]), float(found.power[k]), float(found.window[k])
