"""Spatial families: where the source lies. All are strata: they calibrate, and no model uses them unless told to."""

from __future__ import annotations

from math import cos, radians, sin

from tasni_spark.tables.features.bands import DENSITIES
from tasni_spark.tables.features.spec import Family

_G = "spatial"
_NEVER = "Never null"
_CLOUDS = {
    # complex: (Galactic longitude, latitude) in deg, SIMBAD; Zucker et al. 2020 (2020A&A...633A..51Z) for the clouds
    "galactic_centre": (0.0, 0.0),
    "lmc": (280.47, -32.89),
    "smc": (302.80, -44.33),
    "m31": (121.17, -21.57),
    "orion": (209.0, -19.4),
    "taurus": (171.0, -16.0),
    "perseus": (159.3, -20.0),
    "ophiuchus": (353.0, 16.9),
    "lupus": (338.9, 16.5),
    "chamaeleon": (299.0, -15.5),
    "cygnus_x": (80.2, 0.8),
    "cepheus": (110.0, 13.0),
    "carina": (287.6, -0.6),
    "monoceros": (206.3, -2.1),
    "serpens": (31.6, 5.4),
    "california": (161.0, -8.5),
}
_B, _L = "radians(glat)", "radians(glon)"


def _from(l_deg: float, b_deg: float) -> str:
    """Angle from a Galactic direction, in deg."""
    lon, lat = radians(l_deg), radians(b_deg)
    return (
        f"degrees(acos(greatest(-1, least(1, sin({_B}) * {sin(lat):.9f} "
        f"+ cos({_B}) * {cos(lat):.9f} * cos({_L} - {lon:.9f})))))"
    )


FAMILIES = (
    Family(_G, "equatorial", "deg", "Right ascension and declination", _NEVER, {"ra": "ra", "dec": "dec"}, "stratum"),
    Family(_G, "galactic", "deg", "Galactic longitude and latitude", _NEVER, {"l": "glon", "b": "glat"}, "stratum"),
    Family(
        _G,
        "latitude",
        "deg",
        "Size of the latitude, Galactic or ecliptic: star density, and depth, which grows to the ecliptic poles",
        _NEVER,
        {
            "galactic": "abs(glat)",
            "ecliptic": "abs(degrees(asin(sin(radians(dec)) * 0.917482062 "
            "- cos(radians(dec)) * sin(radians(ra)) * 0.397777156)))",
        },
        "stratum",
        (0, 90),
    ),
    Family(
        _G,
        "ecliptic",
        "deg",
        "Ecliptic latitude",
        _NEVER,
        {"beta": "degrees(asin(sin(radians(dec)) * 0.917482062 - cos(radians(dec)) * sin(radians(ra)) * 0.397777156))"},
        "stratum",
        (-90, 90),
    ),
    Family(
        _G,
        "direction",
        "none",
        "Cosine of the angle from the direction of Galactic rotation",
        _NEVER,
        {"y": f"cos({_B}) * sin({_L})"},
        "stratum",
        (-1, 1),
    ),
    Family(
        _G,
        "from",
        "deg",
        "Angle from a place where young stars, dust or foreign giants crowd",
        _NEVER,
        {name: _from(*at) for name, at in _CLOUDS.items()},
        "stratum",
        (0, 180),
    ),
    Family(
        _G,
        "density",
        "dex",
        "Log of the sources of a survey per arcsec2 around it",
        "The survey's sources have not been counted",
        {s: f"log10(density_{s})" for s in DENSITIES},
        "stratum",
    ),
)
