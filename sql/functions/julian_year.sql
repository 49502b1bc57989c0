-- Purpose: Julian epoch of a Julian date: J2000.0 is JD 2451545.0, a year has 365.25 d
-- Reads: none
-- Parameters: jd d
-- Usage: SELECT julian_year(mjd + 2400000.5) FROM neowise
CREATE OR REPLACE FUNCTION julian_year(jd DOUBLE)
RETURNS DOUBLE
COMMENT 'Julian epoch in yr of a Julian date in d'
RETURN 2000D + (jd - 2451545D) / 365.25D
