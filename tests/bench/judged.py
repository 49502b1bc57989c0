"""The ranked list of a mock sky against its planted truth: recall and precision at k, and false-discovery proportions.

Sources that trained a model count neither as found nor as missed. Intervals are of 95 %, from a bootstrap over HEALPix
blocks of order 2. False discoveries are judged with the suite's own p and q, where half of the blocks' usual sources
calibrate and the other half of the sky is judged: a calibrating sample that holds what is sought makes no claims.

python -m tests.bench.judged --lake lake
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import deltalake
import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from tasni_spark.models.errors import calibration, p_values, q_of

STRANGE = ("cold_dwarf", "artefact", "blend", "yso", "agb", "agn")
"""Planted classes that are not usual: a few percent of the sky, each."""
OUTLIERS = ("isolation_forest", "robust_distance")
LENGTHS = (100, 1_000)
RATES = (0.05, 0.1, 0.2)
BLOCK_SHIFT = 54
DRAWS = 1_000


def interval(block: NDArray[np.int64], of: Callable[[NDArray[np.int64]], float]) -> tuple[float, float]:
    """The middle 95 % of a number when blocks are drawn again; `of` gets how often each row was drawn."""
    rng = np.random.default_rng(0)
    blocks, at = np.unique(block, return_inverse=True)
    drawn = rng.multinomial(len(blocks), np.full(len(blocks), 1 / len(blocks)), DRAWS)
    low, high = np.nanquantile([of(n[at]) for n in drawn], [0.025, 0.975])
    return float(low), float(high)


def at_k(hit: NDArray[np.bool_], k: int) -> Callable[[NDArray[np.int64]], float]:
    """Precision at k of rows in the list's order, each drawn so many times."""

    def of(times: NDArray[np.int64]) -> float:
        n = int(np.searchsorted(np.cumsum(times), k)) + 1
        return share(hit[:n], times[:n])

    return of


def share(hit: NDArray[np.bool_], times: NDArray[np.int64]) -> float:
    """How much of rows, each drawn so many times, is a hit."""
    return float(hit @ times / times.sum())


def found(rows: pd.DataFrame, by: str, sought: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Lines of precision and recall of untrained sources, the highest `by` first."""
    new = rows[rows["label"].isna()]
    n_sought = int(new["class"].isin(sought).sum())
    listed = new.sort_values([by, "id"], ascending=[False, True], kind="stable")
    hit, block = listed["class"].isin(sought).to_numpy(), listed["block"].to_numpy()
    for k in LENGTHS:
        head = slice(20 * k)  # no draw of blocks reaches further
        low, high = interval(block[head], at_k(hit[head], k))
        n = int(hit[:k].sum())
        name = "cold dwarfs" if len(sought) == 1 else "all strange"
        yield name, by, str(k), f"{n / k:.3f} ({low:.3f}..{high:.3f})", f"{n / n_sought:.4f} = {n} of {n_sought:,}"


def claims(rows: pd.DataFrame, model: str) -> Iterator[tuple[str, ...]]:
    """Lines of claims and of the share of usual sources among them."""
    is_usual = ~rows["class"].isin(STRANGE).to_numpy()
    is_half = rows["block"].to_numpy() % 2 == 0
    score, stratum = rows[model].to_numpy(np.float64), rows["stratum"].to_numpy(np.int64)
    by = calibration(score[is_half & is_usual], stratum[is_half & is_usual])
    judged = ~is_half & np.isfinite(score)
    p = p_values(score[judged], stratum[judged], by)
    of = q_of(*np.unique(p, return_counts=True))
    q = pd.Series(p).map(of).to_numpy()
    for rate in RATES:
        claimed = q <= rate
        n, false = int(claimed.sum()), is_usual[judged][claimed]
        if not n:
            yield model, f"{rate:g}", "0", "no claim"
            continue
        block = rows["block"].to_numpy()[judged][claimed]
        low, high = interval(block, partial(share, false))
        yield model, f"{rate:g}", f"{n:,}", f"{false.mean():.3f} ({low:.3f}..{high:.3f})"


def read(lake: Path) -> pd.DataFrame:
    """Every scored source with its planted class, its scores, its place on the list and what it trained as."""
    tables = duckdb.connect()
    for name in ("scores", "mock_truth", "standings", "splits"):
        tables.register(name, deltalake.DeltaTable(str(lake / name)).to_pyarrow_dataset())
    return tables.sql(
        f"SELECT s.*, s.hpx29 >> {BLOCK_SHIFT} AS block, t.class, p.label, l.borda, l.probability FROM scores s"
        " JOIN mock_truth t USING (id) LEFT JOIN splits p USING (id) LEFT JOIN standings l USING (id)"
    ).df()


def table(title: str, heads: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Table:
    """A printed table."""
    out = Table(*heads, title=title)
    for row in rows:
        out.add_row(*row)
    return out


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lake", type=Path, default=Path("lake"))
    rows = read(parser.parse_args().lake)
    kinds = [(by, ("cold_dwarf",)) for by in ("borda", "probability")] + [(m, STRANGE) for m in OUTLIERS if m in rows]
    print = Console().print
    heads = ("sought", "sorted by", "k", "precision", "recall")
    print(table(f"{len(rows):,} sources", heads, (line for by, of in kinds for line in found(rows, by, of))))
    heads = ("model", "q", "claims", "usual among them")
    print(table("False discoveries", heads, (line for m in OUTLIERS if m in rows for line in claims(rows, m))))


if __name__ == "__main__":
    main()
