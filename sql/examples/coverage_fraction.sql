-- Purpose: the part of the sky that each survey observed; the sphere has 12 * 4^29 pixels of order 29
-- Reads: coverage
-- Parameters: none
-- Usage: tasni sql --file coverage_fraction
SELECT
    c.survey,
    sum(c.end - c.start) / (12 * power(4, 29)) AS fraction,
    sum(c.end - c.start) / (12 * power(4, 29)) * 129600 / pi() AS area_deg2
FROM coverage AS c
GROUP BY c.survey
ORDER BY fraction DESC, c.survey ASC
