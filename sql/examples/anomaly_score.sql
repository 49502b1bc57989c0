-- Purpose: the first edition's score, worked out anew: 3 z(W1-W2) + 1.5 z(W3) + z(W1), brighter and redder is higher
-- Reads: allwise_tier5
-- Parameters: none
-- Usage: tasni sql --file anomaly_score --limit 20
SELECT
    designation,
    w1_w2,
    anomaly_score AS published,
    3 * z_colour + 1.5D * z_w3 + z_w1 AS score
FROM (
    SELECT
        designation,
        anomaly_score,
        w1mpro - w2mpro AS w1_w2,
        (w1mpro - w2mpro - 0.435655D) / 0.482441D AS z_colour,
        (10.875914D - w3mpro) / 1.034063D AS z_w3,
        (14.882933D - w1mpro) / 1.669082D AS z_w1
    FROM allwise_tier5
) AS z
ORDER BY score DESC, designation ASC
