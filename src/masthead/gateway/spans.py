"""A finished exchange as spans: one for the call, in OpenTelemetry's GenAI conventions, and one for each further try.

A call that its first target answered is one span; where there were several tries, each is a child span, so that a
fallback is seen. What was said is kept as the bytes that were sent, in the provider's own form, which `semconv` reads.
Costs some 20 µs a call; runs in the recorder's thread.
"""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from masthead.gateway.call import Attempt, Call, Exchange
from masthead.gateway.joining import AGENT_HEADER, SESSION_HEADER, SYSTEM_HEADER, header, metadata, user_of
from masthead.gateway.reply import reply_of
from masthead.model import attributes as names
from masthead.model.ids import SpanId
from masthead.model.reading import Usage
from masthead.model.span import AttributeValue, Span
from masthead.providers.dialects import Dialect, usage_of

Content = Literal["full", "hashed", "off"]

_SCOPE: Final = "masthead.gateway"
_RESOURCE: Final[Mapping[str, AttributeValue]] = {"telemetry.sdk.name": "masthead-gateway"}
_INPUTS: Final = ("messages", "input", "prompt")
_INSTRUCTIONS: Final = ("system", "instructions")
_PARAMETERS: Final = {
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "top_k": "gen_ai.request.top_k",
    "max_tokens": "gen_ai.request.max_tokens",
    "max_completion_tokens": "gen_ai.request.max_tokens",
    "max_output_tokens": "gen_ai.request.max_tokens",
    "seed": "gen_ai.request.seed",
    "n": "gen_ai.request.choice.count",
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "presence_penalty": "gen_ai.request.presence_penalty",
    "dimensions": "gen_ai.embeddings.dimension.count",
}
_CACHE_READ: Final = "gen_ai.usage.cache_read.input_tokens"
_CACHE_WRITE: Final = "gen_ai.usage.cache_creation.input_tokens"
_REASONING: Final = "gen_ai.usage.reasoning.output_tokens"


_ABSENT: Final = msgspec.Raw()


class _Choice(msgspec.Struct):
    message: msgspec.Raw = _ABSENT
    finish_reason: str | None = None
    text: str | None = None


class _Answer(msgspec.Struct):
    """What is read of an answer, whichever dialect it is in."""

    id: str | None = None
    model: str | None = None
    usage: dict[str, Any] | None = None
    choices: list[_Choice] | None = None
    content: msgspec.Raw = _ABSENT
    output: msgspec.Raw = _ABSENT
    stop_reason: str | None = None
    status: str | None = None


_ANSWER: Final = msgspec.json.Decoder(_Answer)
_SCALAR: Final = msgspec.json.Decoder(int | float | str | bool | None)


def spans_of(exchange: Exchange, *, content: Content = "full", max_content_bytes: int = 4 * 1024 * 1024) -> list[Span]:
    """Return the spans of a finished exchange, the call's own first."""
    call = exchange.call
    attributes: dict[str, AttributeValue] = {names.OPERATION: call.endpoint.operation}
    answered = next((one for one in reversed(exchange.attempts) if one.is_ok), None)
    _put_target(attributes, call, answered or (exchange.attempts[-1] if exchange.attempts else None))
    _put_who(attributes, call)
    _put_parameters(attributes, call)
    reply = _answer_of(exchange)
    if reply is not None:
        _put_reply(attributes, call, reply)
    _put_content(attributes, call, reply, content, max_content_bytes)
    if exchange.status is not None:
        attributes["http.response.status_code"] = exchange.status
    if exchange.first_chunk_ns is not None:
        attributes["gen_ai.response.time_to_first_chunk"] = (exchange.first_chunk_ns - exchange.start_ns) / 1e9
    if exchange.is_truncated:
        attributes["masthead.gateway.is_truncated"] = True
    error = _error(exchange)
    if error is not None:
        attributes[names.ERROR_TYPE] = str(exchange.status) if error == exchange.error and exchange.status else "gone"
    attributes |= exchange.attributes
    own = Span(
        trace_id=exchange.trace_id,
        span_id=exchange.span_id,
        parent_span_id=exchange.parent_span_id,
        name=f"{call.endpoint.operation} {call.model}".strip(),
        kind="client",
        start_ns=exchange.start_ns,
        end_ns=exchange.end_ns or exchange.start_ns,
        status="error" if error is not None else "unset",
        status_message=error,
        attributes=attributes,
        resource=_RESOURCE,
        scope_name=_SCOPE,
    )
    if len(exchange.attempts) < 2:
        return [own]
    return [own, *(_attempt_span(exchange, at, one) for at, one in enumerate(exchange.attempts))]


def usage_in(exchange: Exchange) -> Usage | None:
    """Return the tokens that the provider counted, None where it did not say."""
    answer = _answer_of(exchange)
    if answer is None or answer.usage is None:
        return None
    return usage_of(exchange.call.endpoint.dialect, {"usage": answer.usage})


def _answer_of(exchange: Exchange) -> _Answer | None:
    if not exchange.answered or not exchange.call.endpoint.is_model_call:
        return None
    if exchange.is_stream_answer:
        reply = reply_of(exchange)
        body = b"" if reply is None else msgspec.json.encode(reply)
    else:
        body = exchange.answered[0] if len(exchange.answered) == 1 else b"".join(exchange.answered)
    try:
        return _ANSWER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _put_target(attributes: dict[str, AttributeValue], call: Call, attempt: Attempt | None) -> None:
    asked = call.model or None
    if attempt is None:
        if asked:
            attributes[names.REQUEST_MODEL] = asked
        return
    target = attempt.target
    attributes[names.PROVIDER] = target.connection.provider
    attributes["masthead.gateway.connection"] = target.connection.name
    if asked:
        attributes[names.REQUEST_MODEL] = target.model
        if target.model != asked:
            attributes["masthead.gateway.model_asked"] = asked


def _put_who(attributes: dict[str, AttributeValue], call: Call) -> None:
    said = {
        names.AGENT_NAME: header(call, AGENT_HEADER),
        names.RUN_SYSTEM: header(call, SYSTEM_HEADER),
        names.USER_ID: user_of(call),
        names.SESSION_ID: header(call, SESSION_HEADER) or metadata(call).get("session_id"),
        "masthead.gateway.key": call.identity.key_id,
    }
    attributes |= {name: value for name, value in said.items() if value}
    if call.headers.get(b"sec-fetch-site") == b"same-origin":
        attributes["masthead.gateway.is_from_page"] = True  # no program can make a browser say so, and no other site


def _put_parameters(attributes: dict[str, AttributeValue], call: Call) -> None:
    for member, raw in call.members.items():
        name = _PARAMETERS.get(member)
        if name is not None:
            try:
                value = _SCALAR.decode(raw)
            except msgspec.DecodeError:
                continue
            if value is not None:
                attributes[name] = value
    if call.is_stream:
        attributes["gen_ai.request.stream"] = True


def _put_reply(attributes: dict[str, AttributeValue], call: Call, reply: _Answer) -> None:
    if reply.model:
        attributes[names.RESPONSE_MODEL] = reply.model
    if reply.id:
        attributes["gen_ai.response.id"] = reply.id
    reasons: list[AttributeValue] = [one.finish_reason for one in reply.choices or () if one.finish_reason]
    if reply.stop_reason or (reply.status and call.endpoint.dialect is Dialect.OPENAI_RESPONSES):
        reasons.append(reply.stop_reason or reply.status)
    if reasons:
        attributes["gen_ai.response.finish_reasons"] = reasons
    usage = usage_of(call.endpoint.dialect, {"usage": reply.usage}) if reply.usage else None
    if usage is not None:
        counts = (
            (names.INPUT_TOKENS, usage.input_tokens),
            (names.OUTPUT_TOKENS, usage.output_tokens),
            (_CACHE_READ, usage.cache_read_tokens),
            (_CACHE_WRITE, usage.cache_write_tokens),
            (_REASONING, usage.reasoning_tokens),
        )
        attributes |= {name: count for name, count in counts if count is not None}


def _put_content(
    attributes: dict[str, AttributeValue], call: Call, reply: _Answer | None, content: Content, limit_bytes: int
) -> None:
    if content == "off":
        return
    said = {
        names.INPUT_MESSAGES: next((call.members[name] for name in _INPUTS if name in call.members), None),
        names.SYSTEM_INSTRUCTIONS: next((call.members[name] for name in _INSTRUCTIONS if name in call.members), None),
        "gen_ai.tool.definitions": call.members.get("tools"),
        names.OUTPUT_MESSAGES: None if reply is None else _output(reply),
    }
    for name, raw in said.items():
        if raw is None:
            continue
        data = bytes(raw)
        if content == "hashed":
            attributes[f"{name}.sha256"] = hashlib.sha256(data).hexdigest()
            continue
        if len(data) > limit_bytes:
            attributes["masthead.gateway.is_truncated"] = True
            data = _latest(data, limit_bytes)
        attributes[name] = _text(data)


def _output(reply: _Answer) -> bytes | None:
    if reply.choices:
        said = [one.message or msgspec.Raw(msgspec.json.encode(one.text or "")) for one in reply.choices]
        return b"[" + b",".join(bytes(one) for one in said) + b"]"
    if reply.content:
        return b'[{"role":"assistant","content":' + bytes(reply.content) + b"}]"
    return bytes(reply.output) if reply.output else None


def _latest(data: bytes, limit_bytes: int) -> bytes:
    """Return the last messages of a list that is too long to keep; of anything else, nothing."""
    try:
        items = msgspec.json.decode(data, type=list[msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return b"[]"
    kept: list[msgspec.Raw] = []
    for item in reversed(items):
        limit_bytes -= len(bytes(item))
        if limit_bytes < 0:
            break
        kept.append(item)
    return msgspec.json.encode(kept[::-1])


def _text(data: bytes) -> str:
    """Return JSON as text; a JSON string as what it says."""
    if data[:1] == b'"':
        try:
            return msgspec.json.decode(data, type=str)
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass
    return data.decode("utf-8", "replace")


def _error(exchange: Exchange) -> str | None:
    if exchange.is_client_gone:
        return "the client went away before the answer's end"
    return exchange.error


def _attempt_span(exchange: Exchange, at: int, attempt: Attempt) -> Span:
    target = attempt.target
    attributes: dict[str, AttributeValue] = {
        "masthead.gateway.attempt": at,
        "masthead.gateway.connection": target.connection.name,
        "masthead.gateway.model": target.model,
    }
    if attempt.status is not None:
        attributes["http.response.status_code"] = attempt.status
    if attempt.failure is not None:
        attributes[names.ERROR_TYPE] = attempt.failure
    return Span(
        trace_id=exchange.trace_id,
        span_id=SpanId(secrets.token_hex(8)),
        parent_span_id=exchange.span_id,
        name=f"attempt {at + 1} {target.connection.name}",
        kind="client",
        start_ns=attempt.start_ns,
        end_ns=attempt.end_ns or exchange.end_ns or attempt.start_ns,
        status="error" if attempt.failure is not None else "unset",
        status_message=attempt.error,
        attributes=attributes,
        resource=_RESOURCE,
        scope_name=_SCOPE,
    )
