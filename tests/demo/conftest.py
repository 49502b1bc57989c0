"""A few leaves of a mock sky, made once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tasni_spark.demo.directions import pixels
from tasni_spark.demo.leaf import leaf
from tasni_spark.demo.leaves import PLACES, Leaf, plan

ROWS = 200_000
SEED = 7
MADE = ("seam_equator", "largest_of_neowise", "galactic_centre", "north_pole", "southern_border")


@pytest.fixture(scope="session")
def planned() -> dict[str, Leaf]:
    """Place to the leaf in which it lies."""
    by_pixel = {w.pixel: w for w in plan(ROWS)}
    numbers = pixels(*np.array(list(PLACES.values())).T, 5)
    return {place: by_pixel[number] for place, number in zip(PLACES, numbers.tolist(), strict=True)}


@pytest.fixture(scope="session")
def made(planned: dict[str, Leaf]) -> dict[str, dict[str, pa.Table]]:
    """Place to survey to rows."""
    return {place: leaf(planned[place], SEED) for place in MADE}


@pytest.fixture(scope="session")
def frame(made: dict[str, dict[str, pa.Table]]) -> Callable[..., pd.DataFrame]:
    """Rows of a survey in some places (all of them, if none is named), with the place as a column."""

    def of(survey: str, *places: str) -> pd.DataFrame:
        found = [
            made[p][survey].to_pandas(integer_object_nulls=True).assign(place=p)
            for p in places or made
            if survey in made[p]
        ]
        return pd.concat(found, ignore_index=True)

    return of


@pytest.fixture(scope="session")
def dwarfs(planned: dict[str, Leaf]) -> dict[str, pd.DataFrame]:
    """Leaves of nothing but cold dwarfs, nearly: truth, AllWISE and CatWISE row by row, and all exposures."""
    places = ("seam_equator", "north_pole", "southern_border")
    leaves = [planned[p]._replace(rows=310, dwarfs=300, is_monitored=True) for p in places]
    tables = [leaf(w, SEED) for w in leaves]
    kept = {
        s: pd.concat([t[s].to_pandas(integer_object_nulls=True) for t in tables], ignore_index=True)
        for s in ("truth", "allwise", "catwise2020", "neowise")
    }
    truth = kept["truth"][kept["truth"]["class"] == "cold_dwarf"].dropna(subset=["catwise_source_id"])
    allwise = kept["allwise"].set_index("cntr").loc[truth["cntr"]]
    catwise = kept["catwise2020"].set_index("source_id").loc[truth["catwise_source_id"]]
    rows = {"truth": truth, "allwise": allwise, "catwise2020": catwise}
    return {s: t.reset_index(drop=True) for s, t in rows.items()} | {"neowise": kept["neowise"]}
