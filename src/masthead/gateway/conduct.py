"""Sends a call to one target after the other, until one of them has an answer worth passing on."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec

from masthead.clock import Clock
from masthead.gateway.answers import JSON, passed_on
from masthead.gateway.call import Answer, Attempt, Exchange, FailureKind, Header, Members, Target
from masthead.gateway.forward import Forwarded, forwarded
from masthead.gateway.seams import Plan
from masthead.gateway.upstream.port import UpstreamClient, UpstreamFailed, UpstreamResponse
from masthead.model.errors import UpstreamError

_LOG = logging.getLogger(__name__)
_STREAMS: Final = (b"text/event-stream", b"application/vnd.amazon.eventstream")
_MOST_ERROR_BYTES: Final = 1024 * 1024
_OBJECT: Final = msgspec.json.Decoder(Members)


@dataclass(slots=True)
class Opened:
    """A stream whose first bytes are here."""

    response: UpstreamResponse
    sent: Forwarded
    attempt: Attempt
    headers: list[Header]
    first: bytes


class _Refusal(NamedTuple):
    """What an upstream said instead of an answer."""

    status: int
    headers: list[Header]
    body: bytes
    sent: Forwarded


class Conductor:
    """Makes the attempts of a call."""

    def __init__(self, client: UpstreamClient, clock: Clock, *, max_answer_bytes: int) -> None:
        self._client = client
        self._clock = clock
        self._max_answer_bytes = max_answer_bytes

    async def answer(self, exchange: Exchange, plan: Plan) -> Answer | Opened:
        """Return the answer, or a stream that has begun; where all attempts failed, the last failure as an answer.

        Raises:
            InvalidInput: the call cannot be put into the target's dialect.
            UpstreamFailed: no upstream answered; the last failure.
        """
        last: _Refusal | UpstreamFailed | None = None
        while (step := plan.next(exchange.attempts)) is not None:
            if step.delay_s > 0:
                await asyncio.sleep(step.delay_s)
            attempt = Attempt(target=step.target, start_ns=self._clock.now_ns())
            exchange.attempts.append(attempt)
            try:
                found = await self._attempt(exchange, attempt)
            except UpstreamFailed as failure:
                self._failed(attempt, failure.kind, str(failure))
                last = failure
                continue
            except asyncio.CancelledError:
                self._failed(attempt, "broken", "the client went away")
                raise
            if not isinstance(found, _Refusal):
                return found
            last = found
        if isinstance(last, _Refusal):
            return _as_answer(last)
        if last is None:
            raise UpstreamError("no target was tried: all of them are set aside at present")
        raise last

    async def _attempt(self, exchange: Exchange, attempt: Attempt) -> Answer | Opened | _Refusal:
        call, target = exchange.call, attempt.target
        sent = forwarded(call, target, reply_id=f"mh-{exchange.span_id}", now_s=exchange.start_ns // 1_000_000_000)
        response = await self._client.send(sent.request)
        attempt.status = response.status
        try:
            if response.status >= 300:
                body = await response.read(_MOST_ERROR_BYTES)
                self._failed(attempt, "status", _short(body))
                attempt.retry_after_s = _retry_after_s(response.headers)
                return _Refusal(response.status, response.headers, body, sent)
            if _is_stream(response.headers):
                return Opened(response, sent, attempt, response.headers, await response.read_some())
            body = await response.read(self._max_answer_bytes)
        except BaseException:
            response.close()
            raise
        attempt.end_ns = self._clock.now_ns()
        if not call.endpoint.is_model_call or not _is_json(response.headers):
            return Answer(response.status, tuple(passed_on(response.headers)), body)
        answer = _translated(response, sent, _checked(body, target), body)
        note_losses(exchange, sent)
        return answer

    def _failed(self, attempt: Attempt, kind: FailureKind, error: str) -> None:
        attempt.end_ns = self._clock.now_ns()
        attempt.failure = kind
        attempt.error = error
        if kind in {"refused", "nonsense"}:
            _LOG.warning("connection %s: %s", attempt.target.connection.name, error)


def _checked(body: bytes, target: Target) -> Members:
    try:
        return _OBJECT.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        message = f"{target.connection.name} answered with what is no JSON object: {_short(body)!r}"
        raise UpstreamFailed(message, kind="nonsense") from error


def _translated(response: UpstreamResponse, sent: Forwarded, members: Members, body: bytes) -> Answer:
    if sent.translation is None:
        return Answer(response.status, tuple(passed_on(response.headers)), body)
    try:
        reply = sent.translation.reply({name: msgspec.json.decode(raw) for name, raw in members.items()})
    except UpstreamError as error:
        raise UpstreamFailed(str(error), kind="nonsense") from error
    return Answer(response.status, (JSON,), msgspec.json.encode(reply))


def _as_answer(refusal: _Refusal) -> Answer:
    if refusal.status < 400:
        raise UpstreamFailed(f"it answered with the redirect {refusal.status}, which is not followed", kind="nonsense")
    headers = passed_on(refusal.headers)
    if refusal.sent.translation is None:
        return Answer(refusal.status, tuple(headers), refusal.body)
    error = refusal.sent.translation.error(refusal.status, refusal.body)
    kept = tuple(header for header in headers if header[0] not in {b"content-type", b"content-encoding"})
    return Answer(error.status, (JSON, *kept), msgspec.json.encode(error.body))


def note_losses(exchange: Exchange, sent: Forwarded) -> None:
    """Note what the translation could not carry, in the span."""
    if sent.translation is not None and sent.translation.losses:
        exchange.attributes["masthead.gateway.losses"] = [f"{one.field}: {one.why}" for one in sent.translation.losses]


def _is_stream(headers: list[Header]) -> bool:
    return any(name == b"content-type" and value.startswith(_STREAMS) for name, value in headers)


def _is_json(headers: list[Header]) -> bool:
    return any(name == b"content-type" and b"json" in value for name, value in headers)


def _retry_after_s(headers: list[Header]) -> float | None:
    for name, value in headers:
        if name == b"retry-after":
            try:
                return max(0.0, float(value))
            except ValueError:
                return None  # an HTTP date: rare, and clocks differ
    return None


def _short(body: bytes) -> str:
    return body[:500].decode("utf-8", "replace")
