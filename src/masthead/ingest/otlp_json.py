"""OTLP traces in JSON: field names in lowerCamelCase, ids in hexadecimal, 64-bit numbers as text or number.

A body whose frame is wrong is refused as a whole; a span that cannot be read is refused by itself, with its place.
Large bodies are read a span at a time, for the memory's sake.
"""

from collections.abc import Iterator
from typing import Final, cast

import msgspec
import orjson

from masthead.ingest.wire import (
    CHECKED_FROM_BYTES,
    MAX_DEPTH,
    JsonObject,
    Rejection,
    WireEvent,
    WireLink,
    WireSpan,
    json_bytes,
    number,
    oversize,
    parent_of,
    problem,
)
from masthead.model.errors import InvalidInput
from masthead.model.span import AttributeValue

_INT64: Final = range(-(1 << 63), 1 << 63)
_KINDS: Final = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
_STATUSES: Final = ("UNSET", "OK", "ERROR")
_NULL: Final = msgspec.Raw(b"null")
_SNAKE_CASE: Final = "OTLP JSON names its fields in lowerCamelCase: resourceSpans"
WHOLE_BYTES: Final = 4 * 1024 * 1024
"""Bodies up to this size are read whole, which takes a third less time."""
_SPECIAL_FLOATS: Final = ("NaN", "Infinity", "-Infinity")


def read(body: bytes) -> tuple[list[WireSpan], list[Rejection]]:
    """Return the body's spans and why some were refused; raise `InvalidInput` where it is no OTLP JSON at all."""
    spans: list[WireSpan] = []
    rejections: list[Rejection] = []
    for found in _each(body):
        if isinstance(found, Rejection):
            rejections.append(found)
        else:
            spans.append(found)
    return spans, rejections


def check(body: bytes) -> tuple[int, list[Rejection]]:
    """Return how many spans the body holds that can be stored, and why the others cannot; raise as `read` does."""
    spans = 0
    rejections: list[Rejection] = []
    for found in _each(body):
        if isinstance(found, Rejection):
            rejections.append(found)
        else:
            spans += 1
    return spans, rejections


def decode(body: bytes) -> Iterator[WireSpan]:
    """Yield the spans of a body, without those that `check` names; of a large body, one at a time is in memory."""
    return (found for found in _each(body) if isinstance(found, WireSpan))


def _each(body: bytes) -> "Iterator[WireSpan | Rejection]":
    return _whole(body) if len(body) <= WHOLE_BYTES else _piecewise(body)


def _loaded(json: bytes | msgspec.Raw, where: str) -> AttributeValue:
    try:
        return cast("AttributeValue", orjson.loads(memoryview(json)))
    except ValueError as error:
        raise InvalidInput(f"{len(memoryview(json))} bytes are not JSON in UTF-8: {error}", where=where) from error


def _whole(body: bytes) -> "Iterator[WireSpan | Rejection]":
    top = _object(_loaded(body, "body"), "body")
    if "resourceSpans" not in top and "resource_spans" in top:
        raise InvalidInput(_SNAKE_CASE, where="body.resource_spans")
    for i, resource_spans in enumerate(_objects(top, "resourceSpans", "body")):
        where = f"resourceSpans[{i}]"
        resource = _attributes(_object(resource_spans.get("resource") or {}, f"{where}.resource"), where)
        for j, scope_spans in enumerate(_objects(resource_spans, "scopeSpans", where)):
            inner = f"{where}.scopeSpans[{j}]"
            scope = _object(scope_spans.get("scope") or {}, f"{inner}.scope")
            names = _text(scope, "name", inner), _text(scope, "version", inner)
            for k, raw in enumerate(_list(scope_spans, "spans", inner)):
                yield _one(raw, resource, names, f"{inner}.spans[{k}]", is_large=len(body) > CHECKED_FROM_BYTES)


class _ScopeSpans(msgspec.Struct):
    scope: msgspec.Raw = _NULL
    spans: list[msgspec.Raw] | None = None


class _ResourceSpans(msgspec.Struct):
    resource: msgspec.Raw = _NULL
    scopeSpans: list[_ScopeSpans] | None = None  # noqa: N815 - the wire's name


class _Traces(msgspec.Struct):
    resourceSpans: list[_ResourceSpans] | None = None  # noqa: N815
    resource_spans: msgspec.Raw = _NULL


def _piecewise(body: bytes) -> "Iterator[WireSpan | Rejection]":
    """Find where the spans of a large body lie, and read them one at a time: as objects they take 3 to 13 times it."""
    try:
        top = msgspec.json.decode(body, type=_Traces)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"the body of {len(body)} bytes is not OTLP JSON: {error}", where="body") from error
    if not top.resourceSpans and top.resource_spans is not _NULL:
        raise InvalidInput(_SNAKE_CASE, where="body.resource_spans")
    for i, resource_spans in enumerate(top.resourceSpans or ()):
        where = f"resourceSpans[{i}]"
        resource = _loaded(resource_spans.resource, f"{where}.resource") or {}
        attributes = _attributes(_object(resource, f"{where}.resource"), where)
        for j, scope_spans in enumerate(resource_spans.scopeSpans or ()):
            inner = f"{where}.scopeSpans[{j}]"
            scope = _object(_loaded(scope_spans.scope, f"{inner}.scope") or {}, f"{inner}.scope")
            names = _text(scope, "name", inner), _text(scope, "version", inner)
            for k, raw in enumerate(scope_spans.spans or ()):
                place = f"{inner}.spans[{k}]"
                try:
                    span = _loaded(raw, place)
                except InvalidInput as error:
                    yield Rejection("malformed", str(error))
                else:
                    yield _one(span, attributes, names, place, is_large=True)


def _one(
    raw: AttributeValue, resource: JsonObject, scope: tuple[str, str], where: str, *, is_large: bool
) -> WireSpan | Rejection:
    try:
        span = _span(_object(raw, where), resource, scope, where)
    except InvalidInput as error:
        return Rejection("malformed", str(error))
    found = problem(span.trace_id, span.span_id, span.start_ns, span.end_ns)
    if found is None and is_large:
        found = oversize(span.span_id, json_bytes(span))
    return span if found is None else Rejection(found.reason, f"{where}: {found.detail}")


def _span(raw: JsonObject, resource: JsonObject, scope: tuple[str, str], where: str) -> WireSpan:
    status = _object(raw.get("status") or {}, f"{where}.status")
    return WireSpan(
        _identifier(raw, "traceId", where),
        _identifier(raw, "spanId", where),
        parent_of(_identifier(raw, "parentSpanId", where)),
        _text(raw, "name", where),
        _enumerated(raw, "kind", "SPAN_KIND_", _KINDS, where),
        _integer(raw.get("startTimeUnixNano"), f"{where}.startTimeUnixNano"),
        _integer(raw.get("endTimeUnixNano"), f"{where}.endTimeUnixNano"),
        _enumerated(status, "code", "STATUS_CODE_", _STATUSES, where),
        _text(status, "message", where),
        _attributes(raw, where),
        tuple(_events(raw, where)),
        tuple(_links(raw, where)),
        resource,
        *scope,
    )


def _events(raw: JsonObject, where: str) -> Iterator[WireEvent]:
    for i, event in enumerate(_objects(raw, "events", where)):
        inner = f"{where}.events[{i}]"
        time_ns = _integer(event.get("timeUnixNano"), f"{inner}.timeUnixNano")
        yield WireEvent(_text(event, "name", inner), time_ns, _attributes(event, inner))


def _links(raw: JsonObject, where: str) -> Iterator[WireLink]:
    for i, link in enumerate(_objects(raw, "links", where)):
        inner = f"{where}.links[{i}]"
        yield WireLink(
            _identifier(link, "traceId", inner), _identifier(link, "spanId", inner), _attributes(link, inner)
        )


def _attributes(holder: JsonObject, where: str) -> JsonObject:
    found: JsonObject = {}
    for i, pair in enumerate(_objects(holder, "attributes", where)):
        inner = f"{where}.attributes[{i}]"
        found[_text(pair, "key", inner)] = _value(pair.get("value"), inner, MAX_DEPTH)
    return found


def _value(raw: AttributeValue, where: str, depth: int) -> AttributeValue:
    if raw is None:
        return None
    if depth == 0:
        raise InvalidInput(f"a value is nested more than {MAX_DEPTH} deep", where=where)
    for kind, value in _object(raw, where).items():
        if value is None:
            continue
        match kind:
            case "stringValue" | "bytesValue" if isinstance(value, str):
                return value
            case "boolValue" if isinstance(value, bool):
                return value
            case "intValue":
                return _integer(value, where)
            case "doubleValue":
                return _double(value, where)
            case "arrayValue":
                inner = _object(value, where)
                return [_value(item, where, depth - 1) for item in _list(inner, "values", where)]
            case "kvlistValue":
                pairs = _objects(_object(value, where), "values", where)
                return {_text(pair, "key", where): _value(pair.get("value"), where, depth - 1) for pair in pairs}
            case "stringValue" | "bytesValue" | "boolValue":
                raise InvalidInput(f"{kind} cannot be {_shown(value)}", where=where)
            case _:
                continue
    return None


def _integer(value: AttributeValue, where: str) -> int:
    if value is None:
        return 0
    found: int | None = None
    if isinstance(value, str):
        if value.removeprefix("-").isdecimal() and value.isascii() and len(value) <= 20:
            found = int(value)
    elif isinstance(value, float):
        found = int(value) if value.is_integer() and abs(value) < 1 << 63 else None
    elif isinstance(value, int) and not isinstance(value, bool):
        found = value
    if found is None or found not in _INT64:
        raise InvalidInput(f"{_shown(value)} is not a 64-bit whole number", where=where)
    return found


def _double(value: AttributeValue, where: str) -> float | str:
    if isinstance(value, str):
        if value in _SPECIAL_FLOATS:
            return value
        try:
            return number(float(value))
        except ValueError as error:
            raise InvalidInput(f"{_shown(value)} is not a number", where=where) from error
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInput(f"{_shown(value)} is not a number", where=where)
    return number(float(value))


def _identifier(holder: JsonObject, field: str, where: str) -> bytes:
    text = _text(holder, field, where)
    try:
        return bytes.fromhex(text) if text.isalnum() else b""
    except ValueError as error:
        raise InvalidInput(f"{_shown(text)} is not hexadecimal", where=f"{where}.{field}") from error


def _enumerated(holder: JsonObject, field: str, prefix: str, names: tuple[str, ...], where: str) -> int:
    value = holder.get(field)
    if isinstance(value, str) and value.removeprefix(prefix) in names:
        return names.index(value.removeprefix(prefix))
    return _integer(value, f"{where}.{field}")


def _text(holder: JsonObject, field: str, where: str) -> str:
    value = holder.get(field)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidInput(f"{_shown(value)} is not text", where=f"{where}.{field}")
    return value


def _object(value: AttributeValue, where: str) -> JsonObject:
    if not isinstance(value, dict):
        raise InvalidInput(f"{_shown(value)} is not an object", where=where)
    return value


def _list(holder: JsonObject, field: str, where: str) -> list[AttributeValue]:
    value = holder.get(field)
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidInput(f"{_shown(value)} is not a list", where=f"{where}.{field}")
    return value


def _shown(value: AttributeValue) -> str:
    """Return a value as an error may show it, without rendering what is inside it first."""
    if isinstance(value, str):
        return repr(value[:80])
    return "an object" if isinstance(value, dict) else "a list" if isinstance(value, list) else repr(value)


def _objects(holder: JsonObject, field: str, where: str) -> Iterator[JsonObject]:
    for i, item in enumerate(_list(holder, field, where)):
        yield _object(item, f"{where}.{field}[{i}]")
