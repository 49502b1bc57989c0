-- Purpose: the ranked list with what cuts, fits and the search's own ranking say of each source
-- Reads: standings, candidates, thermal
-- Parameters: none
-- Usage: SELECT position, id, borda, q_outlier, vetoes, reasons FROM v_ranked WHERE position <= 20 ORDER BY position
SELECT
    s.survey,
    s.position,
    s.id,
    s.tile,
    s.hpx29,
    s.stratum,
    s.borda,
    s.disagreement,
    s.ranks,
    s.scores,
    s.p_outlier,
    s.q_outlier,
    s.n_calibration,
    s.probability,
    s.expected_false_positives,
    s.trained_as,
    s.vetoes,
    s.reasons,
    s.model_ids,
    s.dictionary,
    t.temperature_k,
    t.colour_distance_pc,
    t.dwarf_log_ratio,
    t.thermal_flags,
    k.kept_by
FROM standings AS s
LEFT JOIN thermal AS t ON s.survey = t.survey AND s.tile = t.tile AND s.id = t.id
LEFT JOIN (
    SELECT
        c.survey,
        c.tile,
        c.id,
        array_sort(collect_set(c.cut_set)) AS kept_by
    FROM candidates AS c
    GROUP BY c.survey, c.tile, c.id
) AS k ON s.survey = k.survey AND s.tile = k.tile AND s.id = k.id
