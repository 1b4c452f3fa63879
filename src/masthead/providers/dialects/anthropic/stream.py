"""The events of a streamed message of Anthropic ↔ pieces."""

from collections.abc import Iterator, Mapping
from typing import Any

from masthead.providers.dialects.anthropic.errors import kind_of
from masthead.providers.dialects.anthropic.read_request import read_citation
from masthead.providers.dialects.anthropic.reply import (
    STOPS,
    read_refusal,
    read_usage,
    write_citation,
    write_stop,
    write_usage,
)
from masthead.providers.dialects.dialect import Losses
from masthead.providers.dialects.events import (
    Began,
    BlockEnded,
    Broke,
    CallBegan,
    CallWent,
    Cited,
    Counted,
    Done,
    Envelope,
    Piece,
    Proved,
    Said,
    Stopped,
)
from masthead.providers.dialects.form import Reasoning, Reply
from masthead.providers.dialects.json_text import decoded, encoded, inner
from masthead.providers.dialects.seals import opened, sealed
from masthead.providers.sse import Event, Parser


class AnthropicReader:
    """Reads an upstream of Anthropic's messages."""

    def __init__(self, losses: Losses) -> None:
        self._parser = Parser()
        self._losses = losses
        self._usage: dict[str, Any] = {}
        self._skipped: set[int] = set()

    def feed(self, data: bytes) -> list[Piece]:
        """Return what the next bytes say."""
        return [piece for event in self._parser.feed(data) for piece in self._event(event.data)]

    def _event(self, data: bytes) -> Iterator[Piece]:
        event = decoded(data)
        if event is None:
            yield Broke(f"the upstream sent an event that is no JSON object: {data[:80]!r}")
            return
        match event.get("type"):
            case "message_start":
                message = inner(event, "message")
                yield Began(message.get("id"), message.get("model"))
                yield from self._count(inner(message, "usage"))
            case "content_block_start":
                yield from self._start(event.get("index", 0), inner(event, "content_block"))
            case "content_block_delta":
                if event.get("index", 0) not in self._skipped:
                    yield from self._delta(event.get("index", 0), inner(event, "delta"))
            case "content_block_stop":
                yield BlockEnded()
            case "message_delta":
                yield from self._stop(inner(event, "delta"))
                yield from self._count(inner(event, "usage"))
            case "message_stop":
                yield Done()
            case "error":
                error = inner(event, "error")
                yield Broke(str(error.get("message") or error), None, error.get("type"))
            case "ping":
                pass
            case unknown:
                self._losses.add(f"event {unknown}", "not known to this dialect's adapter, dropped")

    def _stop(self, delta: Mapping[str, Any]) -> Iterator[Piece]:
        for refusal in read_refusal(inner(delta, "stop_details"), self._losses):
            yield Said("refusal", refusal.text)
        if delta.get("stop_reason"):
            yield Stopped(STOPS.get(delta["stop_reason"]), delta.get("stop_sequence"))

    def _count(self, usage: Mapping[str, Any]) -> Iterator[Piece]:
        self._usage.update({name: value for name, value in usage.items() if value is not None})
        counted = read_usage(self._usage)
        if usage and counted is not None:
            yield Counted(counted)

    def _start(self, index: int, block: Mapping[str, Any]) -> Iterator[Piece]:
        match block.get("type"):
            case "text":
                if block.get("text"):
                    yield Said("text", block["text"])
            case "thinking":
                if block.get("thinking"):
                    yield Said("reasoning", block["thinking"])
            case "redacted_thinking":
                yield Proved("anthropic", redacted=block.get("data") or "")
            case "tool_use":
                yield CallBegan(index, block.get("id") or "", block.get("name") or "")
                if block.get("input"):
                    yield CallWent(index, encoded(block["input"]).decode())
            case kind:
                self._skipped.add(index)
                self._losses.add(
                    f"content[{index}]", f"a block of type {kind!r} has no place in other dialects, dropped"
                )

    def _delta(self, index: int, delta: Mapping[str, Any]) -> Iterator[Piece]:
        match delta.get("type"):
            case "text_delta":
                yield Said("text", delta.get("text") or "")
            case "thinking_delta":
                yield Said("reasoning", delta.get("thinking") or "")
            case "signature_delta":
                proof = opened(delta.get("signature"), "anthropic")
                yield Proved(proof.origin, proof.signature, proof.redacted, proof.id)
            case "input_json_delta":
                if delta.get("partial_json"):
                    yield CallWent(index, delta["partial_json"])
            case "citations_delta":
                yield Cited(read_citation(inner(delta, "citation")))
            case kind:
                self._losses.add(f"delta {kind}", "not known to this dialect's adapter, dropped")


class AnthropicWriter:
    """Writes events for a caller of Anthropic's messages.

    A block is closed when the next one begins. Arguments that come late for a call which is closed are still written
    under its index, which is how Anthropic's clients put them together.
    """

    def __init__(self, envelope: Envelope, losses: Losses) -> None:
        self._id, self._model = envelope.id, envelope.model
        self._losses = losses
        self._is_begun = False
        self._open: str | None = None
        self._index = -1
        self._calls: dict[int, int] = {}

    def write(self, piece: Piece) -> list[Event]:
        """Return the events that say the piece."""
        if isinstance(piece, Began):
            self._id, self._model = piece.id or self._id, piece.model or self._model
            return self._begin()
        match piece:
            case Said():
                return self._say(piece)
            case Proved():
                return self._prove(piece)
            case CallBegan():
                return self._call(piece)
            case CallWent():
                index = self._calls.get(piece.slot, max(self._index, 0))
                return self._delta({"type": "input_json_delta", "partial_json": piece.arguments}, index)
            case Cited():
                events = [] if self._open == "text" else self._start("text", {"type": "text", "text": ""})
                return events + self._delta({"type": "citations_delta", "citation": write_citation(piece.citation, "")})
            case BlockEnded():
                return self._stop()
            case _:
                return []

    def finish(self, reply: Reply) -> list[Event]:
        """Return the end of the last block, the stop reason with the usage, and the end."""
        events = self._begin() + self._stop()
        delta = {"stop_reason": write_stop(reply.stop, self._losses), "stop_sequence": reply.stop_sequence}
        events.append(_event("message_delta", {"delta": delta, "usage": write_usage(reply.usage)}))
        return [*events, _event("message_stop", {})]

    def fail(self, broke: Broke, reply: Reply) -> list[Event]:
        """Return the error as an event; nothing follows it."""
        _ = reply
        return [_event("error", {"error": {"type": kind_of(broke.status or 500), "message": broke.message}})]

    def _begin(self) -> list[Event]:
        if self._is_begun:
            return []
        self._is_begun = True
        message: dict[str, Any] = {
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 0, "output_tokens": 0},
        }
        return [_event("message_start", {"message": message})]

    def _say(self, piece: Said) -> list[Event]:
        if piece.kind == "reasoning":
            block = {"type": "thinking", "thinking": "", "signature": ""}
            events = [] if self._open == "thinking" else self._start("thinking", block)
            return events + self._delta({"type": "thinking_delta", "thinking": piece.text})
        events = [] if self._open == "text" else self._start("text", {"type": "text", "text": ""})
        return events + self._delta({"type": "text_delta", "text": piece.text})

    def _prove(self, piece: Proved) -> list[Event]:
        thought = Reasoning(
            signature=piece.signature, redacted=piece.redacted, origin=piece.origin or "anthropic", id=piece.id
        )
        if piece.redacted is not None:
            is_own = thought.origin == "anthropic"
            data = piece.redacted if is_own else sealed(thought, "anthropic")
            return self._start("redacted", {"type": "redacted_thinking", "data": data}) + self._stop()
        block = {"type": "thinking", "thinking": "", "signature": ""}
        events = [] if self._open == "thinking" else self._start("thinking", block)
        return events + self._delta({"type": "signature_delta", "signature": sealed(thought, "anthropic")})

    def _call(self, piece: CallBegan) -> list[Event]:
        events: list[Event] = []
        if piece.signature is not None:
            events = self._stop() + self._prove(Proved("gemini", piece.signature))
        block: dict[str, Any] = {"type": "tool_use", "id": piece.id, "name": piece.name, "input": {}}
        events += self._start("tool_use", block)
        self._calls[piece.slot] = self._index
        return events

    def _start(self, kind: str, block: Mapping[str, Any]) -> list[Event]:
        events = self._begin() + self._stop()
        self._open = kind
        self._index += 1
        return [*events, _event("content_block_start", {"index": self._index, "content_block": block})]

    def _stop(self) -> list[Event]:
        if self._open is None:
            return []
        self._open = None
        return [_event("content_block_stop", {"index": self._index})]

    def _delta(self, delta: Mapping[str, Any], index: int | None = None) -> list[Event]:
        return [_event("content_block_delta", {"index": self._index if index is None else index, "delta": delta})]


def _event(name: str, body: Mapping[str, Any]) -> Event:
    return Event(encoded({"type": name, **body}), name)
