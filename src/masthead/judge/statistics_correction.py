"""Rates corrected for a judge's errors: prediction-powered inference (PPI++) and Rogan-Gladen.

A judge read many runs, people labelled a few of them at random. The naive rate is the judge's own; PPI++ (Angelopoulos
and others 2023) corrects it by the judge's mean error on the labelled runs, weighted so that a bad judge costs nothing;
Rogan-Gladen (1978) divides out the judge's sensitivity and specificity, with the interval of Lang and Reiczigel (2014).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from masthead.judge.statistics import Interval, confusion
from masthead.model.errors import InvalidInput


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """An estimated rate with its interval; `power` is how far PPI++ trusts the judge, from 0 to 1."""

    value: float
    interval: Interval
    power: float | None = None


def naive_rate(verdicts: Sequence[bool], *, level: float = 0.95) -> Rate | None:
    """Return the judge's own rate with a Wilson interval; it ignores that the judge errs."""
    if not verdicts:
        return None
    n, k = len(verdicts), sum(verdicts)
    z = _z(level)
    centre = (k + z**2 / 2) / (n + z**2)
    half = z * np.sqrt(k * (n - k) / n + z**2 / 4) / (n + z**2)
    return Rate(value=k / n, interval=Interval(float(centre - half), float(centre + half)))


def ppi_rate(
    labels: Sequence[bool], labelled_verdicts: Sequence[bool], other_verdicts: Sequence[bool], *, level: float = 0.95
) -> Rate | None:
    """Return the PPI++ estimate from labelled runs (label and verdict) and further runs with verdicts only.

    None where fewer than two runs are labelled or there are no others. The labelled runs must be a random part.
    """
    if len(labels) != len(labelled_verdicts):
        raise InvalidInput(f"{len(labels)} labels against {len(labelled_verdicts)} verdicts; pair them one to one")
    n, more = len(labels), len(other_verdicts)
    if n < 2 or more < 2:
        return None
    truth = np.asarray(labels, dtype=np.float64)
    seen = np.asarray(labelled_verdicts, dtype=np.float64)
    unseen = np.asarray(other_verdicts, dtype=np.float64)
    spread = float(np.var(np.concatenate([seen, unseen]), ddof=1))
    shared = float(np.cov(truth, seen, ddof=1)[0, 1])
    power = float(np.clip(shared / ((1 + n / more) * spread), 0, 1)) if spread > 0 else 0.0
    value = float(truth.mean() + power * (unseen.mean() - seen.mean()))
    variance = power**2 * float(np.var(unseen, ddof=1)) / more + float(np.var(truth - power * seen, ddof=1)) / n
    half = _z(level) * float(np.sqrt(variance))
    return Rate(value=value, interval=Interval(max(0.0, value - half), min(1.0, value + half)), power=power)


def rogan_gladen_rate(
    labels: Sequence[bool], labelled_verdicts: Sequence[bool], other_verdicts: Sequence[bool], *, level: float = 0.95
) -> Rate | None:
    """Return the rate corrected for the judge's sensitivity and specificity on the labelled runs.

    None where the labelled runs lack positives or negatives, or the judge is no better than chance on them.
    """
    table = confusion(labelled_verdicts, labels)
    if not other_verdicts or table.recall is None or table.specificity is None:
        return None
    if table.recall + table.specificity <= 1:
        return None
    z = _z(level)
    value = (sum(other_verdicts) / len(other_verdicts) + table.specificity - 1) / (table.recall + table.specificity - 1)
    # The interval's terms use counts moved towards one half, which keeps its coverage at extreme rates.
    n = len(other_verdicts) + z**2
    observed = (sum(other_verdicts) + z**2 / 2) / n
    positives, negatives = (
        table.true_positive + table.false_negative + 2,
        table.true_negative + table.false_positive + 2,
    )
    sensitivity = (table.true_positive + 1) / positives
    specificity = (table.true_negative + 1) / negatives
    slope = sensitivity + specificity - 1
    if slope <= 0:
        return None
    centre = (observed + specificity - 1) / slope
    shift = (
        2
        * z**2
        * (
            centre * sensitivity * (1 - sensitivity) / positives
            - (1 - centre) * specificity * (1 - specificity) / negatives
        )
    )
    variance = (
        observed * (1 - observed) / n
        + centre**2 * sensitivity * (1 - sensitivity) / positives
        + (1 - centre) ** 2 * specificity * (1 - specificity) / negatives
    )
    half = z * float(np.sqrt(variance)) / slope
    low, high = (float(np.clip(centre + shift + side * half, 0, 1)) for side in (-1, 1))
    return Rate(value=float(np.clip(value, 0, 1)), interval=Interval(low, high))


def _z(level: float) -> float:
    return NormalDist().inv_cdf((1 + level) / 2)
