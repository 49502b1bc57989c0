-- Purpose: last step of earth: distance and longitude of the Sun, turned round
-- Reads: none
-- Parameters: days since J2000.0; anomaly mean anomaly of the Sun, rad
-- Usage: a part of earth; create it first
CREATE OR REPLACE FUNCTION earth_at(days DOUBLE, anomaly DOUBLE)
RETURNS STRUCT<x: DOUBLE, y: DOUBLE, z: DOUBLE>
COMMENT 'A part of earth'
RETURN named_struct(
    'x', -(1.00014D - 0.01671D * cos(anomaly) - 0.00014D * cos(2D * anomaly))
    * cos(radians(280.46D + 0.985609154D * days + 1.915D * sin(anomaly) + 0.02D * sin(2D * anomaly))),
    'y', -(1.00014D - 0.01671D * cos(anomaly) - 0.00014D * cos(2D * anomaly))
    * sin(radians(280.46D + 0.985609154D * days + 1.915D * sin(anomaly) + 0.02D * sin(2D * anomaly)))
    * cos(radians(23.439291D)),
    'z', -(1.00014D - 0.01671D * cos(anomaly) - 0.00014D * cos(2D * anomaly))
    * sin(radians(280.46D + 0.985609154D * days + 1.915D * sin(anomaly) + 0.02D * sin(2D * anomaly)))
    * sin(radians(23.439291D))
)
