"""Spans on the wire: narrow for lists and waterfalls, whole with everything that was recorded."""

from typing import Annotated

from pydantic import Field, JsonValue

from masthead.api.schema.base import Output, PageQuery, Time, Usd, usd_or_none
from masthead.model import span as noun
from masthead.model.run import SpanSummary as SummaryRow
from masthead.model.times import rfc3339


class SpanEvent(Output):
    """Something that happened at a moment within a span."""

    name: str
    time: Time
    attributes: dict[str, JsonValue]


class SpanLink(Output):
    """A reference from a span to another."""

    trace_id: str
    span_id: str
    attributes: dict[str, JsonValue]


class Span(Output):
    """A span with everything that was recorded."""

    trace_id: str
    span_id: str
    parent_span_id: str | None
    name: str
    kind: noun.SpanKind
    start: Time
    end: Time
    status: noun.SpanStatus
    status_message: str | None
    attributes: dict[str, JsonValue]
    events: list[SpanEvent]
    links: list[SpanLink]
    resource: dict[str, JsonValue]
    scope_name: str | None
    scope_version: str | None
    cost_usd: Usd | None
    price_version: str | None

    @classmethod
    def of(cls, span: noun.Span) -> "Span":
        """Render a span."""
        return cls.trusted(
            trace_id=span.trace_id,
            span_id=span.span_id,
            parent_span_id=span.parent_span_id,
            name=span.name,
            kind=span.kind,
            start=rfc3339(span.start_ns),
            end=rfc3339(span.end_ns),
            status=span.status,
            status_message=span.status_message,
            attributes=dict(span.attributes),
            events=[
                SpanEvent.trusted(name=event.name, time=rfc3339(event.time_ns), attributes=dict(event.attributes))
                for event in span.events
            ],
            links=[
                SpanLink.trusted(trace_id=link.trace_id, span_id=link.span_id, attributes=dict(link.attributes))
                for link in span.links
            ],
            resource=dict(span.resource),
            scope_name=span.scope_name,
            scope_version=span.scope_version,
            cost_usd=usd_or_none(span.cost_usd),
            price_version=span.price_version,
        )


class SpanSummary(Output):
    """A span in a list or a waterfall: narrow, no bodies."""

    span_id: str
    parent_span_id: str | None
    name: str
    kind: noun.SpanKind
    start: Time
    end: Time
    status: noun.SpanStatus
    status_message: str | None
    operation: str
    agent_id: str | None
    agent: str | None
    model: str | None
    tool_name: str | None
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: Usd | None

    @classmethod
    def of(cls, row: SummaryRow) -> "SpanSummary":
        """Render a row."""
        return cls.trusted(
            span_id=row.span_id,
            parent_span_id=row.parent_span_id,
            name=row.name,
            kind=row.kind,
            start=rfc3339(row.start_ns),
            end=rfc3339(row.end_ns),
            status=row.status,
            status_message=row.status_message,
            operation=row.operation,
            agent_id=row.agent_id,
            agent=row.agent,
            model=row.model,
            tool_name=row.tool_name,
            input_tokens=row.input_tokens,
            output_tokens=row.output_tokens,
            cost_usd=usd_or_none(row.cost_usd),
        )


class SpanSummaryPage(Output):
    """One page of a run's spans without bodies, in order of start."""

    items: list[SpanSummary]
    cursor: str | None


class SpansQuery(PageQuery):
    """Which of a run's spans."""

    limit: Annotated[int, Field(ge=1, le=5000)] = 200
    """How many spans at most."""
