-- Purpose: candidates of every search near a position, nearest first
-- Reads: candidates
-- Parameters: ra, dec, radius_deg deg
-- Usage: tasni sql --file candidates_near --arg ra=80.9 --arg dec=-69.8 --arg radius_deg=5
SELECT
    cut_set,
    survey,
    designation,
    ra,
    dec,
    separation_arcsec(ra, dec, :ra, :dec) / 3600 AS sep_deg,
    galactic(ra, dec).b AS glat_deg,
    unknown,
    p_veto
FROM candidates
WHERE separation_arcsec(ra, dec, :ra, :dec) <= 3600 * :radius_deg
ORDER BY sep_deg, cut_set, survey
