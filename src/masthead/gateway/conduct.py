"""Sends a call to one target after the other, until one of them has an answer worth passing on."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from math import isfinite, nan
from typing import Final, NamedTuple

import msgspec

from masthead.clock import Clock
from masthead.gateway.answers import JSON, passed_on
from masthead.gateway.call import Answer, Attempt, Call, Exchange, FailureKind, Header, Members, Target
from masthead.gateway.forward import Forwarded, forwarded
from masthead.gateway.grants import Grants
from masthead.gateway.outline import outlined
from masthead.gateway.policy.failures import is_too_long
from masthead.gateway.seams import Plan, Step
from masthead.gateway.streams import refused_at_once
from masthead.gateway.upstream.port import UpstreamClient, UpstreamFailed, UpstreamResponse
from masthead.model.errors import InvalidInput, UpstreamError
from masthead.providers.dialects import Dialect, Translation
from masthead.providers.dialects.plain import PlainTranslation

_LOG = logging.getLogger(__name__)
_STREAMS: Final = (b"text/event-stream", b"application/vnd.amazon.eventstream")
_PLAIN: Final = frozenset({b"", b"identity"})
_MOST_ERROR_BYTES: Final = 1024 * 1024
_SHORT_BYTES: Final = 500
_OBJECT: Final = msgspec.json.Decoder(Members)


@dataclass(slots=True)
class Opened:
    """A stream whose first bytes are here."""

    response: UpstreamResponse
    sent: Forwarded
    attempt: Attempt
    headers: list[Header]
    first: bytes


class Refusal(NamedTuple):
    """What an upstream said instead of an answer."""

    status: int
    headers: list[Header]
    body: bytes
    sent: Forwarded


Failed = Refusal | UpstreamFailed | InvalidInput


class Conductor:
    """Makes the attempts of a call."""

    def __init__(self, client: UpstreamClient, clock: Clock, *, max_answer_bytes: int) -> None:
        self._client = client
        self._clock = clock
        self._max_answer_bytes = max_answer_bytes
        self._grants = Grants(client, clock)

    async def answer(self, exchange: Exchange, plan: Plan) -> Answer | Opened:
        """Return the answer, or a stream that has begun; where all attempts failed, the last failure as an answer.

        Raises:
            InvalidInput: the call cannot be put into any target's dialect.
            UpstreamFailed: no upstream answered; the last failure.
        """
        last: Failed | None = None
        while (step := plan.next(exchange.attempts)) is not None:
            if step.delay_s > 0:
                await asyncio.sleep(step.delay_s)
            if step.hedge_after_s is None:
                found = await self._tried(exchange, self._begun(exchange, step.target))
            else:
                found = await self._raced(exchange, step, plan)
            if not isinstance(found, Refusal | UpstreamFailed | InvalidInput):
                return found
            if last is None or not isinstance(found, InvalidInput):  # what a target said tells more
                last = found
        if isinstance(last, Refusal):
            return _as_answer(last)
        if isinstance(last, InvalidInput):
            raise InvalidInput(str(last))  # a new one, as below
        if last is None:
            raise UpstreamError("no target was tried: all of them are set aside at present")
        raise UpstreamFailed(str(last), kind=last.kind)  # a new one: this frame, which holds the other, would be in it

    def _begun(self, exchange: Exchange, target: Target) -> Attempt:
        """Return a new attempt at the target."""
        attempt = Attempt(target=target, start_ns=self._clock.now_ns())
        exchange.attempts.append(attempt)
        return attempt

    async def _tried(self, exchange: Exchange, attempt: Attempt) -> "Answer | Opened | Failed":
        """Make the attempt, and return what came of it."""
        try:
            return await self._attempt(exchange, attempt)
        except UpstreamFailed as failure:
            self._failed(attempt, failure.kind, str(failure))
            if failure.said and exchange.keeps_content:
                attempt.error = f"{failure}: {_short(failure.said)}"
            return failure
        except InvalidInput as unfit:  # which the next target's dialect may have a place for
            self._failed(attempt, "unsupported", str(unfit) if exchange.keeps_content else "HTTP 400")
            return unfit
        except asyncio.CancelledError as cancelled:
            self._give_up(attempt, str(cancelled.args[0]) if cancelled.args else "the client went away")
            raise

    def _give_up(self, attempt: Attempt, why: str) -> None:
        """Note that nobody waits for the attempt any more."""
        self._failed(attempt, "abandoned", why)

    async def _raced(self, exchange: Exchange, step: Step, plan: Plan) -> "Answer | Opened | Failed":
        """Try one target, and a second one beside it where the first takes long; the first good answer wins.

        The other one is given up, and its connection closed, before this returns.
        """
        attempt = self._begun(exchange, step.target)
        first = asyncio.create_task(self._tried(exchange, attempt))
        racing = {first: attempt}
        winner: asyncio.Task[Answer | Opened | Failed] | None = None
        try:
            await asyncio.wait(racing, timeout=step.hedge_after_s)
            if not first.done() and (attempt.status is None or exchange.call.is_stream):
                target = plan.hedge()
                if target is not None and (exchange.take_more is None or await exchange.take_more()):
                    exchange.attributes["masthead.gateway.hedged"] = True
                    second = self._begun(exchange, target)
                    racing[asyncio.create_task(self._tried(exchange, second))] = second
            winner = await _first_good(racing)
            return winner.result()
        finally:
            why = "the client went away" if winner is None else "another target answered first"
            await self._over(racing, winner, why)

    async def _over(
        self,
        racing: "Mapping[asyncio.Task[Answer | Opened | Failed], Attempt]",
        winner: "asyncio.Task[Answer | Opened | Failed] | None",
        why: str,
    ) -> None:
        """End all of a race but its winner."""
        for task in racing:
            if task is not winner:
                task.cancel(why)
        for task, found in zip(racing, await asyncio.gather(*racing, return_exceptions=True), strict=True):
            if task is not winner and isinstance(found, Answer | Opened):
                if isinstance(found, Opened):
                    found.response.close()
                self._give_up(racing[task], why)

    async def _attempt(self, exchange: Exchange, attempt: Attempt) -> Answer | Opened | Refusal:
        call, target = exchange.outgoing, attempt.target
        account = target.connection.account
        if account is not None:
            target = target._replace(connection=await self._grants.with_token(target.connection, account))
        sent = forwarded(call, target, reply_id=f"mh-{exchange.span_id}", now_s=exchange.start_ns // 1_000_000_000)
        response = await self._client.send(sent.request)
        attempt.status = response.status
        try:
            if response.status >= 300:
                body = await response.read(_MOST_ERROR_BYTES)
                if account is not None and response.status == 401:
                    self._grants.forget(account)
                return self._refused(exchange, attempt, Refusal(response.status, response.headers, body, sent))
            content_type = _header(response.headers, b"content-type")
            encoding = _header(response.headers, b"content-encoding").lower()
            if call.endpoint.is_model_call and encoding not in _PLAIN:
                why = f"it encoded its answer ({encoding.decode('latin-1')}), which it was asked not to"
                raise UpstreamFailed(why, kind="nonsense")
            if content_type.startswith(_STREAMS) and not isinstance(sent.translation, PlainTranslation):
                first = await response.read_some()
                refused = refused_at_once(_spoken(call, target, sent), first)
                if refused is None:
                    return Opened(response, sent, attempt, response.headers, first)
                response.close()
                status, body = refused
                headers = [JSON, *(header for header in response.headers if header[0] != b"content-type")]
                return self._refused(exchange, attempt, Refusal(status, headers, body, sent))
            body = await response.read(self._max_answer_bytes)
        except BaseException:
            response.close()
            raise
        attempt.end_ns = self._clock.now_ns()
        is_bare = not call.endpoint.is_model_call or b"json" not in content_type
        if sent.translation is None:
            outline = None if is_bare else outlined(body)
            if outline is None and not is_bare:
                _checked(body, target)
            return Answer(response.status, tuple(passed_on(response.headers)), body, outline)
        answer = _translated(response, sent.translation, _checked(body, target))
        note_losses(exchange, sent)
        return answer

    def _refused(self, exchange: Exchange, attempt: Attempt, refusal: Refusal) -> Refusal:
        """Note that the upstream refused the call."""
        attempt.status = refusal.status
        attempt.retry_after_s = _retry_after_s(refusal.headers, self._clock.now_ns() / 1e9)
        said = _short(refusal.body)
        attempt.is_too_long = is_too_long(said)
        self._failed(attempt, "status", said if exchange.keeps_content else f"HTTP {refusal.status}")
        return refusal

    def _failed(self, attempt: Attempt, kind: FailureKind, error: str) -> None:
        attempt.end_ns = self._clock.now_ns()
        attempt.failure = kind
        attempt.error = error
        if kind in {"refused", "nonsense", "secret"}:
            _LOG.warning("connection %s: %s", attempt.target.connection.name, error)


async def _first_good(
    racing: "Mapping[asyncio.Task[Answer | Opened | Failed], Attempt]",
) -> "asyncio.Task[Answer | Opened | Failed]":
    """Return the first of the tasks with a good answer; where none has one, the last one begun."""
    left = set(racing)
    while left:
        done, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
        for task in racing:
            if task in done and task.exception() is None and isinstance(task.result(), Answer | Opened):
                return task
    return list(racing)[-1]


def _checked(body: bytes, target: Target) -> Members:
    try:
        return _OBJECT.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        message = f"{target.connection.name} answered with what is no JSON object, of {len(body)} bytes"
        raise UpstreamFailed(message, kind="nonsense", said=body[:_SHORT_BYTES]) from error


def _translated(response: UpstreamResponse, translation: Translation | PlainTranslation, members: Members) -> Answer:
    try:
        told = {name: msgspec.json.decode(raw) for name, raw in members.items()}
        if isinstance(translation, PlainTranslation):
            reply = translation.reply(told, input_tokens=_input_tokens(response.headers))
        else:
            reply = translation.reply(told)
    except (UpstreamError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UpstreamFailed(str(error), kind="nonsense") from error
    return Answer(response.status, (JSON,), msgspec.json.encode(reply))


def _as_answer(refusal: Refusal) -> Answer:
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


def _header(headers: list[Header], wanted: bytes) -> bytes:
    for name, value in headers:
        if name == wanted:
            return value
    return b""


def _spoken(call: Call, target: Target, sent: Forwarded) -> Dialect:
    """Return the dialect of the answer as it comes."""
    return call.endpoint.dialect if sent.translation is None else target.connection.dialects[0]


def _retry_after_s(headers: list[Header], now_s: float) -> float | None:
    """Return how long the upstream wants to be left alone; of a date, by its own clock where it tells that."""
    told = dict(headers)
    value = told.get(b"retry-after")
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        until_s, from_s = _date_s(value), _date_s(told.get(b"date", b""))
        seconds = nan if until_s is None else until_s - (now_s if from_s is None else from_s)
    return max(0.0, seconds) if isfinite(seconds) else None


def _date_s(value: bytes) -> float | None:
    """Return an HTTP date as seconds since 1970; None where it is none."""
    try:
        return parsedate_to_datetime(value.decode("latin-1")).timestamp()
    except (ValueError, OverflowError):
        return None


def _input_tokens(headers: list[Header]) -> int | None:
    """Return the tokens that Bedrock counts in a header alone."""
    found = next((value for name, value in headers if name == b"x-amzn-bedrock-input-token-count"), b"")
    return int(found) if found.isdigit() else None


def _short(body: bytes) -> str:
    return body[:_SHORT_BYTES].decode("utf-8", "replace")
