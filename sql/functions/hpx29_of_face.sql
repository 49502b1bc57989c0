-- Purpose: last step of hpx29: interleave; binary digits read in base 4 are bits with a zero above each
-- Reads: none
-- Parameters: face 0 .. 11; x, y 29-bit coordinates in it
-- Usage: a part of hpx29; create it first
CREATE OR REPLACE FUNCTION hpx29_of_face(face BIGINT, x BIGINT, y BIGINT)
RETURNS BIGINT
COMMENT 'A part of hpx29: face and coordinates to the pixel number'
RETURN shiftleft(face, 58) + cast(conv(bin(x), 4, 10) AS BIGINT) + 2L * cast(conv(bin(y), 4, 10) AS BIGINT)
