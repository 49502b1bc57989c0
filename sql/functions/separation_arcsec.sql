-- Purpose: angle between two directions, accurate at 0 and 180 deg: half-angle sine over cosine
-- Reads: none
-- Parameters: ra1, dec1, ra2, dec2 deg
-- Usage: SELECT separation_arcsec(10, 0, 10.001, 0)
CREATE OR REPLACE FUNCTION separation_arcsec(ra1 DOUBLE, dec1 DOUBLE, ra2 DOUBLE, dec2 DOUBLE)
RETURNS DOUBLE
COMMENT 'Angle in arcsec between two directions in deg'
RETURN 3600D * degrees(
    2D * atan2(
        sqrt(
            power(sin(radians(dec1 - dec2) / 2D), 2D)
            + cos(radians(dec1)) * cos(radians(dec2)) * power(sin(radians(ra1 - ra2) / 2D), 2D)
        ),
        sqrt(
            power(sin(radians(dec1 + dec2) / 2D), 2D)
            + cos(radians(dec1)) * cos(radians(dec2)) * power(cos(radians(ra1 - ra2) / 2D), 2D)
        )
    )
)
