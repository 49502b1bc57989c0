-- Purpose: surveys whose table has not the rows that its ingest stored
-- Reads: surveys, :t
-- Parameters: t a survey
-- Usage: tasni sql --file sql/checks/rows_stored.sql --arg t=allwise
-- Gate: fail after ingest, t={name}
SELECT
    s.survey,
    s.release,
    s.rows AS stored,
    held.n AS held
FROM surveys AS s
INNER JOIN (
    SELECT
        :t AS survey,
        count(*) AS n
    FROM IDENTIFIER(:t)
) AS held ON s.survey = held.survey
WHERE s.is_current AND s.rows <> held.n
