-- Purpose: sources without a match in a survey, and what that means: nothing there, not observed, or not to be said
-- Reads: :t, matches, match_tiles, coverage
-- Parameters: t the left survey's positions; left_survey, right_survey the surveys matched
-- Usage: tasni sql --file unmatched --arg t=allwise_positions --arg left_survey=allwise --arg right_survey=panstarrs1
SELECT
    p.id,
    p.ra,
    p.dec,
    CASE
        WHEN s.tile IS NULL THEN 'its sources were not sought'
        WHEN NOT coalesce((SELECT bool_or(c.survey = :right_survey) FROM coverage AS c), FALSE)
            THEN 'its footprint is not known'
        WHEN o.cell IS NULL THEN 'not observed'
        ELSE 'nothing there'
    END AS state
FROM IDENTIFIER(:t) AS p
LEFT JOIN match_tiles AS s
    ON p.tile = s.tile AND s.left_survey = :left_survey AND s.right_survey = :right_survey
LEFT JOIN coverage AS o
    ON hpx_parent(p.hpx29, 6) = o.cell AND p.hpx29 >= o.start AND p.hpx29 < o.end AND o.survey = :right_survey
LEFT ANTI JOIN matches AS m
    ON p.id = m.left_id AND p.tile = m.tile AND m.left_survey = :left_survey AND m.right_survey = :right_survey
ORDER BY p.hpx29, p.id
