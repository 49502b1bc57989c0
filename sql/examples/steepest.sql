-- Purpose: steepest trends by the compiled kernels, from the nested light curves; positive slopes fade
-- Reads: lightcurves
-- Parameters: least_visits
-- Usage: tasni sql --file steepest --arg least_visits=12 --limit 20
SELECT
    s.id,
    s.trend.n_visits,
    s.trend.slope_mag_per_yr,
    s.trend.sigma_slope_mag_per_yr,
    s.trend.log10_p,
    s.j AS stetson_j,
    s.sf.sf2_8yr
FROM (
    SELECT
        id,
        visit_trend(mjd, w2_mag, w2_error) AS trend,
        stetson_j(mjd, w2_mag, w2_error) AS j,
        structure_function(mjd, w2_mag, w2_error) AS sf
    FROM lightcurves
) AS s
WHERE s.trend.n_visits >= :least_visits
ORDER BY s.trend.log10_p ASC NULLS LAST, s.id ASC
