-- Purpose: HEALPix pixel of order 29, NESTED, of a direction; null for a null or impossible one
-- Reads: hpx29_of_turn
-- Parameters: ra, dec deg, ICRS
-- Usage: SELECT hpx29(80.894, -69.756)
CREATE OR REPLACE FUNCTION hpx29(ra DOUBLE, dec DOUBLE)
RETURNS BIGINT
COMMENT 'HEALPix pixel of order 29, NESTED, of a direction in deg'
RETURN CASE
    WHEN dec BETWEEN -90D AND 90D AND ra BETWEEN -1000000D AND 1000000D
        THEN hpx29_of_turn((ra - floor(ra / 360D) * 360D) / 90D, sin(radians(dec)), cos(radians(dec)))
END
