-- Purpose: AllWISE sources that one cut alone keeps out: they fail it and no other
-- Reads: verdicts, cutflow, allwise
-- Parameters: cut_set the set of cuts
-- Usage: tasni sql --file lost_to_one_cut --arg cut_set=tasni_2025
SELECT
    c.step,
    c.cut,
    a.designation,
    a.ra,
    a.dec,
    a.w2mpro,
    a.w1mpro - a.w2mpro AS w1_w2,
    v.unknown = 0 AS is_complete
FROM verdicts AS v
INNER JOIN (
    SELECT DISTINCT
        step,
        cut
    FROM cutflow
    WHERE cut_set = :cut_set AND survey = 'allwise' AND step > 0
) AS c
    ON v.failed = shiftleft(1L, c.step - 1)
INNER JOIN allwise AS a ON v.tile = a.tile AND v.id = a.id
WHERE v.cut_set = :cut_set AND v.survey = 'allwise'
ORDER BY c.step, v.hpx29, v.id
