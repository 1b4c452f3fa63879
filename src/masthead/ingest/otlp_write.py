"""Spans as OTLP JSON: the form in which runs are exported, and in which gateways and command line hand spans on."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, cast

import orjson

from masthead.model.span import Attributes, AttributeValue, Span, SpanLink

_KINDS: Final = ("unspecified", "internal", "server", "client", "producer", "consumer")
_HERE: Final = b"\0"
_STATUSES: Final = ("unset", "ok", "error")


def traces_json(spans: Iterable[Span]) -> bytes:
    """Return the spans as one `ExportTraceServiceRequest` in OTLP's JSON, one line, grouped by resource and scope.

    Source of the format: opentelemetry-proto, "JSON Protobuf encoding": ids in hexadecimal, 64-bit integers as text.
    """
    by_resource: dict[bytes, tuple[Attributes, dict[tuple[str | None, str | None], list[bytes]]]] = {}
    for span in spans:
        key = orjson.dumps(span.resource, option=orjson.OPT_SORT_KEYS)
        _, by_scope = by_resource.setdefault(key, (span.resource, {}))
        by_scope.setdefault((span.scope_name, span.scope_version), []).append(span_json(span))
    resource_spans = [
        _resource_json(resource, [_scope_json(scope, rows) for scope, rows in by_scope.items()])
        for resource, by_scope in by_resource.values()
    ]
    return _request_json(resource_spans)


def lines_json(pieces: Sequence[bytes], resource: Attributes, scope_name: str) -> bytes:
    """Return spans of one resource and scope as one request: their JSON in pieces, a comma before each span."""
    # In one go: the pieces of a batch are megabytes, and each copy of them counts.
    before, after = _request_json([_resource_json(resource, [_scope_json((scope_name, None), [_HERE])])]).split(_HERE)
    return b"".join((before, pieces[0].removeprefix(b","), *pieces[1:], after)) if pieces else before + after


def span_json(span: Span) -> bytes:
    """Return a span as OTLP's JSON object."""
    head: dict[str, Any] = {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        "name": span.name,
        "kind": _KINDS.index(span.kind),
        "startTimeUnixNano": str(span.start_ns),
        "endTimeUnixNano": str(span.end_ns),
    }
    if span.parent_span_id:
        head["parentSpanId"] = span.parent_span_id
    if span.status != "unset" or span.status_message:
        head["status"] = {"code": _STATUSES.index(span.status), "message": span.status_message or ""}
    if span.events:
        head["events"] = [
            {"timeUnixNano": str(event.time_ns), "name": event.name, "attributes": _attributes(event.attributes)}
            for event in span.events
        ]
    if span.links:
        head["links"] = _links(span.links)
    head["attributes"] = _attributes(span.attributes)
    return _json(head)


def links_json(links: Sequence[SpanLink]) -> bytes:
    """Return the value of a span's `links`."""
    return _json(_links(links))


def text_json(text: str) -> bytes:
    """Return a text as JSON."""
    return _json(text)


def text_opening(name: str) -> bytes:
    """Return what stands before the text, as JSON, of an attribute that holds one; `}}` stands behind it."""
    return _opening(name, "stringValue")


def put_attributes(pieces: list[bytes] | list[bytes | memoryview], attributes: Attributes) -> None:
    """Add attributes to the pieces of a span's JSON, a comma before each."""
    for name, value in attributes.items():
        if type(value) is str:
            pieces += (_opening(name, "stringValue"), _json(value), b"}}")
        elif type(value) is int:
            pieces += (_opening(name, "intValue"), b'"%d"}}' % value)
        else:
            pieces.append(b"," + _json({"key": name, "value": _value(value)}))


@lru_cache(maxsize=1024)
def _opening(name: str, kind: str) -> bytes:
    return b',{"key":' + _json(name) + b',"value":{"' + kind.encode() + b'":'


def _links(links: Sequence[SpanLink]) -> list[dict[str, Any]]:
    return [
        {"traceId": link.trace_id, "spanId": link.span_id, "attributes": _attributes(link.attributes)} for link in links
    ]


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
