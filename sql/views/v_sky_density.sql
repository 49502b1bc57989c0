-- Purpose: sources of each survey per square degree and tile of the lake, with the tile's place on the sky curve
-- Reads: density, tiling
-- Parameters: none
-- Usage: SELECT * FROM v_sky_density WHERE survey = 'gaia_dr3' ORDER BY per_deg2 DESC
SELECT
    d.survey,
    t.tile,
    t.order,
    t.pixel,
    sum(d.n) AS n,
    sum(d.n) / sum(d.area_deg2) AS per_deg2
FROM density AS d
INNER JOIN tiling AS t ON tile_of(shiftleft(d.cell, 58 - 2 * d.order)) = t.tile
GROUP BY d.survey, t.tile, t.order, t.pixel
