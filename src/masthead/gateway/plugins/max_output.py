"""How long an answer may become: asked of the model, and held to where the model does not."""

from collections.abc import Sequence
from typing import Final

import msgspec

from masthead.gateway.call import Exchange, Verdict
from masthead.gateway.config_plugins import MaxOutputConfig
from masthead.gateway.plugins.plugin import note, refused
from masthead.gateway.plugins.texts.edit import Edit, Edits, QuietEdits
from masthead.gateway.plugins.texts.slots import Channel

_CHARACTERS_A_TOKEN: Final = 8
"""Twice as many as in common text: what has more pieces and more characters than these has more tokens."""
_FIELDS: Final = {
    "chat": ("max_completion_tokens", "max_tokens"),
    "responses": ("max_output_tokens",),
    "messages": ("max_tokens",),
}


class MaxOutput:
    """The plugin."""

    kind = "max_output"

    def __init__(self, config: MaxOutputConfig) -> None:
        self._config = config

    def request(self, exchange: Exchange) -> None:
        """Lower what the call asks for."""
        fields = _FIELDS.get(exchange.call.endpoint.name)
        tokens = self._config.tokens
        if fields is None or tokens is None or self._config.on != "correct":
            return
        call = exchange.outgoing
        named = [name for name in fields if call.member(name) is not None]
        if not named and fields == _FIELDS["chat"]:
            exchange.sent = msgspec.structs.replace(call, output_limit=tokens)
            return
        if not named:
            exchange.sent = call.replacing(**{fields[0]: tokens})
            return
        asked = [call.member(name) for name in named]
        if all(isinstance(one, int) and one <= tokens for one in asked):
            return
        exchange.sent = call.replacing(**dict.fromkeys(named, tokens))
        note(exchange, Verdict("max_output", "request", "corrected", (f"{tokens} tokens",)))

    def answer(self, exchange: Exchange) -> Sequence[Edits]:
        """Count what the model says, and end it."""
        return (_Counting(exchange, self._config),) if exchange.call.endpoint.name in _FIELDS else ()


class _Counting(QuietEdits):
    """Counts over all texts of one answer."""

    def __init__(self, exchange: Exchange, config: MaxOutputConfig) -> None:
        self._exchange = exchange
        self._config = config
        self._is_stream = exchange.call.is_stream
        self._characters = 0
        self._pieces = 0
        self._is_over = False

    def edit(self, channel: Channel) -> Edit | None:
        return None if channel.kind == "echo" else _Count(self)

    def whole(self, channel: Channel, text: str) -> str:
        """Count a text of a whole answer. In a stream it was counted before, when it came."""
        if channel.kind == "echo" or self._is_stream:
            return text
        return self.taken(text, is_piece=False)

    def is_over(self) -> bool:
        return self._is_over

    def taken(self, text: str, *, is_piece: bool) -> str:
        """Return how much of a text there is room for."""
        if self._is_over:
            return ""
        self._pieces += is_piece
        room = len(text) if self._config.characters is None else self._config.characters - self._characters
        self._characters += len(text)
        is_long = len(text) > room
        is_many = self._config.tokens is not None and (
            self._pieces > self._config.tokens and self._characters > self._config.tokens * _CHARACTERS_A_TOKEN
        )
        if not is_long and not is_many:
            return text
        what = f"{self._config.characters} characters" if is_long else f"{self._config.tokens} tokens"
        match self._config.on:
            case "record":
                note(self._exchange, Verdict("max_output", "response", "recorded", (what,)))
                return text
            case "block":
                message = f"the model's answer is longer than the {what} that this gateway lets through"
                raise refused(self._exchange, Verdict("max_output", "response", "blocked", (what,)), message)
            case "correct":
                note(self._exchange, Verdict("max_output", "response", "corrected", (what,)))
                self._is_over = True
                return "" if is_many else text[: max(0, room)]


class _Count:
    """One of an answer's texts. Holds nothing back."""

    def __init__(self, counting: _Counting) -> None:
        self._counting = counting

    def feed(self, piece: str) -> str:
        return self._counting.taken(piece, is_piece=True)

    def close(self, *, is_whole: bool) -> str:
        del is_whole
        return ""

    def held(self) -> str:
        return ""
