"""A finished exchange as spans: one for the call, in OpenTelemetry's GenAI conventions, and one for each further try.

A call that its first target answered is one span; where there were several tries, each is a child span, so that a
fallback is seen. What was said is kept as the bytes that were sent, in the provider's own form, which `semconv` reads.
Costs some 10 µs a call, in the event loop.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

import msgspec

from masthead.gateway.call import Attempt, Call, Exchange
from masthead.gateway.joining import AGENT_HEADER, SESSION_HEADER, SYSTEM_HEADER, header, metadata, new_id, user_of
from masthead.gateway.outline import Outline
from masthead.gateway.reply import outline_of, usage_in
from masthead.ingest.otlp_write import SpanFields, lines_json, span_json
from masthead.model import attributes as names
from masthead.model.ids import SpanId
from masthead.model.span import Attributes, AttributeValue, Span
from masthead.providers.dialects import Dialect

Content = Literal["full", "hashed", "off"]

SCOPE: Final = "masthead.gateway"
RESOURCE: Final[Mapping[str, AttributeValue]] = {"telemetry.sdk.name": "masthead-gateway"}
_TOLD: Final = {AGENT_HEADER: names.AGENT_NAME, SYSTEM_HEADER: names.RUN_SYSTEM, SESSION_HEADER: names.SESSION_ID}
"""Headers by which a caller says who it is."""
_SAID: Final = {
    "messages": names.INPUT_MESSAGES,
    "input": names.INPUT_MESSAGES,
    "prompt": names.INPUT_MESSAGES,
    "system": names.SYSTEM_INSTRUCTIONS,
    "instructions": names.SYSTEM_INSTRUCTIONS,
    "tools": "gen_ai.tool.definitions",
}
"""Members of a request that hold content; of several with one meaning the first counts."""
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
_SCALAR: Final = msgspec.json.Decoder(int | float | str | bool | None)


def attributes_of(
    exchange: Exchange, *, content: Content = "full", max_content_bytes: int = 4 * 1024 * 1024
) -> dict[str, AttributeValue]:
    """Return the attributes of a finished exchange's own span."""
    call = exchange.call
    attributes: dict[str, AttributeValue] = {names.OPERATION: call.endpoint.operation}
    _put_target(attributes, call, exchange.answered_by)
    _put_who(attributes, call)
    _put_parameters(attributes, call)
    reply = outline_of(exchange)
    if reply is not None:
        _put_reply(attributes, exchange, reply)
    _put_content(attributes, call, reply, content, max_content_bytes)
    if exchange.status is not None:
        attributes["http.response.status_code"] = exchange.status
    if exchange.first_chunk_ns is not None:
        attributes["gen_ai.response.time_to_first_chunk"] = (exchange.first_chunk_ns - exchange.start_ns) / 1e9
    if exchange.is_truncated:
        attributes["masthead.gateway.is_truncated"] = True
    error = _error(exchange)
    if error is not None:
        attributes[names.ERROR_TYPE] = (
            "gone" if exchange.is_client_gone or not exchange.status else str(exchange.status)
        )
    attributes |= exchange.attributes
    return attributes


def spans_of(exchange: Exchange, attributes: Attributes | None = None) -> list[Span]:
    """Return the spans of a finished exchange, the call's own first, with these attributes."""
    own = _own(exchange), attributes_of(exchange) if attributes is None else attributes
    return [
        Span(**fields, attributes=told, resource=RESOURCE, scope_name=SCOPE)
        for fields, told in (own, *_attempts(exchange))
    ]


def lines_of(exchange: Exchange, attributes: Attributes) -> list[bytes]:
    """Return the same as lines of OTLP's JSON, for half the cost; `body_of` makes a request of them."""
    return [span_json(fields, told) for fields, told in ((_own(exchange), attributes), *_attempts(exchange))]


def body_of(lines: Sequence[bytes]) -> bytes:
    """Return an `ExportTraceServiceRequest` of lines that `lines_of` wrote."""
    return lines_json(lines, RESOURCE, SCOPE)


def _own(exchange: Exchange) -> SpanFields:
    error = _error(exchange)
    return {
        "trace_id": exchange.trace_id,
        "span_id": exchange.span_id,
        "parent_span_id": exchange.parent_span_id,
        "name": f"{exchange.call.endpoint.operation} {exchange.call.model}".strip(),
        "kind": "client",
        "start_ns": exchange.start_ns,
        "end_ns": exchange.end_ns or exchange.start_ns,
        "status": "error" if error is not None else "unset",
        "status_message": error,
        "links": exchange.links,
    }


def _attempts(exchange: Exchange) -> Iterator[tuple[SpanFields, Attributes]]:
    if len(exchange.attempts) > 1:
        for at, attempt in enumerate(exchange.attempts):
            yield _attempt(exchange, at, attempt), _attempt_attributes(at, attempt)


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
    for header_name, name in _TOLD.items():
        if header_name in call.headers:
            value = header(call, header_name)
            if value:
                attributes[name] = value
    user = user_of(call)
    if user:
        attributes[names.USER_ID] = user
    if "metadata" in call.members and names.SESSION_ID not in attributes:
        session = metadata(call).get("session_id")
        if session:
            attributes[names.SESSION_ID] = session
    if call.identity.key_id:
        attributes["masthead.gateway.key"] = call.identity.key_id
    if call.headers.get(b"sec-fetch-site") == b"same-origin":
        attributes["masthead.gateway.is_from_page"] = True  # a browser says so of pages of this server alone


def _put_parameters(attributes: dict[str, AttributeValue], call: Call) -> None:
    for member, raw in call.members.items():
        name = _PARAMETERS.get(member)
        if name is not None:
            try:
                value = _SCALAR.decode(raw)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            if value is not None:
                attributes[name] = value
    if call.is_stream:
        attributes["gen_ai.request.stream"] = True


def _put_reply(attributes: dict[str, AttributeValue], exchange: Exchange, reply: Outline) -> None:
    if isinstance(reply.model, str) and reply.model:
        attributes[names.RESPONSE_MODEL] = reply.model
    if isinstance(reply.id, str) and reply.id:
        attributes["gen_ai.response.id"] = reply.id
    told = [one.finish_reason for one in reply.choices or ()]
    told.append(reply.stop_reason)
    if exchange.call.endpoint.dialect is Dialect.OPENAI_RESPONSES and not reply.stop_reason:
        told.append(reply.status)
    reasons: list[AttributeValue] = [one for one in told if one and isinstance(one, str)]
    if reasons:
        attributes["gen_ai.response.finish_reasons"] = reasons
    usage = usage_in(exchange)
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
    attributes: dict[str, AttributeValue], call: Call, reply: Outline | None, content: Content, limit_bytes: int
) -> None:
    if content == "off":
        return
    put: set[str] = set()
    for member, name in _SAID.items():
        raw = call.members.get(member)
        if raw is not None and name not in put:
            put.add(name)
            _put_said(attributes, name, bytes(raw), content, limit_bytes)
    said = None if reply is None else _output(reply)
    if said is not None:
        _put_said(attributes, names.OUTPUT_MESSAGES, said, content, limit_bytes)


def _put_said(
    attributes: dict[str, AttributeValue], name: str, data: bytes, content: Content, limit_bytes: int
) -> None:
    if content == "hashed":
        attributes[f"{name}.sha256"] = hashlib.sha256(data).hexdigest()
        return
    if len(data) > limit_bytes:
        attributes["masthead.gateway.is_truncated"] = True
        data = _latest(data, limit_bytes)
    attributes[name] = _text(data)


def _output(reply: Outline) -> bytes | None:
    if reply.choices:
        said = [bytes(one.message) or msgspec.json.encode(one.text or "") for one in reply.choices]
        return b"[" + b",".join(said) + b"]"
    content = bytes(reply.content)
    if content:
        return b'[{"role":"assistant","content":' + content + b"}]"
    return bytes(reply.output) or None


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
    return exchange.error_kept


def _attempt(exchange: Exchange, at: int, attempt: Attempt) -> SpanFields:
    return {
        "trace_id": exchange.trace_id,
        "span_id": SpanId(new_id(64)),
        "parent_span_id": exchange.span_id,
        "name": f"attempt {at + 1} {attempt.target.connection.name}",
        "kind": "client",
        "start_ns": attempt.start_ns,
        "end_ns": attempt.end_ns or exchange.end_ns or attempt.start_ns,
        "status": "error" if attempt.failure not in {None, "abandoned"} else "unset",
        "status_message": attempt.error,
    }


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
