"""Pieces → the events of a streamed answer of OpenAI's responses."""

from collections.abc import Mapping
from typing import Any, Literal

from masthead.providers.dialects.dialect import Losses
from masthead.providers.dialects.events import (
    Began,
    BlockEnded,
    Broke,
    CallBegan,
    CallWent,
    Cited,
    Envelope,
    Piece,
    Proved,
    Said,
    called,
)
from masthead.providers.dialects.form import Citation, Reasoning, Refusal, Reply, Text
from masthead.providers.dialects.json_text import encoded
from masthead.providers.dialects.openai_responses.reply import (
    call_prefix,
    ending,
    frame,
    item_of,
    message_item,
    write_citation,
)
from masthead.providers.sse import Event

Kind = Literal["text", "reasoning", "refusal", "call"]


class ResponsesWriter:
    """Writes events for a caller of responses. An item is done when the next one begins."""

    def __init__(self, envelope: Envelope, losses: Losses) -> None:
        self._envelope = envelope
        self._id, self._model = envelope.id, envelope.model
        self._losses = losses
        self._number = 0
        self._is_begun = False
        self._output: list[dict[str, Any]] = []
        self._calls: dict[int, int] = {}
        self._kind: Kind | None = None
        self._pieces: list[str] = []
        self._citations: list[Citation] = []
        self._proof: Proved | None = None
        self._call: CallBegan | None = None

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
                return self._start_call(piece)
            case CallWent():
                return self._arguments(piece)
            case Cited():
                return self._cite(piece.citation)
            case BlockEnded():
                return self._stop()
            case _:
                return []

    def finish(self, reply: Reply) -> list[Event]:
        """Return the end of the last item and the whole answer."""
        events = self._begin() + self._stop()
        whole = frame(self._named(reply), self._envelope, self._output) | ending(reply.stop, self._losses)
        return [*events, self._event(f"response.{whole['status']}", {"response": whole})]

    def fail(self, broke: Broke, reply: Reply) -> list[Event]:
        """Return the answer as it stood, failed, with the error."""
        events = self._begin()
        whole = frame(self._named(reply), self._envelope, self._output)
        code = "rate_limit_exceeded" if broke.status == 429 else "server_error"
        whole |= {"status": "failed", "error": {"code": code, "message": broke.message}}
        return [*events, self._event("response.failed", {"response": whole})]

    def _named(self, reply: Reply) -> Reply:
        return Reply(
            id=self._id, model=self._model, parts=reply.parts, usage=reply.usage, service_tier=reply.service_tier,
            stop=reply.stop,
        )  # fmt: skip

    def _event(self, name: str, body: Mapping[str, Any]) -> Event:
        number, self._number = self._number, self._number + 1
        return Event(encoded({"type": name, "sequence_number": number, **body}), name)

    def _begin(self) -> list[Event]:
        if self._is_begun:
            return []
        self._is_begun = True
        whole = frame(Reply(id=self._id, model=self._model, parts=(), stop=None), self._envelope, [])
        names = ("response.created", "response.in_progress")
        return [self._event(name, {"response": whole}) for name in names]

    @property
    def _is_freeform(self) -> bool:
        return self._call is not None and self._call.is_freeform

    @property
    def _suffix(self) -> str:
        return f"{self._envelope.id}_{len(self._output)}"

    def _place(self, *, is_within: bool = True) -> dict[str, Any]:
        """Return where a delta belongs."""
        match self._kind:
            case "call":
                prefix = call_prefix(is_freeform=self._is_freeform)
            case "reasoning":
                prefix = "rs"
            case _:
                prefix = "msg"
        place: dict[str, Any] = {"item_id": f"{prefix}_{self._suffix}", "output_index": len(self._output)}
        return {**place, "content_index": 0} if is_within else place

    def _item(self) -> dict[str, Any]:
        """Return the item that is open, as far as it has come."""
        text = "".join(self._pieces)
        match self._kind:
            case "call":
                return item_of(called(self._call or CallBegan(0, "", ""), text), self._suffix)
            case "reasoning":
                proof = self._proof or Proved(None)
                thought = Reasoning(
                    text=text,
                    signature=proof.signature,
                    redacted=proof.redacted,
                    origin=proof.origin,
                    id=proof.id if proof.origin == "openai" else None,
                )
                return {**item_of(thought, self._suffix), "id": f"rs_{self._suffix}"}
            case "refusal":
                return item_of(Refusal(text=text), self._suffix)
            case _:
                return item_of(Text(text=text, citations=tuple(self._citations)), self._suffix)

    def _start(self, kind: Kind) -> list[Event]:
        events = self._begin() + self._stop()
        self._kind = kind
        item = self._item()
        if kind in {"text", "refusal"}:
            content = item["content"][0]
            added = {"item": message_item(self._suffix, status="in_progress"), "output_index": len(self._output)}
            events.append(self._event("response.output_item.added", added))
            return [*events, self._event("response.content_part.added", {**self._place(), "part": content})]
        if kind == "call":
            item["status"] = "in_progress"
        return [*events, self._event("response.output_item.added", {"item": item, "output_index": len(self._output)})]

    def _say(self, piece: Said) -> list[Event]:
        events = [] if self._kind == piece.kind and self._proof is None else self._start(piece.kind)
        if piece.kind == "reasoning":
            if not self._pieces:
                part = {"summary_index": 0, "part": {"type": "summary_text", "text": ""}}
                place = self._place(is_within=False)
                events.append(self._event("response.reasoning_summary_part.added", {**place, **part}))
            self._pieces.append(piece.text)
            delta = {**self._place(is_within=False), "summary_index": 0, "delta": piece.text}
            return [*events, self._event("response.reasoning_summary_text.delta", delta)]
        self._pieces.append(piece.text)
        delta = {**self._place(), "delta": piece.text}
        if piece.kind == "refusal":
            return [*events, self._event("response.refusal.delta", delta)]
        return [*events, self._event("response.output_text.delta", {**delta, "logprobs": []})]

    def _prove(self, piece: Proved) -> list[Event]:
        is_open = self._kind == "reasoning" and self._proof is None and piece.redacted is None
        events = [] if is_open else self._start("reasoning")
        self._proof = piece
        return events

    def _start_call(self, piece: CallBegan) -> list[Event]:
        events: list[Event] = []
        if piece.signature is not None:
            events = self._stop() + self._prove(Proved("gemini", piece.signature))
        events += self._begin() + self._stop()
        self._call = piece
        self._calls[piece.slot] = len(self._output)
        return events + self._start("call")

    def _arguments(self, piece: CallWent) -> list[Event]:
        index = self._calls.get(piece.slot, len(self._output))
        if index == len(self._output):
            self._pieces.append(piece.arguments)
            place, is_freeform = self._place(is_within=False), self._is_freeform
        else:
            item = self._output[index]
            is_freeform = item["type"] == "custom_tool_call"
            item["input" if is_freeform else "arguments"] += piece.arguments
            place = {"item_id": item["id"], "output_index": index}
        name = "custom_tool_call_input" if is_freeform else "function_call_arguments"
        return [self._event(f"response.{name}.delta", {**place, "delta": piece.arguments})]

    def _given(self, place: Mapping[str, Any], item: Mapping[str, Any], text: str) -> Event:
        if self._is_freeform:
            return self._event("response.custom_tool_call_input.done", {**place, "input": text})
        told = {**place, "name": item["name"], "arguments": text}
        return self._event("response.function_call_arguments.done", told)

    def _cite(self, citation: Citation) -> list[Event]:
        events = [] if self._kind == "text" else self._start("text")
        self._citations.append(citation)
        note = write_citation(citation, "".join(self._pieces))
        place = {**self._place(), "annotation_index": len(self._citations) - 1, "annotation": note}
        return [*events, self._event("response.output_text.annotation.added", place)]

    def _stop(self) -> list[Event]:
        if self._kind is None:
            return []
        item, text = self._item(), "".join(self._pieces)
        place, outside = self._place(), self._place(is_within=False)
        events: list[Event] = []
        match self._kind:
            case "text" | "refusal":
                content = item["content"][0]
                if self._kind == "refusal":
                    events.append(self._event("response.refusal.done", {**place, "refusal": text}))
                else:
                    events.append(self._event("response.output_text.done", {**place, "text": text, "logprobs": []}))
                events.append(self._event("response.content_part.done", {**place, "part": content}))
            case "reasoning" if text:
                summary = {**outside, "summary_index": 0}
                part = {"type": "summary_text", "text": text}
                events.append(self._event("response.reasoning_summary_text.done", {**summary, "text": text}))
                events.append(self._event("response.reasoning_summary_part.done", {**summary, "part": part}))
            case "call":
                events.append(self._given(outside, item, text))
            case _:
                pass
        events.append(self._event("response.output_item.done", {"output_index": len(self._output), "item": item}))
        self._output.append(item)
        self._kind, self._pieces, self._citations, self._proof = None, [], [], None
        return events
