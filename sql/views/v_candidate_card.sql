-- Purpose: one row a candidate: place, what each survey says of it, how each cut set judges it; tasni show in SQL
-- Reads: candidates, verdicts, thermal, matches, match_tiles, coverage
-- Parameters: none
-- Usage: SELECT * FROM v_candidate_card WHERE cut_set = 'tasni_2025' ORDER BY p_veto
WITH asked AS (
    SELECT
        cs.survey,
        cs.id,
        mt.right_survey AS other,
        mt.radius_arcsec,
        cast(NULL AS DOUBLE) AS sep_arcsec,
        cast(NULL AS DOUBLE) AS p_chance,
        0 AS observed
    FROM candidates AS cs
    INNER JOIN match_tiles AS mt ON cs.survey = mt.left_survey AND cs.tile = mt.tile
),

matched AS (
    SELECT
        cm.survey,
        cm.id,
        m.right_survey AS other,
        cast(NULL AS DOUBLE) AS radius_arcsec,
        m.sep_arcsec,
        m.p_chance,
        0 AS observed
    FROM candidates AS cm
    INNER JOIN matches AS m
        ON cm.survey = m.left_survey AND cm.tile = m.tile AND cm.id = m.left_id AND m.rank = 1
),

observed AS (
    SELECT
        co.survey,
        co.id,
        v.survey AS other,
        cast(NULL AS DOUBLE) AS radius_arcsec,
        cast(NULL AS DOUBLE) AS sep_arcsec,
        cast(NULL AS DOUBLE) AS p_chance,
        1 AS observed
    FROM candidates AS co
    INNER JOIN coverage AS v
        ON hpx_parent(co.hpx29, 6) = v.cell AND co.hpx29 >= v.start AND co.hpx29 < v.end AND co.survey != v.survey
),

facts AS (
    SELECT
        survey,
        id,
        other,
        max(radius_arcsec) AS radius_arcsec,
        max(sep_arcsec) AS sep_arcsec,
        max(p_chance) AS p_chance,
        max(observed) AS observed
    FROM (
        SELECT * FROM asked
        UNION ALL
        SELECT * FROM matched
        UNION ALL
        SELECT * FROM observed
    ) AS every
    GROUP BY survey, id, other
),

sights AS (
    SELECT
        a.survey,
        a.id,
        array_sort(collect_list(named_struct(
            'survey', a.other,
            'verdict', CASE
                WHEN a.sep_arcsec <= a.radius_arcsec THEN 'matched'
                WHEN f.survey IS NULL THEN 'its footprint is not known'
                WHEN a.observed = 0 THEN 'not observed'
                WHEN a.radius_arcsec IS NULL THEN 'its sources were not sought'
                ELSE 'nothing there'
            END,
            'radius_arcsec', a.radius_arcsec,
            'sep_arcsec', a.sep_arcsec,
            'p_chance', a.p_chance
        ))) AS sights
    FROM facts AS a
    LEFT JOIN (SELECT DISTINCT survey FROM coverage) AS f ON a.other = f.survey
    GROUP BY a.survey, a.id
),

judged AS (
    SELECT
        v.survey,
        v.tile,
        v.id,
        array_sort(collect_list(named_struct(
            'cut_set', v.cut_set, 'n_failed', bit_count(v.failed), 'n_unknown', bit_count(v.unknown)
        ))) AS judged
    FROM verdicts AS v
    LEFT SEMI JOIN candidates AS cv ON v.survey = cv.survey AND v.tile = cv.tile AND v.id = cv.id
    GROUP BY v.survey, v.tile, v.id
)

SELECT
    c.cut_set,
    c.survey,
    c.id,
    c.tile,
    c.hpx29,
    c.designation,
    c.ra,
    c.dec,
    galactic(c.ra, c.dec).l AS glon_deg,
    galactic(c.ra, c.dec).b AS glat_deg,
    c.is_complete,
    c.unknown,
    c.flags,
    c.p_veto,
    t.temperature_k,
    t.temperature_error_k,
    t.distance_if_dwarf_pc,
    t.colour_distance_pc,
    t.is_colour_distance_bound,
    t.dwarf_log_ratio,
    t.thermal_flags,
    j.judged,
    s.sights
FROM candidates AS c
LEFT JOIN judged AS j ON c.survey = j.survey AND c.tile = j.tile AND c.id = j.id
LEFT JOIN thermal AS t ON c.survey = t.survey AND c.tile = t.tile AND c.id = t.id
LEFT JOIN sights AS s ON c.survey = s.survey AND c.id = s.id
