"""Store a published catalogue as tables that joins can use: its columns, and its positions.

Example:
    tasni run ingest --survey allwise --input raw/allwise
    tasni run ingest --survey my_catalogue.toml --input my_catalogue.fits
"""

from tasni_spark.core.run import run
from tasni_spark.core.work import Step, Work, whole
from tasni_spark.ingest import ingest as i
from tasni_spark.pipeline import JOBS

WORK = Work(
    JOBS["ingest"],
    steps=(
        Step("stage", i.stage, i.file_groups, i.blame),
        Step("find_repeated", i.find_repeated, whole),
        Step("rank_repeated", i.rank_repeated, whole),
        Step("cluster", i.cluster, i.tile_groups),
        Step("rejects", i.collect_rejects, whole),
    ),
    tables=i.tables,
    scope=i.scope,
    definitions=i.definitions,
    sources=lambda _, notes: [path for path, *_ in notes["files"]],
    prepare=i.prepare,
    balance=i.balance,
    finish=i.publish,
)

if __name__ == "__main__":
    run(WORK, JOBS)
