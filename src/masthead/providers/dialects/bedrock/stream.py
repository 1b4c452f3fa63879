"""The events of a streamed Converse → pieces."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from masthead.model.errors import InvalidInput
from masthead.providers.dialects.bedrock.event_stream import EventStream, Message
from masthead.providers.dialects.bedrock.reply import STOPS, read_citation, read_usage
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

_STATUSES: Final = {
    "throttlingException": 429,
    "validationException": 400,
    "serviceUnavailableException": 503,
    "modelStreamErrorException": 424,
    "internalServerException": 500,
}


class BedrockReader:
    """Reads an upstream of `converse-stream`."""

    def __init__(self, losses: Losses) -> None:
        self._stream = EventStream()
        self._losses = losses

    def feed(self, data: bytes) -> list[Piece]:
        """Return what the next bytes say."""
        try:
            messages = self._stream.feed(data)
        except InvalidInput as error:
            return [Broke(str(error))]
        return [piece for message in messages for piece in self._event(message)]

    def _event(self, message: Message) -> Iterator[Piece]:
        body = decoded(message.payload) or {}
        if message.headers.get(":message-type", "event") != "event":
            kind = message.headers.get(":exception-type") or message.headers.get(":error-code") or "error"
            told = body.get("message") or message.headers.get(":error-message") or "the upstream broke off"
            yield Broke(str(told), _STATUSES.get(kind, 500), kind)
            return
        index = body.get("contentBlockIndex", 0)
        match message.headers.get(":event-type"):
            case "messageStart":
                yield Began()
            case "contentBlockStart":
                use = inner(inner(body, "start"), "toolUse")
                if use:
                    yield CallBegan(index, use.get("toolUseId") or "", use.get("name") or "")
            case "contentBlockDelta":
                yield from self._delta(index, inner(body, "delta"))
            case "contentBlockStop":
                yield BlockEnded()
            case "messageStop":
                yield Stopped(STOPS.get(body.get("stopReason") or ""))
            case "metadata":
                usage = read_usage(body.get("usage"))
                if usage is not None:
                    yield Counted(usage)
                yield Done()
            case unknown:
                self._losses.add(f"event {unknown}", "not known to this dialect's adapter, dropped")

    def _delta(self, index: int, delta: Mapping[str, Any]) -> Iterator[Piece]:
        if "text" in delta:
            yield Said("text", delta["text"])
        elif "toolUse" in delta:
            yield CallWent(index, inner(delta, "toolUse").get("input") or "")
        elif "reasoningContent" in delta:
            content = inner(delta, "reasoningContent")
            if content.get("text"):
                yield Said("reasoning", content["text"])
            if content.get("signature"):
                yield Proved("anthropic", content["signature"])
            if content.get("redactedContent"):
                yield Proved("anthropic", redacted=content["redactedContent"])
        elif "citation" in delta:
            yield Cited(read_citation(inner(delta, "citation")))
        else:
            self._losses.add(f"delta.{next(iter(delta), 'empty')}", "it has no place in other dialects, dropped")
