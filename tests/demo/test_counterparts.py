"""Which survey lists what, and where."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord

pytestmark = pytest.mark.slow

LINKS = {
    "gaia_dr3": ("gaia_source_id", "source_id", "ra", "dec", 2016.0),
    "twomass": ("twomass_pts_key", "pts_key", "ra", "decl", 1999.3),
    "panstarrs1": ("panstarrs1_objid", "objID", "raMean", "decMean", 2012.6),
    "catwise2020": ("catwise_source_id", "source_id", "ra_pm", "dec_pm", 2015.4),
    "nvss": ("nvss_name", "name", "ra", "dec", 2010.56),
}


@pytest.mark.parametrize("survey", LINKS)
def test_the_truth_names_the_right_row(frame, survey):
    name, key, ra, dec, year = LINKS[survey]
    truth = frame("truth").dropna(subset=[name])
    rows = frame(survey).set_index(key).loc[truth[name]]
    assert len(rows) > (0 if survey == "nvss" else 500)
    years = (year - 2010.5589) / 3.6e6
    place = SkyCoord(truth["ra"].to_numpy() * u.deg, truth["dec"].to_numpy() * u.deg)
    motion = np.hypot(truth["pmra"], truth["pmdec"]).to_numpy() * years * 3600
    apart = place.separation(SkyCoord(rows[ra].to_numpy() * u.deg, rows[dec].to_numpy() * u.deg)).arcsec
    allowed = {"nvss": 35.0, "gaia_dr3": 0.05, "twomass": 1.5, "panstarrs1": 0.5, "catwise2020": 4.0}[survey]
    assert (apart - np.abs(motion)).max() < allowed


def test_orphans_have_no_counterpart_and_others_have_one_where_surveys_look(frame):
    truth = frame("truth")
    found = truth[["gaia_source_id", "twomass_pts_key", "panstarrs1_objid"]].notna().any(axis=1)
    assert truth["is_orphan"].sum() > 100
    assert not found[truth["is_orphan"]].any()
    assert found[~truth["is_orphan"] & (truth["dec"] > -29.9)].all()
    assert not found[truth["class"] == "artefact"].any()
    south = ~truth["is_orphan"] & (truth["dec"] < -30.1)
    assert 0 < (~found[south]).mean() < 0.5


def test_footprints_end_where_they_do(frame):
    assert frame("panstarrs1")["decMean"].min() > -30.0
    assert frame("panstarrs1", "southern_border")["decMean"].min() < -29.7
    assert frame("allwise", "southern_border")["dec"].min() < -30.2
    assert frame("nvss")["dec"].min() > -40.0


def test_gaia_ends_at_its_limit_and_loses_motions_towards_it(frame):
    rows = frame("gaia_dr3")
    assert rows["phot_g_mean_mag"].max() < 20.75
    place_only = rows["pmra"].isna()
    assert place_only.mean() == pytest.approx(0.15, abs=0.06)
    assert (rows["parallax"].isna() == place_only).all()
    assert (place_only == (rows["astrometric_params_solved"] == 3)).all()
    assert rows.loc[place_only, "phot_g_mean_mag"].median() > 20


def test_2mass_ends_at_its_limits(frame):
    rows = frame("twomass")
    assert ((rows["j_m"] < 16) | (rows["h_m"] < 15.3) | (rows["k_m"] < 14.5)).all()
    assert (rows["ph_qual"].str[0].eq("U") == rows["j_msigcom"].isna()).all()
    assert rows["jdate"].between(2450600, 2451960).all()


def test_allwise_names_the_nearest_2mass_source(frame):
    rows, stars = frame("allwise", "galactic_centre"), frame("twomass", "galactic_centre")
    here = SkyCoord(rows["ra"].to_numpy() * u.deg, rows["dec"].to_numpy() * u.deg)
    there = SkyCoord(stars["ra"].to_numpy() * u.deg, stars["decl"].to_numpy() * u.deg)
    separations = here[:, None].separation(there[None, :]).arcsec
    near = separations.min(axis=1) <= 3.0
    assert near.sum() > 300
    assert (rows["tmass_key"].notna() == near).all()
    nearest = stars["pts_key"].to_numpy()[separations.argmin(axis=1)]
    assert (rows["tmass_key"].to_numpy()[near] == nearest[near]).all()
    assert (rows["n_2mass"] == (separations <= 3.0).sum(axis=1)).all()
    assert rows["r_2mass"].to_numpy()[near] == pytest.approx(separations.min(axis=1)[near], abs=0.001)


def test_radio_sources_are_agn_and_a_few_galaxies(frame):
    truth = frame("truth")
    loud = truth.dropna(subset=["nvss_name"])
    assert set(loud["class"]) <= {"agn", "galaxy"}
    assert (truth["s1400"].dropna() >= 2.5).all()
    agn = truth[truth["class"] == "agn"]
    assert agn["s1400"].notna().mean() == pytest.approx(0.1, abs=0.05)


def test_blends_are_two_stars_to_others(frame):
    truth = frame("truth", "galactic_centre")
    blends = truth[(truth["class"] == "blend") & truth["gaia_source_id"].notna()]
    gaia = frame("gaia_dr3", "galactic_centre")
    stars = SkyCoord(gaia["ra"].to_numpy() * u.deg, gaia["dec"].to_numpy() * u.deg)
    here = SkyCoord(blends["ra"].to_numpy() * u.deg, blends["dec"].to_numpy() * u.deg)
    close = (here[:, None].separation(stars[None, :]).arcsec < 5).sum(axis=1)
    assert len(blends) > 50
    assert (close >= 2).mean() > 0.6
