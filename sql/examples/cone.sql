-- Purpose: rows of a positions table in a cone, nearest first; the box around the cone prunes files, at poles too
-- Reads: :t
-- Parameters: t a table of positions; ra, dec, radius_deg deg
-- Usage: tasni sql --file cone --arg t=gaia_dr3_positions --arg ra=266.4 --arg dec=-29.0 --arg radius_deg=2
SELECT
    id,
    ra,
    dec,
    pmra_masyr,
    pmdec_masyr,
    separation_arcsec(ra, dec, :ra, :dec) AS sep_arcsec
FROM IDENTIFIER(:t)
WHERE
    x >= unit_vector(:ra, :dec).x - 2 * sin(radians(:radius_deg) / 2)
    AND x <= unit_vector(:ra, :dec).x + 2 * sin(radians(:radius_deg) / 2)
    AND y >= unit_vector(:ra, :dec).y - 2 * sin(radians(:radius_deg) / 2)
    AND y <= unit_vector(:ra, :dec).y + 2 * sin(radians(:radius_deg) / 2)
    AND z >= unit_vector(:ra, :dec).z - 2 * sin(radians(:radius_deg) / 2)
    AND z <= unit_vector(:ra, :dec).z + 2 * sin(radians(:radius_deg) / 2)
    AND separation_arcsec(ra, dec, :ra, :dec) <= 3600 * :radius_deg
ORDER BY sep_arcsec, id
