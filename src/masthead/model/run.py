"""A run as lists show it, and what lists can be asked for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Generic, Literal, NamedTuple, TypeVar

from masthead.model.ids import RunId, SpanId
from masthead.model.span import Attributes, AttributeValue, SpanKind, SpanStatus

Outcome = Literal["success", "failure", "error"]
"""`success`/`failure`: the record says whether the task was achieved; `error`: the run broke off with an error."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRow:
    """One run in a list: narrow, no message bodies. Sums over unknown values are None, not 0."""

    run_id: RunId
    name: str
    system: str | None
    task: str | None
    start_ns: int
    end_ns: int
    duration_s: float | None
    """None where the record has no times; the start and the end are those of the import then."""
    outcome: Outcome | None
    spans: int
    llm_calls: int
    tool_calls: int
    errors: int
    agents: tuple[str, ...]
    models: tuple[str, ...]
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: Decimal | None
    session_id: str | None
    user_id: str | None
    tags: tuple[str, ...]
    metadata: Attributes = field(default_factory=dict[str, AttributeValue])


@dataclass(frozen=True, kw_only=True, slots=True)
class RunFilter:
    """What a list of runs is narrowed to; None and empty mean any. Times bound the run's start, half-open."""

    since_ns: int | None = None
    until_ns: int | None = None
    run_id_prefix: str | None = None
    run_ids: tuple[RunId, ...] = ()
    agent: str | None = None
    model: str | None = None
    system: str | None = None
    outcome: Outcome | None = None
    has_error: bool | None = None
    min_cost_usd: Decimal | None = None
    max_cost_usd: Decimal | None = None
    min_tokens: int | None = None
    max_tokens: int | None = None
    min_duration_s: float | None = None
    max_duration_s: float | None = None
    text: str | None = None
    """A substring, case-insensitive, of anything that was said in the run."""
    about: str | None = None
    """A substring, case-insensitive, of the run's task or name, or of an agent, model, system or tag."""
    code: str | None = None
    """A failure mode that the run's diagnosis found."""
    origin_agent: str | None = None
    """The agent with whom the failure began, as the run's diagnosis has it."""
    session_id: str | None = None
    user_id: str | None = None
    tag: str | None = None
    metadata: tuple[tuple[str, str], ...] = ()


T = TypeVar("T")


class Page(NamedTuple, Generic[T]):
    """One page of a list; `cursor` asks for the next one and is None on the last."""

    items: list[T]
    cursor: str | None


def items_of(ask: Callable[[str | None], Page[T]]) -> Iterator[T]:
    """Yield the items of every page of a list; `ask` returns the page behind a cursor."""
    cursor: str | None = None
    while True:
        page = ask(cursor)
        yield from page.items
        cursor = page.cursor
        if cursor is None:
            return


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchHit:
    """A span in which the text that was looked for occurs, with what stands around it."""

    run_id: RunId
    span_id: SpanId
    agent: str | None
    name: str
    start_ns: int
    excerpt: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StatRow:
    """One bucket of time (and of one group, where grouped). Latencies are of runs, in seconds."""

    start_ns: int
    group: str | None
    runs: int
    failures: int
    errors: int
    spans: int
    llm_calls: int
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: Decimal | None
    latency_p50_s: float | None
    latency_p95_s: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SpanSummary:
    """A span in a list or a waterfall: narrow, no bodies."""

    span_id: SpanId
    parent_span_id: SpanId | None
    name: str
    kind: SpanKind
    start_ns: int
    end_ns: int
    status: SpanStatus
    status_message: str | None
    operation: str
    agent_id: str | None
    agent: str | None
    model: str | None
    tool_name: str | None
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: Decimal | None


class FacetValue(NamedTuple):
    """A value that runs have, and how many of them."""

    value: str
    runs: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Facets:
    """The commonest values among the runs that a filter leaves, most frequent first."""

    agents: tuple[FacetValue, ...]
    models: tuple[FacetValue, ...]
    systems: tuple[FacetValue, ...]
    outcomes: tuple[FacetValue, ...]
    tags: tuple[FacetValue, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class UnpricedModel:
    """A model that was called and whose price is not known."""

    model: str
    spans: int
    input_tokens: int | None
    output_tokens: int | None


class Removed(NamedTuple):
    """How many rows were truly removed."""

    runs: int
    spans: int
    scores: int
