-- Purpose: last step of propagate: the direction of the moved vector, where the motion is known
-- Reads: direction
-- Parameters: ra, dec deg, parallax mas before; x, y, z the unit vector moved; moving whether the motion is known
-- Usage: a part of propagate; create it before
CREATE OR REPLACE FUNCTION propagate_to(
    ra DOUBLE, dec DOUBLE, parallax DOUBLE, x DOUBLE, y DOUBLE, z DOUBLE, moving BOOLEAN
)
RETURNS STRUCT<ra: DOUBLE, dec: DOUBLE, parallax: DOUBLE, is_propagated: BOOLEAN>
COMMENT 'A part of propagate: position and parallax of the moved vector'
RETURN named_struct(
    'ra', CASE WHEN moving THEN direction(x, y, z).lon ELSE ra END,
    'dec', CASE WHEN moving THEN direction(x, y, z).lat ELSE dec END,
    'parallax', CASE WHEN moving THEN parallax / sqrt(x * x + y * y + z * z) ELSE parallax END,
    'is_propagated', moving
)
