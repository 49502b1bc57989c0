"""Motion of one source against astropy, and what counts as near."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.time import Time

from tasni_spark.search.near import Anchor, expected, is_moving, moved
from tasni_spark.search.sights import verdict

ROW: dict[str, Any] = {
    "epoch": 2016.0,
    "pmra_masyr": 30.0,
    "pmdec_masyr": -40.0,
    "pmra_error_masyr": 7.0,
    "pmdec_error_masyr": 7.0,
}


@pytest.mark.parametrize(
    ("ra", "dec", "pmra", "pmdec"),
    [
        (133.787, -7.244, -8118.9, 679.3),
        (359.9999, 45.0, 2000.0, -10.0),
        (10.0, 89.999, 5000.0, 5000.0),
        (0, -90, 9, 9),
    ],
)
def test_motion_is_that_of_astropy(ra: float, dec: float, pmra: float, pmdec: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # astropy overrides the distance that is not given
        start = SkyCoord(
            ra * u.deg,
            dec * u.deg,
            pm_ra_cosdec=pmra * u.mas / u.yr,
            pm_dec=pmdec * u.mas / u.yr,
            obstime=Time(2014.0, format="jyear"),
        )
        then = start.apply_space_motion(new_obstime=Time(1999.27, format="jyear"))
    found = SkyCoord(*moved(ra, dec, pmra, pmdec, 1999.27 - 2014.0), unit="deg")
    assert found.separation(SkyCoord(then.ra, then.dec)).arcsec < 1e-4
    assert found.separation(SkyCoord(ra * u.deg, dec * u.deg)).arcsec > 0.1


def test_expected_places_need_a_motion() -> None:
    at = Anchor("y", 7, 20, 5, 133.787057, -7.244431, 2014.0, -8118.9, 679.3)
    later = expected(at, 2014.0 + 1e-3)
    assert later["expected_ra"] == pytest.approx(at.ra - 8.1189e-3 / 3600 / np.cos(np.radians(at.dec)), abs=1e-9)
    assert later["expected_dec"] == pytest.approx(at.dec + 0.6793e-3 / 3600, abs=1e-9)
    assert expected(at, None) == expected(Anchor("y", 7, 20, 5, 133.787057, -7.244431, 2014.0), 1999.0) == {}


@pytest.mark.parametrize(
    ("changes", "is_it"),
    [
        ({}, True),
        ({"pmra_error_masyr": 11.0, "pmdec_error_masyr": 11.0}, False),
        ({"pmra_masyr": np.nan}, False),
        ({"pmdec_error_masyr": None}, False),
        ({"epoch": None}, False),
    ],
)
def test_a_motion_counts_from_five_sigma(changes: dict[str, Any], is_it: bool) -> None:
    assert is_moving(ROW | changes) == is_it


@pytest.mark.parametrize(
    ("sep", "observed", "searched", "said"),
    [
        (1.0, True, 3.0, "matched"),
        (1.0, False, None, "matched"),
        (4.0, True, 5.0, "nothing there"),
        (None, True, 2.0, "its sources were not sought"),
        (None, True, None, "its sources were not sought"),
        (None, False, 3.0, "not observed"),
        (None, None, 3.0, "its footprint is not known"),
    ],
)
def test_verdicts(sep: float | None, observed: bool | None, searched: float | None, said: str) -> None:
    assert verdict(sep, observed, searched, 3.0) == said
