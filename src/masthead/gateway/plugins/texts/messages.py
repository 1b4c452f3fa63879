"""Anthropic's messages: where their texts are, whole and streamed.

Thinking is signed: it is left as the model wrote it.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, cast

import msgspec

from masthead.gateway.plugins.texts.slots import Body, Channel, Kind, Slot, inside, number, parts, slot

_DELTAS: Final[dict[str, tuple[Kind, str]]] = {
    "text_delta": ("text", "text"),
    "input_json_delta": ("arguments", "partial_json"),
}
_CALLS: Final = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})


def slots(body: Body) -> Iterator[Slot]:
    """Yield the texts of a whole answer; a tool's input is an object."""
    for at, block in parts(body, "content"):
        yield from slot(Channel("text", (at,)), block, "text")
        yield from inside(Channel("echo", (at,)), block, "citations")
        if str(block.get("type")) in _CALLS and isinstance(block.get("input"), dict):
            yield Slot(Channel("arguments", (at,), str(block.get("name") or "")), block, "input")


def clear_chances(body: Body) -> None:
    """Do nothing: this dialect tells no tokens' chances."""
    del body


def mark_cut(body: Body) -> None:
    """Say that the answer ends at its limit."""
    body["stop_reason"] = "max_tokens"


class MessagesStream:
    """Reads the events of one stream."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._open: list[int] = []
        self.has_ended = False

    def pieces(self, event: Body) -> list[Slot]:
        """Return the pieces of texts in an event."""
        at = number(event, "index")
        if event.get("type") == "content_block_start":
            block: Any = event.get("content_block")
            self._open.append(at)
            if not isinstance(block, dict):
                return []
            self._names[at] = str(cast("Body", block).get("name") or "")
            return list(slot(Channel("text", (at,)), cast("Body", block), "text"))
        delta: Any = event.get("delta")
        if event.get("type") != "content_block_delta" or not isinstance(delta, dict):
            return []
        kind, key = _DELTAS.get(str(cast("Body", delta).get("type")), ("text", ""))
        channel = Channel(kind, (at,), self._names.get(at, "") if kind == "arguments" else "")
        return list(slot(channel, cast("Body", delta), key))

    def wholes(self, event: Body) -> Sequence[Slot]:
        """Return the texts that an event tells in whole."""
        if event.get("type") != "content_block_delta":
            return ()
        return list(inside(Channel("echo", (number(event, "index"),)), event.get("delta"), "citation"))

    def ended(self, event: Body, channels: Sequence[Channel]) -> list[Channel]:
        """Return which of the channels end with this event."""
        kind = str(event.get("type"))
        if kind == "message_stop":
            self.has_ended = True
        if kind in {"message_delta", "message_stop"}:
            return list(channels)
        if kind != "content_block_stop":
            return []
        at = number(event, "index")
        self._open = [one for one in self._open if one != at]
        return [one for one in channels if one.place[:1] == (at,)]

    def is_last(self, event: Body) -> bool:
        """Say whether this ends the stream."""
        return event.get("type") == "message_stop"

    def carry(self, channel: Channel, text: str) -> list[bytes]:
        """Return an event that adds to a channel."""
        delta = {"type": "text_delta", "text": text}
        if channel.kind == "arguments":
            delta = {"type": "input_json_delta", "partial_json": text}
        return [_written({"type": "content_block_delta", "index": channel.place[0], "delta": delta})]

    def cut(self, sent: bytes, tokens: int) -> bytes:
        """Return what ends the stream at its limit; `tokens` came at least."""
        del sent
        ends = [_written({"type": "content_block_stop", "index": at}) for at in self._open]
        stop = {"stop_reason": "max_tokens", "stop_sequence": None}
        ends.append(_written({"type": "message_delta", "delta": stop, "usage": {"output_tokens": tokens}}))
        return b"".join([*ends, _written({"type": "message_stop"})])

    def placed(self, event: Body) -> bool:
        """Note where the event stands among those sent; say whether that changed it."""
        del event
        return False


def _written(event: Body) -> bytes:
    return b"event: " + str(event["type"]).encode() + b"\ndata: " + msgspec.json.encode(event) + b"\n\n"
