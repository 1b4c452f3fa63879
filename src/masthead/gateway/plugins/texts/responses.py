"""OpenAI's responses: where their texts are, whole and streamed."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, cast

import msgspec

from masthead.gateway.assemble import assembled_response
from masthead.gateway.plugins.texts.slots import Body, Channel, Kind, Slot, inside, number, parts, slot

_ECHOES: Final = ("instructions", "metadata", "user", "safety_identifier", "prompt_cache_key", "prompt")
_ANSWERS: Final = frozenset({
    "response.created", "response.queued", "response.in_progress", "response.completed", "response.incomplete",
    "response.failed",
})  # fmt: skip
_LAST: Final = frozenset({"response.completed", "response.incomplete", "response.failed"})
_GROWING: Final[dict[str, tuple[Kind, str]]] = {
    "response.output_text": ("text", "text"),
    "response.refusal": ("refusal", "refusal"),
    "response.reasoning_text": ("reasoning", "text"),
    "response.reasoning_summary_text": ("reasoning", "text"),
    "response.function_call_arguments": ("arguments", "arguments"),
    "response.mcp_call_arguments": ("arguments", "arguments"),
    "response.custom_tool_call_input": ("input", "input"),
}
"""What grows: the kind of text, and the member of the `.done` event that holds it in whole."""


def slots(body: Body) -> Iterator[Slot]:
    """Yield the texts of a whole answer."""
    for name in _ECHOES:
        yield from inside(Channel("echo"), body, name)
    for at, item in parts(body, "output"):
        yield from _item(item, at)


def clear_chances(body: Body) -> None:
    """Take out the tokens' chances, which would tell what was changed."""
    for _, item in parts(body, "output"):
        for _, part in parts(item, "content"):
            if part.get("logprobs"):
                part["logprobs"] = []


def _item(item: Body, at: int) -> Iterator[Slot]:
    match item.get("type"):
        case "message":
            for number_, part in parts(item, "content"):
                yield from _part(part, (at, number_))
        case "function_call" | "mcp_call":
            name = item.get("name")
            yield from slot(Channel("arguments", (at,), name if isinstance(name, str) else ""), item, "arguments")
        case "custom_tool_call":
            yield from slot(Channel("input", (at,)), item, "input")
        case "reasoning":
            for key in ("summary", "content"):
                for number_, part in parts(item, key):
                    yield from slot(Channel("reasoning", (at, number_)), part, "text")
        case _:
            pass


def _part(part: Body, place: tuple[int, ...]) -> Iterator[Slot]:
    kind: Kind = "reasoning" if str(part.get("type")) in {"reasoning_text", "summary_text"} else "text"
    yield from slot(Channel(kind, place), part, "text")
    yield from slot(Channel("refusal", place), part, "refusal")


def mark_cut(body: Body) -> None:
    """Say that the answer ends at its limit."""
    body |= {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}


class ResponsesStream:
    """Reads the events of one stream."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._items: dict[Channel, Body] = {}
        self._added = 0
        self._next = 0
        self.has_ended = False

    def pieces(self, event: Body) -> list[Slot]:
        """Return the pieces of texts in an event."""
        kind = str(event.get("type"))
        if not kind.endswith(".delta"):
            return []
        channel = self._channel(event, kind.removesuffix(".delta"))
        if channel is None:
            return []
        self._items[channel] = event
        return list(slot(channel, event, "delta"))

    def wholes(self, event: Body) -> Sequence[Slot]:
        """Return the texts that an event tells in whole."""
        kind = str(event.get("type"))
        found: list[Slot] = []
        if kind in _ANSWERS:
            answer: Any = event.get("response")
            return list(slots(cast("Body", answer))) if isinstance(answer, dict) else ()
        at = number(event, "output_index")
        for key in ("item", "part"):
            inner: Any = event.get(key)
            if isinstance(inner, dict):
                place = (at, number(event, "content_index", number(event, "summary_index")))
                found += _item(cast("Body", inner), at) if key == "item" else _part(cast("Body", inner), place)
        item: Any = event.get("item")
        if kind == "response.output_item.added" and isinstance(item, dict):
            self._names[at] = str(cast("Body", item).get("name") or "")
        if kind.endswith(".done") and (growing := _GROWING.get(kind.removesuffix(".done"))) is not None:
            channel = self._channel(event, kind.removesuffix(".done"))
            found += slot(channel, event, growing[1]) if channel is not None else ()
        return found

    def ended(self, event: Body, channels: Sequence[Channel]) -> list[Channel]:
        """Return which of the channels end with this event."""
        kind = str(event.get("type"))
        if kind in _LAST:
            self.has_ended = True
            return list(channels)
        if not kind.endswith(".done"):
            return []
        if kind == "response.output_item.done":
            return [one for one in channels if one.place[:1] == (number(event, "output_index"),)]
        channel = self._channel(event, kind.removesuffix(".done"))
        return [one for one in channels if one == channel]

    def is_last(self, event: Body) -> bool:
        """Say whether this ends the stream."""
        return str(event.get("type")) in _LAST

    def carry(self, channel: Channel, text: str) -> list[bytes]:
        """Return an event that adds to a channel."""
        event: Body = {**self._items[channel], "delta": text, "sequence_number": self._next}
        if "logprobs" in event:
            event["logprobs"] = []
        self._added += 1
        self._next += 1
        return [_written(event)]

    def cut(self, sent: bytes, tokens: int) -> bytes:
        """Return what ends the stream at its limit."""
        del tokens
        body = assembled_response(sent) or {"object": "response", "output": []}
        for _, item in parts(body, "output"):
            if item.get("status") == "in_progress":
                item["status"] = "incomplete"
        body |= {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
        return _written({"type": "response.incomplete", "response": body, "sequence_number": self._next})

    def placed(self, event: Body) -> bool:
        """Note where the event stands among those sent; say whether that changed it."""
        at = event.get("sequence_number")
        if not isinstance(at, int):
            return False
        self._next = at + self._added
        if self._added:
            event["sequence_number"] = self._next
        self._next += 1
        return bool(self._added)

    def _channel(self, event: Body, kind: str) -> Channel | None:
        growing = _GROWING.get(kind)
        if growing is None:
            return None
        at = number(event, "output_index")
        if growing[0] in {"arguments", "input"}:
            return Channel(growing[0], (at,), self._names.get(at, "") if growing[0] == "arguments" else "")
        return Channel(growing[0], (at, number(event, "content_index", number(event, "summary_index"))))


def _written(event: Body) -> bytes:
    return b"event: " + str(event["type"]).encode() + b"\ndata: " + msgspec.json.encode(event) + b"\n\n"
