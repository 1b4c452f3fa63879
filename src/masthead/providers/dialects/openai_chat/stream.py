"""The chunks of a streamed chat completion ↔ pieces."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from masthead.providers.dialects.dialect import Losses
from masthead.providers.dialects.events import (
    Began,
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
    called,
)
from masthead.providers.dialects.fields import Fields
from masthead.providers.dialects.form import Reasoning, Reply
from masthead.providers.dialects.json_text import decoded, encoded, inner
from masthead.providers.dialects.openai_chat.reasoning import read_reasoning, written_detail
from masthead.providers.dialects.openai_chat.reply import (
    read_citations,
    read_stop,
    read_usage,
    write_citations,
    write_stop,
    write_usage,
)
from masthead.providers.dialects.openai_chat.write_request import write_call
from masthead.providers.sse import Event, Parser

_READ: Final = frozenset(
    {"role", "content", "reasoning_content", "reasoning", "reasoning_details", "refusal", "tool_calls", "annotations"}
)
_DONE: Final = b"[DONE]"


class ChatReader:
    """Reads an upstream of chat completions."""

    def __init__(self, losses: Losses) -> None:
        self._parser = Parser()
        self._losses = losses
        self._is_begun = False
        self._slots: dict[str, int] = {}
        self._opened: set[int] = set()

    def feed(self, data: bytes) -> list[Piece]:
        """Return what the next bytes say."""
        return [piece for event in self._parser.feed(data) for piece in self._event(event.data)]

    def _event(self, data: bytes) -> Iterator[Piece]:
        if data == _DONE:
            yield Done()
            return
        chunk = decoded(data)
        if chunk is None:
            yield Broke(f"the upstream sent a chunk that is no JSON object: {data[:80]!r}")
            return
        if chunk.get("error") is not None:
            yield _broke(chunk["error"])
            return
        if not self._is_begun:
            self._is_begun = True
            yield Began(chunk.get("id"), chunk.get("model"))
        for choice in cast("list[dict[str, Any]]", chunk.get("choices") or []):
            if choice.get("index"):
                self._losses.add("choices", "the caller's dialect has one answer; the others were dropped")
                continue
            yield from self._delta(choice.get("delta") or {})
            if choice.get("logprobs"):
                self._losses.add("logprobs", "the caller's dialect has no place for it, dropped")
            if choice.get("finish_reason"):
                yield Stopped(read_stop(choice["finish_reason"]))
        usage = read_usage(chunk.get("usage") or inner(chunk, "x_groq").get("usage"))
        if usage is not None:
            yield Counted(usage)

    def _delta(self, delta: Mapping[str, Any]) -> Iterator[Piece]:
        for name in delta.keys() - _READ:
            if delta[name] is not None:
                self._losses.add(f"delta.{name}", "not known to this dialect's adapter, dropped")
        if "reasoning_details" in delta or "reasoning_content" in delta or "reasoning" in delta:
            yield from self._thoughts(read_reasoning(Fields(delta, "delta", self._losses)))
        content = delta.get("content")
        if isinstance(content, str):
            if content:
                yield Said("text", content)
        elif content:
            yield from self._content(content)
        if delta.get("refusal"):
            yield Said("refusal", delta["refusal"])
        for citation in read_citations(delta.get("annotations") or ()):
            yield Cited(citation)
        for call in delta.get("tool_calls") or ():
            yield from self._call(call)

    def _content(self, content: Sequence[Mapping[str, Any]]) -> Iterator[Piece]:
        """Yield what a list of content says, which Mistral streams while its model thinks."""
        for part in content:
            if part.get("type") == "thinking":
                yield from self._thoughts(read_reasoning(Fields(part, "delta.content", self._losses)))
            elif part.get("text"):
                yield Said("text", part["text"])

    @staticmethod
    def _thoughts(thoughts: Iterator[Reasoning]) -> Iterator[Piece]:
        for thought in thoughts:
            if thought.text:
                yield Said("reasoning", thought.text)
            if thought.signature or thought.redacted:
                yield Proved(thought.origin, thought.signature, thought.redacted, thought.id)

    def _call(self, call: Mapping[str, Any]) -> Iterator[Piece]:
        is_freeform = bool(call.get("custom"))
        told: Mapping[str, Any] = call.get("custom") or call.get("function") or {}
        arguments = told.get("input" if is_freeform else "arguments")
        identity, index = call.get("id"), call.get("index")
        if index is None:
            index = self._slots.setdefault(identity, len(self._slots)) if identity else max(len(self._slots) - 1, 0)
        if index not in self._opened:
            self._opened.add(index)
            google = inner(inner(call, "extra_content"), "google")
            yield CallBegan(
                index,
                identity or f"call_{index}",
                told.get("name") or "",
                google.get("thought_signature"),
                is_freeform=is_freeform,
            )
        if arguments:
            yield CallWent(index, arguments)


def _broke(error: object) -> Broke:
    if not isinstance(error, dict):
        return Broke(str(error))
    told = cast("dict[str, Any]", error)
    code = told.get("code")
    status = code if isinstance(code, int) and 400 <= code < 600 else None
    return Broke(str(told.get("message") or told), status, told.get("type"))


class ChatWriter:
    """Writes chunks for a caller of chat completions."""

    def __init__(self, envelope: Envelope, losses: Losses) -> None:
        self._head: dict[str, Any] = {
            "id": envelope.id,
            "object": "chat.completion.chunk",
            "created": envelope.now_s,
            "model": envelope.model,
        }
        self._tells_usage = envelope.request.is_usage_streamed
        self._losses = losses
        self._is_begun = False
        self._calls: dict[int, int] = {}
        self._freeform: set[int] = set()
        self._thought: list[str] = []
        self._thoughts = 0

    def write(self, piece: Piece) -> list[Event]:
        """Return the chunk that says the piece."""
        match piece:
            case Began():
                self._head["id"] = piece.id or self._head["id"]
                self._head["model"] = piece.model or self._head["model"]
                return self._begin()
            case Said("text", text):
                return self._chunk({"content": text})
            case Said("reasoning", text):
                self._thought.append(text)
                return self._chunk({"reasoning_content": text})
            case Said("refusal", text):
                return self._chunk({"refusal": text})
            case Proved():
                return self._prove(piece)
            case CallBegan():
                return self._call(piece)
            case CallWent():
                kind, given = ("custom", "input") if piece.slot in self._freeform else ("function", "arguments")
                call = {"index": self._calls.get(piece.slot, 0), kind: {given: piece.arguments}}
                return self._chunk({"tool_calls": [call]})
            case _:
                return []

    def finish(self, reply: Reply) -> list[Event]:
        """Return the chunk with the finish reason, the usage where it was asked for, and the end mark."""
        annotations = write_citations(reply.parts)
        events = self._chunk({"annotations": annotations}) if annotations else self._begin()
        events += self._chunk({}, finish=write_stop(reply.stop, self._losses))
        if self._tells_usage and reply.usage is not None:
            events.append(Event(encoded({**self._head, "choices": [], "usage": write_usage(reply.usage)})))
        return [*events, Event(_DONE)]

    def fail(self, broke: Broke, reply: Reply) -> list[Event]:
        """Return the error as a chunk, as OpenAI's clients expect it; no end mark follows."""
        _ = reply
        error = {"message": broke.message, "type": broke.kind or "upstream_error", "param": None, "code": broke.status}
        return [Event(encoded({"error": error}))]

    def _begin(self) -> list[Event]:
        return [] if self._is_begun else self._chunk({"role": "assistant", "content": ""})

    def _chunk(self, delta: dict[str, Any], *, finish: str | None = None) -> list[Event]:
        if not self._is_begun:
            self._is_begun = True
            delta = {"role": "assistant", **delta}
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return [Event(encoded({**self._head, "choices": [choice]}))]

    def _prove(self, piece: Proved) -> list[Event]:
        thought = Reasoning(
            text="" if piece.redacted else "".join(self._thought),
            signature=piece.signature,
            redacted=piece.redacted,
            origin=piece.origin,
            id=piece.id,
        )
        if not piece.redacted:
            self._thought = []
        detail = written_detail(thought, self._thoughts)
        self._thoughts += 1
        return self._chunk({"reasoning_details": [detail]})

    def _call(self, piece: CallBegan) -> list[Event]:
        index = self._calls.setdefault(piece.slot, len(self._calls))
        if piece.is_freeform:
            self._freeform.add(piece.slot)
        call = {"index": index, "id": piece.id, **write_call(called(piece, ""))}
        return self._chunk({"tool_calls": [call]})
