-- Purpose: Galactic longitude in [0, 360) and latitude of an ICRS direction; matrix of Gaia DR3
-- Reads: direction
-- Parameters: ra, dec deg, ICRS
-- Usage: SELECT galactic(266.405, -28.936).b
CREATE OR REPLACE FUNCTION galactic(ra DOUBLE, dec DOUBLE)
RETURNS STRUCT<l: DOUBLE, b: DOUBLE>
COMMENT 'Galactic longitude and latitude, in deg, of an ICRS direction in deg'
RETURN cast(
    direction(
        -0.0548755604162154D * cos(radians(ra)) * cos(radians(dec))
        - 0.873437090234885D * sin(radians(ra)) * cos(radians(dec))
        - 0.4838350155487132D * sin(radians(dec)),
        0.4941094278755837D * cos(radians(ra)) * cos(radians(dec))
        - 0.4448296299600112D * sin(radians(ra)) * cos(radians(dec))
        + 0.746982244497219D * sin(radians(dec)),
        -0.8676661490190047D * cos(radians(ra)) * cos(radians(dec))
        - 0.1980763734312015D * sin(radians(ra)) * cos(radians(dec))
        + 0.4559837761750669D * sin(radians(dec))
    ) AS STRUCT<l: DOUBLE, b: DOUBLE>
)
