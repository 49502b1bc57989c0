"""What the tests of photometry share: the published tables under the catalogue's names."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

FOUR = ("J143046.35-025927.8", "J231029.40-060547.3", "J193547.43+601201.5", "J044024.40-731441.6")


@pytest.fixture(scope="session")
def tier5(real: Path) -> pd.DataFrame:
    """The 4,137 sources of the first edition."""
    return pd.read_parquet(real / "wise" / "allwise_tier5.parquet")


@pytest.fixture(scope="session")
def known(real: Path) -> pd.DataFrame:
    """Known T6 to Y dwarfs with W1 and W2; columns as AllWISE names them."""
    k = pd.read_csv(real / "brown_dwarfs" / "known_T6_Y_dwarfs.csv")
    k = k[k["w1"].notna() & k["w2"].notna()].reset_index(drop=True)
    k["subtype"] = pd.cut(k["spt_num"], [0, 17, 18, 19, 20, 99], right=False, labels=["T6", "T7", "T8", "T9", "Y"])
    return k.rename(columns={f"w{b}": f"w{b}mpro" for b in "123"} | {f"e_w{b}": f"w{b}sigmpro" for b in "123"})


@pytest.fixture(scope="session")
def y_dwarfs(real: Path) -> pd.DataFrame:
    """The published table of 23 Y dwarfs, as it is."""
    return pd.read_csv(real / "brown_dwarfs" / "simple_Y-dwarf_table.csv", na_values=["-"])
