"""Views of the small files under `<lake>/_ops`: surveys, runs, progress."""

from tasni_spark.core.spec import Col, Table
from tasni_spark.tables.columns import RUN_ID, SURVEY

SURVEYS = Table(
    "surveys",
    "Surveys in the lake, one row a release",
    (
        SURVEY,
        Col("release", "string", "Release", ucd="meta.version"),
        Col("title", "string", "Full name", ucd="meta.title"),
        Col("kind", "string", "sources or detections", ucd="meta.code"),
        Col("rows", "bigint", "Rows stored", ucd="meta.number"),
        Col("rejected", "bigint", "Rows rejected", ucd="meta.number"),
        Col("match_radius_arcsec", "double", "Radius at which it is matched", "arcsec", "pos.angDistance"),
        Col("is_current", "boolean", "Whether the bare table name means this release", ucd="meta.code"),
        Col("is_synthetic", "boolean", "Whether the rows are made up", ucd="meta.code"),
        Col("citation", "string", "What to cite", ucd="meta.bib"),
    ),
    key=("survey", "release"),
)

USAGE = (
    Col("tasks", "bigint", "Spark tasks that ended", ucd="meta.number"),
    Col("task_s", "double", "Time of all tasks", "s", "time.duration"),
    Col("cpu_s", "double", "CPU time of the JVM in tasks; that of Python workers is not in it", "s", "time.duration"),
    Col("gc_s", "double", "Time of tasks spent in garbage collection", "s", "time.duration"),
    Col("spilled_bytes", "bigint", "Bytes spilled from memory, in memory and on disk", "byte", "meta.number"),
    Col("shuffle_bytes", "bigint", "Bytes written to shuffles", "byte", "meta.number"),
    Col("skew", "double", "Longest over median time of the tasks of a stage, the greatest", ucd="arith.factor"),
)
"""What tasks cost, as far as the platform tells."""

OPS_RUNS = Table(
    "ops_runs",
    "Runs of jobs, from their records",
    (
        RUN_ID,
        Col("job", "string", "Job", ucd="meta.id"),
        Col("state", "string", "done, partial, failed or stopped", ucd="meta.code"),
        Col("exit_code", "int", "Exit code of the process", ucd="meta.code"),
        Col("seconds", "double", "Wall time", "s", "time.duration"),
        Col("ended", "string", "End of the run, UTC", ucd="time.end"),
        Col("rows", "map<string,bigint>", "Rows written to each table", ucd="meta.number"),
        Col("versions", "map<string,bigint>", "Version of each table after the run", ucd="meta.version"),
        Col("reads", "map<string,bigint>", "Version of each table that was read", ucd="meta.version"),
        Col("message", "string", "What went wrong", ucd="meta.note"),
        Col("resume", "string", "The command that goes on", ucd="meta.note"),
        *USAGE,
    ),
    key=("run_id", "job"),
    version=2,
)

OPS_PROGRESS = Table(
    "ops_progress",
    "Groups of runs: one row a group that was tried",
    (
        RUN_ID,
        Col("job", "string", "Job", ucd="meta.id"),
        Col("step", "string", "Step of the job", ucd="meta.id"),
        Col("number", "int", "Group", ucd="meta.number"),
        Col("state", "string", "done or failed", ucd="meta.code"),
        Col("attempt", "int", "Number of the attempt", ucd="meta.number"),
        Col("seconds", "double", "Wall time", "s", "time.duration"),
        Col("rows_planned", "bigint", "Rows expected", ucd="meta.number"),
        Col("rows", "map<string,bigint>", "Rows written to each table", ucd="meta.number"),
        Col("error", "string", "What went wrong", ucd="meta.note"),
        *USAGE,
    ),
    key=("run_id", "job", "step", "number"),
    version=2,
)
