-- Purpose: the nearest row of one positions table to each of another, as stored; ties by id; radius up to 300 arcsec
-- Reads: :a, :b
-- Parameters: a, b tables of positions; radius_arcsec arcsec
-- Usage: tasni sql --file match_two --arg a=allwise_positions --arg b=gaia_dr3_positions --arg radius_arcsec=3
SELECT
    pairs.left_id,
    pairs.best.right_id,
    degrees(2 * asin(sqrt(pairs.best.c2) / 2)) * 3600 AS sep_arcsec,
    pairs.n_neighbours
FROM (
    SELECT
        a.id AS left_id,
        min(
            named_struct(
                'c2', power(a.x - b.x, 2) + power(a.y - b.y, 2) + power(a.z - b.z, 2),
                'right_id', b.id
            )
        ) AS best,
        count(*) AS n_neighbours
    FROM (
        SELECT
            id,
            x,
            y,
            z,
            named_struct('i', floor(x / 0.003D), 'j', floor(y / 0.003D), 'k', floor(z / 0.003D)) AS cube
        FROM IDENTIFIER(:a)
    ) AS a
    INNER JOIN (
        SELECT
            id,
            x,
            y,
            z,
            explode(array_distinct(transform(sequence(0, 7), corner -> named_struct(
                'i', floor((x + (2 * (corner & 1) - 1) * 2 * sin(radians(:radius_arcsec / 3600) / 2)) / 0.003D),
                'j', floor((y + ((corner & 2) - 1) * 2 * sin(radians(:radius_arcsec / 3600) / 2)) / 0.003D),
                'k', floor((z + ((corner & 4) / 2 - 1) * 2 * sin(radians(:radius_arcsec / 3600) / 2)) / 0.003D)
            )))) AS cube
        FROM IDENTIFIER(:b)
    ) AS b ON a.cube = b.cube
    WHERE
        power(a.x - b.x, 2) + power(a.y - b.y, 2) + power(a.z - b.z, 2)
        <= power(2 * sin(radians(:radius_arcsec / 3600) / 2), 2)
    GROUP BY a.id
) AS pairs
ORDER BY pairs.left_id
