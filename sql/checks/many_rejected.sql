-- Purpose: surveys of which more than one row in twenty was rejected
-- Reads: surveys
-- Parameters: none
-- Usage: tasni sql --file sql/checks/many_rejected.sql
-- Gate: warn after ingest
SELECT
    survey,
    release,
    rows,
    rejected
FROM surveys
WHERE rejected > (rows + rejected) / 20
