-- Purpose: a tiling that does not cover the sphere just once, with the pixels it holds of 12 * 4^29
-- Reads: tiling
-- Parameters: none
-- Usage: tasni sql --file sql/checks/tiling_covers_sky.sql
-- Gate: fail after tiling
SELECT
    count(*) AS n_tiles,
    sum(hpx29_end - hpx29_start) AS n_pixels
FROM tiling
HAVING
    sum(hpx29_end - hpx29_start) <> 3458764513820540928
    OR count(DISTINCT hpx29_start) <> count(*)
    OR min(hpx29_start) <> 0
    OR max(hpx29_end) <> 3458764513820540928
