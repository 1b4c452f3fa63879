"""Agreement between raters, in NumPy. Where a statistic is not defined, as for constant raters, it is None, never NaN.

Binary raters are sequences of bools of equal length; abstentions are left out beforehand by the caller, who reports
the coverage. Sources: Cohen 1960 and 1968 (kappa, weighted kappa), Fleiss 1971, Krippendorff 2011 (alpha),
Gwet 2008 (AC1), Byrt and others 1993 (PABAK).
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from masthead.model.errors import InvalidInput

Floats = NDArray[np.float64]
Level = Literal["nominal", "ordinal", "interval"]


class Interval(NamedTuple):
    """A confidence interval."""

    low: float
    high: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Confusion:
    """Counts of a binary evaluator against labels."""

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int

    @property
    def n(self) -> int:
        """How many items were judged."""
        return self.true_positive + self.false_positive + self.false_negative + self.true_negative

    @property
    def prevalence(self) -> float | None:
        """The share of items whose label is positive."""
        return _ratio(self.true_positive + self.false_negative, self.n)

    @property
    def accuracy(self) -> float | None:
        """The share of items judged as labelled."""
        return _ratio(self.true_positive + self.true_negative, self.n)

    @property
    def precision(self) -> float | None:
        """The share of positive verdicts whose label is positive; None where there is no positive verdict."""
        return _ratio(self.true_positive, self.true_positive + self.false_positive)

    @property
    def recall(self) -> float | None:
        """The share of positive labels that were found; None where there is no positive label."""
        return _ratio(self.true_positive, self.true_positive + self.false_negative)

    @property
    def specificity(self) -> float | None:
        """The share of negative labels that were passed; None where there is no negative label."""
        return _ratio(self.true_negative, self.true_negative + self.false_positive)

    @property
    def f1(self) -> float | None:
        """The harmonic mean of precision and recall; None where there is neither verdict nor label."""
        return _ratio(2 * self.true_positive, 2 * self.true_positive + self.false_positive + self.false_negative)

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa; None where both raters are constant and alike, or there are no items."""
        if not self.n:
            return None
        verdicts = self.true_positive + self.false_positive
        labels = self.true_positive + self.false_negative
        agreed = (self.true_positive + self.true_negative) / self.n
        chance = (verdicts * labels + (self.n - verdicts) * (self.n - labels)) / self.n**2
        return None if chance == 1 else (agreed - chance) / (1 - chance)

    @property
    def ac1(self) -> float | None:
        """Gwet's AC1: kappa with a chance term that stays sensible when one category is rare."""
        if not self.n:
            return None
        share = (2 * self.true_positive + self.false_positive + self.false_negative) / (2 * self.n)
        chance = 2 * share * (1 - share)
        return ((self.true_positive + self.true_negative) / self.n - chance) / (1 - chance)

    @property
    def pabak(self) -> float | None:
        """Prevalence- and bias-adjusted kappa: twice the accuracy, less one."""
        return None if self.accuracy is None else 2 * self.accuracy - 1

    def __add__(self, other: "Confusion") -> "Confusion":
        """Pool two counts."""
        return Confusion(
            true_positive=self.true_positive + other.true_positive,
            false_positive=self.false_positive + other.false_positive,
            false_negative=self.false_negative + other.false_negative,
            true_negative=self.true_negative + other.true_negative,
        )


def confusion(verdicts: Sequence[bool], labels: Sequence[bool]) -> Confusion:
    """Count a binary evaluator's verdicts against labels."""
    verdict = np.asarray(verdicts, dtype=np.bool_)
    label = np.asarray(labels, dtype=np.bool_)
    if verdict.shape != label.shape:
        raise InvalidInput(f"{verdict.size} verdicts against {label.size} labels; pair them one to one")
    return Confusion(
        true_positive=int(np.sum(verdict & label)),
        false_positive=int(np.sum(verdict & ~label)),
        false_negative=int(np.sum(~verdict & label)),
        true_negative=int(np.sum(~verdict & ~label)),
    )


def cohen_kappa(
    first: Sequence[Hashable],
    second: Sequence[Hashable],
    *,
    categories: Sequence[Hashable] | None = None,
    weights: Literal["linear", "quadratic"] | None = None,
) -> float | None:
    """Return Cohen's kappa of two raters; `weights` count near misses by their distance in `categories`."""
    if len(first) != len(second):
        raise InvalidInput(f"{len(first)} ratings against {len(second)}; pair them one to one")
    order = list(categories) if categories is not None else sorted(set(first) | set(second), key=str)
    if weights is not None and categories is None:
        raise InvalidInput("weighted kappa needs the categories in their order; give `categories`")
    index = {category: i for i, category in enumerate(order)}
    table = np.zeros((len(order), len(order)))
    for a, b in zip(first, second, strict=True):
        table[index[a], index[b]] += 1
    if table.sum() == 0:
        return None
    observed = table / table.sum()
    expected = np.outer(observed.sum(axis=1), observed.sum(axis=0))
    disagreement = _disagreement(len(order), weights)
    chance = float(np.sum(disagreement * expected))
    return None if chance == 0 else 1 - float(np.sum(disagreement * observed)) / chance


def fleiss_kappa(counts: Sequence[Sequence[int]]) -> float | None:
    """Return Fleiss' kappa of a table items by categories of how many raters chose each; rows must sum alike."""
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim != 2 or not table.size:
        return None
    raters = table.sum(axis=1)
    if np.any(raters != raters[0]) or raters[0] < 2:
        raise InvalidInput(
            f"rows of {sorted(set(raters.tolist()))} ratings; every item needs the same number, 2 or more"
        )
    n = float(raters[0])
    agreed = (float(np.sum(table**2)) / len(table) - n) / (n * (n - 1))
    chance = float(np.sum((table.sum(axis=0) / table.sum()) ** 2))
    return None if chance == 1 else (agreed - chance) / (1 - chance)


def krippendorff_alpha(ratings: Sequence[Sequence[float | None]], *, level: Level = "nominal") -> float | None:
    """Return Krippendorff's alpha of raters by items; None marks a missing rating. Items rated once are left out."""
    columns = [[value for value in column if value is not None] for column in zip(*ratings, strict=True)]
    units = [column for column in columns if len(column) > 1]
    values = sorted({value for unit in units for value in unit})
    if not values:
        return None
    index = {value: i for i, value in enumerate(values)}
    coincidence = np.zeros((len(values), len(values)))
    for unit in units:
        counts = np.zeros(len(values))
        for value in unit:
            counts[index[value]] += 1
        coincidence += (np.outer(counts, counts) - np.diag(counts)) / (len(unit) - 1)
    totals = coincidence.sum(axis=1)
    delta = _delta(np.asarray(values), totals, level)
    n = totals.sum()
    expected = float(np.sum(delta * (np.outer(totals, totals) - np.diag(totals)))) / (n - 1)
    return None if expected == 0 else 1 - float(np.sum(delta * coincidence)) / expected


def clustered_bootstrap(
    statistic: Callable[[NDArray[np.intp]], float | None],
    clusters: Sequence[Hashable],
    *,
    draws: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval | None:
    """Return a percentile interval, drawing whole clusters (tasks), so that items of one task stay together.

    `statistic` gets the positions of the drawn items. Draws where it is undefined are left out; the interval is None
    where more than half are, or where there are fewer than two clusters.
    """
    members: dict[Hashable, list[int]] = {}
    for position, cluster in enumerate(clusters):
        members.setdefault(cluster, []).append(position)
    groups: list[NDArray[np.intp]] = [np.asarray(each, dtype=np.intp) for each in members.values()]
    if len(groups) < 2:
        return None
    random = np.random.default_rng(seed)
    found: list[float | None] = []
    for _ in range(draws):
        drawn: list[NDArray[np.intp]] = [groups[int(i)] for i in random.integers(0, len(groups), len(groups))]
        found.append(statistic(np.concatenate(drawn)))
    return percentile_interval(found, level=level)


def percentile_interval(draws: Sequence[float | None], *, level: float = 0.95) -> Interval | None:
    """Return the middle part of a statistic's bootstrap draws; None where more than half of them are undefined."""
    known = [value for value in draws if value is not None]
    if not known or len(known) * 2 < len(draws):
        return None
    tail = (1 - level) / 2
    low, high = np.quantile(np.asarray(known), [tail, 1 - tail])
    return Interval(float(low), float(high))


class ReliabilityBin(NamedTuple):
    """Verdicts of like confidence: how confident they are on average, and how often they are right."""

    low: float
    high: float
    n: int
    confidence: float
    rate: float


def reliability_curve(
    confidences: Sequence[float], outcomes: Sequence[bool], *, bins: int = 10
) -> list[ReliabilityBin]:
    """Group verdicts by confidence into bins of equal width; empty bins are left out."""
    confidence = np.asarray(confidences, dtype=np.float64)
    outcome = np.asarray(outcomes, dtype=np.float64)
    if confidence.shape != outcome.shape:
        raise InvalidInput(f"{confidence.size} confidences against {outcome.size} outcomes; pair them one to one")
    which = np.clip((confidence * bins).astype(np.intp), 0, bins - 1)
    curve: list[ReliabilityBin] = []
    for i in range(bins):
        inside = which == i
        if inside.any():
            rate, mean = float(outcome[inside].mean()), float(confidence[inside].mean())
            curve.append(ReliabilityBin(i / bins, (i + 1) / bins, int(inside.sum()), mean, rate))
    return curve


def calibration_error(curve: Sequence[ReliabilityBin]) -> float | None:
    """Return the mean distance between confidence and rate, weighted by the verdicts in each bin."""
    total = sum(each.n for each in curve)
    return None if not total else sum(each.n * abs(each.confidence - each.rate) for each in curve) / total


def auroc(scores: Sequence[float], labels: Sequence[bool]) -> float | None:
    """Return the chance that a positive scores above a negative, ties counted half; None where one kind is absent."""
    score = np.asarray(scores, dtype=np.float64)
    label = np.asarray(labels, dtype=np.bool_)
    positive, negative = score[label], score[~label]
    if not positive.size or not negative.size:
        return None
    above = float(np.sum(positive[:, None] > negative[None, :]))
    level = float(np.sum(positive[:, None] == negative[None, :]))
    return (above + level / 2) / (positive.size * negative.size)


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _disagreement(size: int, weights: Literal["linear", "quadratic"] | None) -> Floats:
    if weights is None:
        return 1 - np.eye(size)
    distance = np.abs(np.subtract.outer(np.arange(size, dtype=np.float64), np.arange(size, dtype=np.float64)))
    return distance if weights == "linear" else distance**2


def _delta(values: Floats, totals: Floats, level: Level) -> Floats:
    if level == "nominal":
        return 1 - np.eye(values.size)
    if level == "interval":
        return np.subtract.outer(values, values) ** 2
    running = np.cumsum(totals)
    between = np.abs(np.subtract.outer(running, running))
    lower = np.where(running[:, None] <= running[None, :], totals[:, None], totals[None, :])
    upper = np.where(running[:, None] <= running[None, :], totals[None, :], totals[:, None])
    return np.where(np.eye(values.size, dtype=bool), 0.0, between + (lower - upper) / 2) ** 2
