-- Purpose: apparent minus barycentric position, mas, as seen from the Earth; east has the factor cos(dec)
-- Reads: earth
-- Parameters: ra, dec deg; parallax mas; epoch yr
-- Usage: SELECT parallax_offset(90, 0, 100, 2010.25).east
CREATE OR REPLACE FUNCTION parallax_offset(ra DOUBLE, dec DOUBLE, parallax DOUBLE, epoch DOUBLE)
RETURNS STRUCT<east: DOUBLE, north: DOUBLE>
COMMENT 'Parallactic displacement in mas of a source at a Julian epoch in yr'
RETURN named_struct(
    'east', parallax * (earth(epoch).x * sin(radians(ra)) - earth(epoch).y * cos(radians(ra))),
    'north', parallax * (
        earth(epoch).x * cos(radians(ra)) * sin(radians(dec))
        + earth(epoch).y * sin(radians(ra)) * sin(radians(dec))
        - earth(epoch).z * cos(radians(dec))
    )
)
