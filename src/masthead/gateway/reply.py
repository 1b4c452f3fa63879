"""What a caller was answered: of a stream, its events put together. Each of these is computed once an exchange."""

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import msgspec

from masthead.gateway.assemble import assembled_chat, assembled_message, assembled_response
from masthead.gateway.call import Exchange
from masthead.gateway.outline import Outline, outlined
from masthead.model.attributes import CACHE_WRITE_HOUR, INPUT_AUDIO, OUTPUT_AUDIO
from masthead.model.reading import Usage
from masthead.providers.dialects import Dialect, usage_of

_ASSEMBLE: Final[Mapping[Dialect, Callable[[bytes], dict[str, Any] | None]]] = {
    Dialect.OPENAI_CHAT: assembled_chat,
    Dialect.OPENAI_RESPONSES: assembled_response,
    Dialect.ANTHROPIC: assembled_message,
}


def outline_of(exchange: Exchange) -> Outline | None:
    """Return what is commonly asked of the answer: ids, tokens, what was said; None where nothing came of that shape.

    Costs a third of what decoding all of it does.
    """
    if exchange.outline is ...:
        exchange.outline = _outline(exchange)
    return exchange.outline


def usage_in(exchange: Exchange) -> Usage | None:
    """Return the tokens that the provider counted, None where it did not say."""
    if exchange.usage is ...:
        outline = outline_of(exchange)
        usage = exchange.usage = None if outline is None else _usage(exchange.call.endpoint.dialect, outline)
        if usage is not None:
            _note_dearer(exchange, usage)
    return exchange.usage


def _note_dearer(exchange: Exchange, usage: Usage) -> None:
    """Note tokens that have a price of their own and no attribute in the conventions."""
    for name, tokens in (
        (CACHE_WRITE_HOUR, usage.cache_write_hour_tokens),
        (INPUT_AUDIO, usage.input_audio_tokens),
        (OUTPUT_AUDIO, usage.output_audio_tokens),
    ):
        if tokens:
            exchange.attributes[name] = tokens


def reply_of(exchange: Exchange) -> dict[str, Any] | None:
    """Return the whole answer as a body of the caller's dialect; of a broken stream, what came of it.

    None where nothing came that can be read. Costs what parsing the answer costs.
    """
    if not exchange.is_reply_known:
        exchange.is_reply_known = True
        exchange.reply = _reply(exchange)
    return exchange.reply


def _outline(exchange: Exchange) -> Outline | None:
    if not exchange.answered or not exchange.call.endpoint.is_model_call:
        return None
    if exchange.is_stream_answer:
        reply = reply_of(exchange)
        return None if reply is None else outlined(msgspec.json.encode(reply))
    return outlined(_body(exchange))


def _usage(dialect: Dialect, outline: Outline) -> Usage | None:
    usage = outline.usage
    if isinstance(usage, dict):
        return usage_of(dialect, {"usage": usage})
    return None if outline.x_groq is None else usage_of(dialect, {"x_groq": outline.x_groq})


def _reply(exchange: Exchange) -> dict[str, Any] | None:
    if not exchange.answered or not exchange.call.endpoint.is_model_call:
        return None
    body = _body(exchange)
    if exchange.is_stream_answer:
        assemble = _ASSEMBLE.get(exchange.call.endpoint.dialect)
        return None if assemble is None else assemble(body)
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def _body(exchange: Exchange) -> bytes:
    return exchange.answered[0] if len(exchange.answered) == 1 else b"".join(exchange.answered)
