"""Which source an exposure belongs to, and what a light curve is made of: against brute force and astropy."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.time import Time

from tasni_spark.tables.light_curves import FLAGS
from tasni_spark.variability import near, quality
from tasni_spark.variability.nest import FACTS, Detections, nest

RNG = np.random.default_rng(11)
CENTRES = ((0.0, 90.0), (359.9999, 0.0), (83.6, -69.0), (266.4, -89.9999))
RADIUS = 3.0


def around(n: int, spread: float) -> tuple[np.ndarray, np.ndarray]:
    """Directions around each centre, in deg: right at the poles and at the seam."""
    parts = []
    for ra, dec in CENTRES:
        centre = SkyCoord(ra * u.deg, dec * u.deg)
        at = centre.directional_offset_by(RNG.uniform(0, 360, n) * u.deg, spread * np.sqrt(RNG.random(n)) * u.arcsec)
        parts.append((at.ra.deg, at.dec.deg))
    ra, dec = (np.concatenate(p) for p in zip(*parts, strict=True))
    return ra, dec


@pytest.fixture(scope="module")
def sky() -> dict[str, np.ndarray]:
    ra, dec = around(400, 60.0)
    n = len(ra)
    fast = RNG.random(n) < 0.3
    pm = np.where(fast[:, None], RNG.uniform(-4000, 4000, (n, 2)), np.nan)
    pm[::7] = RNG.uniform(-50, 50, (len(pm[::7]), 2))
    return {"ra": ra, "dec": dec, "pmra": pm[:, 0], "pmdec": pm[:, 1], "epoch": np.where(fast, 2010.5, 2015.4)}


def test_the_nearest_at_the_epoch_of_the_exposure(sky: dict[str, np.ndarray]) -> None:
    n = len(sky["ra"])
    error = np.where(np.hypot(sky["pmra"], sky["pmdec"]) < 100, 1e3, 10.0)
    rate = near.rates(sky["ra"], sky["dec"], sky["pmra"], sky["pmdec"], error, 5.0)
    sources = near.Sources(np.arange(n), near.vectors(sky["ra"], sky["dec"]), rate, sky["epoch"])
    ra, dec = around(1500, 90.0)
    year = RNG.uniform(2013.9, 2024.6, len(ra))
    table = near.cubes(sources, RADIUS, year.min(), year.max())
    got = near.nearest(sources, table, near.vectors(ra, dec), year, RADIUS)

    moves = np.hypot(sky["pmra"], sky["pmdec"]) >= 5 * error
    assert moves.sum() > 100
    pm = [np.where(moves, np.nan_to_num(sky[c]), 0) * u.mas / u.yr for c in ("pmra", "pmdec")]
    far = np.full(n, 10.0) * u.pc
    stars = SkyCoord(
        sky["ra"] * u.deg,
        sky["dec"] * u.deg,
        far,
        pm_ra_cosdec=pm[0],
        pm_dec=pm[1],
        obstime=Time(sky["epoch"], format="jyear"),
    )
    for k in RNG.choice(len(ra), 250, replace=False):
        then = stars.apply_space_motion(new_obstime=Time(year[k], format="jyear"))
        sep = then.separation(SkyCoord(ra[k] * u.deg, dec[k] * u.deg)).arcsec
        best = int(sep.argmin())
        if abs(sep[best] - RADIUS) > 1e-6:
            assert got[k] == (best if sep[best] < RADIUS else -1)
    assert 0.1 < (got >= 0).mean() < 0.9


def test_neighbours(sky: dict[str, np.ndarray]) -> None:
    n = len(sky["ra"])
    place = near.vectors(sky["ra"], sky["dec"])
    sources = near.Sources(np.arange(n), place, np.zeros((n, 3)), sky["epoch"])
    wanted = RNG.random(n) < 0.8
    got = near.neighbours(sources, wanted, 5.0)
    c = SkyCoord(sky["ra"] * u.deg, sky["dec"] * u.deg)
    _, sep, _ = c.match_to_catalog_sky(c, nthneighbor=2)
    want = np.where((sep.arcsec <= 5.0) & wanted, sep.arcsec, np.nan)
    np.testing.assert_allclose(got, want, atol=1e-6)
    assert 100 < np.isfinite(got).sum() < n


def test_one_detection_an_exposure_and_the_order_of_time() -> None:
    """Of two detections in a frame the nearer stays, then the one with the lesser id; other tiles are counted."""
    place = near.vectors(np.array([10.0, 11.0]), np.array([20.0, 20.0]))
    sources = near.Sources(np.array([7, 8]), place, np.zeros((2, 3)), np.full(2, 2010.0))
    mjd = np.array([57010.0, 57000.0, 57000.00001, 57020.0, 57000.0, 57020.0])
    offset = np.array([0.5, 1.0, 0.2, 0.3, 0.1, 0.3]) / 3600
    at = near.vectors(np.where(np.arange(6) == 4, 11.0, 10.0), 20.0 + offset)
    ids = np.array([1, 2, 3, 9, 5, 4])
    hpx29 = np.array([5, 5, 50, 5, 5, 50])
    found = nest(
        sources,
        np.array([[0, 10], [0, 0]]),
        np.array([0, 0, 0, 0, 1, 0]),
        Detections(ids, hpx29, at, 2000 + (mjd - 51544.5) / 365.25, mjd),
    )
    assert found.source.tolist() == [0]  # the other belongs to another group
    assert ids[found.exposure].tolist() == [3, 1, 4]
    facts = dict(zip(FACTS, found.facts[0], strict=True))
    assert (facts["n_exposures"], facts["n_duplicates"], facts["n_other_tiles"]) == (3, 2, 2)
    assert facts["sep_arcsec"] == pytest.approx(np.mean([0.2, 0.5, 0.3]), abs=1e-6)
    t = np.array([0.0, 10.0, 20.0]) / 365.25
    assert facts["sep_growth_arcsec_per_yr"] == pytest.approx(np.polyfit(t, [0.2, 0.5, 0.3], 1)[0], rel=1e-5)
    assert facts["motion_arcsec"] == pytest.approx(0.1, rel=1e-3)


def test_rules_are_data() -> None:
    rows = pa.table(
        {
            "qual_frame": pa.array([10, 0, 5, None], pa.int64()),
            "cc_flags": ["0d", "00", None, "p0"],
            "w1mpro": [12.0, 12.0, 15.0, None],
            "w1sigmpro": [0.1, 0.1, None, None],
            "w2mpro": [12.0] * 4,
            "w2sigmpro": [0.1] * 4,
            "w2rchi2": [1.0, 9.0, None, 2.0],
        }
    )
    rules = quality.parse(quality.DEFAULT)
    bit = {name: b for name, (b, _) in FLAGS.items()}
    w1 = [0, bit["frame"], bit["limit"], bit["limit"] | bit["artefact"]]
    assert quality.flags(rows, rules, "w1").tolist() == w1
    assert quality.flags(rows, rules, "w2").tolist() == [bit["artefact"], bit["frame"] | bit["fit"], 0, 0]
    assert quality.mask(["frame", "fit"]) == bit["frame"] | bit["fit"]
    for wrong, message in (({"frme": "a > 1"}, "did you mean 'frame'"), ({"frame": "qual_frame above 5"}, "expected")):
        with pytest.raises(ValueError, match=message):
            quality.parse(wrong)
