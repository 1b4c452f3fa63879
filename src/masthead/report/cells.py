"""The cells of a report's tables, as the page and the terminal both print them."""

from typing import Final

from masthead.report.compare import Comparison, Test
from masthead.report.rates import Rate
from masthead.report.statistics import Interval, Tally

RATE_HEADERS: Final = (
    "group", "succeeded", "recorded", "attempted", "of attempted", "95 %", "of recorded", "95 %", "mean of seeds",
)  # fmt: skip
COMPARISON_HEADERS: Final = (
    "within", "groups", "over", "success", "difference", "95 %", "only first/second", "p (Holm)", "verdict",
    "could see",
)  # fmt: skip
CODE_HEADERS: Final = ("groups", "code", "share of recorded pairs", "difference", "95 %", "p (Holm)", "effect")


def percent(value: float | None) -> str:
    """Return a share as text, a dash where it is unknown."""
    return "–" if value is None else f"{value:.2%}"


def span(interval: Interval | None) -> str:
    """Return an interval of shares as text."""
    return "–" if interval is None else f"{interval.low:.1%} to {interval.high:.1%}"


def p_value(value: float | None) -> str:
    """Return a p-value as text."""
    if value is None:
        return "–"
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}"


def rate_row(rate: Rate) -> list[str]:
    """Return the cells of a rate."""
    return [
        rate.group,
        f"{rate.successes:,}",
        f"{rate.recorded:,}",
        f"{rate.attempted:,}",
        percent(rate.of_attempted),
        span(rate.of_attempted_interval),
        percent(rate.of_recorded),
        span(rate.of_recorded_interval),
        percent(rate.mean_over_repeats),
    ]


def comparison_row(comparison: Comparison, test: Test, over: str) -> list[str]:
    """Return the cells of one test of success."""
    return [
        comparison.stratum or "",
        f"{comparison.first.group} → {comparison.second.group}",
        over,
        *_difference(test),
        f"{test.only_first}/{test.only_second} of {test.pairs:,}" if test.pairs else "unpaired",
        p_value(test.p_holm),
        "different" if test.is_different else "no difference seen",
        "–" if test.detectable is None else f"±{test.detectable:.1%}",
    ]


def comparison_rows(comparison: Comparison) -> list[list[str]]:
    """Return the rows of a comparison: over all attempted, and over the recorded pairs."""
    return [
        comparison_row(comparison, comparison.attempted, "attempted"),
        comparison_row(comparison, comparison.recorded, "recorded pairs"),
    ]


def code_rows(comparison: Comparison) -> list[list[str]]:
    """Return a row for each code that occurs differently often on the two sides."""
    return [
        [name_of(comparison), entry.code, *_difference(entry.test), p_value(entry.test.p_holm),
         "adds" if entry.test.only_second > entry.test.only_first else "removes"]
        for entry in comparison.codes
        if entry.test.is_different
    ]  # fmt: skip


def name_of(comparison: Comparison) -> str:
    """Return what is compared, in one line."""
    pair = f"{comparison.first.group} → {comparison.second.group}"
    return f"{comparison.stratum}: {pair}" if comparison.stratum else pair


def _difference(test: Test) -> list[str]:
    difference = test.difference
    return [
        f"{percent(_share(test.first))} → {percent(_share(test.second))}",
        "–" if difference is None else f"{difference.value:+.2%}",
        "–" if difference is None else f"{difference.interval.low:+.1%} to {difference.interval.high:+.1%}",
    ]


def _share(tally: Tally) -> float | None:
    return tally.successes / tally.attempts if tally.attempts else None
