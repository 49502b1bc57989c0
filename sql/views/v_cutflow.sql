-- Purpose: the cut-flow of each search, summed over the sky
-- Reads: cutflow
-- Parameters: none
-- Usage: SELECT * FROM v_cutflow WHERE cut_set = 'tasni_2025' ORDER BY step
SELECT
    cut_set,
    survey,
    step,
    cut,
    sum(n_in) AS n_in,
    sum(n_pass) AS n_pass,
    sum(n_fail) AS n_fail,
    sum(n_unknown) AS n_unknown,
    sum(n_fail_all) AS n_fail_all,
    sum(n_fail_only) AS n_fail_only,
    sum(expected_lost) AS expected_lost
FROM cutflow
GROUP BY cut_set, survey, step, cut
