-- Purpose: sources without a position and positions without a source, or in another tile
-- Reads: :sources, :positions
-- Parameters: sources a survey; positions its positions
-- Usage: tasni sql --file sql/checks/positions_of_sources.sql --arg sources=allwise --arg positions=allwise_positions
-- Gate: fail after ingest, sources={name} positions={name}_positions
SELECT
    s.id AS source_id,
    p.id AS position_id,
    s.tile AS source_tile,
    p.tile AS position_tile
FROM IDENTIFIER(:sources) AS s
FULL OUTER JOIN IDENTIFIER(:positions) AS p ON s.id = p.id
WHERE s.id IS NULL OR p.id IS NULL OR s.hpx29 <> p.hpx29 OR s.tile <> p.tile
