-- Purpose: good single exposures of the source at a position, from the tiles that a ring three radii wide meets
-- Reads: neowise
-- Parameters: ra, dec deg; radius_arcsec arcsec
-- Usage: tasni sql --file light_curve --arg ra=43.735078 --arg dec=-89.592553 --arg radius_arcsec=3 --format csv
SELECT
    n.mjd,
    julian_year(n.mjd + 2400000.5D) AS epoch,
    n.w1mpro,
    n.w1sigmpro,
    n.w2mpro,
    n.w2sigmpro,
    separation_arcsec(n.ra, n.dec, :ra, :dec) AS sep_arcsec
FROM neowise AS n
WHERE
    n.tile IN (
        SELECT tile_of(hpx29(ring.place.ra, ring.place.dec))
        FROM (
            SELECT
                propagate(
                    :ra,
                    :dec,
                    3000 * :radius_arcsec * sin(k.id * pi() / 8),
                    3000 * :radius_arcsec * cos(k.id * pi() / 8),
                    0D,
                    1D
                ) AS place
            FROM range(16) AS k
        ) AS ring
    )
    AND separation_arcsec(n.ra, n.dec, :ra, :dec) <= :radius_arcsec
    AND n.qual_frame > 0
    AND n.cc_flags LIKE '00%'
ORDER BY n.mjd, n.id
