"""The ASGI application: one call from its first byte to its last. Raw ASGI, because it is the hot path.

A client that goes away cancels the task that serves it, wherever that waits, which closes the upstream at once.
"""

import asyncio
import logging
from collections.abc import MutableMapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, Protocol

import msgspec

from masthead.clock import Clock
from masthead.gateway.answers import own_headers, passed_on, reason_of, refusal, said
from masthead.gateway.call import Answer, Call, Exchange, Header
from masthead.gateway.conduct import Opened, note_losses
from masthead.gateway.departure import Departure
from masthead.gateway.endpoints import MODELS, endpoint_of
from masthead.gateway.joining import new_id, place_of
from masthead.gateway.metrics import Metrics
from masthead.gateway.model_list import models_answer
from masthead.gateway.own_calls import OwnCalls
from masthead.gateway.reading import ClientGone, Receive, Scope, Send, body_of, call_of
from masthead.gateway.seams import AskAgain, Identify, Plugin, Router, Seams, StreamFilter, StreamOver
from masthead.gateway.streams import Pipe, UsageTaken
from masthead.gateway.tenants import Serving
from masthead.gateway.traffic import Traffic
from masthead.gateway.turns import LARGE_BYTES, SEARCHED_BYTES, Turns
from masthead.gateway.upstream.port import UpstreamFailed
from masthead.model.ids import ProjectId, SpanId
from masthead.providers.dialects import Dialect, Translation

_LOG = logging.getLogger(__name__)
_STREAM_HEADERS: Final = ((b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache"))
_NOT_ALLOWED: Final = "this path takes POST"


class Tenancy(Protocol):
    """Finds what a project's calls are served with."""

    def get(self, project: ProjectId) -> Serving | None:
        """Return it where it is ready."""
        ...

    async def load(self, project: ProjectId) -> Serving:
        """Return it, built where need be; raise `Refused` where its configuration cannot be taken."""
        ...


class Gateway:
    """Answers everything under `/v1/` but traces. Belongs to one event loop."""

    def __init__(self, identify: Identify, tenants: Tenancy, clock: Clock) -> None:
        self.metrics = Metrics()
        self.own_calls = OwnCalls(self.by_itself)
        self.traffic = Traffic()
        self._turns = Turns()
        self._over: list[tuple[Exchange, Seams]] = []
        self._identify = identify
        self._tenants = tenants
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1003})
            return
        endpoint = endpoint_of(scope["method"], scope["path"])
        self.metrics.in_flight += 1
        try:
            if endpoint is None:
                await _send(send, said(_dialect_of(scope), 404, f"there is nothing at {scope['path']!r}"))
                return
            identity = await self._identify(scope)
            serving = self._tenants.get(identity.project) or await self._tenants.load(identity.project)
            serving.is_used = True
            if endpoint is MODELS:
                models = serving.seams.router.models(identity)
                await _send(send, models_answer(models, scope["path"], _dialect_of(scope)))
                return
            if endpoint.is_model_call and scope["method"] != "POST":
                await _send(send, said(endpoint.dialect, 405, _NOT_ALLOWED, headers=((b"allow", b"POST"),)))
                return
            body = await body_of(scope, receive, serving.config.max_body_bytes)
            if len(body) > LARGE_BYTES:
                await self._turns.take()
            call = call_of(endpoint, identity, scope, body)
        except ClientGone:
            return
        except Exception as error:  # noqa: BLE001 - the edge: every error becomes an answer, the unexpected ones logged
            answer = refusal(MODELS._replace(dialect=_dialect_of(scope)) if endpoint is MODELS else endpoint, error)
            self.metrics.requests[endpoint.name if endpoint is not None else "", "", answer.status] += 1
            await _send(send, answer)
            return
        else:
            await self._serve(call, serving, scope, receive, send)
        finally:
            self.metrics.in_flight -= 1

    async def _serve(self, call: Call, serving: Serving, scope: Scope, receive: Receive, send: Send) -> None:
        place = place_of(call)
        exchange = Exchange(
            call=call,
            start_ns=self._clock.now_ns(),
            trace_id=place.trace_id,
            span_id=SpanId(new_id(64)),
            parent_span_id=place.parent_span_id,
            is_joined=place.is_said,
            recording=serving.config.recording,
            veil=serving.seams.veil_of(call),
        )
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a server runs every request in a task
        departure = Departure(exchange, task, scope, receive)
        self.traffic.under_way[exchange.span_id] = exchange
        try:
            await self._answered(exchange, serving, send)
        except asyncio.CancelledError:
            if not exchange.is_client_gone:
                raise
            task.uncancel()
        finally:
            exchange.end_ns = exchange.end_ns or self._clock.now_ns()
            departure.over()
            del self.traffic.under_way[exchange.span_id]
            if exchange.veil is None and len(call.body) <= LARGE_BYTES:
                self._end_soon(exchange, serving.seams)
            else:
                try:
                    if len(call.body) > LARGE_BYTES:  # a larger call that goes on from this one takes its turn later
                        await self._turns.take()
                finally:
                    veiled = self._ended(exchange, serving.seams)
                    if veiled is not None:
                        await asyncio.shield(veiled)

    async def by_itself(self, exchange: Exchange, router: Router, plugins: tuple[Plugin, ...]) -> None:
        """Make a call that no client asked for, and record it; what it is answered is kept in the exchange."""
        serving = self._tenants.get(exchange.call.identity.project)
        if serving is None:
            return
        seams = Seams(router=router, recorder=serving.seams.recorder, plugins=plugins)
        try:
            await self._answered(exchange, replace(serving, seams=seams), _to_nobody)
        except asyncio.CancelledError:
            exchange.error = "the gateway ended before the answer did"
            raise
        finally:
            exchange.end_ns = exchange.end_ns or self._clock.now_ns()
            veiled = self._ended(exchange, seams)
            if veiled is not None:
                await asyncio.shield(veiled)

    async def _answered(self, exchange: Exchange, serving: Serving, send: Send) -> None:
        seams = serving.seams
        try:
            for before in seams.before:
                answer = await before(exchange)
                if answer is not None:
                    await self._reply(exchange, answer, send)
                    return
            if len(self.traffic.under_way) > 1:
                await asyncio.sleep(0)  # the others that came in with it are brought to this point first: see `_end`
            plan = seams.router.plan(exchange)
            try:
                found = await serving.conductor.answer(exchange, plan)
                if isinstance(found, Opened):
                    await self._stream(exchange, found, seams, send)
                    return
                if seams.after:
                    try:
                        found = await _after(exchange, found, seams)
                    except AskAgain as again:
                        found = await _after(exchange, await self._asked_again(exchange, again.call, serving), seams)
                await self._reply(exchange, found, send)
            finally:
                plan.done(exchange.attempts)
        except Exception as error:  # noqa: BLE001 - the edge, as above
            exchange.error = str(error)
            await self._reply(exchange, refusal(exchange.call.endpoint, error), send)

    async def _asked_again(self, exchange: Exchange, sent: Call, serving: Serving) -> Answer:
        """Ask a model once more for the same call; what it takes counts as the call's own."""
        once_more = msgspec.structs.replace(exchange, sent=sent, attempts=[])
        plan = serving.seams.router.plan(once_more)
        try:
            found = await serving.conductor.answer(once_more, plan)
            if isinstance(found, Opened):
                found.response.close()
                raise UpstreamFailed("it answered with a stream what was asked in whole", kind="nonsense")
        finally:
            plan.done(once_more.attempts)
            exchange.attempts += once_more.attempts
        return found

    async def _reply(self, exchange: Exchange, answer: Answer, send: Send) -> None:
        exchange.status = answer.status
        self._keep(exchange, answer.body)
        if answer.outline is not None and not exchange.is_truncated:
            exchange.outline = answer.outline
        if answer.status >= 400 and exchange.error is None:
            exchange.error = answer.body[:500].decode("utf-8", "replace")
        headers = [*answer.headers, *own_headers(exchange), (b"content-length", b"%d" % len(answer.body))]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})
        exchange.end_ns = self._clock.now_ns()

    async def _stream(self, exchange: Exchange, opened: Opened, seams: Seams, send: Send) -> None:
        response = opened.response
        try:
            pipe = _pipe(exchange, opened, seams)
        except BaseException:
            response.close()
            raise
        exchange.status = response.status
        exchange.is_stream_answer = True
        headers = [header for header in passed_on(opened.headers) if header[0] != b"content-type"]
        try:
            await _start(send, response.status, [*_STREAM_HEADERS, *headers, *own_headers(exchange)])
            data = opened.first
            while data:
                await self._chunk(exchange, pipe.feed(data), send)
                data = await response.read_some()
            await self._chunk(exchange, pipe.end(is_delimited=_is_delimited(opened.headers)), send)
            await self._chunk(exchange, pipe.close(), send)
        except StreamOver as over:  # by policy: the upstream has done nothing wrong
            response.close()
            exchange.error = None if over.refused is None else str(over.refused)
            await self._chunk(exchange, pipe.over(over), send)
        except Exception as failure:  # noqa: BLE001 - the answer has begun: whatever happens must be told within it
            response.close()
            opened.attempt.failure = failure.kind if isinstance(failure, UpstreamFailed) else "nonsense"
            opened.attempt.error = exchange.error = str(failure)
            await self._chunk(exchange, pipe.broken(reason_of(failure)), send)
        else:
            if pipe.failed is not None:
                opened.attempt.failure = "broken"
                exchange.error = pipe.failed
                opened.attempt.error = exchange.error_kept
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
        if exchange.kept_bytes > exchange.recording.max_content_bytes:
            exchange.is_truncated = True
        else:
            exchange.answered.append(data)

    def _end_soon(self, exchange: Exchange, seams: Seams) -> None:
        """Take note of a call's end together with those of others, before anything that comes in after its answer."""
        if not self._over:
            asyncio.get_running_loop().call_soon(self._end)
        self._over.append((exchange, seams))

    def _end(self) -> None:
        """Take each step for all calls that ended before the next one, which a processor does far quicker (068).

        Large ones are taken one by one, as more of them would lie in memory at a time.
        """
        over, self._over = self._over, []
        small = [one for one in over if _is_small(one[0])]
        for ended in (small, *([one] for one in over if not _is_small(one[0]))):
            for exchange, seams in ended:
                self._tell(exchange, seams)
            for exchange, _ in ended:
                self._count(exchange)
            for recorder in {seams.recorder for _, seams in ended}:
                recorder.record(*(exchange for exchange, seams in ended if seams.recorder is recorder))

    def _ended(self, exchange: Exchange, seams: Seams) -> "asyncio.Future[None] | None":
        """Take note of a call's end; return what is still to be waited for."""
        self._tell(exchange, seams)
        self._count(exchange)
        if exchange.veil is None:
            seams.recorder.record(exchange)
        elif _is_small(exchange):
            exchange.veil(exchange)
            seams.recorder.record(exchange)
        else:
            veiled = asyncio.get_running_loop().run_in_executor(None, exchange.veil, exchange)
            veiled.add_done_callback(partial(_record, exchange, seams))  # also where this task is cancelled
            return veiled
        return None

    def _tell(self, exchange: Exchange, seams: Seams) -> None:
        """Let plugins learn that a call ended."""
        for ended in seams.ended:
            try:
                ended(exchange)
            except Exception:  # noqa: BLE001 - the edge: what was answered stays answered
                _LOG.exception("a plugin failed after the call %s", exchange.span_id)

    def _count(self, exchange: Exchange) -> None:
        try:
            self.metrics.count(exchange)
        except Exception:  # noqa: BLE001 - the edge: one call must not end the recording of others
            _LOG.exception("the end of the call %s could not be noted", exchange.span_id)


def _is_small(exchange: Exchange) -> bool:
    return len(exchange.call.body) + exchange.kept_bytes <= SEARCHED_BYTES


def _record(exchange: Exchange, seams: Seams, veiled: asyncio.Future[None]) -> None:
    if not veiled.cancelled() and veiled.exception() is None:
        seams.recorder.record(exchange)


def _dialect_of(scope: Scope) -> Dialect:
    """Return the dialect of a request by its path; of one for the models, by a header that Anthropic's clients send."""
    path: str = scope["path"]
    if path.startswith("/v1/messages") or (
        path.startswith("/v1/models") and any(name == b"anthropic-version" for name, _ in scope["headers"])
    ):
        return Dialect.ANTHROPIC
    return Dialect.OPENAI_CHAT


async def _after(exchange: Exchange, answer: Answer, seams: Seams) -> Answer:
    for after in seams.after:
        answer = await after(exchange, answer)
    return answer


async def _to_nobody(_message: MutableMapping[str, Any]) -> None:
    """Send nothing."""


async def _start(send: Send, status: int, headers: Sequence[Header], length: int | None = None) -> None:
    sized = [] if length is None else [(b"content-length", b"%d" % length)]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *sized]})


async def _send(send: Send, answer: Answer) -> None:
    await _start(send, answer.status, answer.headers, len(answer.body))
    await send({"type": "http.response.body", "body": answer.body})


def _pipe(exchange: Exchange, opened: Opened, seams: Seams) -> Pipe:
    translation = opened.sent.translation
    filters: list[StreamFilter] = [UsageTaken(exchange.answered.append)] if opened.sent.is_usage_added else []
    for filter_of in seams.filters:
        found = filter_of(exchange)
        if found is not None:
            filters.append(found)
    translated = translation.stream() if isinstance(translation, Translation) else None
    return Pipe(exchange.call.endpoint.dialect, translated, tuple(filters))


def _is_delimited(headers: Sequence[Header]) -> bool:
    return any(name in {b"transfer-encoding", b"content-length"} for name, _ in headers)
