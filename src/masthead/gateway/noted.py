"""What a call's own span says of it: attributes in OpenTelemetry's GenAI conventions.

What many calls have in common is put together, and written as JSON, once for all of them (`Kind`). What was said is
kept as the bytes that were sent, in the provider's own form, which `semconv` reads.
"""

import hashlib
from functools import lru_cache
from typing import Final, Literal, NamedTuple

import msgspec

from masthead.gateway.call import Call, Exchange
from masthead.gateway.joining import AGENT_HEADER, SESSION_HEADER, SYSTEM_HEADER, header, metadata, user_of
from masthead.gateway.outline import Outline
from masthead.gateway.reply import outline_of, usage_in
from masthead.ingest.otlp_write import put_attributes, text_json
from masthead.model import attributes as names
from masthead.model.reading import Usage
from masthead.model.span import AttributeValue
from masthead.providers.dialects import Dialect

Content = Literal["full", "hashed", "off"]

_TOLD: Final = {AGENT_HEADER: names.AGENT_NAME, SYSTEM_HEADER: names.RUN_SYSTEM, SESSION_HEADER: names.SESSION_ID}
"""Headers by which a caller says who it is."""
_FETCHED_FROM: Final = b"sec-fetch-site"
_TELLING: Final = frozenset({*_TOLD, _FETCHED_FROM})
_SAID: Final = {
    "messages": (1, names.INPUT_MESSAGES),
    "input": (2, names.INPUT_MESSAGES),
    "prompt": (3, names.INPUT_MESSAGES),
    "system": (1, names.SYSTEM_INSTRUCTIONS),
    "instructions": (2, names.SYSTEM_INSTRUCTIONS),
    "tools": (1, "gen_ai.tool.definitions"),
}
"""Members of a request that hold content; of several with one meaning the first counts."""
_LAST: Final = 4
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
_REASONS: Final = "gen_ai.response.finish_reasons"
_MOST_SHARED: Final = 256
"""Characters that an answer's text may have in what calls have in common."""
_SCALAR: Final = msgspec.json.Decoder(int | float | str | bool | None)


class Kind(NamedTuple):
    """What the spans of many calls have in common."""

    name: str
    attributes: dict[str, AttributeValue]
    opening: bytes
    """Of the span's JSON, from its name to these attributes."""


class Noted(NamedTuple):
    """What a call's own span says of it."""

    kind: Kind
    said: dict[str, memoryview]
    """What was asked and answered, as JSON; `text_of` makes an attribute of it."""
    own: dict[str, AttributeValue]

    def attributes(self) -> dict[str, AttributeValue]:
        """Return all of the span's attributes."""
        said: dict[str, AttributeValue] = {name: text_of(data) for name, data in self.said.items()}
        return {**self.kind.attributes, **said, **self.own}

    def unsaid(self) -> dict[str, AttributeValue]:
        """Return them without what was asked and answered, whose texts are long."""
        return {**self.kind.attributes, **self.own}


def noted(exchange: Exchange, *, content: Content = "full", max_content_bytes: int = 4 * 1024 * 1024) -> Noted:
    """Return what the span of a finished exchange is to say."""
    call, outline = exchange.call, outline_of(exchange)
    own: dict[str, AttributeValue] = {}
    model = reason = None
    _put_who(own, call)
    if outline is not None:
        model, reason = _put_reply(own, exchange, outline)
    said = {name: memoryview(raw) for name, raw in _asked(own, call).items()}
    answer = None if outline is None else _output(outline)
    if answer is not None:
        said[names.OUTPUT_MESSAGES] = memoryview(answer)
    if content != "full" or max(map(len, said.values()), default=0) > max_content_bytes:
        said = _kept(said, own, content, max_content_bytes)
    if exchange.first_chunk_ns is not None:
        own["gen_ai.response.time_to_first_chunk"] = (exchange.first_chunk_ns - exchange.start_ns) / 1e9
    if exchange.is_truncated:
        own["masthead.gateway.is_truncated"] = True
    if exchange.is_client_gone or exchange.error is not None:
        own[names.ERROR_TYPE] = "gone" if exchange.is_client_gone or not exchange.status else str(exchange.status)
    own |= exchange.attributes
    by = exchange.answered_by
    asked = None if by is None else (by.target.connection.provider, by.target.connection.name, by.target.model)
    kind = _kind(
        call.endpoint.operation, call.model, asked, call.identity.key_id, call.is_stream, model, reason, exchange.status
    )
    return Noted(kind, said, own)


@lru_cache(maxsize=1024)
def _kind(  # noqa: PLR0917 - all of it is the key that it is kept under
    operation: str,
    asked: str,
    target: tuple[str, str, str] | None,
    key_id: str | None,
    is_stream: bool,  # noqa: FBT001 - as above
    answered: str | None,
    reason: str | None,
    status: int | None,
) -> Kind:
    attributes: dict[str, AttributeValue] = {names.OPERATION: operation}
    if target is not None:
        attributes[names.PROVIDER], attributes["masthead.gateway.connection"], model = target
        if asked:
            attributes[names.REQUEST_MODEL] = model
            if model != asked:
                attributes["masthead.gateway.model_asked"] = asked
    elif asked:
        attributes[names.REQUEST_MODEL] = asked
    if key_id:
        attributes["masthead.gateway.key"] = key_id
    if is_stream:
        attributes["gen_ai.request.stream"] = True
    if answered:
        attributes[names.RESPONSE_MODEL] = answered
    if reason:
        attributes[_REASONS] = [reason]
    if status is not None:
        attributes["http.response.status_code"] = status
    name = f"{operation} {asked}".strip()
    pieces: list[bytes] = []
    put_attributes(pieces, attributes)
    written = b"".join(pieces).removeprefix(b",")
    return Kind(name, attributes, b',"name":' + text_json(name) + b',"kind":3,"attributes":[' + written)


def attributes_of(
    exchange: Exchange, *, content: Content = "full", max_content_bytes: int = 4 * 1024 * 1024
) -> dict[str, AttributeValue]:
    """Return the attributes of a finished exchange's own span."""
    return noted(exchange, content=content, max_content_bytes=max_content_bytes).attributes()


def text_of(data: memoryview) -> str:
    """Return JSON as text; a JSON string as what it says."""
    if data[:1].tobytes() == b'"':
        try:
            return msgspec.json.decode(data, type=str)
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass
    return str(data, "utf-8", "replace")


def _put_who(attributes: dict[str, AttributeValue], call: Call) -> None:
    headers = call.headers
    if not _TELLING.isdisjoint(headers):
        for header_name, name in _TOLD.items():
            if header_name in headers:
                value = header(call, header_name)
                if value:
                    attributes[name] = value
        if headers.get(_FETCHED_FROM) == b"same-origin":
            attributes["masthead.gateway.is_from_page"] = True  # a browser says so of pages of this server alone
    user = user_of(call)
    if user:
        attributes[names.USER_ID] = user
    if "metadata" in call.members and names.SESSION_ID not in attributes:
        session = metadata(call).get("session_id")
        if session:
            attributes[names.SESSION_ID] = session


def _put_reply(
    attributes: dict[str, AttributeValue], exchange: Exchange, reply: Outline
) -> tuple[str | None, str | None]:
    """Put what an answer says of itself, but for what many say: return which model that was, and why it ended."""
    if isinstance(reply.id, str) and reply.id:
        attributes["gen_ai.response.id"] = reply.id
    told = [one.finish_reason for one in reply.choices or ()]
    told.append(reply.stop_reason)
    if exchange.call.endpoint.dialect is Dialect.OPENAI_RESPONSES and not reply.stop_reason:
        told.append(reply.status)
    reasons: list[AttributeValue] = [one for one in told if one and isinstance(one, str)]
    usage = usage_in(exchange)
    if usage is not None:
        _put_usage(attributes, usage)
    model = reply.model if isinstance(reply.model, str) else None
    if model is not None and len(model) > _MOST_SHARED:
        attributes[names.RESPONSE_MODEL], model = model, None
    reason = reasons[0] if len(reasons) == 1 else None
    if isinstance(reason, str) and len(reason) <= _MOST_SHARED:
        return model, reason
    if reasons:
        attributes[_REASONS] = reasons
    return model, None


def _put_usage(attributes: dict[str, AttributeValue], usage: Usage) -> None:
    if usage.input_tokens is not None:
        attributes[names.INPUT_TOKENS] = usage.input_tokens
    if usage.output_tokens is not None:
        attributes[names.OUTPUT_TOKENS] = usage.output_tokens
    if usage.cache_read_tokens is not None:
        attributes[_CACHE_READ] = usage.cache_read_tokens
    if usage.cache_write_tokens is not None:
        attributes[_CACHE_WRITE] = usage.cache_write_tokens
    if usage.reasoning_tokens is not None:
        attributes[_REASONING] = usage.reasoning_tokens


def _asked(attributes: dict[str, AttributeValue], call: Call) -> dict[str, msgspec.Raw]:
    """Put the request's parameters, and return what was said in it, by attribute."""
    said: dict[str, msgspec.Raw] = {}
    ranks: dict[str, int] = {}
    for member, raw in call.members.items():
        name = _PARAMETERS.get(member)
        if name is not None:
            _put_parameter(attributes, name, raw)
        elif member in _SAID:
            rank, name = _SAID[member]
            if rank < ranks.get(name, _LAST):
                ranks[name], said[name] = rank, raw
    return said


def _kept(
    said: dict[str, memoryview], attributes: dict[str, AttributeValue], content: Content, limit_bytes: int
) -> dict[str, memoryview]:
    """Return what may be kept of what was said, and put what is kept in its stead."""
    if content == "hashed":
        for name, data in said.items():
            attributes[f"{name}.sha256"] = hashlib.sha256(data).hexdigest()
    if content != "full":
        return {}
    kept: dict[str, memoryview] = {}
    for name, data in said.items():
        is_long = len(data) > limit_bytes
        kept[name] = memoryview(_latest(data, limit_bytes)) if is_long else data
        if is_long:
            attributes["masthead.gateway.is_truncated"] = True
    return kept


def _put_parameter(attributes: dict[str, AttributeValue], name: str, raw: msgspec.Raw) -> None:
    try:
        value = _SCALAR.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    if value is not None:
        attributes[name] = value


def _output(reply: Outline) -> bytes | None:
    if reply.choices:
        said = [bytes(one.message) or msgspec.json.encode(one.text or "") for one in reply.choices]
        return b"[%b]" % b",".join(said)
    content = bytes(reply.content)
    if content:
        return b'[{"role":"assistant","content":' + content + b"}]"
    return bytes(reply.output) or None


def _latest(data: memoryview, limit_bytes: int) -> bytes:
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
