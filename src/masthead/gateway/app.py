"""The ASGI application: one call from its first byte to its last. Raw ASGI, because it is the hot path.

A client that goes away cancels the task that serves it, wherever that waits, which closes the upstream at once.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

import msgspec

from masthead.clock import Clock
from masthead.gateway.answers import JSON, own_headers, passed_on, reason_of, refusal, said
from masthead.gateway.call import Answer, Call, Exchange, Header, Identity
from masthead.gateway.conduct import Conductor, Opened, note_losses
from masthead.gateway.departure import Departure
from masthead.gateway.endpoints import MODELS, endpoint_of
from masthead.gateway.joining import new_id, place_of
from masthead.gateway.metrics import Metrics
from masthead.gateway.reading import ClientGone, Receive, Scope, Send, body_of, call_of
from masthead.gateway.seams import Seams, StreamFilter
from masthead.gateway.streams import Pipe, UsageTaken
from masthead.gateway.upstream.port import UpstreamClient, UpstreamFailed
from masthead.model.ids import SpanId
from masthead.providers.dialects import Dialect

_LOG = logging.getLogger(__name__)
_STREAM_HEADERS: Final = ((b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache"))
_NOT_ALLOWED: Final = "this path takes POST"


class Gateway:
    """Answers everything under `/v1/` but traces. Belongs to one event loop."""

    def __init__(
        self,
        seams: Seams,
        client: UpstreamClient,
        clock: Clock,
        *,
        max_body_bytes: int,
        max_answer_bytes: int,
        max_kept_bytes: int,
    ) -> None:
        self.metrics = Metrics()
        self._client = client
        self._clock = clock
        self.configure(
            seams, max_body_bytes=max_body_bytes, max_answer_bytes=max_answer_bytes, max_kept_bytes=max_kept_bytes
        )

    def configure(self, seams: Seams, *, max_body_bytes: int, max_answer_bytes: int, max_kept_bytes: int) -> None:
        """Take up a configuration, from the next call on; a call keeps the seams that it began with."""
        self._seams = seams
        self._conductor = Conductor(self._client, self._clock, max_answer_bytes=max_answer_bytes)
        self._max_body_bytes = max_body_bytes
        self._max_kept_bytes = max_kept_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1003})
            return
        endpoint = endpoint_of(scope["method"], scope["path"])
        seams = self._seams
        self.metrics.in_flight += 1
        try:
            if endpoint is None:
                await _send(send, said(_dialect_of(scope), 404, f"there is nothing at {scope['path']!r}"))
                return
            identity = await seams.identify(scope)
            if endpoint is MODELS:
                await _send(send, _models(seams, identity, scope["path"]))
                return
            if endpoint.is_model_call and scope["method"] != "POST":
                await _send(send, said(endpoint.dialect, 405, _NOT_ALLOWED, headers=((b"allow", b"POST"),)))
                return
            body = await body_of(scope, receive, self._max_body_bytes)
            call = call_of(endpoint, identity, scope, body)
        except ClientGone:
            return
        except Exception as error:  # noqa: BLE001 - the edge: every error becomes an answer, the unexpected ones logged
            answer = refusal(endpoint, error)
            self.metrics.requests[endpoint.name if endpoint is not None else "", "", answer.status] += 1
            await _send(send, answer)
            return
        else:
            await self._serve(call, seams, receive, send)
        finally:
            self.metrics.in_flight -= 1

    async def _serve(self, call: Call, seams: Seams, receive: Receive, send: Send) -> None:
        place = place_of(call)
        exchange = Exchange(
            call=call,
            start_ns=self._clock.now_ns(),
            trace_id=place.trace_id,
            span_id=SpanId(new_id(64)),
            parent_span_id=place.parent_span_id,
            is_joined=place.is_said,
        )
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a server runs every request in a task
        departure = Departure(exchange, task, receive)
        try:
            await self._admitted(exchange, seams, send)
        except asyncio.CancelledError:
            if not exchange.is_client_gone:
                raise
            task.uncancel()
        finally:
            exchange.end_ns = exchange.end_ns or self._clock.now_ns()
            departure.over()
            self._ended(exchange, seams)

    async def _admitted(self, exchange: Exchange, seams: Seams, send: Send) -> None:
        try:
            await self._answered(exchange, seams, send)
        except Exception as error:  # noqa: BLE001 - the edge, as above
            exchange.error = str(error)
            await self._reply(exchange, refusal(exchange.call.endpoint, error), send)

    async def _answered(self, exchange: Exchange, seams: Seams, send: Send) -> None:
        for plugin in seams.plugins:
            answer = await plugin.before(exchange)
            if answer is not None:
                await self._reply(exchange, answer, send)
                return
        plan = seams.router.plan(exchange)
        try:
            found = await self._conductor.answer(exchange, plan)
            if isinstance(found, Opened):
                await self._stream(exchange, found, seams, send)
                return
            for plugin in reversed(seams.plugins):
                found = await plugin.after(exchange, found)
            await self._reply(exchange, found, send)
        finally:
            plan.done(exchange.attempts)

    async def _reply(self, exchange: Exchange, answer: Answer, send: Send) -> None:
        exchange.status = answer.status
        self._keep(exchange, answer.body)
        if answer.status >= 400 and exchange.error is None:
            exchange.error = answer.body[:500].decode("utf-8", "replace")
        await _start(send, answer.status, [*answer.headers, *own_headers(exchange)], len(answer.body))
        await send({"type": "http.response.body", "body": answer.body})
        exchange.end_ns = self._clock.now_ns()

    async def _stream(self, exchange: Exchange, opened: Opened, seams: Seams, send: Send) -> None:
        response = opened.response
        pipe = _pipe(exchange, opened, seams)
        exchange.status = response.status
        exchange.is_stream_answer = True
        headers = [header for header in passed_on(opened.headers) if header[0] != b"content-type"]
        try:
            await _start(send, response.status, [*_STREAM_HEADERS, *headers, *own_headers(exchange)])
            data = opened.first
            while data:
                await self._chunk(exchange, pipe.feed(data), send)
                data = await response.read_some()
            pipe.check_end(is_delimited=_is_delimited(opened.headers))
        except Exception as failure:  # noqa: BLE001 - the answer has begun: whatever happens must be told within it
            response.close()
            opened.attempt.failure = failure.kind if isinstance(failure, UpstreamFailed) else "nonsense"
            opened.attempt.error = exchange.error = str(failure)
            await self._chunk(exchange, pipe.close(reason_of(failure)), send)
        else:
            await self._chunk(exchange, pipe.close(), send)
            if pipe.failed is not None:
                opened.attempt.failure = "broken"
                opened.attempt.error = exchange.error = pipe.failed
        finally:
            response.close()
            opened.attempt.end_ns = self._clock.now_ns()
            note_losses(exchange, opened.sent)
        await send({"type": "http.response.body", "body": b""})
        exchange.end_ns = self._clock.now_ns()

    async def _chunk(self, exchange: Exchange, events: bytes, send: Send) -> None:
        if not events:
            return
        if exchange.first_chunk_ns is None:
            exchange.first_chunk_ns = self._clock.now_ns()
        self._keep(exchange, events)
        await send({"type": "http.response.body", "body": events, "more_body": True})

    def _keep(self, exchange: Exchange, data: bytes) -> None:
        exchange.kept_bytes += len(data)
        if exchange.kept_bytes > self._max_kept_bytes:
            exchange.is_truncated = True
        else:
            exchange.answered.append(data)

    def _ended(self, exchange: Exchange, seams: Seams) -> None:
        for plugin in seams.plugins:
            try:
                plugin.ended(exchange)
            except Exception:  # noqa: BLE001 - the edge: what was answered stays answered
                _LOG.exception("a plugin failed after the call %s", exchange.span_id)
        self.metrics.count(exchange)
        seams.recorder.record(exchange)


def _dialect_of(scope: Scope) -> Dialect:
    return Dialect.ANTHROPIC if scope["path"].startswith("/v1/messages") else Dialect.OPENAI_CHAT


def _models(seams: Seams, identity: Identity, path: str) -> Answer:
    entries = [
        {"id": one.id, "object": "model", "created": one.created_s, "owned_by": one.owned_by}
        for one in seams.router.models(identity)
    ]
    wanted = path.removeprefix("/v1/models").removeprefix("/")
    if not wanted:
        return Answer(200, (JSON,), msgspec.json.encode({"object": "list", "data": entries}))
    found = next((one for one in entries if one["id"] == wanted), None)
    if found is None:
        return said(Dialect.OPENAI_CHAT, 404, f"there is no model {wanted!r}, or not for this key")
    return Answer(200, (JSON,), msgspec.json.encode(found))


async def _start(send: Send, status: int, headers: Sequence[Header], length: int | None = None) -> None:
    sized = [] if length is None else [(b"content-length", b"%d" % length)]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *sized]})


async def _send(send: Send, answer: Answer) -> None:
    await _start(send, answer.status, answer.headers, len(answer.body))
    await send({"type": "http.response.body", "body": answer.body})


def _pipe(exchange: Exchange, opened: Opened, seams: Seams) -> Pipe:
    translation = opened.sent.translation
    filters: list[StreamFilter] = [UsageTaken(exchange.answered.append)] if opened.sent.is_usage_added else []
    for plugin in reversed(seams.plugins):
        found = plugin.filter(exchange)
        if found is not None:
            filters.append(found)
    return Pipe(exchange.call.endpoint.dialect, None if translation is None else translation.stream(), tuple(filters))


def _is_delimited(headers: Sequence[Header]) -> bool:
    return any(name in {b"transfer-encoding", b"content-length"} for name, _ in headers)
