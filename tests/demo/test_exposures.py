"""NEOWISE exposures: when, how many, of what brightness, and whose."""

import astropy.units as u
import numpy as np
import pandas as pd
import pytest
from astropy.coordinates import SkyCoord

from tasni_spark.demo.directions import centres, ecliptic, pixels
from tasni_spark.demo.variables import KINDS, change
from tasni_spark.demo.visits import ALLWISE, NEOWISE, frames, stretch, visits

pytestmark = pytest.mark.slow


def _of(frame, place):
    """Exposures of the sources that stay, with the truth about them."""
    shots = frame("neowise", place).drop(columns="place")
    return shots.merge(frame("truth", place), left_on="allwise_cntr", right_on="cntr", suffixes=("_shot", ""))


def test_visits_come_every_half_year_from_opposite_sides():
    elon = np.linspace(0, 350, 36)
    mjd = visits(elon, NEOWISE)
    gaps = np.diff(mjd, axis=1)
    assert set(np.isfinite(mjd).sum(axis=1)) <= {21, 22}
    # The Earth's orbit is an ellipse: half of it takes 179 to 186 days.
    assert np.nanmin(gaps) > 175
    assert np.nanmax(gaps) < 190
    assert np.nanmean(gaps[:, :20]) == pytest.approx(182.6, abs=0.2)
    assert np.isfinite(visits(elon, ALLWISE)).sum(axis=1).min() == 2


def test_bright_sources_have_ten_to_sixteen_exposures_a_visit(frame):
    shots = _of(frame, "seam_equator")
    star = shots[(shots["class"] == "star") & (shots["w1"] < 13) & shots["variability"].isna()]
    star = star[star["cntr"] == star["cntr"].iloc[0]].sort_values("mjd")
    visit = (star["mjd"].diff() > 10).cumsum()
    sizes, spans = star.groupby(visit)["mjd"].agg(["size", "first"]), star.groupby(visit)["mjd"].agg(np.ptp)
    assert len(sizes) in (21, 22)
    assert sizes["size"].between(9, 17).all()
    assert sizes["first"].diff().dropna().between(175, 190).all()
    assert spans.between(0.5, 1.2).all()
    within = star["mjd"].diff()[star["mjd"].diff() < 1]
    assert within.median() == pytest.approx(95 / 1440, rel=0.01)


def test_the_pole_of_the_ecliptic_is_looked_at_all_the_time():
    around = np.arange(-60, 61) / 100
    ra, dec = (c.ravel() for c in np.meshgrid(90 + around / np.cos(np.radians(66.56)), -66.5607 + around))
    cells = np.unique(pixels(ra, dec, 7))
    nearest = int(cells[np.argmin(ecliptic(*centres(cells, 7))[1])])
    gaps = np.diff(frames(nearest, np.random.default_rng(1))["mjd"])
    assert gaps.max() < 10
    assert len(gaps) > 450
    equator = int(pixels(np.array([0.0]), np.array([0.9]), 7)[0])
    assert np.diff(frames(equator, np.random.default_rng(1))["mjd"]).max() > 175


def test_visits_last_as_long_as_the_frames_overlap():
    """At elat 60 a circle of longitude is half as long; within half a frame of the pole all scans meet."""
    assert stretch(np.array([0.0, 60.0, -60.0])) == pytest.approx([1.0, 2.0, 2.0], rel=1e-3)
    assert stretch(np.array([89.7, 90.0])) == pytest.approx(90 / 0.39, rel=1e-3)
    assert stretch(np.array([89.0])) == pytest.approx(np.degrees(np.arcsin(0.39)) / 0.39, rel=0.01)


def test_windows_widen_towards_the_pole_as_the_scans_converge(frame):
    shots = _of(frame, "largest_of_neowise")
    bright = shots[(shots["w1"] < 12) & (shots["class"] == "star")].sort_values("mjd")
    widths = bright.groupby("cntr")["mjd"].apply(lambda t: t.groupby((t.diff() > 60).cumsum()).agg(np.ptp).max())
    assert len(widths) > 10
    assert widths.median() > 20


def test_rows_lie_in_the_year_of_their_date(frame):
    shots = frame("neowise")
    assert shots["mjd"].between(*NEOWISE).all()
    assert sorted(shots["year"].unique()) == list(range(1, 12))
    assert ((shots["mjd"] - 56639) // 365.25 + 1).eq(shots["year"]).all()


def test_single_exposures_reach_five_sigma_at_their_depth(frame):
    shots = _of(frame, "seam_equator")
    shots = shots[(shots["qual_frame"] > 0) & shots["variability"].isna()]
    for band, depth in (("w1", 15.8), ("w2", 14.4)):
        at = shots[(shots[band] - depth).abs() < 0.3]
        expected = 5 * 10 ** (0.4 * (depth - at[band]))
        assert len(at) > 300
        # Faint exposures that fall below the threshold are not there: the mean is a little high.
        assert 0.97 < (at[f"{band}snr"] / expected).median() < 1.15
    assert shots["w2sigmpro"].isna().equals(shots["ph_qual"].str[1].eq("U"))


def test_each_row_names_the_nearest_allwise_source_within_three_arcsec(frame):
    for place in ("seam_equator", "largest_of_neowise"):
        shots, allwise = frame("neowise", place).iloc[::37], frame("allwise", place)
        here = SkyCoord(shots["ra"].to_numpy() * u.deg, shots["dec"].to_numpy() * u.deg)
        there = SkyCoord(allwise["ra"].to_numpy() * u.deg, allwise["dec"].to_numpy() * u.deg)
        index, apart, _ = here.match_to_catalog_sky(there)
        near = apart.arcsec <= 3.0
        assert (shots["allwise_cntr"].notna() == near).all()
        assert (shots["allwise_cntr"].to_numpy()[near] == allwise["cntr"].to_numpy()[index[near]]).all()
        assert shots["r_allwise"].to_numpy()[near] == pytest.approx(apart.arcsec[near], abs=1e-3)
        assert ((shots["n_allwise"] > 0) == near).all()


def test_what_moves_fast_loses_its_allwise_source(dwarfs):
    truth, shots = dwarfs["truth"], dwarfs["neowise"]
    fast = truth[np.hypot(truth["pmra"], truth["pmdec"]).between(400, 700)].nlargest(15, "parallax")
    kept = lost = 0
    for _, dwarf in fast.iterrows():
        east = ((shots["ra"] - dwarf["ra"] + 180) % 360 - 180) * np.cos(np.radians(dwarf["dec"]))
        around = shots[np.hypot(east, shots["dec"] - dwarf["dec"]) < 15 / 3600]
        early, late = (around[around["mjd"].between(*span)] for span in ((56639, 57100), (59900, 60523)))
        kept += early["allwise_cntr"].eq(dwarf["cntr"]).sum()
        lost += late["allwise_cntr"].isna().sum()
        assert not late["allwise_cntr"].eq(dwarf["cntr"]).any()
    assert kept > 50
    assert lost > 100


def test_planted_slopes_are_in_the_light_curves(frame):
    shots = pd.concat([_of(frame, p) for p in ("seam_equator", "largest_of_neowise")])
    pulls = []
    for _, curve in shots[shots["slope_mag_per_yr"].notna()].groupby("cntr"):
        good = curve[(curve["qual_frame"] > 0) & curve["w1sigmpro"].notna()]
        if good["w1snr"].median() < 8:
            continue
        t, weight = good["mjd"] / 365.25, 1 / good["w1sigmpro"] ** 2
        t = t - np.average(t, weights=weight)
        slope = (weight * t * good["w1mpro"]).sum() / (weight * t * t).sum()
        pulls.append((slope - good["slope_mag_per_yr"].iloc[0]) * np.sqrt((weight * t * t).sum()))
        assert abs(slope - good["slope_mag_per_yr"].iloc[0]) < 0.02
    assert len(pulls) >= 6
    assert np.sqrt(np.mean(np.square(pulls))) < 2.5
    kinds = shots[shots["slope_mag_per_yr"].notna()].groupby("variability")["slope_mag_per_yr"].agg(["min", "max"])
    assert kinds.loc["fader", "min"] >= 0.005
    assert kinds.loc["fader", "max"] <= 0.1
    assert kinds.loc["brightener", "max"] <= -0.005


def test_planted_periods_fold(frame):
    shots = pd.concat([_of(frame, p) for p in ("seam_equator", "largest_of_neowise")])
    folded = 0
    for _, curve in shots[shots["variability"] == "lpv"].groupby("cntr"):
        good = curve[(curve["w1snr"] > 15) & (curve["qual_frame"] > 0)]
        phase = (good["mjd"] - good["t0_mjd"]) / good["period_d"]
        residual = good["w1mpro"] - good["w1"] + good["amplitude_mag"] * np.cos(2 * np.pi * phase)
        assert residual.std() < 0.1
        assert good["period_d"].between(100, 600).all()
        folded += 1
    assert folded >= 3


def _objects(kind, **values):
    n = len(next(iter(values.values())))
    blank = {c: np.full(n, np.nan) for c in ("slope", "period", "amplitude", "tau", "t0")}
    return blank | {"variability": np.full(n, KINDS.index(kind))} | {k: np.asarray(v, float) for k, v in values.items()}


def test_a_damped_random_walk_has_its_variance_and_its_correlation():
    n, mjd = 4000, np.array([57000.0, 57000.1, 57182.0, 57365.0, 58500.0])
    walk = change(
        _objects("red_noise", amplitude=np.full(n, 0.2), tau=np.full(n, 300.0)), mjd, np.random.default_rng(1)
    )
    assert walk.std(axis=0) == pytest.approx(0.2, abs=0.01)
    wanted = np.exp(-np.abs(mjd[:, None] - mjd) / 300.0)
    assert np.corrcoef(walk.T) == pytest.approx(wanted, abs=0.05)


def test_flares_rise_at_once_and_decay_and_eclipses_return():
    flare = change(
        _objects("flare", amplitude=[1.0], tau=[2.0], t0=[57000.0]), np.array([56999.9, 57000.0, 57002.0]), None
    )
    assert flare[0] == pytest.approx([0.0, -1.0, -np.exp(-1)])
    eclipse = _objects("eclipsing", amplitude=[0.5], period=[0.4], t0=[57000.0])
    depth = change(eclipse, np.array([57000.0, 57000.1, 57000.2, 57000.4]), None)[0]
    assert depth == pytest.approx([0.5, 0.0, 0.2, 0.5], abs=0.01)


def test_frames_share_time_and_quality():
    shots = frames(8277 * 16 + 3, np.random.default_rng(2))
    assert (np.diff(shots["mjd"]) > 0).all()
    assert set(shots["qual_frame"]) <= {0, 5, 10}
    assert set(shots["qi_fact"]) <= {0.0, 0.5, 1.0}
    assert (shots["saa_sep"] < 0).any()
