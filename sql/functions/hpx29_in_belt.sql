-- Purpose: second step of hpx29 where |sin dec| <= 2/3: the face is where the two diagonals cross
-- Reads: hpx29_of_face
-- Parameters: up, down numbers of the rising and the falling diagonal
-- Usage: a part of hpx29; create it before
CREATE OR REPLACE FUNCTION hpx29_in_belt(up BIGINT, down BIGINT)
RETURNS BIGINT
COMMENT 'A part of hpx29: the equatorial belt'
RETURN hpx29_of_face(
    CASE
        WHEN shiftright(up, 29) = shiftright(down, 29) THEN (shiftright(up, 29) & 3L) + 4L
        WHEN shiftright(up, 29) < shiftright(down, 29) THEN shiftright(up, 29) & 3L
        ELSE (shiftright(down, 29) & 3L) + 8L
    END,
    down & 536870911L,
    536870911L - (up & 536870911L)
)
