-- Purpose: surveys of which rejects has not the rows that the ingest rejected
-- Reads: surveys, rejects
-- Parameters: none
-- Usage: tasni sql --file sql/checks/rows_rejected.sql
-- Gate: fail after ingest
SELECT
    s.survey,
    s.release,
    s.rejected,
    coalesce(r.n, 0) AS held
FROM surveys AS s
LEFT JOIN (
    SELECT
        survey,
        release,
        count(*) AS n
    FROM rejects
    GROUP BY survey, release
) AS r ON s.survey = r.survey AND s.release = r.release
WHERE s.rejected <> coalesce(r.n, 0)
