-- Purpose: position angle of the second direction seen from the first, east of north, in [0, 360)
-- Reads: direction
-- Parameters: ra1, dec1, ra2, dec2 deg
-- Usage: SELECT position_angle(10, 0, 10, 1)
CREATE OR REPLACE FUNCTION position_angle(ra1 DOUBLE, dec1 DOUBLE, ra2 DOUBLE, dec2 DOUBLE)
RETURNS DOUBLE
COMMENT 'Position angle in deg, east of north, of the second direction seen from the first'
RETURN direction(
    sin(radians(dec2)) * cos(radians(dec1)) - cos(radians(dec2)) * sin(radians(dec1)) * cos(radians(ra2 - ra1)),
    sin(radians(ra2 - ra1)) * cos(radians(dec2)),
    0D
).lon
