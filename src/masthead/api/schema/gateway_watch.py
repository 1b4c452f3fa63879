"""What people who operate the gateway see of it: usage, limits, live traffic, targets and the recording."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from statistics import quantiles
from typing import Annotated, Final, Literal, Self

from pydantic import Field

from masthead.api.schema.base import Input, Output, Time, Usd, time_or_none, usd_or_none
from masthead.gateway import status
from masthead.gateway.neighbours import Ignored
from masthead.gateway.policy.counters import NANO_USD
from masthead.gateway.policy.uses import LimitUse
from masthead.gateway.seen import CallSeen
from masthead.model import usage as noun
from masthead.model.times import rfc3339

Scrub = Callable[[str], str]
"""Takes personal data and secrets out of a text, as the project's redaction says."""
_SAID: Final = ("agent", "user", "model_asked", "error")
"""What of a call its caller, or an upstream, said."""
_CALLERS_WORDS: Final = frozenset({"user", "agent", "model"})
_MOST_CALLS: Final = 100


class WatchQuery(Input):
    """Whose gateway."""

    project: str | None = None
    """The project, for callers without a key (the header `X-Masthead-Project` says the same)."""


class UsageQuery(Input):
    """Which calls to add up, and how."""

    project: str | None = None
    """The project, for callers without a key (the header `X-Masthead-Project` says the same)."""
    since: str | None = None
    """Calls that began at or after this RFC 3339 time (or date, UTC)."""
    until: str | None = None
    """Calls that began before this RFC 3339 time."""
    by: noun.UsageBy | None = None
    """Split by this; left out, all calls together."""
    bucket: Literal["minute", "hour", "day", "week", "total"] = "total"
    """The length of a bucket of time, in UTC; `total` is one bucket for everything."""
    limit: Annotated[int, Field(ge=1, le=5000)] = 100
    """How many rows at most: of one bucket the dearest, of several the earliest."""


class UsageRow(Output):
    """The calls of one bucket of time, and of one group where split. What nobody counted is null."""

    start: Time
    last: Time
    """When the latest call began."""
    group: str | None
    """A key's id, a model, an agent, an end user, a run's id or a connection; null for calls that name none."""
    label: str | None
    """The key's name, where the group is a key that still exists."""
    calls: int
    errors: int
    unpriced: int
    """Calls with tokens whose price is not known: what they cost is missing from `cost_usd`."""
    cache_hits: int
    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    """Of the input tokens, those that the provider had cached."""
    cost_usd: Usd | None
    latency_p50_s: float | None
    latency_p95_s: float | None
    first_chunk_p50_s: float | None
    first_chunk_p95_s: float | None
    agents: list[str]
    """Who called, at most five of them."""

    @classmethod
    def of(cls, row: noun.UsageRow, label: str | None = None) -> Self:
        """Render a row."""
        return cls.trusted(
            start=rfc3339(row.start_ns),
            last=rfc3339(row.last_ns),
            group=row.group,
            label=label,
            calls=row.calls,
            errors=row.errors,
            unpriced=row.unpriced,
            cache_hits=row.cache_hits,
            input_tokens=row.input_tokens,
            output_tokens=row.output_tokens,
            cache_read_tokens=row.cache_read_tokens,
            cost_usd=usd_or_none(row.cost_usd),
            latency_p50_s=row.latency_p50_s,
            latency_p95_s=row.latency_p95_s,
            first_chunk_p50_s=row.first_chunk_p50_s,
            first_chunk_p95_s=row.first_chunk_p95_s,
            agents=list(row.agents),
        )


class Usage(Output):
    """What calls through the gateway used."""

    items: list[UsageRow]
    """Oldest bucket first, in a bucket the dearest first."""
    is_cut: bool
    """Whether there is more than these rows."""
    shadows: UsageRow | None
    """Copies of calls that went to another target and whose answers nobody got: not counted in `items`, and told with
    the whole alone, neither split nor by time."""


class LimitState(Output):
    """What one subject used of one limit in the present window. A bound that is null does not exist."""

    per: Literal["project", "key", "user", "agent", "run", "model"]
    only: list[str]
    """The subjects that it holds for; empty means all."""
    window: Literal["minute", "hour", "day", "month", "total"]
    until: Time | None
    """When it begins anew; null never."""
    subject: str | None
    """Null where nobody has used anything of it yet."""
    label: str | None
    """The key's name, where the subject is a key that still exists."""
    share: float
    """How much is used up, of whatever it bounds the most of: 1 is all."""
    requests_used: int
    requests: int | None
    tokens_used: int
    tokens: int | None
    usd_used: Usd
    usd: Usd | None

    @classmethod
    def of(cls, one: LimitUse, label: str | None, scrub: Scrub) -> Self:
        """Render a limit; `scrub` takes out of what callers say what is not to be seen."""
        return cls.trusted(
            per=one.limit.per,
            only=list(one.limit.only),
            window=one.limit.window,
            until=time_or_none(one.until_ns),
            subject=one.subject if one.subject is None or one.limit.per not in _CALLERS_WORDS else scrub(one.subject),
            label=label,
            share=round(one.share, 6),
            requests_used=one.used.requests,
            requests=one.limit.requests,
            tokens_used=one.used.tokens,
            tokens=one.limit.tokens,
            usd_used=f"{Decimal(one.used.nano_usd) / NANO_USD:f}",
            usd=usd_or_none(one.limit.cost_usd),
        )


class LimitStates(Output):
    """How much of each limit is used up, the fullest first."""

    items: list[LimitState]
    is_cut: bool
    """Whether there is more than these rows."""


class GatewayCall(Output):
    """One call, under way or ended. What is not known, or not known yet, is null."""

    process: str
    """Which of the gateway's processes has it."""
    run_id: str
    span_id: str
    start: Time
    end: Time | None
    endpoint: str
    key_id: str | None
    key: str | None
    """The key's name."""
    agent: str | None
    user: str | None
    model_asked: str
    model: str | None
    """As the target names it."""
    connection: str | None
    status: int | None
    error: str | None
    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    first_chunk_s: float | None
    is_stream: bool
    tries: int
    """Above 1 where it was tried again or fell back on another target."""
    cache: str | None
    """`hit` where the answer was kept."""
    guard: str | None
    """What the guards did: `recorded`, `warned`, `corrected` or `stopped`."""
    purpose: str | None
    """`shadow` or `cache` where no client asked for the call."""

    @classmethod
    def of(cls, call: CallSeen, process: str, scrub: Scrub) -> Self:
        """Render a call; `scrub` takes out of what callers say what is not to be seen."""
        fields = {name: getattr(call, name) for name in call.__struct_fields__ if not name.endswith("_ns")}
        fields |= {name: scrub(fields[name]) for name in _SAID if fields[name] is not None}
        return cls.trusted(process=process, start=rfc3339(call.start_ns), end=time_or_none(call.end_ns), **fields)


class IgnoredStatus(Output):
    """A file in which a process told of itself, and that is not counted."""

    file: str
    why: str


class GatewayProcess(Output):
    """One process of the gateway."""

    name: str
    """`server`, or `worker 0` …"""
    started: Time
    told: Time
    """Of when its figures are."""


class GatewayTraffic(Output):
    """What passes through the gateway now, over all of its processes."""

    time: Time
    under_way: list[GatewayCall]
    """The oldest first."""
    latest: list[GatewayCall]
    """Those that ended last, the latest first."""
    processes: list[GatewayProcess]
    ignored: list[IgnoredStatus]

    @classmethod
    def of(
        cls,
        now_ns: int,
        processes: Sequence[status.ProcessSeen],
        ignored: Sequence[Ignored],
        project: str,
        scrub: Scrub,
    ) -> Self:
        """Render what the processes tell of one project."""
        under_way: list[tuple[CallSeen, str]] = []
        latest: list[tuple[CallSeen, str]] = []
        for process in processes:
            seen = process.projects.get(project)
            if seen is not None:
                under_way += ((call, process.name) for call in seen.under_way)
                latest += ((call, process.name) for call in seen.latest)
        under_way.sort(key=lambda one: one[0].start_ns)
        latest.sort(key=lambda one: one[0].end_ns or 0, reverse=True)
        return cls.trusted(
            time=rfc3339(now_ns),
            under_way=[GatewayCall.of(*one, scrub) for one in under_way[:_MOST_CALLS]],
            latest=[GatewayCall.of(*one, scrub) for one in latest[:_MOST_CALLS]],
            processes=[_process(one) for one in processes],
            ignored=[IgnoredStatus(file=one.file, why=one.why) for one in ignored],
        )


class Breaker(Output):
    """Whether a target takes calls, as one process sees it."""

    process: str
    state: Literal["closed", "open", "half-open"]
    failures: int
    """In a row."""
    until: Time | None
    """Until when it is set aside."""


class GatewayTarget(Output):
    """How one target fared since the processes of the gateway began."""

    connection: str
    provider: str | None
    """Null where the configuration does not name the connection any more."""
    model: str
    state: Literal["closed", "open", "half-open"]
    """The worst that any process sees."""
    breakers: list[Breaker]
    calls: int
    """Tries that ended."""
    errors: dict[str, int]
    """By kind of failure; `other` for what was the caller's own."""
    latency_p50_s: float | None
    """Of its latest good answers, whole."""
    latency_p95_s: float | None
    last_error: str | None
    last_error_time: Time | None
    last: Time | None
    """When its latest try ended."""


class GatewayTargets(Output):
    """Where calls of the project went, those that are set aside first."""

    items: list[GatewayTarget]
    idle: list[str]
    """Connections that are configured and were not tried yet."""


class RecordsAlert(Output):
    """Something that is wrong with the recording of calls."""

    kind: Literal["lost", "stalled", "growing", "set_aside"]
    process: str
    since: Time | None
    message: str


class ProcessRecords(Output):
    """How the recording goes in one process, since it began; all projects together."""

    process: str
    started: Time
    recorded: int
    lost: int
    """Calls that were answered and not recorded."""
    thinned: int
    """Calls of which the request's content was left out, because too much waited."""
    waiting: int
    waiting_bytes: int
    set_aside: int


class GatewayRecords(Output):
    """Whether every call was recorded."""

    alerts: list[RecordsAlert]
    processes: list[ProcessRecords]


def p50_p95(values: Iterable[float]) -> tuple[float | None, float | None]:
    """Return the median and the 95th percentile, None of nothing."""
    known = sorted(values)
    if len(known) < 2:
        return (known[0], known[0]) if known else (None, None)
    cuts = quantiles(known, n=20, method="inclusive")
    return round(cuts[9], 6), round(cuts[18], 6)


def _process(seen: status.ProcessSeen) -> GatewayProcess:
    return GatewayProcess(name=seen.name, started=rfc3339(seen.started_ns), told=rfc3339(seen.written_ns))
