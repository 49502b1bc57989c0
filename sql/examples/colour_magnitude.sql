-- Purpose: AllWISE sources in bins of W1-W2 and W2, limits left out: a colour-magnitude diagram as counts
-- Reads: allwise
-- Parameters: bin_mag mag, width of a bin
-- Usage: tasni sql --file colour_magnitude --arg bin_mag=0.5 --format csv
SELECT
    colour * :bin_mag AS w1_w2_from,
    magnitude * :bin_mag AS w2_from,
    count(*) AS n
FROM (
    SELECT
        floor((w1mpro - w2mpro) / :bin_mag) AS colour,
        floor(w2mpro / :bin_mag) AS magnitude
    FROM allwise
    WHERE w1sigmpro IS NOT NULL AND w2sigmpro IS NOT NULL
) AS bins
GROUP BY colour, magnitude
ORDER BY colour, magnitude
