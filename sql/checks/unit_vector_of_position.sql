-- Purpose: rows whose x, y, z are not the unit vector of ra and dec to 1e-12
-- Reads: :t
-- Parameters: t a table of positions
-- Usage: tasni sql --file sql/checks/unit_vector_of_position.sql --arg t=allwise_positions
-- Gate: fail after ingest, t={name}_positions
SELECT
    p.id,
    p.ra,
    p.dec,
    p.x,
    p.y,
    p.z
FROM IDENTIFIER(:t) AS p
WHERE
    NOT (
        coalesce(abs(p.x - unit_vector(p.ra, p.dec).x) <= 1E-12, false)
        AND coalesce(abs(p.y - unit_vector(p.ra, p.dec).y) <= 1E-12, false)
        AND coalesce(abs(p.z - unit_vector(p.ra, p.dec).z) <= 1E-12, false)
    )
