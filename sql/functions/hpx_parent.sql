-- Purpose: the pixel of a coarser order that contains an order-29 pixel
-- Reads: none
-- Parameters: pixel29 of order 29; at_order 0 .. 29
-- Usage: SELECT hpx_parent(hpx29(80.894, -69.756), 5)
CREATE OR REPLACE FUNCTION hpx_parent(pixel29 BIGINT, at_order INT)
RETURNS BIGINT
COMMENT 'The pixel of a coarser order that contains an order-29 pixel'
RETURN shiftright(pixel29, 58 - 2 * at_order)
