"""Tables of the search: the verdict on every source, the candidates, the cut-flow."""

from tasni_spark.core.spec import Col, Table
from tasni_spark.tables.columns import CUT_SET, DEC, HPX29, ID, RA, TILE

_LEFT = Col("survey", "string", "Survey that was searched", ucd="meta.id;meta.dataset", nullable=False)

VERDICTS = Table(
    "verdicts",
    "What every cut says of every source; bit k belongs to cut k of the set",
    (
        CUT_SET,
        _LEFT,
        TILE,
        HPX29,
        ID,
        Col("failed", "bigint", "Bit mask of the cuts that the source fails", ucd="meta.code", nullable=False),
        Col("unknown", "bigint", "Bit mask of the cuts that cannot be judged", ucd="meta.code", nullable=False),
        Col("flagged", "bigint", "Bit mask of the flags that are set", ucd="meta.code", nullable=False),
    ),
    key=("cut_set", "survey", "id"),
    partition=("cut_set", "survey", "tile"),
    sort=("hpx29", "id"),
    replace_by=("cut_set", "survey", "tile"),
    stats=("hpx29", "id", "failed", "unknown"),
    version=2,
)

CANDIDATES = Table(
    "candidates",
    "Sources that fail no cut of a set",
    (
        CUT_SET,
        _LEFT,
        ID,
        TILE,
        HPX29,
        Col("designation", "string", "Name of the source in its survey", ucd="meta.id"),
        RA,
        DEC,
        Col("unknown", "array<string>", "Cuts that could not be judged", ucd="meta.code"),
        Col("flags", "array<string>", "Flags that are set: to know of, not decisive", ucd="meta.code"),
        Col("is_complete", "boolean", "Whether every cut could be judged", ucd="meta.code", nullable=False),
        Col("p_veto", "double", "Chance that an unrelated source vetoes it", ucd="stat.probability", range=(0, 1)),
    ),
    key=("cut_set", "survey", "id"),
    sort=("cut_set", "survey", "hpx29", "id"),
    partition=("cut_set", "survey"),
    replace_by=("cut_set", "survey"),
    stats=("hpx29", "id"),
    version=2,
)

CUTFLOW = Table(
    "cutflow",
    "How many sources each cut passes, fails and cannot judge, tile by tile; sum it with v_cutflow",
    (
        CUT_SET,
        _LEFT,
        TILE,
        Col("step", "int", "Position of the cut in its set, from 1; 0 for the sources looked at", ucd="meta.number"),
        Col("cut", "string", "Name of the cut", ucd="meta.id", nullable=False),
        Col("n_in", "bigint", "Sources that fail no earlier cut", ucd="meta.number", nullable=False),
        Col("n_pass", "bigint", "Of these, sources that pass", ucd="meta.number", nullable=False),
        Col("n_fail", "bigint", "Of these, sources that fail", ucd="meta.number", nullable=False),
        Col("n_unknown", "bigint", "Of these, sources that cannot be judged", ucd="meta.number", nullable=False),
        Col(
            "n_fail_all", "bigint", "Sources that fail the cut, whatever others say", ucd="meta.number", nullable=False
        ),
        Col("n_fail_only", "bigint", "Sources that fail this cut and no other", ucd="meta.number", nullable=False),
        Col(
            "expected_lost",
            "double",
            "True orphans that a veto is expected to lose to unrelated sources",
            ucd="meta.number",
        ),
    ),
    key=("cut_set", "survey", "tile", "step"),
    sort=("cut_set", "survey", "tile", "step"),
    partition=("cut_set", "survey"),
    replace_by=("cut_set", "survey"),
    stats=("tile",),
)
