"""A finished exchange as spans: one for the call, in OpenTelemetry's GenAI conventions, and one for each further try.

A call that its first target answered is one span; where there were several tries, each is a child span, so that a
fallback is seen. `noted.py` decides what they say.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from masthead.gateway.call import Attempt, Exchange
from masthead.gateway.joining import new_id
from masthead.gateway.noted import Noted, noted
from masthead.ingest.otlp_write import lines_json, links_json, put_attributes, span_json, text_json
from masthead.model import attributes as names
from masthead.model.ids import SpanId
from masthead.model.span import AttributeValue, Span

SCOPE: Final = "masthead.gateway"
RESOURCE: Final[Mapping[str, AttributeValue]] = {"telemetry.sdk.name": "masthead-gateway"}
_SMALL_BYTES: Final = 16 * 1024
"""Lines up to this size are joined at once; each copy of a larger one counts."""


def spans_of(exchange: Exchange, note: Noted | None = None) -> list[Span]:
    """Return the spans of a finished exchange, the call's own first."""
    told = noted(exchange) if note is None else note
    return [_own(exchange, told), *_attempts(exchange)]


def lines_of(exchange: Exchange, note: Noted) -> list[bytes]:
    """Return the same as OTLP's JSON in pieces, a comma before each span; `body_of` makes a request of them."""
    kind, own = note
    if not kind.attributes.keys().isdisjoint(own):
        pieces = [b",", span_json(_own(exchange, note))]
    else:
        pieces = [_head(exchange), kind.opening]
        put_attributes(pieces, own)
        pieces.append(b"]}")
    if len(exchange.attempts) > 1:
        for span in _attempts(exchange):
            pieces += (b",", span_json(span))
    return pieces if exchange.kept_bytes + len(exchange.call.body) > _SMALL_BYTES else [b"".join(pieces)]


def body_of(pieces: Sequence[bytes]) -> bytes:
    """Return an `ExportTraceServiceRequest` of what `lines_of` wrote of any number of calls."""
    return lines_json(pieces, RESOURCE, SCOPE)


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
