-- Purpose: unit vector of a direction: x towards (0, 0), z towards the pole
-- Reads: none
-- Parameters: ra, dec deg
-- Usage: SELECT unit_vector(80.894, -69.756).z
CREATE OR REPLACE FUNCTION unit_vector(ra DOUBLE, dec DOUBLE)
RETURNS STRUCT<x: DOUBLE, y: DOUBLE, z: DOUBLE>
COMMENT 'Unit vector of a direction in deg'
RETURN named_struct(
    'x', cos(radians(ra)) * cos(radians(dec)),
    'y', sin(radians(ra)) * cos(radians(dec)),
    'z', sin(radians(dec))
)
