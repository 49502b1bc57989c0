-- Purpose: pairs whose right source is not in its survey
-- Reads: matches, :t
-- Parameters: right_survey the survey; t its positions
-- Usage: tasni sql --file sql/checks/matches_right_known.sql --arg right_survey=gaia_dr3 --arg t=gaia_dr3_positions
-- Gate: fail after crossmatch, right_survey={rights} t={rights}_positions
SELECT
    m.left_survey,
    m.right_survey,
    m.tile,
    m.left_id,
    m.right_id
FROM matches AS m
LEFT ANTI JOIN IDENTIFIER(:t) AS p ON m.right_id = p.id
WHERE m.right_survey = :right_survey
