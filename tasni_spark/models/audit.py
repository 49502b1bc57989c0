"""A referee's audit of a table of features and labels: pure NumPy, without Spark.

Why: the best-known failure of this search was a table in which only the labelled sources had light curves, so that
"has a light curve" predicted the label and every model looked excellent. An audit asks, before anything is trained,
what a feature knows that it cannot know from the sky: whether it is missing, how many decimals it has, where it lies,
whether the label is a formula of it. A table that fails is refused, with the grounds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier

from tasni_spark.core.config import opt
from tasni_spark.core.errors import DataError
from tasni_spark.models.measures import Bools, Floats, Ints, auc, auc_within, average_precision, of_flag

DECIMALS_BELOW = 100.0
"""Greater numbers of single precision do not show their third decimal: size would pass for rounding."""
ASKED = 64
"""Columns among which three questions are sought."""


@dataclass(frozen=True)
class AuditConfig:
    """Section `[feature_audit]`: where a referee draws lines."""

    greatest_null_auc: float = opt(0.7, "AUC of a column's missing pattern above which it is refused")
    greatest_digit_auc: float = opt(0.9, "AUC of a column's number of decimals above which it is refused")
    greatest_precision: float = opt(
        0.999, "average precision of one column, or of three questions, above which the label is a formula of them"
    )
    greatest_sky_auc: float = opt(0.9, "AUC of the position alone above which the label is a place")
    least_pooled_auc: float = opt(0.75, "AUC over the sky above which a column must also tell inside blocks")
    greatest_within_auc: float = opt(0.55, "AUC inside blocks below which such a column only knows the place")
    least_positive: int = opt(30, "measured positives from which on a column can be refused for its values or decimals")
    least_per_class: int = opt(10, "rows of each class without which nothing can be said")
    folds: int = opt(5, "parts of the blocks in which trees are tested")
    seed: int = opt(1, "of folds and of the shuffled labels")


@dataclass(frozen=True)
class Sample:
    """What is audited.

    Parameters
    ----------
    names
        Columns.
    values : (n, columns)
        NaN where null.
    label : (n,)
        1, 0, or NaN for rows that have no label.
    block : (n,)
        Block of the sky, or any group that belongs together.
    identity : (n,)
        The object: rows of one object must stay in one block.
    xyz : (n, 3)
        Direction, NaN where not known.
    sky_nulls
        Columns whose nulls have a cause on the sky: not detected, a limit.
    rule_inputs
        Catalogue columns that the rule of the label uses.
    inputs
        Column to the catalogue columns that it is computed from.
    """

    names: tuple[str, ...]
    values: NDArray[np.float32]
    label: Floats
    block: Ints
    identity: Ints
    xyz: Floats
    sky_nulls: frozenset[str] = frozenset()
    rule_inputs: frozenset[str] = frozenset()
    inputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Finding(NamedTuple):
    """What is known of one column."""

    name: str
    n: int
    n_positive: int
    n_null: int
    auc: float
    auc_within: float
    average_precision: float
    null_auc: float
    null_average_precision: float
    null_auc_labelled: float
    digit_auc: float
    lineage: str
    ground: str


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
    findings = tuple(_finding(sample, k, has_label, y, cfg) for k in range(len(sample.names)))
    facts = {
        "n_positive": float(y.sum()),
        "n_negative": float((~y).sum()),
        "n_unlabelled": float((~has_label).sum()),
        "n_blocks": float(len(np.unique(sample.block))),
    }
    grounds = list(dict.fromkeys(_columns_refused(findings)))
    for name, value, ground in _of_the_whole(sample, has_label, y, _telling(findings), cfg):
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


def _sided(value: float) -> float:
    """An AUC whichever way the column points."""
    return max(value, 1 - value) if np.isfinite(value) else float("nan")


def _finding(sample: Sample, k: int, has_label: Bools, y: Bools, cfg: AuditConfig) -> Finding:
    name, x = sample.names[k], sample.values[:, k].astype(np.float64)
    is_null = np.isnan(x)
    v, n, b = x[has_label], is_null[has_label], sample.block[has_label]
    good = ~n
    area = auc(v[good], y[good])
    direction = -1.0 if area < 0.5 else 1.0
    whole = _sided(area)
    inside = auc_within(direction * v[good], y[good], b[good]) if good.any() else float("nan")
    ap = average_precision(np.where(good, direction * v, -np.inf), y)
    null_auc, null_ap = of_flag(n, y)
    null_auc, null_ap = _sided(null_auc), max(null_ap, of_flag(good, y)[1])
    labelled = _sided(of_flag(is_null, has_label)[0])
    n_pos = int(y[good].sum())
    written = good & (np.abs(v) < DECIMALS_BELOW)
    digits = _sided(auc(_decimals(v[written]), y[written])) if y[written].sum() >= cfg.least_positive else float("nan")
    lineage = ", ".join(sorted(set(sample.inputs.get(name, ())) & sample.rule_inputs))
    ground = ""
    if lineage:
        ground = f"it is computed from {lineage}, on which the rule of the label rests"
    elif name not in sample.sky_nulls and null_auc > cfg.greatest_null_auc:
        ground = f"whether it is missing predicts the label (AUC {null_auc:.3f})"
    elif name not in sample.sky_nulls and labelled > cfg.greatest_null_auc:
        ground = f"whether it is missing tells labelled rows from the others (AUC {labelled:.3f})"
    elif digits > cfg.greatest_digit_auc and ap <= cfg.greatest_precision:
        ground = f"how many decimals it has predicts the label (AUC {digits:.3f}): two catalogues in one column"
    elif n_pos >= cfg.least_positive and ap > cfg.greatest_precision:
        ground = f"alone it separates the classes (average precision {ap:.4f}): the label is a formula of it"
    elif n_pos >= cfg.least_positive and whole > cfg.least_pooled_auc and inside < cfg.greatest_within_auc:
        ground = f"it tells over the sky (AUC {whole:.3f}), not inside blocks ({inside:.3f}): it knows the place"
    return Finding(
        name,
        int(good.sum()),
        n_pos,
        int(n.sum()),
        whole,
        inside,
        ap,
        null_auc,
        null_ap,
        labelled,
        digits,
        lineage,
        ground,
    )


def _decimals(values: Floats) -> Floats:
    """Decimals, 0 .. 4, that a number below DECIMALS_BELOW is written with."""
    found = np.full(len(values), 4.0)
    for places in (3, 2, 1, 0):
        scaled = values * 10.0**places
        found[np.abs(scaled - np.rint(scaled)) < 1e-2] = places
    return found


def _columns_refused(findings: Sequence[Finding]) -> Iterator[str]:
    """Grounds of columns, the worst examples of each kind named."""
    kinds: dict[str, list[Finding]] = {}
    for f in findings:
        if f.ground:
            kinds.setdefault(f.ground.split("(")[0].split(",")[0].strip(), []).append(f)
    for found in kinds.values():
        first = found[0]
        more = f" (and {len(found) - 1} columns more: {', '.join(f.name for f in found[1:4])})" if found[1:] else ""
        yield f"{first.name}: {first.ground}{more}"


def _telling(findings: Sequence[Finding]) -> list[int]:
    """The columns that tell most alone, themselves or by being missing; of 600 columns the rest would cost a minute."""
    telling = [max(np.nan_to_num([f.auc, f.null_auc], nan=0.5)) for f in findings]
    return sorted(sorted(range(len(findings)), key=lambda k: (-telling[k], findings[k].name))[:ASKED])


def _of_the_whole(
    sample: Sample, has_label: Bools, y: Bools, columns: Sequence[int], cfg: AuditConfig
) -> Iterator[tuple[str, float, str]]:
    """(name, number, ground or nothing) of what no single column shows."""
    block = sample.block[has_label]
    fold = folds(block, cfg.folds, cfg.seed)
    repeated = split_objects(sample.identity[has_label], fold)
    twins = split_objects(_row_hashes(sample.values[has_label]), fold)
    yield "n_split_objects", repeated, _if(repeated, f"{repeated} objects lie in more than one fold: an id is repeated")
    yield "n_split_twins", twins, _if(twins, f"{twins} rows have an equal twin in another fold: copies of one object")
    usable = [k for k in columns if _varies(sample.values[has_label, k])]
    x = np.nan_to_num(sample.values[has_label][:, usable], nan=-1e6)
    held_out = _held_out(
        DecisionTreeClassifier(max_depth=3, random_state=cfg.seed, class_weight="balanced"), x, y, fold
    )
    tree, ap = auc(held_out, y), average_precision(held_out, y)
    is_formula = y.sum() >= cfg.least_positive and ap > cfg.greatest_precision
    ground = f"three questions give the label away (average precision {ap:.4f} in blocks not seen)"
    yield "tree_auc", tree, _if(is_formula, ground)
    xyz = sample.xyz[has_label]
    known = np.isfinite(xyz).all(1)
    if known.sum() > cfg.least_per_class:
        anywhere = np.random.default_rng(cfg.seed).integers(0, cfg.folds, int(known.sum()))
        places = DecisionTreeClassifier(max_depth=8, min_samples_leaf=20, random_state=cfg.seed)
        sky = auc(_held_out(places, xyz[known], y[known], anywhere), y[known])
        yield "sky_auc", sky, _if(sky > cfg.greatest_sky_auc, f"the position alone predicts the label (AUC {sky:.3f})")
    shuffled = y[_shuffled_within(block, cfg.seed)]
    held_out = _held_out(DecisionTreeClassifier(max_depth=3, random_state=cfg.seed), x, shuffled, fold)
    control = auc_within(held_out, shuffled, block)
    noise = 4.0 * np.sqrt((len(y) + 1) / (12.0 * max(y.sum(), 1) * max((~y).sum(), 1)))
    yield (
        "shuffled_auc",
        control,
        _if(
            abs(control - 0.5) > max(noise, 0.05),
            f"labels shuffled inside blocks are still predicted (AUC {control:.3f})",
        ),
    )


def _if(condition: object, ground: str) -> str:
    return ground if condition else ""


def _varies(x: NDArray[np.float32]) -> bool:
    good = x[~np.isnan(x)]
    return len(good) > 0 and bool((good != good[0]).any() or len(good) < len(x))


def folds(block: Ints, n: int, seed: int) -> Ints:
    """Fold of each row: whole blocks, dealt by their size so that folds are about equal."""
    blocks, at, size = np.unique(block, return_inverse=True, return_counts=True)
    order = np.lexsort((np.random.default_rng(seed).random(len(blocks)), -size))
    load, fold = np.zeros(n), np.zeros(len(blocks), np.int64)
    for k in order:
        fold[k] = int(np.argmin(load))
        load[fold[k]] += size[k]
    return np.asarray(fold[at])


def split_objects(identity: Ints, fold: Ints) -> int:
    """How many objects have rows in more than one fold."""
    order = np.lexsort((fold, identity))
    i, f = identity[order], fold[order]
    changes = (i[1:] == i[:-1]) & (f[1:] != f[:-1])
    return len(np.unique(i[1:][changes]))


def _row_hashes(values: NDArray[np.float32]) -> Ints:
    """One number a row; rows with fewer than four values have numbers of their own, as they say too little."""
    weights = np.random.default_rng(0).integers(1, 2**62, values.shape[1], dtype=np.int64) | 1
    bits = np.ascontiguousarray(values).view(np.int32).astype(np.int64)
    known = ~np.isnan(values)
    with np.errstate(over="ignore"):
        found: Ints = np.where(known, bits * weights, 0).sum(1)
    few = known.sum(1) < 4
    found[few] = -np.arange(few.sum()) - 1
    return found


def _held_out(model: object, x: NDArray[np.float32] | Floats, y: Bools, fold: Ints) -> Floats:
    """Scores of rows by a model that has not seen their fold."""
    score = np.full(len(y), y.mean())
    for k in np.unique(fold):
        train, test = fold != k, fold == k
        if 0 < y[train].sum() < train.sum():
            score[test] = model.fit(x[train], y[train]).predict_proba(x[test])[:, 1]  # type: ignore[attr-defined]
    return score


def _shuffled_within(block: Ints, seed: int) -> Ints:
    """A permutation that leaves every row in its block."""
    order = np.argsort(block, kind="stable")
    mixed = np.lexsort((np.random.default_rng(seed).random(len(block)), block))
    found = np.empty(len(block), np.int64)
    found[order] = mixed
    return found


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
