"""The card of a model: what a reader must know before trusting its scores."""

from __future__ import annotations

from tasni_spark.models.registry import Trained
from tasni_spark.tables.features import FEATURES, HASH


def card(trained: Trained, survey: str, target: str) -> str:
    """A model's card as Markdown; `{model_id}` is filled in when it is stored."""
    about = trained.about
    lines = [
        "# {model_id}",
        "",
        f"A {trained.learner} that seeks {target} in {survey}, on {len(trained.names)} features of dictionary {HASH}.",
        "",
        f"- Trained on {about['n_positive']:,} positive, {about['n_negative']:,} negative and "
        f"{about['n_unlabelled']:,} unlabelled sources; seed {about['seed']}; "
        + ", ".join(f"{n} at version {v}" for n, v in about["reads"].items())
        + ".",
        f"- Tested on blocks of the sky (nside 8) that neither trained it nor lie beside one that did; "
        f"{len(set(about['folds'].values()))} folds.",
        "- Position and depth are not among its features.",
        "- Probabilities are those of the mix of labelled sources, not of the sky.",
        "",
        "| measure | value | 95 per cent over blocks |",
        "|---|---|---|",
        *(f"| {n} | {v:.4f} | {low:.4f} .. {high:.4f} |" for n, (v, low, high) in about["measures"].items()),
        "",
        "| feature | meaning | null |",
        "|---|---|---|",
        *(f"| `{n}` | {FEATURES[n].doc} | {FEATURES[n].null} |" for n in trained.names),
    ]
    return "\n".join(lines) + "\n"
