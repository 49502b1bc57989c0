-- Purpose: first step of hpx29: belt or cap (Gorski et al. 2005); beyond 0.99 the cosine keeps the pole precise
-- Reads: hpx29_in_belt, hpx29_in_cap
-- Parameters: turn quarters of a circle, 0 .. 4; z, cosine of the declination
-- Usage: a part of hpx29; create it before
CREATE OR REPLACE FUNCTION hpx29_of_turn(turn DOUBLE, z DOUBLE, cosine DOUBLE)
RETURNS BIGINT
COMMENT 'A part of hpx29: equatorial belt or polar cap'
RETURN CASE
    WHEN abs(z) <= 2D / 3D
        THEN hpx29_in_belt(
            cast(536870912D * (0.5D + turn) - 536870912D * (z * 0.75D) AS BIGINT),
            cast(536870912D * (0.5D + turn) + 536870912D * (z * 0.75D) AS BIGINT)
        )
    ELSE hpx29_in_cap(
        least(cast(turn AS BIGINT), 3L),
        turn - least(cast(turn AS BIGINT), 3L),
        CASE
            WHEN abs(z) < 0.99D THEN 536870912D * sqrt(3D * (1D - abs(z)))
            ELSE 536870912D * cosine / sqrt((1D + abs(z)) / 3D)
        END,
        z < 0D
    )
END
