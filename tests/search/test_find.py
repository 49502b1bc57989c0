"""Names as positions: the published coordinates of real sources lie where their names say."""

from __future__ import annotations

import re
from pathlib import Path

import deltalake
import numpy as np
import pyarrow as pa
import pyarrow.dataset as pads
import pytest
from astropy import units as u
from astropy.coordinates import Latitude, Longitude, SkyCoord
from cdshealpix.nested import lonlat_to_healpix

from tasni_spark.core.errors import DataError
from tasni_spark.search.find import MOVED_ARCSEC, Place, encoded, pattern, place_of

PUBLISHED = {  # name to its published position in deg: AllWISE, 2MASS, NVSS and SDSS, whose precisions differ
    "J143046.35-025927.8": (217.6931509, -2.9910653),
    "WISEA J044024.40-731441.6": (70.1016701, -73.2448907),
    "J193547.43+601201.5": (293.9476600, 60.2004281),
    "2MASS J05591914-1404488": (89.829773, -14.080242),
    "NVSS J123049+122321": (187.70593, 12.39112),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_name_tells_the_position(name: str) -> None:
    place = encoded(name)
    assert place is not None
    away = SkyCoord(place.ra * u.deg, place.dec * u.deg).separation(SkyCoord(*PUBLISHED[name], unit="deg"))
    assert away.arcsec <= max(place.radius_arcsec, 0.2)
    assert place.radius_arcsec < 20


def test_a_fast_mover_stays_in_the_circle_of_its_name() -> None:
    """WISE 0855 has its name from 2010 and moves by 8.15 arcsec / yr: in 2025 it is 120 arcsec away."""
    name = encoded("WISE J085510.83-071442.5")
    assert name is not None
    later = SkyCoord(133.787057 * u.deg, -7.244431 * u.deg).spherical_offsets_by(
        -8.1189 * 11 * u.arcsec, 0.6793 * 11 * u.arcsec
    )
    away = SkyCoord(name.ra * u.deg, name.dec * u.deg).separation(later).arcsec
    assert 100 < away < name.radius_arcsec + MOVED_ARCSEC


@pytest.mark.parametrize(
    "name", ["Gaia DR3 5853498713190525696", "first", "WISE 0855", "J256060-005959", "J123456+956060", "217.5,-2.9", ""]
)
def test_other_names_tell_none(name: str) -> None:
    assert encoded(name) is None


def test_a_short_name_means_those_that_begin_with_it() -> None:
    full = ("WISE J085510.83-071442.5", "J085510.83-071442.5", "2MASS J08551083-0714425")
    assert [bool(re.search(pattern("WISE 0855-0714"), n)) for n in full] == [True, True, True]
    assert [bool(re.search(pattern(full[0]), n)) for n in full] == [True, True, False]
    assert not re.search(pattern("J0855-0714"), "J185510.83-071442.5")
    assert not re.search(pattern("J0855-0714"), "J085510.83-081442.5")


def test_places() -> None:
    place = place_of(" -10, +2.5 ")
    assert place is not None
    assert (place.ra, place.dec) == (350.0, 2.5)
    assert place_of("J143046.35-025927.8") is None
    assert place_of("218") is None
    with pytest.raises(DataError, match=r"expected ra,dec in deg"):
        place_of("10,95")


def test_a_look_up_opens_the_files_that_can_hold_the_place(tmp_path: Path) -> None:
    """One file a base pixel: a place opens that of its pixel, and finds there what lies in its circle."""
    rng = np.random.default_rng(2)
    lon, lat = rng.uniform(0, 360, 24_000), np.degrees(np.arcsin(rng.uniform(-1, 1, 24_000)))
    pixels = lonlat_to_healpix(Longitude(lon, "deg"), Latitude(lat, "deg"), 29).astype(np.int64)
    for base in range(12):
        mine = pixels >> 58 == base
        rows = pa.table({"hpx29": pixels[mine], "ra": lon[mine], "dec": lat[mine]})
        deltalake.write_deltalake(str(tmp_path / "t"), rows, mode="append")
    files = deltalake.DeltaTable(str(tmp_path / "t")).to_pyarrow_dataset()
    assert len(list(files.get_fragments())) == 12
    for k in range(0, 24_000, 3000):
        place = Place(lon[k], lat[k], 3600.0)
        opened = list(files.get_fragments(filter=place.within(MOVED_ARCSEC)))
        assert 1 <= len(opened) <= 4
        rows = pads.FileSystemDataset(opened, files.schema, files.format).to_table(filter=place.within(MOVED_ARCSEC))
        found = place.away_arcsec(rows["ra"], rows["dec"]) <= 3600.0
        everywhere = place.away_arcsec(lon, lat) <= 3600.0
        assert found.sum() == everywhere.sum() >= 1
        assert len(rows) < 600
