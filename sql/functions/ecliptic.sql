-- Purpose: ecliptic longitude in [0, 360) and latitude of an ICRS direction; J2000, obliquity 84381.411 arcsec
-- Reads: direction
-- Parameters: ra, dec deg, ICRS
-- Usage: SELECT ecliptic(266.405, -28.936).lat
CREATE OR REPLACE FUNCTION ecliptic(ra DOUBLE, dec DOUBLE)
RETURNS STRUCT<lon: DOUBLE, lat: DOUBLE>
COMMENT 'Ecliptic longitude and latitude, in deg, of an ICRS direction in deg'
RETURN direction(
    cos(radians(ra)) * cos(radians(dec)),
    0.9174821334228558D * sin(radians(ra)) * cos(radians(dec))
    + 0.3977769913530006D * sin(radians(dec)),
    -0.3977769913530006D * sin(radians(ra)) * cos(radians(dec))
    + 0.9174821334228558D * sin(radians(dec))
)
