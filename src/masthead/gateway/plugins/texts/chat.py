"""Chat completions: where their texts are, whole and streamed."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, cast

import msgspec

from masthead.gateway.plugins.texts.slots import Body, Channel, Kind, Slot, number, parts, slot

_TEXTS: Final[tuple[tuple[str, Kind], ...]] = (
    ("content", "text"), ("refusal", "refusal"), ("reasoning_content", "reasoning"), ("reasoning", "reasoning"),
)  # fmt: skip


def slots(body: Body) -> Iterator[Slot]:
    """Yield the texts of a whole answer."""
    for at, choice in parts(body, "choices"):
        yield from _message(choice.get("message"), number(choice, "index", at), _Names())


def clear_chances(body: Body) -> None:
    """Take out the tokens' chances, which would tell what was changed."""
    for _, choice in parts(body, "choices"):
        if choice.get("logprobs") is not None:
            choice["logprobs"] = None


def mark_cut(body: Body) -> None:
    """Say that the answer ends at its limit."""
    for _, choice in parts(body, "choices"):
        choice["finish_reason"] = "length"


class _Names(dict[tuple[int, int], str]):
    """The names of tools by choice and number of the call: only a call's first piece tells it."""


def _message(message: object, index: int, names: _Names) -> Iterator[Slot]:
    for key, kind in _TEXTS:
        yield from slot(Channel(kind, (index,)), message, key)
    for _, part in parts(message, "content"):
        yield from slot(Channel("text", (index,)), part, "text")
        for _, thought in parts(part, "thinking"):
            yield from slot(Channel("reasoning", (index,)), thought, "text")
    for at, call in parts(message, "tool_calls"):
        place = (index, number(call, "index", at))
        yield from _call(call, place, names, "function", "arguments")
        yield from _call(call, place, names, "custom", "input")
    if isinstance(message, dict):
        yield from _call(cast("Body", message), (index, -1), names, "function_call", "arguments")


def _call(call: Body, place: tuple[int, int], names: _Names, key: str, text: Kind) -> Iterator[Slot]:
    function: Any = call.get(key)
    if isinstance(function, dict):
        name = cast("Body", function).get("name")
        if isinstance(name, str) and name:
            names.setdefault(place, name)
        yield from slot(Channel(text, place, names.get(place, "")), cast("Body", function), text)


class ChatStream:
    """Reads the chunks of one stream."""

    def __init__(self) -> None:
        self._names = _Names()
        self._about: Body = {}
        self._open: dict[int, bool] = {}
        self._keys: dict[Channel, str] = {}
        self.has_ended = False

    def pieces(self, event: Body) -> list[Slot]:
        """Return the pieces of texts in a chunk."""
        self._about = event
        found: list[Slot] = []
        for at, choice in parts(event, "choices"):
            index = number(choice, "index", at)
            self._open.setdefault(index, True)
            found += _message(choice.get("delta"), index, self._names)
        for one in found:
            self._keys[one.channel] = str(one.key)
        return found

    def wholes(self, event: Body) -> Sequence[Slot]:
        """Return texts that a chunk tells in whole: there are none."""
        del event
        return ()

    def ended(self, event: Body, channels: Sequence[Channel]) -> list[Channel]:
        """Return which of the channels end with this chunk."""
        over = {
            number(choice, "index", at)
            for at, choice in parts(event, "choices")
            if choice.get("finish_reason") is not None
        }
        for index in over:
            self._open[index] = False
            self.has_ended = self.has_ended or not any(self._open.values())
        return [one for one in channels if one.place[0] in over] if over else []

    def is_last(self, event: Body) -> bool:
        """Say whether this ends the stream: `[DONE]` does, which is no JSON."""
        del event
        return False

    def carry(self, channel: Channel, text: str) -> list[bytes]:
        """Return a chunk that adds to a channel."""
        index = channel.place[0]
        match channel.kind:
            case "arguments" if channel.place[1] < 0:
                delta: Body = {"function_call": {"arguments": text}}
            case "arguments":
                delta = {"tool_calls": [{"index": channel.place[1], "function": {"arguments": text}}]}
            case "input":
                delta = {"tool_calls": [{"index": channel.place[1], "custom": {"input": text}}]}
            case _:
                key = self._keys.get(channel, "content")
                delta = {"content" if key == "text" else key: text}
        return [self._chunk({"index": index, "delta": delta, "finish_reason": None})]

    def cut(self, sent: bytes, tokens: int) -> bytes:
        """Return what ends the stream at its limit."""
        del sent, tokens
        ends = [
            self._chunk({"index": index, "delta": {}, "finish_reason": "length"})
            for index, is_open in self._open.items()
            if is_open
        ]
        return b"".join(ends) + b"data: [DONE]\n\n"

    def placed(self, event: Body) -> bool:
        """Note where the event stands among those sent; say whether that changed it."""
        del event
        return False

    def _chunk(self, choice: Body) -> bytes:
        about = {name: value for name, value in self._about.items() if name not in {"choices", "usage"}}
        return b"data: " + msgspec.json.encode({**about, "choices": [choice]}) + b"\n\n"
