-- Purpose: place of the Earth, au, from that of the Sun in the Astronomical Almanac's low precision (section C), J2000
-- Reads: earth_at
-- Parameters: epoch yr
-- Usage: a part of parallax_offset; create it before
CREATE OR REPLACE FUNCTION earth(epoch DOUBLE)
RETURNS STRUCT<x: DOUBLE, y: DOUBLE, z: DOUBLE>
COMMENT 'Place of the Earth in au, equatorial, at a Julian epoch in yr'
RETURN earth_at(365.25D * (epoch - 2000D), radians(357.528D + 0.9856003D * 365.25D * (epoch - 2000D)))
