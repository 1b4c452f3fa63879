"""Decoded spans as a record of the write-ahead log: redacted ones, and those that came as `Span`, not as bytes."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, cast

import orjson

from masthead.ingest.wire import MAX_DEPTH, JsonObject, WireEvent, WireLink, WireSpan, number, parent_of, problem
from masthead.model import attributes as names
from masthead.model.errors import InvalidInput
from masthead.model.span import Attributes, AttributeValue, Span

_KINDS: Final = ("unspecified", "internal", "server", "client", "producer", "consumer")
_STATUSES: Final = ("unset", "ok", "error")
_INT64: Final = range(-(1 << 63), 1 << 63)


def dump(spans: Sequence[WireSpan]) -> bytes:
    """Return the spans as JSON; what JSON cannot hold (half surrogates, huge numbers) is replaced, never refused."""
    resources: list[JsonObject] = []
    places: dict[int, int] = {}
    rows: list[list[Any]] = []
    for span in spans:
        place = places.setdefault(id(span.resource), len(resources))
        if place == len(resources):
            resources.append(span.resource)
        rows.append(
            [
                span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(), *span[3:10],
                [list(event) for event in span.events],
                [[link.trace_id.hex(), link.span_id.hex(), link.attributes] for link in span.links],
                place, *span[13:],
            ]
        )  # fmt: skip
    try:
        return orjson.dumps([resources, rows])
    except (TypeError, ValueError):
        return orjson.dumps(_storable(cast("AttributeValue", [resources, rows]), MAX_DEPTH + 8))


def load(payload: bytes) -> list[WireSpan]:
    """Return the spans that `dump` wrote."""
    resources, rows = orjson.loads(payload)
    return [WireSpan._make(_fields(row, resources)) for row in rows]


def _fields(row: list[Any], resources: list[JsonObject]) -> Iterator[Any]:
    yield from map(bytes.fromhex, row[:3])
    yield from row[3:10]
    yield tuple(WireEvent(*event) for event in row[10])
    yield tuple(WireLink(bytes.fromhex(link[0]), bytes.fromhex(link[1]), link[2]) for link in row[11])
    yield resources[row[12]]
    yield from row[13:]


def from_span(span: Span) -> WireSpan:
    """Return the span as the door takes it, or raise `InvalidInput` where its ids or times cannot be stored."""
    where = f"span {span.span_id!r} of run {span.trace_id!r}"
    try:
        trace_id, span_id = bytes.fromhex(span.trace_id), bytes.fromhex(span.span_id)
        parent = bytes.fromhex(span.parent_span_id or "")
        links = tuple(
            WireLink(bytes.fromhex(link.trace_id), bytes.fromhex(link.span_id), dict(link.attributes))
            for link in span.links
        )
    except ValueError as error:
        raise InvalidInput("an id is not hexadecimal", where=where) from error
    found = problem(trace_id, span_id, span.start_ns, span.end_ns)
    if found is not None:
        raise InvalidInput(found.detail, where=where)
    return WireSpan(
        trace_id,
        span_id,
        parent_of(parent),
        span.name,
        _KINDS.index(span.kind),
        span.start_ns,
        span.end_ns,
        _STATUSES.index(span.status),
        span.status_message or "",
        _with_cost(span),
        tuple(WireEvent(event.name, event.time_ns, dict(event.attributes)) for event in span.events),
        links,
        dict(span.resource),
        span.scope_name or "",
        span.scope_version or "",
    )


def _with_cost(span: Span) -> JsonObject:
    attributes: Attributes = span.attributes
    if span.price_version == names.RECORDED_PRICE and span.cost_usd is not None and names.COST_USD not in attributes:
        return {**attributes, names.COST_USD: str(span.cost_usd)}
    return dict(attributes)


def _storable(value: AttributeValue, depth: int) -> AttributeValue:
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case bool() | None:
            return value
        case int():
            return value if value in _INT64 else str(value)
        case float():
            return number(value)
        case list() | dict() if depth == 0:
            return repr(value)
        case list():
            return [_storable(item, depth - 1) for item in value]
        case dict():
            return {str(_storable(key, 0)): _storable(item, depth - 1) for key, item in value.items()}
        case _:
            return str(value)
