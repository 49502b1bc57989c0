"""The audit of a table: its columns, the table as a whole, and the words of a referee."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from tasni_spark.core.errors import DataError
from tasni_spark.models.audit.columns import Finding, finding, refused, telling
from tasni_spark.models.audit.rules import AuditConfig, Sample
from tasni_spark.models.audit.whole import of_the_whole
from tasni_spark.models.measures import Bools


class Verdict(NamedTuple):
    """The audit of a table.

    Parameters
    ----------
    findings
        One a column.
    grounds
        Why the table is refused; empty where it passes.
    facts
        Numbers about the table as a whole.
    """

    findings: tuple[Finding, ...]
    grounds: tuple[str, ...]
    facts: Mapping[str, float]

    @property
    def is_accepted(self) -> bool:
        """Whether a model may be trained on it."""
        return not self.grounds


def audit(sample: Sample, cfg: AuditConfig) -> Verdict:
    """Audit a table.

    Raises
    ------
    DataError
        If it cannot be audited: one class only, too few rows of a class, infinities.
    """
    has_label = np.isfinite(sample.label)
    y = sample.label[has_label] > 0.5
    _check(sample, y, cfg)
    findings = tuple(finding(sample, k, has_label, y, cfg) for k in range(len(sample.names)))
    facts = {
        "n_positive": float(y.sum()),
        "n_negative": float((~y).sum()),
        "n_unlabelled": float((~has_label).sum()),
        "n_blocks": float(len(np.unique(sample.block))),
    }
    grounds = list(dict.fromkeys(refused(findings)))
    for name, value, ground in of_the_whole(sample, has_label, y, telling(findings), cfg):
        facts[name] = value
        grounds += [ground] if ground else []
    return Verdict(findings, tuple(grounds), facts)


def _check(sample: Sample, y: Bools, cfg: AuditConfig) -> None:
    n_pos, n_neg = int(y.sum()), int((~y).sum())
    if not n_pos or not n_neg:
        raise DataError(f"audit: one class only ({n_pos} positive, {n_neg} negative rows): label both")
    if min(n_pos, n_neg) < cfg.least_per_class:
        raise DataError(
            f"audit: {n_pos} positive and {n_neg} negative rows, expected {cfg.least_per_class} of each: label more"
        )
    if (bad := np.isinf(sample.values).any(0)).any():
        names = [n for n, b in zip(sample.names, bad, strict=True) if b]
        raise DataError(f"audit: infinite values in {', '.join(names[:5])}: a null is what was not measured")


def told(verdict: Verdict, what: str, shown: int = 5) -> str:
    """The verdict as a referee would print it."""
    f = verdict.facts
    lines = [
        f"{what}: {f['n_positive']:.0f} positive, {f['n_negative']:.0f} negative, {f['n_unlabelled']:.0f} unlabelled "
        f"rows in {f['n_blocks']:.0f} blocks; {len(verdict.findings)} columns",
        "",
        "best single columns (AUC, inside blocks; AUC of their missing pattern; positives that have it):",
    ]
    usual = [x for x in verdict.findings if x.n_positive > f["n_positive"] / 2]
    best = sorted(usual, key=lambda x: (-(x.auc if np.isfinite(x.auc) else 0), x.name))[:shown]
    lines += [f"  {x.name}: {x.auc:.3f}, {x.auc_within:.3f}; {x.null_auc:.3f}; {x.n_positive}" for x in best]
    words = {
        "tree_auc": "three questions, in blocks not seen",
        "sky_auc": "position alone",
        "shuffled_auc": "shuffled labels",
    }
    lines += [f"{text}: AUC {f[name]:.3f}" for name, text in words.items() if name in f]
    lines.append("")
    if verdict.is_accepted:
        lines.append("ACCEPTED: nothing here knows what it cannot know from the sky.")
    else:
        lines.append(f"REFUSED, on {len(verdict.grounds)} grounds:")
        lines += [f"  {k}. {ground}" for k, ground in enumerate(verdict.grounds, 1)]
    return "\n".join(lines)
