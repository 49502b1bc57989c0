-- Purpose: ids that a table of sources holds more than once
-- Reads: :t
-- Parameters: t a survey of sources, or its positions
-- Usage: tasni sql --file sql/checks/repeated_ids.sql --arg t=allwise
-- Gate: fail after ingest, t={name}
SELECT
    id,
    count(*) AS n
FROM IDENTIFIER(:t)
GROUP BY id
HAVING count(*) > 1
