"""Spans on the wire: narrow for lists and waterfalls, whole with everything that was recorded."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, JsonValue

from masthead.api.schema.base import Output, PageQuery, Time, Usd, usd_or_none
from masthead.model import span as noun
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


class SpanPage(Output):
    """One page of a run's spans, in order of start."""

    items: list[Span]
    cursor: str | None


def span_page(spans: Sequence[noun.Span], cursor: str | None) -> SpanPage:
    """Render a page of whole spans."""
    return SpanPage.trusted(items=[Span.of(span) for span in spans], cursor=cursor)


class SpansQuery(PageQuery):
    """Which of a run's spans."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 200
    """How many spans at most."""
