"""Motion and parallax between the surveys, from the truth by an independent way."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord, get_body_barycentric
from astropy.time import Time

from tasni_spark.demo.visits import ALLWISE, visits

pytestmark = pytest.mark.slow


def _track(truth, mjd, *, parallax=True):
    """Apparent places by astropy's space motion and ephemeris."""
    t0, t1 = Time(55400.0, format="mjd"), Time(np.asarray(mjd, float), format="mjd")
    far = SkyCoord(
        truth["ra"].to_numpy() * u.deg,
        truth["dec"].to_numpy() * u.deg,
        pm_ra_cosdec=truth["pmra"].to_numpy() * u.mas / u.yr,
        pm_dec=truth["pmdec"].to_numpy() * u.mas / u.yr,
        distance=1000.0 / truth["parallax"].to_numpy() * u.pc,
        radial_velocity=np.zeros(len(truth)) * u.km / u.s,
        obstime=t0,
    ).apply_space_motion(new_obstime=t1)
    here = far.cartesian.xyz.to_value(u.au).T
    if parallax:
        here = here - get_body_barycentric("earth", t1).xyz.to_value(u.au).T
    return SkyCoord(*here.T, representation_type="cartesian").spherical


def _residuals(rows, truth, names, mjd, **how):
    """Listed minus expected place over the error, east and north."""
    ra, dec, error = (rows[n].to_numpy() for n in names)
    path = _track(truth, mjd, **how)
    east = ((ra - path.lon.deg + 180) % 360 - 180) * np.cos(np.radians(dec)) * 3600
    north = (dec - path.lat.deg) * 3600
    return np.concatenate([east / error, north / error])


def test_catwise_lies_where_the_proper_motion_leads(dwarfs):
    truth, catwise = dwarfs["truth"], dwarfs["catwise2020"]
    mjd, names = np.full(len(truth), 57170.0), ("ra_pm", "dec_pm", "sigra_pm")
    assert len(truth) > 850
    chi = _residuals(catwise, truth, names, mjd, parallax=False)
    assert np.mean(chi**2) == pytest.approx(1.0, abs=0.1)
    still = _residuals(catwise, truth.assign(pmra=0.0, pmdec=0.0), names, mjd, parallax=False)
    assert np.mean(still**2) > 20


def test_allwise_and_catwise_are_apart_by_the_true_motion(dwarfs):
    truth, allwise, catwise = dwarfs["truth"], dwarfs["allwise"], dwarfs["catwise2020"]
    then = SkyCoord(allwise["ra_pm"].to_numpy() * u.deg, allwise["dec_pm"].to_numpy() * u.deg)
    now = SkyCoord(catwise["ra_pm"].to_numpy() * u.deg, catwise["dec_pm"].to_numpy() * u.deg)
    east, north = then.spherical_offsets_to(now)
    error = np.hypot(allwise["sigra_pm"], catwise["sigra_pm"])
    years = 2015.4045 - 2010.5589
    for shift, pm in ((east.arcsec, truth["pmra"]), (north.arcsec, truth["pmdec"])):
        pull = (shift - years * pm / 1000) / error
        assert np.mean(pull**2) == pytest.approx(1.0, abs=0.15)
        assert np.mean((shift / error) ** 2) > 3


def test_motions_of_catwise_are_the_true_ones_in_arcsec(dwarfs):
    for name in ("pmra", "pmdec"):
        pull = (dwarfs["catwise2020"][name] - dwarfs["truth"][name] / 1000) / dwarfs["catwise2020"][f"sig{name}"]
        assert np.mean(pull**2) == pytest.approx(1.0, abs=0.15)


def test_the_moving_fit_of_allwise_refers_to_the_epoch_of_the_truth(dwarfs):
    mjd = np.full(len(dwarfs["truth"]), 55400.0)
    names = ("ra_pm", "dec_pm", "sigra_pm")
    chi = _residuals(dwarfs["allwise"], dwarfs["truth"], names, mjd, parallax=False)
    assert np.mean(chi**2) == pytest.approx(1.0, abs=0.1)


def test_places_of_allwise_are_means_over_its_visits(dwarfs):
    """Motion and parallax of every visit, by astropy."""
    truth, allwise = dwarfs["truth"], dwarfs["allwise"]
    times = visits(allwise["elon"].to_numpy(), ALLWISE)[:, :2]
    two = np.isfinite(times).all(axis=1) & (np.abs(np.nanmean(times, axis=1) - allwise["w1mjdmean"]) < 1e-6)
    truth, allwise, times = truth[two], allwise[two], times[two]
    assert len(truth) > 300
    xyz = [_track(truth, t).to_cartesian().xyz.value / _track(truth, t).distance.value for t in times.T]
    mean = SkyCoord(*np.mean(xyz, axis=0), representation_type="cartesian").spherical
    east = ((allwise["ra"] - mean.lon.deg + 180) % 360 - 180) * np.cos(np.radians(allwise["dec"])) * 3600
    pull = np.concatenate([east / allwise["sigra"], (allwise["dec"] - mean.lat.deg) * 3600 / allwise["sigdec"]])
    assert np.mean(pull**2) == pytest.approx(1.0, abs=0.15)


def test_apparent_motions_of_allwise_contain_the_parallax(dwarfs):
    truth, allwise = dwarfs["truth"], dwarfs["allwise"]
    times = visits(allwise["elon"].to_numpy(), ALLWISE)[:, :2]
    two = np.isfinite(times).all(axis=1) & (np.abs(np.nanmean(times, axis=1) - allwise["w1mjdmean"]) < 1e-6)
    truth, allwise, times = truth[two], allwise[two], times[two]
    first, second = (_track(truth, t) for t in times.T)
    years = (times[:, 1] - times[:, 0]) / 365.25
    expected = (second.lat - first.lat).to_value(u.mas) / years
    weight = 1 / allwise["sigpmdec"] ** 2
    pull = (allwise["pmdec"] - expected) * np.sqrt(weight)
    assert np.mean(pull**2) == pytest.approx(1.0, abs=0.2)
    # The part of it that is parallax is there, and is all of it.
    shift = expected - truth["pmdec"]
    slope = (weight * shift * (allwise["pmdec"] - truth["pmdec"])).sum() / (weight * shift**2).sum()
    error = 1 / np.sqrt((weight * shift**2).sum())
    assert error < 0.3
    assert slope == pytest.approx(1.0, abs=4 * error)
    assert slope > 4 * error or error > 0.2


def test_exposures_follow_motion_and_parallax(dwarfs):
    near = dwarfs["truth"].nlargest(12, "parallax")
    shots = dwarfs["neowise"]
    with_it, without, n = 0.0, 0.0, 0
    for _, dwarf in near.iterrows():
        east = ((shots["ra"] - dwarf["ra"] + 180) % 360 - 180) * np.cos(np.radians(dwarf["dec"]))
        around = shots[np.hypot(east, shots["dec"] - dwarf["dec"]) < 60 / 3600]
        one = near.loc[[dwarf.name] * len(around)]
        path = _track(one, around["mjd"])
        there = SkyCoord(around["ra"].to_numpy() * u.deg, around["dec"].to_numpy() * u.deg)
        own = SkyCoord(path.lon, path.lat).separation(there).arcsec < 6
        names, mjd = ("ra", "dec", "sigra"), around["mjd"][own]
        with_it += (_residuals(around[own], one[own], names, mjd) ** 2).sum()
        without += (_residuals(around[own], one[own], names, mjd, parallax=False) ** 2).sum()
        n += 2 * own.sum()
    assert n > 1500
    assert with_it / n == pytest.approx(1.0, abs=0.1)
    assert without - with_it > 40
