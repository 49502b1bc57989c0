-- Purpose: rows of a positions table in a convex field of four corners, its sides great circles; a box prunes files
-- Reads: :t
-- Parameters: t a table of positions; ra1, dec1, ra2, dec2, ra3, dec3, ra4, dec4 deg, in order, under 90 deg apart
-- Usage: tasni sql --file polygon, with an --arg for each parameter as for cone
SELECT
    place.id,
    place.ra,
    place.dec
FROM (
    SELECT
        id,
        ra,
        dec,
        x,
        y,
        z,
        array(
            unit_vector(:ra1, :dec1), unit_vector(:ra2, :dec2), unit_vector(:ra3, :dec3), unit_vector(:ra4, :dec4)
        ) AS c,
        2 * sin(radians(greatest(
            separation_arcsec(:ra1, :dec1, :ra2, :dec2),
            separation_arcsec(:ra1, :dec1, :ra3, :dec3),
            separation_arcsec(:ra1, :dec1, :ra4, :dec4)
        ) / 3600) / 2) AS reach
    FROM IDENTIFIER(:t)
) AS place
WHERE
    place.x BETWEEN place.c[0].x - place.reach AND place.c[0].x + place.reach
    AND place.y BETWEEN place.c[0].y - place.reach AND place.c[0].y + place.reach
    AND place.z BETWEEN place.c[0].z - place.reach AND place.c[0].z + place.reach
    AND abs(aggregate(
        sequence(0, 3),
        0,
        (n, k) -> n + cast(sign(
            place.x * (place.c[k].y * place.c[(k + 1) % 4].z - place.c[k].z * place.c[(k + 1) % 4].y)
            + place.y * (place.c[k].z * place.c[(k + 1) % 4].x - place.c[k].x * place.c[(k + 1) % 4].z)
            + place.z * (place.c[k].x * place.c[(k + 1) % 4].y - place.c[k].y * place.c[(k + 1) % 4].x)
        ) AS int)
    )) = 4
    AND separation_arcsec(place.ra, place.dec, :ra1, :dec1) < 324000
ORDER BY place.id
