-- Purpose: rows whose hpx29 is not that of ra and dec
-- Reads: :t
-- Parameters: t a table of positions
-- Usage: tasni sql --file sql/checks/hpx29_of_position.sql --arg t=allwise_positions
-- Gate: fail after ingest, t={name}_positions
SELECT
    p.id,
    p.hpx29,
    hpx29(p.ra, p.dec) AS expected
FROM IDENTIFIER(:t) AS p
WHERE NOT p.hpx29 <=> hpx29(p.ra, p.dec)
