-- Purpose: matches of AllWISE with Gaia against Gaia's own (gaiadr3.allwise_best_neighbour, as Parquet)
-- Reads: :official, gaia_dr3_positions, allwise, matches
-- Parameters: official parquet.`FOLDER` of that table, or a table that holds it
-- Usage: tasni sql --file official_neighbours --arg official='parquet.`/data/allwise_best_neighbour`'
SELECT
    CASE
        WHEN m.right_id IS NULL THEN 'no match here'
        WHEN m.right_id = o.source_id THEN 'the same'
        ELSE 'another Gaia source'
    END AS outcome,
    count(*) AS n,
    percentile(o.angular_distance, 0.5) AS median_arcsec,
    max(o.angular_distance) AS greatest_arcsec
FROM IDENTIFIER(:official) AS o
INNER JOIN gaia_dr3_positions AS g ON o.source_id = g.id
INNER JOIN allwise AS w ON o.original_ext_source_id = w.designation
LEFT JOIN (
    SELECT
        left_id,
        right_id
    FROM matches
    WHERE left_survey = 'allwise' AND right_survey = 'gaia_dr3' AND rank = 1
) AS m ON w.id = m.left_id
GROUP BY outcome
ORDER BY n DESC, outcome ASC
