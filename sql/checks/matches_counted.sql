-- Purpose: tiles whose pairs are not as many as match_tiles says, or that were never said to be matched
-- Reads: matches, match_tiles
-- Parameters: none
-- Usage: tasni sql --file sql/checks/matches_counted.sql
-- Gate: fail after crossmatch
SELECT
    coalesce(t.left_survey, m.left_survey) AS left_survey,
    coalesce(t.right_survey, m.right_survey) AS right_survey,
    coalesce(t.tile, m.tile) AS tile,
    t.n_pairs,
    m.n AS held
FROM match_tiles AS t
FULL OUTER JOIN (
    SELECT
        left_survey,
        right_survey,
        tile,
        count(*) AS n
    FROM matches
    GROUP BY left_survey, right_survey, tile
) AS m ON t.left_survey = m.left_survey AND t.right_survey = m.right_survey AND t.tile = m.tile
WHERE t.tile IS NULL OR t.n_pairs <> coalesce(m.n, 0)
