"""Spans as OTLP JSON: the form in which runs are exported, and in which gateways and command line hand spans on."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypedDict, cast

import orjson

from masthead.model.ids import RunId, SpanId
from masthead.model.span import Attributes, AttributeValue, Span, SpanEvent, SpanKind, SpanLink, SpanStatus

_KINDS: Final = ("unspecified", "internal", "server", "client", "producer", "consumer")
_HERE: Final = b"\0"
_STATUSES: Final = ("unset", "ok", "error")


class _SpanNeeds(TypedDict):
    trace_id: RunId
    span_id: SpanId
    name: str
    start_ns: int
    end_ns: int


class SpanFields(_SpanNeeds, total=False):
    """What a span is beside its attributes, resource and scope; as `Span` has it."""

    parent_span_id: SpanId | None
    kind: SpanKind
    status: SpanStatus
    status_message: str | None
    events: tuple[SpanEvent, ...]
    links: tuple[SpanLink, ...]


def traces_json(spans: Iterable[Span]) -> bytes:
    """Return the spans as one `ExportTraceServiceRequest` in OTLP's JSON, one line, grouped by resource and scope.

    Source of the format: opentelemetry-proto, "JSON Protobuf encoding": ids in hexadecimal, 64-bit integers as text.
    """
    by_resource: dict[bytes, tuple[Attributes, dict[tuple[str | None, str | None], list[bytes]]]] = {}
    for span in spans:
        key = orjson.dumps(span.resource, option=orjson.OPT_SORT_KEYS)
        _, by_scope = by_resource.setdefault(key, (span.resource, {}))
        by_scope.setdefault((span.scope_name, span.scope_version), []).append(_span_json(span))
    resource_spans = [
        _resource_json(resource, [_scope_json(scope, rows) for scope, rows in by_scope.items()])
        for resource, by_scope in by_resource.values()
    ]
    return _request_json(resource_spans)


def lines_json(lines: Sequence[bytes], resource: Attributes, scope_name: str) -> bytes:
    """Return spans that `span_json` wrote, all of one resource and scope, as one request."""
    # In one go: the lines of a batch are megabytes, and each copy of them counts.
    before, after = _request_json([_resource_json(resource, [_scope_json((scope_name, None), [_HERE])])]).split(_HERE)
    if len(lines) < 2:
        return b"".join((before, *lines, after))
    return b",".join((before + lines[0], *lines[1:-1], lines[-1] + after))


def _span_json(span: Span) -> bytes:
    fields: SpanFields = {
        "trace_id": span.trace_id,
        "span_id": span.span_id,
        "parent_span_id": span.parent_span_id,
        "name": span.name,
        "kind": span.kind,
        "start_ns": span.start_ns,
        "end_ns": span.end_ns,
        "status": span.status,
        "status_message": span.status_message,
        "events": span.events,
        "links": span.links,
    }
    return span_json(fields, span.attributes)


def span_json(span: SpanFields, attributes: Attributes) -> bytes:
    """Return a span as OTLP's JSON object."""
    head = _head(span)
    head["attributes"] = _attributes(attributes)
    return _json(head)


def _head(span: SpanFields) -> dict[str, Any]:
    head: dict[str, Any] = {
        "traceId": span["trace_id"],
        "spanId": span["span_id"],
        "name": span["name"],
        "kind": _KINDS.index(span.get("kind", "internal")),
        "startTimeUnixNano": str(span["start_ns"]),
        "endTimeUnixNano": str(span["end_ns"]),
    }
    parent, status, message = span.get("parent_span_id"), span.get("status", "unset"), span.get("status_message")
    events, links = span.get("events"), span.get("links")
    if parent:
        head["parentSpanId"] = parent
    if status != "unset" or message:
        head["status"] = {"code": _STATUSES.index(status), "message": message or ""}
    if events:
        head["events"] = [
            {"timeUnixNano": str(event.time_ns), "name": event.name, "attributes": _attributes(event.attributes)}
            for event in events
        ]
    if links:
        head["links"] = [
            {"traceId": link.trace_id, "spanId": link.span_id, "attributes": _attributes(link.attributes)}
            for link in links
        ]
    return head


def _json(value: object) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:
        return orjson.dumps(_plain(value))


def _plain(value: object) -> object:
    """Return a value without halves of surrogate pairs, which no JSON can hold; each becomes a question mark."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_plain(item) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in cast("dict[object, object]", value).items()}
    return value


def _request_json(resource_spans: Sequence[bytes]) -> bytes:
    return b'{"resourceSpans":[' + b",".join(resource_spans) + b"]}"


def _resource_json(resource: Attributes, scope_spans: Sequence[bytes]) -> bytes:
    attributes = _json(_attributes(resource))
    return b'{"resource":{"attributes":' + attributes + b'},"scopeSpans":[' + b",".join(scope_spans) + b"]}"


def _scope_json(scope: tuple[str | None, str | None], rows: Sequence[bytes]) -> bytes:
    told = {key: value for key, value in zip(("name", "version"), scope, strict=True) if value}
    return b'{"scope":' + _json(told) + b',"spans":[' + b",".join(rows) + b"]}"


def _attributes(attributes: Attributes) -> list[dict[str, Any]]:
    return [
        {"key": key, "value": {"stringValue": value} if type(value) is str else _value(value)}
        for key, value in attributes.items()
    ]


def _value(value: AttributeValue) -> dict[str, Any]:
    match value:
        case None:
            return {}
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case str():
            return {"stringValue": value}
        case list():
            return {"arrayValue": {"values": [_value(item) for item in value]}}
        case Mapping():
            return {"kvlistValue": {"values": _attributes(value)}}
