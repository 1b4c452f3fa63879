"""What the client is told: errors in its own dialect, and which of an upstream's headers it gets."""

import logging
import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from masthead.gateway.call import Answer, Endpoint, Exchange, FailureKind, Header
from masthead.gateway.seams import Refused
from masthead.gateway.upstream.port import UpstreamFailed
from masthead.model.errors import (
    Conflict,
    InvalidInput,
    MastheadError,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    Overloaded,
    StoreError,
    TooLarge,
)
from masthead.providers.dialects import Dialect, error_body

_LOG = logging.getLogger(__name__)
_ADDRESS: Final = re.compile(r"^\S+:\d+:? ")
JSON: Final[Header] = (b"content-type", b"application/json")
_STATUSES: Final[tuple[tuple[type[MastheadError], int], ...]] = (
    (TooLarge, 413),
    (InvalidInput, 400),
    (NotAuthenticated, 401),
    (NotAllowed, 403),
    (NotFound, 404),
    (Conflict, 409),
    (Overloaded, 429),
    (StoreError, 503),
    (UpstreamFailed, 502),
)
_FROM_UPSTREAM: Final = frozenset({
    b"content-type", b"content-encoding", b"retry-after", b"retry-after-ms", b"x-request-id", b"request-id",
    b"content-disposition", b"x-should-retry",
})  # fmt: skip
_PREFIXES: Final = (b"openai-", b"anthropic-ratelimit-", b"x-ratelimit-")
_OF_KIND: Final[Mapping[FailureKind, int]] = {"timeout": 504, "unsupported": 501}
_UNFORESEEN: Final = "the gateway failed at this request; what happened stands in its log"


def refusal(endpoint: Endpoint | None, error: Exception) -> Answer:
    """Return how an error is answered; what nobody foresaw is logged and told without its details."""
    dialect = endpoint.dialect if endpoint is not None else Dialect.OPENAI_CHAT
    if isinstance(error, Refused):
        return said(dialect, error.status, str(error), error.kind, error.headers)
    if isinstance(error, UpstreamFailed):
        return said(dialect, _OF_KIND.get(error.kind, 502), told(error))
    for kind, status in _STATUSES:
        if isinstance(error, kind):
            headers: tuple[Header, ...] = ()
            if isinstance(error, Overloaded):
                headers = ((b"retry-after", str(error.retry_after_s).encode()),)
            return said(dialect, status, str(error), headers=headers)
    _LOG.error("a request to the gateway failed", exc_info=error)
    return said(dialect, 500, _UNFORESEEN)


def said(
    dialect: Dialect, status: int, message: str, kind: str | None = None, headers: tuple[Header, ...] = ()
) -> Answer:
    """Return an error of our own in a dialect."""
    return Answer(status, (JSON, *headers), msgspec.json.encode(error_body(dialect, status, message, kind)))


def told(failure: UpstreamFailed) -> str:
    """Return what a client may know of a failure: which hosts are asked, and why not, is the operator's to know."""
    if failure.kind == "secret":
        return (
            "the gateway's connection to this model's provider has no secret that can be used; an owner stores it, or"
            " the gateway's operator sets it"
        )
    if failure.kind == "refused":
        return "the gateway's connection to this model's provider is not permitted; its operator finds why in the log"
    if failure.kind == "connect":
        return "the model's provider cannot be reached; the trace of this call says why"
    if failure.kind == "unsupported":
        return str(failure)
    return f"the model's provider failed: {_ADDRESS.sub('', str(failure))}"


def reason_of(failure: Exception) -> str:
    """Return what a client is told of a failure after its answer has begun."""
    if isinstance(failure, UpstreamFailed):
        return told(failure)
    if isinstance(failure, MastheadError):
        return str(failure)
    _LOG.error("a stream of the gateway failed", exc_info=failure)
    return _UNFORESEEN


def stream_error(dialect: Dialect, message: str, *, status: int = 502, kind: str | None = None) -> bytes:
    """Return the event by which a dialect says that a stream broke off."""
    body = msgspec.json.encode(error_body(dialect, status, message, kind))
    if dialect is Dialect.OPENAI_CHAT:
        return b"data: " + body + b"\n\n"
    return b"event: error\ndata: " + body + b"\n\n"


def passed_on(headers: Iterable[Header]) -> list[Header]:
    """Return those of an upstream's headers that the client gets."""
    return [header for header in headers if header[0] in _FROM_UPSTREAM or header[0].startswith(_PREFIXES)]


def own_headers(exchange: Exchange) -> list[Header]:
    """Return what tells the client where to find this call."""
    return [
        (b"x-masthead-run", exchange.trace_id.encode()),
        (b"x-masthead-span", exchange.span_id.encode()),
        *exchange.headers,
    ]
