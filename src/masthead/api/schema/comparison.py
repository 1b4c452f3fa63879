"""Comparisons of groups of runs."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from masthead.api.schema.base import Output
from masthead.api.schema.filters import RunFilterQuery
from masthead.api.schema.statistics import Coverage, GroupKey, Interval, Rate, Read
from masthead.model import observation
from masthead.report import compare as noun
from masthead.report import observation as grouping

_Word = Annotated[str, Field(min_length=1, max_length=1000)]


class CompareQuery(RunFilterQuery):
    """Which groups of runs to compare: named ones, or all values of a key."""

    project: str | None = None
    """The project, for callers without a key (the header `X-Masthead-Project` says the same)."""
    group: Annotated[tuple[_Word, ...], Field(max_length=8)] = ()
    """Two or more groups, each as `key=value[,key=value]`; `since` and `until` bound a period by days."""
    by: _Word | None = None
    """In place of groups: compare all values of this key."""
    within: _Word | None = None
    """Compare within each value of this key."""


class Tally(Read):
    """Successes among attempts."""

    successes: int
    attempts: int


class Difference(Read):
    """A difference of two rates, second minus first, with its interval from a bootstrap over tasks."""

    value: float
    interval: Interval


class ComparisonTest(Read):
    """One test. With pairs it is McNemar's exact test, without Fisher's; `p_holm` is corrected for all beside it.

    `only_first` and `only_second` are the pairs in which one side alone has it. `detectable` is the least difference
    that would have been seen with 80 % power.
    """

    first: Tally
    second: Tally
    pairs: int
    only_first: int
    only_second: int
    difference: Difference | None
    p: float | None
    p_holm: float | None
    detectable: float | None
    is_different: bool


class CodeTest(Read):
    """How often a failure mode occurs on either side."""

    code: str
    test: ComparisonTest


class Comparison(Read):
    """Two groups. `attempted` counts missing runs as wrong, `recorded` leaves pairs with a missing run out."""

    stratum: str | None
    first: Rate
    second: Rate
    attempted: ComparisonTest
    recorded: ComparisonTest
    codes: list[CodeTest]


class Comparisons(Output):
    """Every comparison, corrected over all of them. `coverage` says how many of the chosen runs are diagnosed."""

    coverage: Coverage
    is_cut: bool
    """Whether only the latest runs were looked at, because there are too many."""
    keys: list[GroupKey]
    """By what these runs can be grouped."""
    items: list[Comparison]

    @classmethod
    def of(
        cls,
        comparisons: Sequence[noun.Comparison],
        *,
        coverage: observation.Coverage,
        keys: list[grouping.KeyValues],
        is_cut: bool,
    ) -> "Comparisons":
        """Render comparisons."""
        return cls(
            coverage=Coverage.model_validate(coverage),
            is_cut=is_cut,
            keys=[GroupKey.model_validate(key) for key in keys],
            items=[Comparison.model_validate(each) for each in comparisons],
        )
