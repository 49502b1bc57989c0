"""Distances of dwarfs that have parallaxes; types of dwarfs that have spectra."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tasni_spark.photometry import dwarfs
from tasni_spark.photometry.magnitudes import BANDS, fluxes
from tasni_spark.photometry.thermal import thermal
from tasni_spark.tables.thermal import FLAGS


@pytest.fixture(scope="module")
def with_parallax(known: pd.DataFrame) -> pd.DataFrame:
    return known[known["parallax_mas"] / known["e_parallax"] > 8.0]


def test_the_colour_relation_is_that_of_the_dwarfs(with_parallax: pd.DataFrame) -> None:
    k = with_parallax[with_parallax["w1sigmpro"].notna() & with_parallax["w2sigmpro"].notna()]
    absolute = (k["w2mpro"] + 5.0 * np.log10(k["parallax_mas"]) - 10.0).to_numpy()
    got = dwarfs.fit_colour_relation((k["w1mpro"] - k["w2mpro"]).to_numpy(), absolute)
    assert got == pytest.approx((*dwarfs.M_W2, dwarfs.M_W2_SCATTER_MAG), abs=0.01)


def test_a_straight_relation_comes_back_despite_outliers() -> None:
    rng = np.random.default_rng(1)
    colour = rng.uniform(1.5, 4.5, 2000)
    absolute = 14.0 + 0.8 * (colour - 3.0) + rng.normal(0.0, 0.3, 2000)
    absolute[:60] += 4.0
    assert dwarfs.fit_colour_relation(colour, absolute) == pytest.approx((14.0, 0.8, 0.3), abs=0.03)


def test_colour_distances_of_real_dwarfs(with_parallax: pd.DataFrame) -> None:
    k = with_parallax
    got = dwarfs.colour_distance(k["w1mpro"], k["w1sigmpro"], k["w2mpro"], k["w2sigmpro"])
    off = np.log(got.distance_pc * k["parallax_mas"].to_numpy() / 1000.0) / np.log(got.factor)
    off = off[~got.is_upper_bound & np.isfinite(off)]
    assert len(off) > 200
    assert 0.55 < (np.abs(off) < 1.0).mean() < 0.8
    assert np.nanmedian(got.factor) == pytest.approx(1.25, abs=0.03)


def test_a_w1_limit_bounds_the_distance() -> None:
    nan = np.nan
    w1, e1 = np.array([18.5, 17.5, 17.5, nan]), np.array([0.1, nan, 0.1, nan])
    got = dwarfs.colour_distance(w1, e1, np.array([15.0, 15.0, 15.0, 15.0]), np.array([0.05, 0.05, nan, 0.05]))
    assert got.is_upper_bound.tolist() == [False, True, False, False]
    assert got.distance_pc[0] < got.distance_pc[1]
    assert np.isnan(got.distance_pc[2:]).all()
    assert np.isnan(got.factor[2:]).all()


def test_a_blackbody_misses_real_dwarfs_by_the_factor_stated(with_parallax: pd.DataFrame) -> None:
    k = with_parallax
    nothing = np.full(len(k), np.nan)
    mags = [k["w1mpro"], k["w2mpro"], k["w3mpro"], nothing]
    errors = [k["w1sigmpro"], k["w2sigmpro"], k["w3sigmpro"], nothing]
    got = thermal(mags, errors)
    good = (got["thermal_flags"] & (FLAGS["no_fit"][0] | FLAGS["limit_only"][0] | FLAGS["at_bound"][0])) == 0
    assert good.sum() > 200
    ratio = (got["distance_if_dwarf_pc"] * k["parallax_mas"].to_numpy() / 1000.0)[good]
    inside = np.abs(np.log(ratio)) < np.log(dwarfs.BLACKBODY_FACTOR)
    assert 0.5 < inside.mean() < 0.95, (inside.mean(), np.percentile(ratio, [5, 16, 50, 84, 95]))


def test_templates_recognise_themselves() -> None:
    shape, _ = dwarfs.templates()
    types = dwarfs.sequence()["spt_num"]
    got, chi2 = dwarfs.compare(3.0 * shape.T, 0.03 * shape.T)
    assert got.tolist() == types.tolist()
    assert (chi2 < 1e-9).all()


def test_types_of_real_dwarfs_and_of_the_first_edition(known: pd.DataFrame, tier5: pd.DataFrame) -> None:
    def compared(table: pd.DataFrame, bands: str) -> tuple[np.ndarray, np.ndarray]:
        made = [fluxes(table[f"w{b}mpro"], table[f"w{b}sigmpro"], BANDS[int(b) - 1]) for b in bands]
        empty = [np.full(len(table), np.nan)] * (4 - len(bands))
        return dwarfs.compare(
            np.stack([m.flux_mjy for m in made] + empty), np.stack([m.error_mjy for m in made] + empty)
        )

    got, chi2 = compared(known, "123")
    assert np.nanmedian(np.abs(got - known["spt_num"].to_numpy())) < 1.1
    assert (chi2 < 9.0)[np.isfinite(chi2)].mean() > 0.9
    _, chi2 = compared(tier5, "1234")
    assert (chi2 > 9.0).mean() > 0.85, (chi2 > 9.0).mean()


def test_no_fit_without_two_bands() -> None:
    got, chi2 = dwarfs.compare(np.array([[np.nan], [1.0], [np.nan], [np.nan]]), np.full((4, 1), 0.1))
    assert np.isnan(got).all()
    assert np.isnan(chi2).all()
