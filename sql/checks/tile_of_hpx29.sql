-- Purpose: rows whose tile is not the tile of the tiling that holds hpx29
-- Reads: :t
-- Parameters: t any table with tile and hpx29
-- Usage: tasni sql --file sql/checks/tile_of_hpx29.sql --arg t=allwise_positions
-- Gate: fail after ingest, t={name}_positions
SELECT
    p.id,
    p.hpx29,
    p.tile,
    tile_of(p.hpx29) AS expected
FROM IDENTIFIER(:t) AS p
WHERE NOT p.tile <=> tile_of(p.hpx29)
