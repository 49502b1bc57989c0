-- Purpose: second step of hpx29 near a pole
-- Reads: hpx29_of_face
-- Parameters: quarter 0 .. 3; along it, 0 .. 1; scale cells from the pole; south whether it is the southern cap
-- Usage: a part of hpx29; create it before
CREATE OR REPLACE FUNCTION hpx29_in_cap(quarter BIGINT, along DOUBLE, scale DOUBLE, south BOOLEAN)
RETURNS BIGINT
COMMENT 'A part of hpx29: the polar caps'
RETURN CASE
    WHEN south
        THEN hpx29_of_face(
            quarter + 8L,
            least(cast(along * scale AS BIGINT), 536870911L),
            least(cast((1D - along) * scale AS BIGINT), 536870911L)
        )
    ELSE hpx29_of_face(
        quarter,
        536870911L - least(cast((1D - along) * scale AS BIGINT), 536870911L),
        536870911L - least(cast(along * scale AS BIGINT), 536870911L)
    )
END
