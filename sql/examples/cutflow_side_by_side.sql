-- Purpose: the cut-flows of two cut sets side by side, cut by cut; null where a set has no such cut
-- Reads: v_cutflow
-- Parameters: survey the survey searched; a, b cut sets
-- Usage: tasni sql --file cutflow_side_by_side --arg survey=allwise --arg a=tasni_2025 --arg b=tasni_2025_as_run
SELECT
    coalesce(a.cut, b.cut) AS cut,
    a.step AS a_step,
    a.n_in AS a_in,
    a.n_fail AS a_fail,
    a.n_unknown AS a_unknown,
    a.n_fail_only AS a_fail_only,
    b.step AS b_step,
    b.n_in AS b_in,
    b.n_fail AS b_fail,
    b.n_unknown AS b_unknown,
    b.n_fail_only AS b_fail_only
FROM (
    SELECT *
    FROM v_cutflow
    WHERE cut_set = :a AND survey = :survey
) AS a
FULL OUTER JOIN (
    SELECT *
    FROM v_cutflow
    WHERE cut_set = :b AND survey = :survey
) AS b ON a.cut = b.cut
ORDER BY coalesce(a.step, b.step), coalesce(b.step, a.step)
