"""How success and failure modes change with time: by day, or by week where the runs span more than two months."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from masthead.model.ids import Code
from masthead.model.observation import Observation
from masthead.report.rates import Rate, rate
from masthead.report.statistics import Interval, wilson

_MOST_DAYS: Final = 62
_WEEK: Final = 7
_MONDAY: Final = 4
"""1970-01-05 was the first Monday."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeShare:
    """In how many runs of a stretch a code occurs."""

    code: Code
    runs: int
    share: float
    interval: Interval | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Trend:
    """A stretch of time. `day` is its first, in days since 1970, UTC; `days` is its length."""

    day: int
    days: int
    runs: int
    success: Rate
    codes: tuple[CodeShare, ...]


def trends(runs: Sequence[Observation]) -> list[Trend]:
    """Return the stretches in which runs began, oldest first; those whose record has no times are left out."""
    dated = [(run.day, run) for run in runs if run.day is not None]
    if not dated:
        return []
    first, last = min(day for day, _ in dated), max(day for day, _ in dated)
    length = 1 if last - first < _MOST_DAYS else _WEEK
    stretches: dict[int, list[Observation]] = defaultdict(list)
    for day, run in dated:
        stretches[day if length == 1 else (day - _MONDAY) // _WEEK * _WEEK + _MONDAY].append(run)
    return [_trend(day, length, stretches[day]) for day in sorted(stretches)]


def _trend(day: int, days: int, runs: Sequence[Observation]) -> Trend:
    counts: Counter[Code] = Counter(code for run in runs for code in run.codes)
    return Trend(
        day=day,
        days=days,
        runs=len(runs),
        success=rate("", runs),
        codes=tuple(
            CodeShare(code=code, runs=count, share=count / len(runs), interval=wilson(count, len(runs)))
            for code, count in sorted(counts.items())
        ),
    )
