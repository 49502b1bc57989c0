-- Purpose: candidates that fail a cut or were never judged, and sources that fail none but are no candidates
-- Reads: candidates, verdicts
-- Parameters: none
-- Usage: tasni sql --file sql/checks/candidates_fail_nothing.sql
-- Gate: fail after search
SELECT
    coalesce(c.cut_set, v.cut_set) AS cut_set,
    coalesce(c.survey, v.survey) AS survey,
    coalesce(c.id, v.id) AS id,
    c.id IS NOT NULL AS is_candidate,
    v.id IS NOT NULL AS fails_nothing
FROM candidates AS c
FULL OUTER JOIN (
    SELECT
        cut_set,
        survey,
        id
    FROM verdicts
    WHERE failed = 0
) AS v ON c.cut_set = v.cut_set AND c.survey = v.survey AND c.id = v.id
WHERE c.id IS NULL OR v.id IS NULL
