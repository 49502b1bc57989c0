-- Purpose: what a search keeps of each class of the mock sky's planted sources
-- Reads: mock_truth, candidates
-- Parameters: cut_set the set of cuts
-- Usage: tasni sql --file recall_by_class --arg cut_set=tasni_2025
SELECT
    t.class,
    count(*) AS n,
    count_if(t.is_orphan) AS n_orphan,
    count(c.id) AS n_kept,
    count(c.id) / count(*) AS fraction
FROM mock_truth AS t
LEFT JOIN (
    SELECT id
    FROM candidates
    WHERE cut_set = :cut_set AND survey = 'allwise'
) AS c ON t.id = c.id
GROUP BY t.class
ORDER BY fraction DESC, t.class ASC
