"""Runs as lists and reports show them, and what they can be narrowed to."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from masthead.api.schema.base import Input, Output, PageQuery, Time, Usd, usd_or_none
from masthead.api.schema.filters import RunFilterQuery
from masthead.model import run as noun
from masthead.model.ids import RunId
from masthead.model.times import rfc3339
from masthead.report import brief as noun_brief


class Run(Output):
    """One run in a list. Sums over unknown values are null, not 0."""

    run_id: str
    name: str
    system: str | None
    task: str | None
    start: Time
    end: Time
    duration_s: float | None
    """Null where the log has no times."""
    outcome: noun.Outcome | None
    spans: int
    llm_calls: int
    tool_calls: int
    errors: int
    agents: list[str]
    models: list[str]
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: Usd | None
    session_id: str | None
    user_id: str | None
    tags: list[str]
    metadata: dict[str, JsonValue]

    @classmethod
    def of(cls, row: noun.RunRow) -> "Run":
        """Render a row."""
        return cls.trusted(
            run_id=row.run_id,
            name=row.name,
            system=row.system,
            task=row.task,
            start=rfc3339(row.start_ns),
            end=rfc3339(row.end_ns),
            duration_s=row.duration_s,
            outcome=row.outcome,
            spans=row.spans,
            llm_calls=row.llm_calls,
            tool_calls=row.tool_calls,
            errors=row.errors,
            agents=list(row.agents),
            models=list(row.models),
            input_tokens=row.input_tokens,
            output_tokens=row.output_tokens,
            cost_usd=usd_or_none(row.cost_usd),
            session_id=row.session_id,
            user_id=row.user_id,
            tags=list(row.tags),
            metadata=dict(row.metadata),
        )


class RunPage(Output):
    """One page of runs, latest first."""

    items: list[Run]
    cursor: str | None


class RunsQuery(RunFilterQuery, PageQuery):
    """Which runs to list."""


class RunIds(Input):
    """Some runs."""

    run_ids: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=10_000)]


class ManyRuns(Input):
    """Some runs, by their ids."""

    run_ids: Annotated[list[Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]], Field(min_length=1, max_length=1000)]

    def ids(self) -> list[RunId]:
        """Return the ids, each once."""
        return [RunId(run_id) for run_id in dict.fromkeys(self.run_ids)]


class BriefsInput(Input):
    """For which runs to say what was found in them."""

    run_ids: Annotated[list[Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]], Field(max_length=200)]


class Brief(Output):
    """What a list says of a run beside its row."""

    run_id: str
    turns: int | None
    """Null where they were not counted: the run is not diagnosed and has over 5,000 spans."""
    is_diagnosed: bool
    codes: list[str]
    """The failure modes that were found, in the order in which they began."""
    origin_agent: str | None
    """With whom the failure began."""

    @classmethod
    def of(cls, brief: noun_brief.Brief) -> "Brief":
        """Render a brief."""
        return cls.trusted(
            run_id=brief.run_id,
            turns=brief.turns,
            is_diagnosed=brief.is_diagnosed,
            codes=list(brief.codes),
            origin_agent=brief.origin_agent,
        )


class Briefs(Output):
    """Those of the runs that the project has."""

    items: list[Brief]


class ExistingRuns(Output):
    """Which of the runs that were asked for are in the project."""

    run_ids: list[str]
    spans: dict[str, int]
    """How many spans each of them has."""


class Removed(Output):
    """What was truly removed from the disk."""

    runs: int
    spans: int
    scores: int

    @classmethod
    def of(cls, removed: noun.Removed) -> "Removed":
        """Render the counts."""
        return cls.trusted(runs=removed.runs, spans=removed.spans, scores=removed.scores)


class FacetsQuery(RunFilterQuery):
    """Among which runs, and how many values of each kind."""

    project: str | None = None
    """The project, for callers without a key (the header `X-Masthead-Project` says the same)."""
    limit: Annotated[int, Field(ge=1, le=500)] = 50
    """How many values at most of each kind."""


class FacetValue(Output):
    """A value that runs have, and how many have it."""

    value: str
    runs: int


class Facets(Output):
    """The commonest values among the runs that the filter leaves, most frequent first."""

    agents: list[FacetValue]
    models: list[FacetValue]
    systems: list[FacetValue]
    outcomes: list[FacetValue]
    tags: list[FacetValue]

    @classmethod
    def of(cls, facets: noun.Facets) -> "Facets":
        """Render the facets."""
        return cls.trusted(
            agents=_values(facets.agents),
            models=_values(facets.models),
            systems=_values(facets.systems),
            outcomes=_values(facets.outcomes),
            tags=_values(facets.tags),
        )


def _values(values: tuple[noun.FacetValue, ...]) -> list[FacetValue]:
    return [FacetValue.trusted(value=entry.value, runs=entry.runs) for entry in values]


class SearchQuery(PageQuery):
    """What to look for in what was said."""

    text: Annotated[str, Field(min_length=1, max_length=1000)]
    """A substring, case-insensitive."""
    since: str | None = None
    """The earliest time, RFC 3339."""
    until: str | None = None
    """The time before which, RFC 3339."""


class Hit(Output):
    """A span in which the text occurs, with what stands around it."""

    run_id: str
    span_id: str
    agent: str | None
    name: str
    start: Time
    excerpt: str

    @classmethod
    def of(cls, hit: noun.SearchHit) -> "Hit":
        """Render a hit."""
        return cls.trusted(
            run_id=hit.run_id,
            span_id=hit.span_id,
            agent=hit.agent,
            name=hit.name,
            start=rfc3339(hit.start_ns),
            excerpt=hit.excerpt,
        )


class HitPage(Output):
    """One page of hits, latest first."""

    items: list[Hit]
    cursor: str | None


class StatsQuery(RunFilterQuery):
    """Which runs to sum up, and how."""

    project: str | None = None
    """The project, for callers without a key (the header `X-Masthead-Project` says the same)."""
    bucket: Literal["minute", "hour", "day", "week", "total"] = "day"
    """The length of a bucket of time, in UTC; `total` is one bucket for everything."""
    group_by: Literal["agent", "model", "system", "outcome", "tag"] | None = None
    """Split every bucket by this."""


class Stat(Output):
    """One bucket of time, and of one group where grouped. Latencies are of runs, in seconds."""

    start: Time
    group: str | None
    runs: int
    failures: int
    errors: int
    spans: int
    llm_calls: int
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: Usd | None
    latency_p50_s: float | None
    latency_p95_s: float | None

    @classmethod
    def of(cls, row: noun.StatRow) -> "Stat":
        """Render a bucket."""
        return cls.trusted(
            start=rfc3339(row.start_ns),
            group=row.group,
            runs=row.runs,
            failures=row.failures,
            errors=row.errors,
            spans=row.spans,
            llm_calls=row.llm_calls,
            input_tokens=row.input_tokens,
            output_tokens=row.output_tokens,
            cost_usd=usd_or_none(row.cost_usd),
            latency_p50_s=row.latency_p50_s,
            latency_p95_s=row.latency_p95_s,
        )


class Stats(Output):
    """Sums over time, oldest first."""

    items: list[Stat]


class UnpricedQuery(Input):
    """Over which time."""

    project: str | None = None
    """The project, for callers without a key (the header `X-Masthead-Project` says the same)."""
    since: str | None = None
    """Called at or after this RFC 3339 time."""
    until: str | None = None
    """Called before this RFC 3339 time."""


class UnpricedModel(Output):
    """A model that was called and whose price is not known."""

    model: str
    spans: int
    input_tokens: int | None
    output_tokens: int | None

    @classmethod
    def of(cls, model: noun.UnpricedModel) -> "UnpricedModel":
        """Render a model."""
        return cls.trusted(
            model=model.model,
            spans=model.spans,
            input_tokens=model.input_tokens,
            output_tokens=model.output_tokens,
        )


class PriceCatalogue(Output):
    """Where the prices of model calls come from."""

    catalogue: str
    """The catalogue and its version, as it is noted with every cost; it comes with Masthead and needs no network."""


class UnpricedModels(Output):
    """Models without a price, most used first."""

    items: list[UnpricedModel]
