"""A finished exchange as spans: one for the call, in OpenTelemetry's GenAI conventions, and one for each further try.

A call that its first target answered is one span; where there were several tries, each is a child span, so that a
fallback is seen. `noted.py` decides what they say.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from masthead.gateway.call import Attempt, Exchange
from masthead.gateway.joining import new_id
from masthead.gateway.noted import Noted, noted, text_of
from masthead.ingest.otlp_write import lines_json, links_json, put_attributes, span_json, text_json, text_opening
from masthead.model import attributes as names
from masthead.model.ids import SpanId
from masthead.model.span import AttributeValue, Span

SCOPE: Final = "masthead.gateway"
RESOURCE: Final[Mapping[str, AttributeValue]] = {"telemetry.sdk.name": "masthead-gateway"}
Line = Sequence[bytes | memoryview]
"""The spans of one call in OTLP's JSON, in pieces, a comma before each span; what is no bytes yet is a text's JSON."""
_SMALL_BYTES: Final = 16 * 1024
"""Lines up to this size are joined at once; each copy of a larger one counts."""
_MOST_BODY_BYTES: Final = 1024 * 1024


def spans_of(exchange: Exchange, note: Noted | None = None) -> list[Span]:
    """Return the spans of a finished exchange, the call's own first."""
    told = noted(exchange) if note is None else note
    return [_own(exchange, told), *_attempts(exchange)]


def lines_of(exchange: Exchange, note: Noted) -> list[Line]:
    """Return the same as OTLP's JSON; `bodies_of` makes requests of it.

    A large call's texts are left as they are until then, when all of it is done at once, in memory that is used again.
    """
    is_small = exchange.kept_bytes + len(exchange.call.body) <= _SMALL_BYTES
    kind, said, own = note
    pieces: list[bytes | memoryview] = [_head(exchange), kind.opening]
    if own.keys().isdisjoint(said) and own.keys().isdisjoint(kind.attributes):
        for name, data in said.items():
            pieces += (text_opening(name), text_json(text_of(data)) if is_small else data, b"}}")
        put_attributes(pieces, own)
        pieces.append(b"]}")
    else:
        pieces = [b",", span_json(_own(exchange, note))]
    if len(exchange.attempts) > 1:
        for span in _attempts(exchange):
            pieces += (b",", span_json(span))
    return [[b"".join(pieces)] if is_small else pieces]


def bodies_of(lines: Iterable[Line]) -> Iterator[bytes]:
    """Yield an `ExportTraceServiceRequest` for each so many bytes of lines, which fit the processor's cache."""
    pieces: list[bytes] = []
    size_bytes = 0
    for line in lines:
        for piece in line:
            written = piece if isinstance(piece, bytes) else text_json(text_of(piece))
            pieces.append(written)
            size_bytes += len(written)
        if size_bytes > _MOST_BODY_BYTES:
            yield lines_json(pieces, RESOURCE, SCOPE)
            pieces, size_bytes = [], 0
    if pieces:
        yield lines_json(pieces, RESOURCE, SCOPE)


def _head(exchange: Exchange) -> bytes:
    head = (
        f',{{"traceId":"{exchange.trace_id}","spanId":"{exchange.span_id}","startTimeUnixNano":"{exchange.start_ns}",'
        f'"endTimeUnixNano":"{exchange.end_ns or exchange.start_ns}"'
    )
    if exchange.parent_span_id:
        head += f',"parentSpanId":"{exchange.parent_span_id}"'
    written = head.encode()
    error = _error(exchange)
    if error is not None:
        written += b',"status":{"code":2,"message":' + text_json(error) + b"}"
    if exchange.links:
        written += b',"links":' + links_json(exchange.links)
    return written


def _own(exchange: Exchange, note: Noted) -> Span:
    error = _error(exchange)
    return Span(
        trace_id=exchange.trace_id,
        span_id=exchange.span_id,
        parent_span_id=exchange.parent_span_id,
        name=note.kind.name,
        kind="client",
        start_ns=exchange.start_ns,
        end_ns=exchange.end_ns or exchange.start_ns,
        status="error" if error is not None else "unset",
        status_message=error,
        links=exchange.links,
        attributes=note.attributes(),
        resource=RESOURCE,
        scope_name=SCOPE,
    )


def _attempts(exchange: Exchange) -> Iterator[Span]:
    if len(exchange.attempts) > 1:
        for at, attempt in enumerate(exchange.attempts):
            yield _attempt(exchange, at, attempt)


def _error(exchange: Exchange) -> str | None:
    if exchange.is_client_gone:
        return "the client went away before the answer's end"
    return exchange.error_kept


def _attempt(exchange: Exchange, at: int, attempt: Attempt) -> Span:
    return Span(
        trace_id=exchange.trace_id,
        span_id=SpanId(new_id(64)),
        parent_span_id=exchange.span_id,
        name=f"attempt {at + 1} {attempt.target.connection.name}",
        kind="client",
        start_ns=attempt.start_ns,
        end_ns=attempt.end_ns or exchange.end_ns or attempt.start_ns,
        status="error" if attempt.failure not in {None, "abandoned"} else "unset",
        status_message=attempt.error,
        attributes=_attempt_attributes(at, attempt),
        resource=RESOURCE,
        scope_name=SCOPE,
    )


def _attempt_attributes(at: int, attempt: Attempt) -> dict[str, AttributeValue]:
    target = attempt.target
    attributes: dict[str, AttributeValue] = {
        "masthead.gateway.attempt": at,
        "masthead.gateway.connection": target.connection.name,
        "masthead.gateway.model": target.model,
    }
    if attempt.status is not None:
        attributes["http.response.status_code"] = attempt.status
    if attempt.failure == "abandoned":
        attributes["masthead.gateway.is_abandoned"] = True
        attributes["masthead.gateway.is_cost_unknown"] = True
    elif attempt.failure is not None:
        attributes[names.ERROR_TYPE] = attempt.failure
    return attributes
