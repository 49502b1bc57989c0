-- Purpose: one row a job of each run: how it ended, how many groups are done
-- Reads: ops_runs, ops_progress
-- Parameters: none
-- Usage: SELECT * FROM v_run_status ORDER BY run_id DESC
SELECT
    p.run_id,
    p.job,
    coalesce(r.state, 'running or killed') AS state,
    p.n_done,
    p.n_failed,
    p.seconds,
    r.exit_code,
    r.message,
    r.resume
FROM (
    SELECT
        run_id,
        job,
        count_if(state = 'done') AS n_done,
        count_if(state = 'failed') AS n_failed,
        sum(seconds) AS seconds
    FROM ops_progress
    GROUP BY run_id, job
) AS p
LEFT JOIN ops_runs AS r ON p.run_id = r.run_id AND p.job = r.job
