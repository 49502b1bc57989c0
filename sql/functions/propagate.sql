-- Purpose: position after uniform motion in space, radial velocity zero; unknown motion leaves it and says so
-- Reads: propagate_to
-- Parameters: ra, dec deg; pmra with cos(dec), pmdec mas/yr; parallax mas; years yr
-- Usage: SELECT propagate(10, 0, 100, 0, 5, 10).ra
CREATE OR REPLACE FUNCTION propagate(
    ra DOUBLE, dec DOUBLE, pmra DOUBLE, pmdec DOUBLE, parallax DOUBLE, years DOUBLE
)
RETURNS STRUCT<ra: DOUBLE, dec: DOUBLE, parallax: DOUBLE, is_propagated: BOOLEAN>
COMMENT 'Barycentric position (deg, deg, mas) after some years of uniform motion in space'
RETURN propagate_to(
    ra,
    dec,
    parallax,
    cos(radians(ra)) * cos(radians(dec))
    - years * 4.84813681109536E-9D * (sin(radians(ra)) * pmra + cos(radians(ra)) * sin(radians(dec)) * pmdec),
    sin(radians(ra)) * cos(radians(dec))
    + years * 4.84813681109536E-9D * (cos(radians(ra)) * pmra - sin(radians(ra)) * sin(radians(dec)) * pmdec),
    sin(radians(dec)) + years * 4.84813681109536E-9D * cos(radians(dec)) * pmdec,
    pmra IS NOT NULL AND pmdec IS NOT NULL AND years IS NOT NULL
)
