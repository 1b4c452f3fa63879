"""The events of a streamed answer of OpenAI's responses → pieces."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

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
    Piece,
    Proved,
    Said,
    Stopped,
)
from masthead.providers.dialects.json_text import decoded, inner
from masthead.providers.dialects.openai_responses.reply import read_citation, read_stop, read_usage
from masthead.providers.dialects.seals import opened
from masthead.providers.sse import Parser

_SILENT: Final = frozenset(
    {
        "response.in_progress", "response.queued", "response.content_part.added", "response.content_part.done",
        "response.output_text.done", "response.refusal.done", "response.reasoning_summary_text.done",
        "response.reasoning_summary_part.done", "response.reasoning_text.done", "keepalive",
    }
)  # fmt: skip
"""Events that repeat what others said."""


class ResponsesReader:
    """Reads an upstream of responses."""

    def __init__(self, losses: Losses) -> None:
        self._parser = Parser()
        self._losses = losses
        self._has_called = False
        self._has_refused = False
        self._said_arguments: set[int] = set()

    def feed(self, data: bytes) -> list[Piece]:
        """Return what the next bytes say."""
        return [piece for event in self._parser.feed(data) for piece in self._event(event.data)]

    def _event(self, data: bytes) -> Iterator[Piece]:
        if data == b"[DONE]":
            return
        event = decoded(data)
        if event is None:
            yield Broke(f"the upstream sent an event that is no JSON object: {data[:80]!r}")
            return
        kind = event.get("type") or ""
        yield from self._said(kind, event) if kind.endswith(".delta") else self._stepped(kind, event)

    def _said(self, kind: str, event: Mapping[str, Any]) -> Iterator[Piece]:
        delta = event.get("delta") or ""
        match kind:
            case "response.output_text.delta":
                yield Said("text", delta)
            case "response.refusal.delta":
                self._has_refused = True
                yield Said("refusal", delta)
            case "response.reasoning_summary_text.delta" | "response.reasoning_text.delta":
                yield Said("reasoning", delta)
            case "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta":
                self._said_arguments.add(event.get("output_index", 0))
                yield CallWent(event.get("output_index", 0), delta)
            case _:
                self._losses.add(f"event {kind}", "not known to this dialect's adapter, dropped")

    def _stepped(self, kind: str, event: Mapping[str, Any]) -> Iterator[Piece]:
        match kind:
            case "response.reasoning_summary_part.added":
                if event.get("summary_index"):
                    yield Said("reasoning", "\n\n")
            case "response.function_call_arguments.done":
                yield from self._arguments(event.get("output_index", 0), event.get("arguments"))
            case "response.custom_tool_call_input.done":
                yield from self._arguments(event.get("output_index", 0), event.get("input"))
            case "response.output_text.annotation.added":
                note = inner(event, "annotation")
                if note.get("type") == "url_citation":
                    yield Cited(read_citation(note))
            case "response.output_item.added":
                yield from self._begin(event.get("output_index", 0), inner(event, "item"))
            case "response.output_item.done":
                yield from self._end(event.get("output_index", 0), inner(event, "item"))
            case _:
                yield from self._whole(kind, event)

    def _whole(self, kind: str, event: Mapping[str, Any]) -> Iterator[Piece]:
        answer = inner(event, "response")
        match kind:
            case "response.created":
                yield Began(answer.get("id"), answer.get("model"))
            case "response.completed" | "response.incomplete":
                stop = read_stop(answer, ())
                if stop == "end" and (self._has_called or self._has_refused):
                    stop = "tool" if self._has_called else "refusal"
                yield Stopped(stop)
                usage = read_usage(answer.get("usage"))
                if usage is not None:
                    yield Counted(usage)
                yield Done()
            case "response.failed" | "response.cancelled":
                error = inner(answer, "error")
                yield Broke(str(error.get("message") or "the upstream failed"), None, error.get("code"))
            case "error":
                told = inner(event, "error") or event
                yield Broke(str(told.get("message") or "the upstream failed"), None, told.get("code"))
            case _ if kind not in _SILENT:
                self._losses.add(f"event {kind}", "not known to this dialect's adapter, dropped")
            case _:
                pass

    def _begin(self, slot: int, item: Mapping[str, Any]) -> Iterator[Piece]:
        kind = item.get("type")
        if kind in {"function_call", "custom_tool_call"}:
            self._has_called = True
            yield CallBegan(
                slot,
                item.get("call_id") or "",
                item.get("name") or "",
                is_freeform=kind == "custom_tool_call",
                namespace=item.get("namespace"),
            )
        elif kind not in {"message", "reasoning"}:
            self._losses.add(f"output[{slot}]", f"an item of type {kind!r} has no place in other dialects, dropped")

    def _end(self, slot: int, item: Mapping[str, Any]) -> Iterator[Piece]:
        if item.get("type") == "reasoning" and item.get("encrypted_content"):
            proof = opened(item["encrypted_content"], "openai", id=item.get("id"))
            yield Proved(proof.origin, proof.signature, proof.redacted, proof.id)
        if item.get("type") in {"function_call", "custom_tool_call"}:
            yield from self._arguments(slot, item.get("arguments") or item.get("input"))
        yield BlockEnded()

    def _arguments(self, slot: int, arguments: str | None) -> Iterator[Piece]:
        """Yield the arguments of a call whose pieces never came."""
        if arguments and slot not in self._said_arguments:
            self._said_arguments.add(slot)
            yield CallWent(slot, arguments)
