-- Purpose: nearest matches of AllWISE sources that an unrelated source explains, the most doubtful first
-- Reads: matches, allwise
-- Parameters: right_survey the survey matched; p_min chance probability at least
-- Usage: tasni sql --file chance_matches --arg right_survey=catwise2020 --arg p_min=0.001
SELECT
    a.designation,
    a.ra,
    a.dec,
    m.right_id,
    m.sep_arcsec,
    m.n_neighbours,
    m.p_chance,
    m.is_propagated
FROM matches AS m
INNER JOIN allwise AS a ON m.tile = a.tile AND m.left_id = a.id
WHERE m.left_survey = 'allwise' AND m.right_survey = :right_survey AND m.rank = 1 AND m.p_chance >= :p_min
ORDER BY m.p_chance DESC, m.left_id ASC
