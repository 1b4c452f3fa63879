"""What many runs show together."""

from datetime import date, timedelta
from typing import Annotated, Final

from pydantic import Field

from masthead.api.schema.base import Output
from masthead.api.schema.diagnosis import Advice
from masthead.api.schema.filters import RunFilterQuery
from masthead.api.schema.statistics import Coverage, GroupKey, Interval, Money, Rate, Read
from masthead.model import observation
from masthead.report import observation as grouping
from masthead.report import summary as noun
from masthead.report import trends as trend

_EPOCH: Final = date(1970, 1, 1)
_KeyText = Annotated[str, Field(min_length=1, max_length=200)]


class ReportQuery(RunFilterQuery):
    """Which runs to look at, and by what to group them."""

    project: str | None = None
    """The project, for callers without a key (the header `X-Masthead-Project` says the same)."""
    by: Annotated[tuple[_KeyText, ...], Field(max_length=4)] = ("system",)
    """Keys to group by, or several joined by `+`; the map of codes is by the first."""


class Lost(Read):
    """What failed runs spent after their failures began, beside all that the runs spent; null where unknown."""

    failed_runs: int
    turns_after: int
    turns: int
    tokens_after: int | None
    tokens: int | None
    usd_after: Money
    usd: Money
    seconds_after: float | None
    mean_share: float | None


class CodeRow(Read):
    """How often a code occurs, in all runs and in those that failed or succeeded, and what its runs lost."""

    code: str
    runs: int
    share: float
    interval: Interval | None
    of_failed: float | None
    of_succeeded: float | None
    mean_share_lost: float | None
    lost: Lost


class MapRow(Output):
    """A group of runs, and in how many of them each code occurs, in the order of `codes`."""

    group: str
    runs: int
    counts: list[int]


class Rates(Output):
    """The rates of the groups that a key makes."""

    key: str
    rates: list[Rate]


class PairRow(Read):
    """Two codes in the same run: how much more often than by chance, and in how many the first began earlier."""

    first: str
    second: str
    runs: int
    lift: float
    first_leads: int


class AgentShare(Read):
    """A name, how many runs it stands for, and their share."""

    name: str
    runs: int
    share: float


class Worst(Read):
    """A run that lost most after its failure began."""

    run_id: str
    task: str | None
    origin_agent: str | None
    origin_turn: int | None
    turns_after: int
    share_lost: float | None
    codes: list[str]


class Cluster(Read):
    """Failed runs that failed alike, with the one whose origin is the surest as example."""

    label: str
    runs: int
    share: float
    example: str
    example_task: str | None
    example_reason: str | None


class CodeShare(Read):
    """In how many runs of a stretch of time a code occurs."""

    code: str
    runs: int
    share: float
    interval: Interval | None


class Trend(Output):
    """A stretch of time: the day on which it begins (UTC), its length, success, and the codes that occur."""

    day: str
    days: int
    runs: int
    success: Rate
    codes: list[CodeShare]

    @classmethod
    def of(cls, found: trend.Trend) -> "Trend":
        """Render a stretch."""
        return cls(
            day=(_EPOCH + timedelta(days=found.day)).isoformat(),
            days=found.days,
            runs=found.runs,
            success=Rate.model_validate(found.success),
            codes=[CodeShare.model_validate(share) for share in found.codes],
        )


class Report(Output):
    """What the diagnosed ones of the chosen runs show. `coverage` says how many of them all those are."""

    coverage: Coverage
    is_cut: bool
    """Whether only the latest runs were looked at, because there are too many."""
    keys: list[GroupKey]
    """By what these runs can be grouped."""
    overall: Rate
    by: list[Rates]
    codes: list[CodeRow]
    code_map: list[MapRow]
    pairs: list[PairRow]
    first_agents: list[AgentShare]
    lost: Lost
    worst: list[Worst]
    clusters: list[Cluster]
    advice: list[Advice]
    trends: list[Trend]

    @classmethod
    def of(
        cls, summary: noun.Summary, *, coverage: observation.Coverage, keys: list[grouping.KeyValues], is_cut: bool
    ) -> "Report":
        """Render a report."""
        sizes = {rate.group: rate.recorded + rate.undecided for rate in (summary.by[0][1] if summary.by else ())}
        return cls(
            coverage=Coverage.model_validate(coverage),
            is_cut=is_cut,
            keys=[GroupKey.model_validate(key) for key in keys],
            overall=Rate.model_validate(summary.overall),
            by=[Rates(key=key, rates=[Rate.model_validate(rate) for rate in rates]) for key, rates in summary.by],
            codes=[CodeRow.model_validate(row) for row in summary.codes],
            code_map=[
                MapRow(group=group, runs=sizes.get(group, 0), counts=list(counts)) for group, counts in summary.code_map
            ],
            pairs=[PairRow.model_validate(row) for row in summary.pairs],
            first_agents=[AgentShare.model_validate(share) for share in summary.first_agents],
            lost=Lost.model_validate(summary.lost),
            worst=[Worst.model_validate(run) for run in summary.worst],
            clusters=[Cluster.model_validate(alike) for alike in summary.clusters],
            advice=[Advice.model_validate(advice) for advice in summary.advice],
            trends=[Trend.of(found) for found in summary.trends],
        )
