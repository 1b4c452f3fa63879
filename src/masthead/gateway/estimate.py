"""What a call used where its provider did not say: an estimate that budgets are charged with, and no trace is told.

A caller who leaves before the last event of a stream never gets to the tokens, and the provider bills them anyway.
Four characters are taken for a token, which is about right for English prose and too few for most else.
"""

from dataclasses import replace
from typing import Final

import msgspec

from masthead.gateway.call import Exchange
from masthead.gateway.outline import Outline
from masthead.gateway.reply import outline_of
from masthead.model.reading import Usage
from masthead.providers.dialects import Dialect, usage_of

_SPENDING: Final = frozenset({"chat", "responses", "messages", "embeddings"})
_CHARACTERS: Final = 4
_EVENT_BYTES: Final = 100
"""Of a stream that was too long to keep: bytes for each token, with what an event holds beside its text."""
_MOST_INPUT: Final = 128_000
_ANY: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def usage_or_estimate(exchange: Exchange, told: Usage | None) -> tuple[Usage | None, bool]:
    """Return what the call used, and whether that is an estimate; None where it used nothing, or nobody can know."""
    name = exchange.call.endpoint.name
    if name == "passed_through":
        return told or _told_beside(exchange), False
    is_cut = exchange.is_client_gone or exchange.is_truncated or exchange.error is not None
    if name not in _SPENDING or (told is not None and not is_cut):
        return told, False
    by = exchange.answered_by
    is_answered = by is not None and by.status is not None and by.status < 400
    if by is None or not (is_answered or exchange.is_client_gone):
        return told, False
    limits = by.target.limits()
    most = _MOST_INPUT if limits is None or limits.context_tokens is None else limits.context_tokens
    asked = min(len(exchange.call.body) // _CHARACTERS, most)
    said = _said_tokens(exchange)
    if told is None:
        return Usage(input_tokens=asked, output_tokens=said), True
    return replace(
        told, input_tokens=told.input_tokens or asked, output_tokens=max(told.output_tokens or 0, said)
    ), True


def _said_tokens(exchange: Exchange) -> int:
    if exchange.call.endpoint.name == "embeddings":
        return 0
    if exchange.is_truncated:
        return exchange.kept_bytes // (_EVENT_BYTES if exchange.is_stream_answer else _CHARACTERS)
    outline = outline_of(exchange)
    return 0 if outline is None else sum(map(len, _texts(outline))) // _CHARACTERS


def _texts(outline: Outline) -> list[bytes]:
    choices = [choice.message for choice in outline.choices or ()]
    return [bytes(raw) for raw in (*choices, outline.content, outline.output)]


def _told_beside(exchange: Exchange) -> Usage | None:
    """Return the tokens in the answer of a path that is passed through, where it is JSON that tells them."""
    if exchange.call.method != "POST" or exchange.is_stream_answer or exchange.is_truncated:
        return None
    try:
        raw = _ANY.decode(b"".join(exchange.answered)).get("usage")
        usage = None if raw is None else msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(usage, dict):
        return None
    dialect = Dialect.OPENAI_RESPONSES if "input_tokens" in usage else Dialect.OPENAI_CHAT
    return usage_of(dialect, {"usage": usage})
