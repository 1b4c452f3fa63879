"""A span: one operation, as OpenTelemetry has it. Append-only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, TypeAlias

from masthead.model.ids import RunId, SpanId

AttributeValue: TypeAlias = "str | bool | int | float | list[AttributeValue] | dict[str, AttributeValue] | None"
"""An OpenTelemetry `AnyValue` as JSON has it; bytes arrive as base64 text."""

Attributes: TypeAlias = Mapping[str, AttributeValue]

SpanKind = Literal["unspecified", "internal", "server", "client", "producer", "consumer"]
SpanStatus = Literal["unset", "ok", "error"]


@dataclass(frozen=True, kw_only=True, slots=True)
class SpanEvent:
    """Something that happened at a moment within a span."""

    name: str
    time_ns: int
    attributes: Attributes = field(default_factory=dict[str, AttributeValue])


@dataclass(frozen=True, kw_only=True, slots=True)
class SpanLink:
    """A reference from a span to another span, of this run or of another."""

    trace_id: RunId
    span_id: SpanId
    attributes: Attributes = field(default_factory=dict[str, AttributeValue])


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """One operation of a run. Times are Unix nanoseconds, UTC.

    `cost_usd` and `price_version` are decided at the door (`ingest`) from the token counts and the price catalogue;
    `cost_usd` is None where the model or its tokens are unknown, never 0.
    """

    trace_id: RunId
    span_id: SpanId
    parent_span_id: SpanId | None = None
    name: str
    kind: SpanKind = "internal"
    start_ns: int
    end_ns: int
    status: SpanStatus = "unset"
    status_message: str | None = None
    attributes: Attributes = field(default_factory=dict[str, AttributeValue])
    events: tuple[SpanEvent, ...] = ()
    links: tuple[SpanLink, ...] = ()
    resource: Attributes = field(default_factory=dict[str, AttributeValue])
    scope_name: str | None = None
    scope_version: str | None = None
    cost_usd: Decimal | None = None
    price_version: str | None = None
