"""Candidates in the order of their likeness to a cold dwarf, and what a line drawn below each would cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql import Window
from pyspark.sql import functions as F

from tasni_spark.core.config import opt
from tasni_spark.core.plan import Group
from tasni_spark.core.work import Inputs, Output
from tasni_spark.photometry.magnitudes import BANDS
from tasni_spark.photometry.tails import PARENT_COLOUR_MAG, Tails, reached, tails
from tasni_spark.tables.thermal import RANKING

QUANTILES = 512
"""Of W2 of the red sources searched: what the drawn populations are as bright as."""


@dataclass(frozen=True)
class RankingConfig:
    """Section `[ranking]`."""

    left: str = opt("allwise", "survey that was searched")

    @property
    def label(self) -> str:
        """Tells the surveys of a run apart."""
        return self.left


def scope(cfg: RankingConfig) -> dict[str, list[str]]:
    """What a run replaces; also a cut set that has no candidates any more."""
    return {"survey": [cfg.left]}


def ranking(inputs: Inputs, _: Group, cfg: RankingConfig) -> Output:
    """The candidates of every cut set over a survey, ranked.

    Notes
    -----
    One window a cut set and survey: what fails no cut is a few in 10^5 of a catalogue, 10^4 rows of AllWISE, and a
    sort of more would spill to disk, not fail. No other row is ordered.
    """
    mine = F.col("survey") == cfg.left
    ratios = inputs.read("thermal").where(mine).select("id", "tile", "dwarf_log_ratio")
    kept = inputs.read("candidates").where(mine).select("cut_set", "survey", "id", "tile", "hpx29")
    best = Window.partitionBy("cut_set", "survey").orderBy(F.col("dwarf_log_ratio").desc_nulls_last(), "id")
    ranked = kept.join(ratios, ["id", "tile"], "left").withColumn("rank", F.row_number().over(best))
    n_red, w2 = _red(inputs, cfg)
    priced = ranked.select(*RANKING.names[:-2]).mapInArrow(
        pricer(tails(w2), n_red), ", ".join(f"{c.name} {c.type}" for c in RANKING.columns)
    )
    return {RANKING: priced}


def _red(inputs: Inputs, cfg: RankingConfig) -> tuple[int, list[float]]:
    """How many sources are as red as the parent population; quantiles of their W2 in mag, or its depth."""
    rows = inputs.read(cfg.left).where(
        (F.col("w1mpro") - F.col("w2mpro") > PARENT_COLOUR_MAG) & (F.col("w2sigmpro") > 0)
    )
    steps = [k / (QUANTILES - 1) for k in range(QUANTILES)]
    found = rows.agg(F.count("*").alias("n"), F.percentile_approx("w2mpro", steps).alias("w2")).first()
    assert found is not None
    return found["n"], found["w2"] or [BANDS[1].depth_mag]


def pricer(both: Tails, n_red: int) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """A function for `mapInArrow` that adds recall and the expected number of false positives."""

    def price(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            ratio = batch.column("dwarf_log_ratio").to_numpy(zero_copy_only=False)
            found = (reached(both.dwarfs, ratio), n_red * reached(both.parents, ratio))
            values = [pa.array(v, from_pandas=True) for v in found]
            yield pa.RecordBatch.from_arrays([*batch.columns, *values], RANKING.names)

    return price
