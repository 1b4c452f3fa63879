"""A decoded span on its way from the wire to a row, and what makes the door refuse one.

Plain tuples, because hundreds of thousands pass a minute; nobody outside this room sees them.
"""

import math
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import orjson

from masthead.model.span import AttributeValue

MAX_DEPTH: Final = 64
"""How deep an attribute's lists and objects may be nested."""
MAX_SPAN_BYTES: Final = 32 * 1024 * 1024
"""What a span's attributes, events and links may take as JSON, in which control characters take six bytes each."""
_ENTRY_BYTES: Final = 48
"""What an event or a link takes as JSON beside its attributes."""
CHECKED_FROM_BYTES: Final = MAX_SPAN_BYTES // 24
"""Smaller bodies and spans stay within that whatever they hold: nothing grows more than 24-fold as JSON."""
_MAX_NS: Final = (1 << 63) - 1
_NO_TRACE: Final = bytes(16)
_NO_SPAN: Final = bytes(8)

JsonObject = dict[str, AttributeValue]


class WireEvent(NamedTuple):
    """A span's event."""

    name: str
    time_ns: int
    attributes: JsonObject


class WireLink(NamedTuple):
    """A reference to another span; ids are 16 and 8 bytes."""

    trace_id: bytes
    span_id: bytes
    attributes: JsonObject


class WireSpan(NamedTuple):
    """A span as OTLP has it: ids as bytes (`parent_span_id` empty at a root), kind and status as OTLP numbers them."""

    trace_id: bytes
    span_id: bytes
    parent_span_id: bytes
    name: str
    kind: int
    start_ns: int
    end_ns: int
    status: int
    status_message: str
    attributes: JsonObject
    events: tuple[WireEvent, ...]
    links: tuple[WireLink, ...]
    resource: JsonObject
    """The same object for every span of one resource."""
    scope_name: str
    scope_version: str


class Rejection(NamedTuple):
    """Why spans were refused: a stable reason to count by, and a sentence with the bad value."""

    reason: str
    detail: str


def problem(trace_id: bytes, span_id: bytes, start_ns: int, end_ns: int) -> Rejection | None:
    """Say why a span cannot be stored, or None where it can."""
    if len(trace_id) != 16 or trace_id == _NO_TRACE:
        return Rejection("trace_id", f"trace_id {trace_id.hex()!r} is not 16 bytes with one that is not zero")
    if len(span_id) != 8 or span_id == _NO_SPAN:
        return Rejection("span_id", f"span_id {span_id.hex()!r} is not 8 bytes with one that is not zero")
    if not 0 < start_ns <= _MAX_NS or not 0 <= end_ns <= _MAX_NS:
        return Rejection("time", f"times {start_ns} to {end_ns} are not Unix nanoseconds between 1970 and 2262")
    return None


def oversize(span_id: bytes, size_bytes: int) -> Rejection | None:
    """Say that a span is too large, or None where it is not."""
    if size_bytes <= MAX_SPAN_BYTES:
        return None
    return Rejection(
        "too_large",
        f"span {span_id.hex()!r} takes {size_bytes} bytes or more as JSON, over {MAX_SPAN_BYTES}: shorten its texts",
    )


def entries_bytes(events: int, links: int) -> int:
    """Return what so many events and links take at least as JSON."""
    return _ENTRY_BYTES * (events + links)


def json_bytes(span: WireSpan) -> int:
    """Return what a span's attributes, events and links take as JSON, within a few bytes."""
    holders = [span.attributes, [one.attributes for one in span.events], [one.attributes for one in span.links]]
    names = [one.name for one in span.events]
    return len(orjson.dumps([holders, names])) + entries_bytes(len(span.events), len(span.links))


def parent_of(parent_span_id: bytes) -> bytes:
    """Return a parent's id, empty where there is none: absent, all zeros or of a wrong length."""
    return parent_span_id if len(parent_span_id) == 8 and parent_span_id != _NO_SPAN else b""


def number(value: float) -> float | str:
    """Return a float as JSON can hold it; NaN and infinities become the text that protobuf's JSON has for them."""
    if math.isfinite(value):
        return value
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"  # noqa: PLR0124 - that is what NaN is


def summary(rejections: Iterable[Rejection]) -> str:
    """Return one sentence about refused spans: how many of each reason, with the first example."""
    by_reason: dict[str, list[str]] = {}
    for rejection in rejections:
        by_reason.setdefault(rejection.reason, []).append(rejection.detail)
    return "; ".join(_told(details) for details in by_reason.values())


def _told(details: list[str]) -> str:
    return details[0] if len(details) == 1 else f"{details[0]} (and {len(details) - 1} more like it)"


def strings_of(value: AttributeValue) -> Iterator[str]:
    """Yield every text inside a value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from strings_of(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from strings_of(item)
