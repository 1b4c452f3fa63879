"""Spans as OTLP JSON: the form in which runs are exported, and in which the command line hands spans to a server."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from masthead.model.span import Attributes, AttributeValue, Span

_KINDS: Final = ("unspecified", "internal", "server", "client", "producer", "consumer")
_STATUSES: Final = ("unset", "ok", "error")


def traces_json(spans: Iterable[Span]) -> bytes:
    """Return the spans as one `ExportTraceServiceRequest` in OTLP's JSON, one line, grouped by resource and scope.

    Source of the format: opentelemetry-proto, "JSON Protobuf encoding": ids in hexadecimal, 64-bit integers as text.
    """
    by_resource: dict[bytes, tuple[Attributes, dict[tuple[str | None, str | None], list[dict[str, Any]]]]] = {}
    for span in spans:
        key = orjson.dumps(span.resource, option=orjson.OPT_SORT_KEYS)
        _, by_scope = by_resource.setdefault(key, (span.resource, {}))
        by_scope.setdefault((span.scope_name, span.scope_version), []).append(_span(span))
    resource_spans = [
        {
            "resource": {"attributes": _attributes(resource)},
            "scopeSpans": [{"scope": _scope(*scope), "spans": rows} for scope, rows in by_scope.items()],
        }
        for resource, by_scope in by_resource.values()
    ]
    return orjson.dumps({"resourceSpans": resource_spans})


def _scope(name: str | None, version: str | None) -> dict[str, str]:
    return {key: value for key, value in (("name", name), ("version", version)) if value}


def _span(span: Span) -> dict[str, Any]:
    row: dict[str, Any] = {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        "name": span.name,
        "kind": _KINDS.index(span.kind),
        "startTimeUnixNano": str(span.start_ns),
        "endTimeUnixNano": str(span.end_ns),
        "attributes": _attributes(span.attributes),
    }
    if span.parent_span_id:
        row["parentSpanId"] = span.parent_span_id
    if span.status != "unset" or span.status_message:
        row["status"] = {"code": _STATUSES.index(span.status), "message": span.status_message or ""}
    if span.events:
        row["events"] = [
            {"timeUnixNano": str(event.time_ns), "name": event.name, "attributes": _attributes(event.attributes)}
            for event in span.events
        ]
    if span.links:
        row["links"] = [
            {"traceId": link.trace_id, "spanId": link.span_id, "attributes": _attributes(link.attributes)}
            for link in span.links
        ]
    return row


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
