-- Purpose: longitude in [0, 360) and latitude of a vector of any length; (0, 0) for the null vector
-- Reads: none
-- Parameters: x, y, z
-- Usage: a part of galactic, ecliptic, position_angle and propagate; create it before
CREATE OR REPLACE FUNCTION direction(x DOUBLE, y DOUBLE, z DOUBLE)
RETURNS STRUCT<lon: DOUBLE, lat: DOUBLE>
COMMENT 'Longitude and latitude, in deg, of a vector'
RETURN named_struct(
    'lon', degrees(atan2(y, x)) + CASE WHEN atan2(y, x) < 0D THEN 360D ELSE 0D END,
    'lat', degrees(atan2(z, sqrt(x * x + y * y)))
)
