"""THE MAP: every job, what it reads, what it writes.

Pure data: the command line, DAGs, documentation and tests are drawn from it. A name in braces is filled from the job's
configuration: `{left}_positions`. The order is one in which a pipeline can run them.
"""

from collections.abc import Iterator

from tasni_spark.core.config import Settings
from tasni_spark.core.spec import Job

JOBS = {
    job.name: job
    for job in (
        Job(
            "tiling",
            "Cut the sky into tiles of about equal rows, once for the lake",
            config="tasni_spark.ingest.tiling:TilingConfig",
            writes=("tiling",),
            tiled=False,
            stage="ingest",
        ),
        Job(
            "coverage",
            "Store what each survey observed",
            config="tasni_spark.ingest.coverage:CoverageConfig",
            writes=("coverage",),
            tiled=False,
        ),
        Job(
            "ingest",
            "Store a published catalogue as tables that joins can use",
            config="tasni_spark.ingest.ingest:IngestConfig",
            reads=("tiling",),
            writes=("{name}", "{name}_positions", "{name}_full", "rejects"),
            stage="ingest",
        ),
        Job(
            "density",
            "Count the sources of each survey in cells of the sky",
            config="tasni_spark.crossmatch.density:DensityConfig",
            reads=("{surveys}_positions",),
            writes=("density",),
            tiled=False,
        ),
        Job(
            "crossmatch",
            "Match the sources of a survey with those of others, at the epoch of the first",
            config="tasni_spark.crossmatch.config:CrossmatchConfig",
            reads=("tiling", "density", "{frames}", "{left}_positions", "{rights}_positions"),
            writes=("matches", "match_tiles"),
        ),
        Job(
            "xmatch_qa",
            "Measure chance, errors and offsets of a match from the match itself",
            config="tasni_spark.crossmatch.config:CrossmatchConfig",
            reads=("tiling", "density", "matches", "{left}_positions", "{rights}_positions"),
            writes=("xmatch_qa",),
        ),
        Job(
            "footprints",
            "Store which sources lie in which shapes: fields, pointings, contours, error ellipses",
            config="tasni_spark.crossmatch.footprints:FootprintsConfig",
            reads=("tiling", "{survey}_positions", "{ellipses}"),
            writes=("shapes", "footprints"),
        ),
        Job(
            "search",
            "Judge every source by every cut; keep those that fail none, and count what each cut costs",
            config="tasni_spark.search.search:SearchConfig",
            reads=("tiling", "coverage", "density", "matches", "match_tiles", "{left}", "{beside}"),
            writes=("verdicts", "candidates", "cutflow"),
        ),
        Job(
            "thermal",
            "Fit temperature, solid angle and implied distance to every source, limits included",
            config="tasni_spark.search.thermal:SourcesConfig",
            reads=("tiling", "{left}"),
            writes=("thermal",),
        ),
        Job(
            "ranking",
            "Rank the candidates by their likeness to a cold dwarf, with what a line below each would cost",
            config="tasni_spark.search.ranking:RankingConfig",
            reads=("candidates", "thermal", "{left}"),
            writes=("ranking",),
            tiled=False,
        ),
        Job(
            "lightcurves",
            "Bring the single exposures of every source together, by two associations",
            config="tasni_spark.variability.lightcurves:LightcurvesConfig",
            reads=("tiling", "{survey}", "{left}_positions"),
            writes=("lightcurves", "lightcurve_tiles"),
            stage="variability",
        ),
        Job(
            "variability",
            "Compute visits, statistics and tests of every light curve",
            config="tasni_spark.variability.variability:VariabilityConfig",
            reads=("tiling", "lightcurves"),
            writes=("variability", "visits", "trend_tests"),
            stage="variability",
        ),
        Job(
            "trends",
            "Judge every trend against control stars, with the false-discovery rate over all tests made",
            config="tasni_spark.variability.trends:TrendsConfig",
            reads=("tiling", "visits", "trend_tests"),
            writes=("ensemble", "trends"),
            tiled=False,
            stage="variability",
        ),
        Job(
            "periods",
            "Search for periods where a light curve scatters more than its errors say",
            config="tasni_spark.variability.search:PeriodsConfig",
            reads=("tiling", "lightcurves"),
            writes=("periods",),
            stage="variability",
        ),
        Job(
            "injections",
            "Put signals of known size into constant light curves, and see what is found of them",
            config="tasni_spark.variability.trials:InjectionsConfig",
            reads=("tiling", "lightcurves"),
            writes=("injections", "completeness"),
            stage="variability",
        ),
        Job(
            "variability_classes",
            "Put every light curve into a class, with what injected signals say that is worth",
            config="tasni_spark.variability.classes:ClassesConfig",
            reads=("tiling", "variability", "trends", "periods", "injections"),
            writes=("variability_classes", "class_counts"),
            tiled=False,
            stage="variability",
        ),
        Job(
            "features",
            "Compute the features of every source: what models learn from",
            config="tasni_spark.features.extract:FeaturesConfig",
            reads=(
                "tiling",
                "coverage",
                "density",
                "matches",
                "match_tiles",
                "thermal",
                "lightcurve_tiles",
                "variability",
                "trend_tests",
                "{left}",
                "{others}",
            ),
            writes=("feature_strata", "features"),
            stage="models",
        ),
        Job(
            "labels",
            "Say of which sources independent evidence tells the class",
            config="tasni_spark.models.labels:LabelsConfig",
            reads=("matches", "{left}", "{known}"),
            writes=("labels",),
            tiled=False,
            stage="models",
        ),
        Job(
            "splits",
            "Deal labelled sources and a sample of the sky to folds, by blocks of the sky",
            config="tasni_spark.models.splits:SplitsConfig",
            reads=("{left}", "labels"),
            writes=("splits",),
            tiled=False,
            stage="models",
        ),
        Job(
            "feature_audit",
            "Find features that know what they cannot know from the sky",
            config="tasni_spark.models.refereed:FeatureAuditConfig",
            reads=("features", "labels", "splits"),
            writes=("feature_audit",),
            tiled=False,
            stage="models",
        ),
        Job(
            "training",
            "Fit models on audited features; keep what they say of blocks that they have not seen",
            config="tasni_spark.models.training:TrainingConfig",
            reads=("features", "labels", "splits"),
            writes=("out_of_fold", "model_measures"),
            tiled=False,
            stage="models",
        ),
        Job(
            "scores",
            "Ask every trained model about every source",
            config="tasni_spark.models.scoring:ScoresConfig",
            reads=("tiling", "features"),
            writes=("scores",),
            stage="models",
        ),
        Job(
            "standings",
            "Rank the sources by all models together, with error rates, vetoes and reasons",
            config="tasni_spark.models.standings:StandingsConfig",
            reads=("scores", "features", "splits"),
            writes=("standings",),
            tiled=False,
            stage="models",
        ),
        Job(
            "clusters",
            "Find groups among the sources of the sample, and whether they are more than chance",
            config="tasni_spark.models.clusters:ClustersConfig",
            reads=("features", "splits"),
            writes=("clustered", "clusters"),
            tiled=False,
            stage="models",
        ),
        Job(
            "report",
            "Write one page about a search",
            config="tasni_spark.report.facts:ReportConfig",
            reads=(
                "coverage",
                "matches",
                "match_tiles",
                "xmatch_qa",
                "verdicts",
                "candidates",
                "cutflow",
                "thermal",
                "ranking",
                "trends",
                "trend_tests",
                "completeness",
                "class_counts",
                "variability_classes",
                "splits",
                "feature_audit",
                "model_measures",
                "standings",
                "{surveys}",
                "{known}",
                "{truth}",
            ),
            tiled=False,
        ),
    )
}

STAGES = tuple(dict.fromkeys(job.stage for job in JOBS.values()))
"""Parts of the map that a scheduler runs as one."""


def parts(settings: Settings) -> Iterator[tuple[str, str]]:
    """(job, part) for each section of a configuration; a job whose section has parts is run once for each."""
    for job in JOBS:
        if job in settings.values:
            for each in settings.instances(job) or [""]:
                yield job, each
