"""What a caller was answered, as one body of its dialect: of a stream, its events put together. Computed once."""

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import msgspec

from masthead.gateway.assemble import assembled_chat, assembled_message, assembled_response
from masthead.gateway.call import Exchange
from masthead.providers.dialects import Dialect

_ASSEMBLE: Final[Mapping[Dialect, Callable[[bytes], dict[str, Any] | None]]] = {
    Dialect.OPENAI_CHAT: assembled_chat,
    Dialect.OPENAI_RESPONSES: assembled_response,
    Dialect.ANTHROPIC: assembled_message,
}


def reply_of(exchange: Exchange) -> dict[str, Any] | None:
    """Return the answer as a body of the caller's dialect; of a broken stream, what came of it.

    None where nothing came that can be read. Costs what parsing the answer costs, once an exchange.
    """
    if not exchange.is_reply_known:
        exchange.is_reply_known = True
        exchange.reply = _reply(exchange)
    return exchange.reply


def _reply(exchange: Exchange) -> dict[str, Any] | None:
    if not exchange.answered or not exchange.call.endpoint.is_model_call:
        return None
    body = b"".join(exchange.answered)
    if exchange.is_stream_answer:
        assemble = _ASSEMBLE.get(exchange.call.endpoint.dialect)
        return None if assemble is None else assemble(body)
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None
