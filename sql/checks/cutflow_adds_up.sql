-- Purpose: cuts that lose or gain sources: in = pass + fail + unknown, and what does not fail meets the next
-- Reads: cutflow
-- Parameters: none
-- Usage: tasni sql --file sql/checks/cutflow_adds_up.sql
-- Gate: fail after search
SELECT
    c.cut_set,
    c.survey,
    c.tile,
    c.step,
    c.cut,
    c.n_in,
    c.n_pass,
    c.n_fail,
    c.n_unknown,
    before.n_in - before.n_fail AS n_before
FROM cutflow AS c
LEFT JOIN cutflow AS before
    ON c.cut_set = before.cut_set AND c.survey = before.survey AND c.tile = before.tile AND c.step = before.step + 1
WHERE
    c.n_in <> c.n_pass + c.n_fail + c.n_unknown
    OR c.n_fail > c.n_fail_all
    OR c.n_fail_only > c.n_fail
    OR (c.step > 0 AND NOT c.n_in <=> before.n_in - before.n_fail)
