"""A leaf: the same whenever it is made, exact in its rows, inside its pixel, true to the conventions."""

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import Latitude, Longitude
from cdshealpix.nested import lonlat_to_healpix

from tasni_spark.demo.leaf import leaf

pytestmark = pytest.mark.slow

KEYS = {
    "allwise": "cntr",
    "neowise": "cntr",
    "gaia_dr3": "source_id",
    "twomass": "pts_key",
    "panstarrs1": "objID",
    "catwise2020": "source_id",
    "truth": "cntr",
}


def _pixel(ra, dec, order=5):
    return lonlat_to_healpix(Longitude(ra.to_numpy() * u.deg), Latitude(dec.to_numpy() * u.deg), order)


def test_a_leaf_is_the_same_again_whatever_was_made_between(made, planned):
    leaf(planned["anticentre"], 7)
    again = leaf(planned["seam_equator"], 7)
    assert list(again) == list(made["seam_equator"])
    assert all(again[s].equals(made["seam_equator"][s]) for s in again)


def test_another_seed_makes_another_sky_of_as_many_rows(made, planned):
    other = leaf(planned["seam_equator"], 8)
    assert other["allwise"].num_rows == made["seam_equator"]["allwise"].num_rows
    assert not set(other["allwise"].column("ra").to_pylist()) & set(
        made["seam_equator"]["allwise"].column("ra").to_pylist()
    )


def test_rows_are_as_planned(made, planned):
    for place, tables in made.items():
        assert tables["allwise"].num_rows == tables["truth"].num_rows == planned[place].rows
        assert tables["allwise"].column("cntr").equals(tables["truth"].column("cntr"))
        assert tables["truth"].column("class").to_pylist().count("cold_dwarf") == planned[place].dwarfs
        assert tables["catwise2020"].num_rows > 1.2 * planned[place].rows


def test_places_lie_in_the_pixel_that_the_path_names(made, planned, frame):
    for place in made:
        rows = frame("allwise", place)
        assert (_pixel(rows["ra"], rows["dec"]) == planned[place].pixel).all()
    shots = frame("neowise")
    assert (_pixel(shots["ra"], shots["dec"]) == shots["pixel"]).all()
    inside = [(shots["place"] == p) & (shots["pixel"] == planned[p].pixel) for p in made if "neowise" in made[p]]
    assert np.any(inside, axis=0).mean() > 0.99


def test_the_leaf_on_the_seam_has_both_ends_of_right_ascension(frame):
    ra = frame("allwise", "seam_equator")["ra"]
    assert (ra < 1).sum() > 30
    assert (ra > 359).sum() > 30
    assert frame("allwise", "north_pole")["dec"].max() > 89.8


def test_crowds_are_as_dense_as_the_truth_says(frame):
    crowd = frame("truth", "galactic_centre").dropna(subset=["crowd_per_deg2"])
    listed = frame("allwise", "galactic_centre").set_index("cntr").loc[crowd["cntr"]]
    assert len(np.unique(_pixel(listed["ra"], listed["dec"], 9))) == 1
    assert len(crowd) / (41252.96 / (12 * 4**9)) == pytest.approx(1e5, rel=0.01)
    assert crowd["crowd_per_deg2"].unique() == pytest.approx([1e5], rel=0.01)


@pytest.mark.parametrize("survey", KEYS)
def test_identifiers_are_unique_and_64_bit_integers(made, frame, survey):
    ids = frame(survey)[KEYS[survey]]
    assert ids.is_unique
    assert ids.notna().all()
    if survey != "catwise2020":
        assert all(str(t[survey].schema.field(KEYS[survey]).type) == "int64" for t in made.values() if survey in t)
        assert (ids > 0).all()


def test_some_identifiers_would_not_survive_a_float(frame):
    assert frame("neowise")["cntr"].max() > 2**63 - 2**59
    ids = frame("gaia_dr3")["source_id"]
    assert (ids.astype(float).astype("int64") != ids).any()


def test_gaia_identifiers_hold_the_place_as_published(frame):
    rows = frame("gaia_dr3")
    assert (rows["source_id"] // 2**35 == _pixel(rows["ra"], rows["dec"], 12)).all()


@pytest.mark.parametrize("band", [1, 2, 3, 4])
def test_limits_follow_the_published_convention(frame, band):
    rows = frame("allwise")
    mpro, sigma, snr = (rows[f"w{band}{q}"] for q in ("mpro", "sigmpro", "snr"))
    letter = rows["ph_qual"].str[band - 1]
    assert mpro.notna().all()
    assert (sigma.isna() == (letter == "U")).all()
    assert (sigma.isna() == (rows["det_bit"] // 2 ** (band - 1) % 2 == 0)).all()
    assert (letter == "U").sum() > (0 if band == 1 else 100)
    assert (letter == "A").sum() > 50
    seen = sigma.notna()
    # Published sigmpro has 3 decimals, snr one.
    slack = 1.0857 * (0.0005 / sigma[seen] + 0.05 / snr[seen]) * 1.02
    assert ((sigma * snr)[seen] - 1.0857).abs().le(slack + 1e-4).all()
    assert (snr[~seen] < 2.05).all()


def test_allwise_has_what_reaches_five_sigma_in_w1_or_w2(frame):
    rows = frame("allwise")
    assert rows[["w1snr", "w2snr"]].max(axis=1).min() >= 4.95
    assert (rows["w1snr"] < 5).any()
    assert (rows["w2snr"] < 5).any()


def test_fluxes_and_magnitudes_say_the_same(frame):
    rows = frame("allwise")
    for band, zero in ((1, 20.5), (2, 19.5), (3, 18.0), (4, 13.0)):
        seen = rows[f"w{band}sigmpro"].notna()
        flux = rows.loc[seen, f"w{band}flux"]
        assert (zero - 2.5 * np.log10(flux)).to_numpy() == pytest.approx(rows.loc[seen, f"w{band}mpro"], abs=0.002)


def test_poles_of_the_ecliptic_are_covered_deeper(frame):
    pole, equator = (frame("allwise", p) for p in ("largest_of_neowise", "seam_equator"))
    assert pole["w1cov"].median() > 20 * equator["w1cov"].median()
    assert pole["w1mpro"].quantile(0.95) > equator["w1mpro"].quantile(0.95) + 0.7


def test_classes_look_like_what_they_are(frame):
    rows = frame("allwise").merge(frame("truth")[["cntr", "class"]], on="cntr")
    bright = rows[(rows["w1snr"] > 15) & (rows["w2snr"] > 15)]
    colour = (bright["w1mpro"] - bright["w2mpro"]).groupby(bright["class"]).median()
    assert abs(colour["star"]) < 0.1
    assert colour["agn"] == pytest.approx(1.1, abs=0.25)
    assert colour["yso"] > 0.6
    spurious = rows["class"] == "artefact"
    assert (rows.loc[spurious, "cc_flags"] != "0000").all()
    assert (rows.loc[~spurious, "cc_flags"] == "0000").mean() > 0.85
    assert (rows.loc[rows["class"] == "blend", "nb"] >= 2).all()
    assert (rows.loc[rows["class"] == "galaxy", "ext_flg"] > 0).any()
