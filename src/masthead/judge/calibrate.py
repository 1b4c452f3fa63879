"""Hold an evaluator against labels: per code and pooled, beside the baselines, with intervals clustered by task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from masthead.judge.labels import LabelledRun
from masthead.judge.statistics import (
    Confusion,
    Interval,
    ReliabilityBin,
    confusion,
    percentile_interval,
    reliability_curve,
)
from masthead.model.ids import Code


@dataclass(frozen=True, kw_only=True, slots=True)
class Rating:
    """An evaluator's verdict on one code in one run; `flag` None where it abstained."""

    flag: bool | None
    confidence: float | None = None


Ratings = Sequence[Mapping[Code, Rating]]
"""One mapping a run, in the order of the labelled runs; a code that is missing is an abstention."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """How one evaluator agrees with the labels on one code, or on several pooled."""

    name: str
    table: Confusion
    answered: int
    asked: int
    kappa_interval: Interval | None = None
    f1_interval: Interval | None = None

    @property
    def coverage(self) -> float | None:
        """The share of labelled items on which the evaluator gave a verdict."""
        return self.answered / self.asked if self.asked else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """An evaluator against labels. `baselines` are pooled over the same codes as `pooled`."""

    evaluator: str
    runs: int
    codes: tuple[Line, ...]
    pooled: Line
    pooled_all: Line
    """Over every labelled code, abstentions counted as "not seen"."""
    baselines: tuple[Line, ...]
    reliability: tuple[ReliabilityBin, ...]


def calibrate(
    evaluator: str,
    runs: Sequence[LabelledRun],
    ratings: Ratings,
    *,
    baselines: Mapping[str, Ratings] | None = None,
    draws: int = 1000,
) -> Calibration:
    """Compare ratings with labels. Baselines are pooled over the codes on which the evaluator ever gives a verdict."""
    codes = list(dict.fromkeys(code for run in runs for code in sorted(run.labels)))
    spoken = [code for code in codes if any(_flag(rating, code) is not None for rating in ratings)]
    confidences: list[float] = []
    outcomes: list[bool] = []
    for run, rating in zip(runs, ratings, strict=True):
        for code in spoken:
            confidence = rating[code].confidence if code in rating else None
            if confidence is not None and code in run.labels:
                confidences.append(confidence)
                outcomes.append(run.labels[code])
    return Calibration(
        evaluator=evaluator,
        runs=len(runs),
        codes=tuple(_line(code, runs, ratings, [code], draws=draws) for code in codes),
        pooled=_line("pooled", runs, ratings, spoken, draws=draws),
        pooled_all=_line("all codes", runs, ratings, codes, draws=draws, abstention=False),
        baselines=tuple(
            _line(name, runs, each, spoken, draws=draws, abstention=False) for name, each in (baselines or {}).items()
        ),
        reliability=tuple(reliability_curve(confidences, outcomes, bins=5)),
    )


def pooled(runs: Sequence[LabelledRun], ratings: Ratings, codes: Sequence[Code]) -> Confusion:
    """Count verdicts over several codes together; abstentions are left out."""
    return sum(
        (_table(runs, ratings, code, abstention=None) for code in codes), _table([], [], Code(""), abstention=None)
    )


def always_no(runs: Sequence[LabelledRun]) -> Ratings:
    """Rate every code as absent."""
    return [{code: Rating(flag=False) for code in run.labels} for run in runs]


def system_prior(runs: Sequence[LabelledRun], *, threshold: float = 0.3) -> Ratings:
    """Rate a code as present where at least `threshold` of the system's other runs have it (leave one out)."""
    totals: dict[tuple[str, Code], tuple[int, int]] = {}
    for run in runs:
        for code, label in run.labels.items():
            positive, n = totals.get((run.system, code), (0, 0))
            totals[run.system, code] = (positive + label, n + 1)
    found: list[dict[Code, Rating]] = []
    for run in runs:
        rating: dict[Code, Rating] = {}
        for code, label in run.labels.items():
            positive, n = totals[run.system, code]
            rate = (positive - label) / (n - 1) if n > 1 else 0.0
            rating[code] = Rating(flag=rate >= threshold, confidence=rate)
        found.append(rating)
    return found


def either(first: Ratings, second: Ratings) -> Ratings:
    """Rate a code as present where either does; an abstention counts as absent."""
    found: list[dict[Code, Rating]] = []
    for a, b in zip(first, second, strict=True):
        codes = list(dict.fromkeys([*a, *b]))
        found.append({code: Rating(flag=_flag(a, code) is True or _flag(b, code) is True) for code in codes})
    return found


def _flag(rating: Mapping[Code, Rating], code: Code) -> bool | None:
    found = rating.get(code)
    return found.flag if found is not None else None


def _table(runs: Sequence[LabelledRun], ratings: Ratings, code: Code, *, abstention: bool | None) -> Confusion:
    verdicts: list[bool] = []
    labels: list[bool] = []
    for run, rating in zip(runs, ratings, strict=True):
        label = run.labels.get(code)
        flag = _flag(rating, code)
        flag = abstention if flag is None else flag
        if label is not None and flag is not None:
            verdicts.append(flag)
            labels.append(label)
    return confusion(verdicts, labels)


_PLACES: Final = {(True, True): 0, (True, False): 1, (False, True): 2, (False, False): 3}
"""Where a verdict and a label are counted: true and false positives, false and true negatives."""


def _line(
    name: str,
    runs: Sequence[LabelledRun],
    ratings: Ratings,
    codes: Sequence[Code],
    *,
    draws: int,
    abstention: bool | None = None,
) -> Line:
    counts = np.zeros((len(runs), 4), dtype=np.int64)
    asked = 0
    for row, (run, rating) in enumerate(zip(runs, ratings, strict=True)):
        for code in codes:
            label, flag = run.labels.get(code), _flag(rating, code)
            asked += label is not None
            flag = abstention if flag is None else flag
            if label is not None and flag is not None:
                counts[row, _PLACES[flag, label]] += 1
    whole = _confusion(counts)
    drawn = _drawn(counts, [run.task for run in runs], draws) if draws else []
    return Line(
        name=name,
        table=whole,
        answered=whole.n,
        asked=asked,
        kappa_interval=percentile_interval([table.kappa for table in drawn]),
        f1_interval=percentile_interval([table.f1 for table in drawn]),
    )


def _drawn(counts: NDArray[np.int64], tasks: Sequence[str], draws: int) -> list[Confusion]:
    """Draw whole tasks with replacement, and count each draw together."""
    numbers = {task: number for number, task in enumerate(dict.fromkeys(tasks))}
    if len(numbers) < 2:
        return []
    of_task = np.zeros((len(numbers), 4), dtype=np.int64)
    np.add.at(of_task, [numbers[task] for task in tasks], counts)
    of_task = of_task[np.lexsort(of_task.T)]  # so that the order in which runs are given changes nothing
    chosen = np.random.default_rng(0).integers(0, len(numbers), (draws, len(numbers)))
    return [_confusion(of_task[row]) for row in chosen]


def _confusion(counts: NDArray[np.int64]) -> Confusion:
    total = counts.sum(axis=0)
    return Confusion(
        true_positive=int(total[0]),
        false_positive=int(total[1]),
        false_negative=int(total[2]),
        true_negative=int(total[3]),
    )
