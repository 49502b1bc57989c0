-- Purpose: pairs whose left source is not in its survey, in that tile
-- Reads: matches, :t
-- Parameters: left_survey the survey; t its positions
-- Usage: tasni sql --file sql/checks/matches_left_known.sql --arg left_survey=allwise --arg t=allwise_positions
-- Gate: fail after crossmatch, left_survey={left} t={left}_positions
SELECT
    m.left_survey,
    m.right_survey,
    m.tile,
    m.left_id,
    m.right_id
FROM matches AS m
LEFT ANTI JOIN IDENTIFIER(:t) AS p ON m.tile = p.tile AND m.left_id = p.id
WHERE m.left_survey = :left_survey
