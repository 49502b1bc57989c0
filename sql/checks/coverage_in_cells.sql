-- Purpose: ranges of coverage that are empty, leave their order-6 cell, or overlap the one before
-- Reads: coverage
-- Parameters: none
-- Usage: tasni sql --file sql/checks/coverage_in_cells.sql
-- Gate: fail after coverage
SELECT *
FROM (
    SELECT
        c.survey,
        c.cell,
        c.start AS first,
        c.end AS behind,
        lag(c.end) OVER (PARTITION BY c.survey, c.cell ORDER BY c.start) AS behind_before
    FROM coverage AS c
) AS r
WHERE
    behind <= first
    OR hpx_parent(first, 6) <> cell
    OR hpx_parent(behind - 1, 6) <> cell
    OR first < behind_before
