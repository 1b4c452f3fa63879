"""OTLP traces in JSON, as OpenTelemetry's file exporter and `masthead export` write them; one object or JSON lines.

Spans are taken as they are, with their own trace ids, and read like spans that were sent. A span that cannot be stored
is reported with its place, and the others go on.
"""

from collections.abc import Iterator

import orjson

from masthead.ingest.importers.family import Family, ImportedSpans, Record
from masthead.ingest.importers.shapes import fields
from masthead.ingest.otlp_json import read
from masthead.ingest.wire import WireSpan, summary
from masthead.model.errors import InvalidInput
from masthead.model.ids import RunId, SpanId
from masthead.model.span import Span, SpanEvent, SpanKind, SpanLink, SpanStatus

_KINDS: tuple[SpanKind, ...] = ("unspecified", "internal", "server", "client", "producer", "consumer")
_STATUSES: tuple[SpanStatus, ...] = ("unset", "ok", "error")


def _matches(record: Record) -> bool:
    return "resourceSpans" in fields(record.value)


def _read(record: Record) -> Iterator[ImportedSpans]:
    try:
        body = orjson.dumps(record.value)
        spans, rejections = read(body)
    except TypeError as error:  # a lone surrogate, or an integer beyond 64 bits
        raise record.malformed(f"this is not JSON that OTLP can hold: {error}") from error
    except InvalidInput as error:
        raise record.malformed(str(error)) from error
    yield ImportedSpans(spans=tuple(_span(span) for span in spans))
    if rejections:
        raise record.malformed(summary(rejections))


def _span(wire: WireSpan) -> Span:
    return Span(
        trace_id=RunId(wire.trace_id.hex()),
        span_id=SpanId(wire.span_id.hex()),
        parent_span_id=SpanId(wire.parent_span_id.hex()) if wire.parent_span_id else None,
        name=wire.name,
        kind=_KINDS[wire.kind] if 0 <= wire.kind < len(_KINDS) else "unspecified",
        start_ns=wire.start_ns,
        end_ns=wire.end_ns,
        status=_STATUSES[wire.status] if 0 <= wire.status < len(_STATUSES) else "unset",
        status_message=wire.status_message or None,
        attributes=wire.attributes,
        events=tuple(
            SpanEvent(name=event.name, time_ns=event.time_ns, attributes=event.attributes) for event in wire.events
        ),
        links=tuple(
            SpanLink(
                trace_id=RunId(link.trace_id.hex()), span_id=SpanId(link.span_id.hex()), attributes=link.attributes
            )
            for link in wire.links
        ),
        resource=wire.resource,
        scope_name=wire.scope_name or None,
        scope_version=wire.scope_version or None,
    )


OTLP_FILE = Family(
    id="otlp-json",
    title="OTLP traces (JSON, JSON lines)",
    kind="json",
    looks_like="objects with `resourceSpans`",
    matches=_matches,
    read=_read,
    notes=__doc__ or "",
)
