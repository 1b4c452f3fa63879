"""OTLP/HTTP: `POST /v1/traces`, as the OTLP specification has it, in plain ASGI because it is the hot path.

Protobuf or JSON, as it is or compressed with gzip, deflate or zstd. Answers are in the request's encoding: 200 once the
spans are on disk, with `partial_success` where single spans were refused; 400, 413 and 415 say what is wrong and must
not be repeated; 429 and 503 carry `Retry-After` and mean that nothing was taken.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import Future
from http import HTTPStatus
from typing import Final, NamedTuple, TypeAlias

import orjson
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)
from starlette.types import Receive, Scope, Send

from masthead.api.otlp_body import ENCODINGS, too_large, unpacked
from masthead.govern.directory import NotInMemoryError, from_memory
from masthead.ingest.door import Door, Receipt
from masthead.model.errors import (
    InvalidInput,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    Overloaded,
    StoreError,
    TooLarge,
)
from masthead.model.ids import ProjectId
from masthead.store.wal_record import Kind

_LOG = logging.getLogger(__name__)
Authenticate: TypeAlias = Callable[[Scope], ProjectId]
"""Says whose spans these are; raises `NotAuthenticated`, `NotAllowed`, `NotFound` or `Overloaded`."""

_KINDS: Final[Mapping[str, Kind]] = {
    "application/x-protobuf": Kind.PROTOBUF,
    "application/protobuf": Kind.PROTOBUF,
    "application/json": Kind.JSON,
}
_CONTENT_TYPES: Final[Mapping[Kind, bytes]] = {Kind.PROTOBUF: b"application/x-protobuf", Kind.JSON: b"application/json"}
_IN_LOOP_BYTES: Final[Mapping[Kind, int]] = {Kind.PROTOBUF: 2 * 1024 * 1024, Kind.JSON: 64 * 1024}
"""Bodies up to this size are parsed where they arrive (some 3 ms); larger ones in a thread, one at a time."""
_READING_BYTES: Final = 256 * 1024 * 1024
_BODY_TIMEOUT_S: Final = 60.0
_RETRY_AFTER_S: Final = 5


class _GoneError(Exception):
    """The client went away before its body was complete."""


class _TooManyError(Overloaded):
    """This caller is to slow down, whatever room there is for others."""


class _Refusal(NamedTuple):
    status: HTTPStatus
    code: int
    """As `google.rpc.Code` numbers it."""
    headers: tuple[tuple[bytes, bytes], ...] = ()


class OtlpTraces:
    """The ASGI application behind `/v1/traces`."""

    def __init__(self, door: Door, authenticate: Authenticate) -> None:
        self._door = door
        self._authenticate = authenticate
        self._large = asyncio.Semaphore(1)
        """One large body is parsed at a time: each holds the interpreter for a while."""
        self._reading_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        kind = _KINDS.get(headers.get("content-type", "").partition(";")[0].strip().lower())
        answered_as = kind or Kind.JSON
        try:
            if scope["method"] != "POST":
                await _send(send, HTTPStatus.METHOD_NOT_ALLOWED, answered_as, b"", ((b"allow", b"POST"),))
                return
            project = await self._project(scope)
            encoding = headers.get("content-encoding", "identity").strip().lower() or "identity"
            if kind is None or encoding not in ENCODINGS:
                await _refuse(send, answered_as, _UNSUPPORTED, _unsupported(headers))
                return
            receipt = await self._take(project, kind, encoding, receive)
        except _GoneError:
            return
        except Exception as error:  # noqa: BLE001 - the edge: every error becomes an answer, the unexpected ones logged
            refusal = _refusal(error)
            await _refuse(send, answered_as, refusal, _UNFORESEEN if refusal is _FAULT else str(error))
        else:
            await _send(send, HTTPStatus.OK, answered_as, _success(answered_as, receipt))

    async def _project(self, scope: Scope) -> ProjectId:
        """Ask here what is known, in a thread what the database must be asked for."""
        try:
            try:
                with from_memory():
                    return self._authenticate(scope)
            except NotInMemoryError:
                return await asyncio.to_thread(self._authenticate, scope)
        except Overloaded as error:
            raise _TooManyError(str(error), retry_after_s=error.retry_after_s) from error

    async def _take(self, project: ProjectId, kind: Kind, encoding: str, receive: Receive) -> Receipt:
        held_bytes, chunks = 0, list[bytes]()
        try:
            async with asyncio.timeout(_BODY_TIMEOUT_S):
                async for chunk in _chunks(receive):
                    chunks.append(chunk)
                    held_bytes += len(chunk)
                    self._hold(len(chunk))
                    if held_bytes > self._door.max_body_bytes:
                        raise too_large(self._door.max_body_bytes)
            written = await self._parse(project, kind, encoding, b"".join(chunks))
        finally:
            self._reading_bytes -= held_bytes
        return await asyncio.wrap_future(written)

    async def _parse(self, project: ProjectId, kind: Kind, encoding: str, wire: bytes) -> "Future[Receipt]":
        """Unpack and parse here what is small, in a thread what is not, or turns out not to be, or must wait."""
        in_loop = min(_IN_LOOP_BYTES[kind], self._door.max_body_bytes)
        if len(wire) * (1 if encoding == "identity" else 4) <= in_loop:
            try:
                with from_memory():
                    return self._receive(project, kind, encoding, wire, 2 * in_loop)
            except NotInMemoryError:
                pass
            except TooLarge:
                if 2 * in_loop >= self._door.max_body_bytes:
                    raise
        async with self._large:
            return await asyncio.to_thread(self._receive, project, kind, encoding, wire, self._door.max_body_bytes)

    def _receive(
        self, project: ProjectId, kind: Kind, encoding: str, wire: bytes, limit_bytes: int
    ) -> "Future[Receipt]":
        body = unpacked(wire, encoding, limit_bytes)
        return self._door.receive(project, body.payload, kind, gzip=body.gzip)

    def _hold(self, more_bytes: int) -> None:
        """Count bytes that are being read, and turn away what would be too many at once."""
        self._reading_bytes += more_bytes
        if self._reading_bytes > _READING_BYTES:
            raise _TooManyError(
                f"{self._reading_bytes} bytes of requests are being read at once: send again in {_RETRY_AFTER_S} s",
                retry_after_s=_RETRY_AFTER_S,
            )


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _GoneError
        if message.get("body"):
            yield message["body"]
        if not message.get("more_body", False):
            return


def _success(kind: Kind, receipt: Receipt) -> bytes:
    if kind is Kind.JSON:
        if not receipt.rejected:
            return b"{}"
        partial = {"rejectedSpans": str(receipt.rejected), "errorMessage": receipt.reason}
        return orjson.dumps({"partialSuccess": partial})
    if not receipt.rejected:
        return b""
    partial_success = ExportTracePartialSuccess(rejected_spans=receipt.rejected, error_message=receipt.reason or "")
    return ExportTraceServiceResponse(partial_success=partial_success).SerializeToString()


_UNSUPPORTED: Final = _Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, 3)


def _unsupported(headers: Mapping[str, str]) -> str:
    return (
        f"Content-Type {headers.get('content-type')!r} with Content-Encoding {headers.get('content-encoding')!r} "
        f"cannot be read here: send one of {', '.join(_KINDS)}, encoded as one of {', '.join(ENCODINGS)}"
    )


def _refusal(error: Exception) -> _Refusal:
    """Return how an error is answered; what nobody foresaw is logged and is the server's fault."""
    for kind, refusal in _REFUSALS:
        if isinstance(error, kind):
            seconds = error.retry_after_s if isinstance(error, Overloaded) else _RETRY_AFTER_S
            return refusal._replace(headers=_retry_after(seconds)) if refusal.code == _UNAVAILABLE else refusal
    _LOG.error("a request to /v1/traces failed", exc_info=error)
    return _FAULT


_FAULT: Final = _Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, 13)
_UNFORESEEN: Final = "the server failed at this request; what happened stands in its log"

_UNAVAILABLE: Final = 14
_REFUSALS: Final[tuple[tuple[type[Exception], _Refusal], ...]] = (
    (TooLarge, _Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, 3)),
    (InvalidInput, _Refusal(HTTPStatus.BAD_REQUEST, 3)),
    (NotAuthenticated, _Refusal(HTTPStatus.UNAUTHORIZED, 16, ((b"www-authenticate", b"Bearer"),))),
    (NotAllowed, _Refusal(HTTPStatus.FORBIDDEN, 7)),
    (NotFound, _Refusal(HTTPStatus.NOT_FOUND, 5)),
    (_TooManyError, _Refusal(HTTPStatus.TOO_MANY_REQUESTS, _UNAVAILABLE)),
    (Overloaded, _Refusal(HTTPStatus.SERVICE_UNAVAILABLE, _UNAVAILABLE)),
    (StoreError, _Refusal(HTTPStatus.SERVICE_UNAVAILABLE, _UNAVAILABLE)),
    (TimeoutError, _Refusal(HTTPStatus.REQUEST_TIMEOUT, 4)),
)
"""How errors are answered; the first that fits counts."""


def _retry_after(seconds: int) -> tuple[tuple[bytes, bytes], ...]:
    return ((b"retry-after", str(seconds).encode()),)


async def _refuse(send: Send, kind: Kind, refusal: _Refusal, text: str) -> None:
    """Answer with a `google.rpc.Status` in the request's encoding."""
    if kind is Kind.JSON:
        body = orjson.dumps({"code": refusal.code, "message": text})
    else:
        body = Status(code=refusal.code, message=text).SerializeToString()
    await _send(send, refusal.status, kind, body, refusal.headers)


async def _send(
    send: Send, status: HTTPStatus, kind: Kind, body: bytes, headers: Sequence[tuple[bytes, bytes]] = ()
) -> None:
    start = [(b"content-type", _CONTENT_TYPES[kind]), (b"content-length", str(len(body)).encode()), *headers]
    await send({"type": "http.response.start", "status": int(status), "headers": start})
    await send({"type": "http.response.body", "body": body})
