-- Purpose: rows of raw files that no table holds, counted by survey and reason; the lake has them if there were any
-- Reads: rejects
-- Parameters: none
-- Usage: tasni sql --file rejects_by_reason
SELECT
    survey,
    release,
    reason,
    count(*) AS n,
    count(DISTINCT file) AS n_files,
    min(file) AS a_file
FROM rejects
GROUP BY survey, release, reason
ORDER BY survey ASC, release ASC, n DESC, reason ASC
