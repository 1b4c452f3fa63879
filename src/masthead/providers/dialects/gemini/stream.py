"""The chunks of a streamed generateContent → pieces. Each is an answer of its own; the last one says why it ended."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from masthead.providers.dialects.dialect import Losses
from masthead.providers.dialects.events import (
    Began,
    BlockEnded,
    Broke,
    CallBegan,
    CallWent,
    Cited,
    Counted,
    Piece,
    Proved,
    Said,
    Stopped,
)
from masthead.providers.dialects.form import Call, Part, Reasoning, Text
from masthead.providers.dialects.gemini.reply import (
    blocked,
    note_unknown,
    placed,
    read_citations,
    read_part,
    read_stop,
    read_usage,
)
from masthead.providers.dialects.json_text import decoded, inner
from masthead.providers.sse import Parser


class GeminiReader:
    """Reads an upstream of `streamGenerateContent?alt=sse`."""

    def __init__(self, losses: Losses, reply_id: str) -> None:
        self._parser = Parser()
        self._losses = losses
        self._reply_id = reply_id
        self._is_begun = False
        self._calls = 0
        self._text: list[str] = []

    def feed(self, data: bytes) -> list[Piece]:
        """Return what the next bytes say."""
        return [piece for event in self._parser.feed(data) for piece in self._event(event.data)]

    def _event(self, data: bytes) -> Iterator[Piece]:
        chunk = decoded(data)
        if chunk is None:
            yield Broke(f"the upstream sent a chunk that is no JSON object: {data[:80]!r}")
            return
        if chunk.get("error"):
            error = inner(chunk, "error")
            yield Broke(str(error.get("message") or error), error.get("code"), error.get("status"))
            return
        note_unknown(chunk, self._losses)
        if not self._is_begun:
            self._is_begun = True
            yield Began(chunk.get("responseId"), chunk.get("modelVersion"))
        for refusal in blocked(chunk):
            yield Said("refusal", refusal.text)
            yield Stopped("filter")
        for candidate in cast("list[dict[str, Any]]", chunk.get("candidates") or [])[:1]:
            yield from self._candidate(candidate)
        usage = read_usage(chunk.get("usageMetadata"))
        if usage is not None:
            yield Counted(usage)

    def _candidate(self, candidate: Mapping[str, Any]) -> Iterator[Piece]:
        for part in cast("list[dict[str, Any]]", inner(candidate, "content").get("parts") or []):
            for said in read_part(part, f"{self._reply_id}_{self._calls}", self._losses):
                yield from self._say(said)
        text = "".join(self._text)
        for citation in placed(text, read_citations(candidate)):
            yield Cited(citation)
        stop = read_stop(candidate.get("finishReason"), has_called=self._calls > 0)
        if stop is not None:
            yield Stopped(stop)

    def _say(self, said: Part) -> Iterator[Piece]:
        match said:
            case Text():
                self._text.append(said.text)
                yield Said("text", said.text)
            case Reasoning():
                if said.text:
                    yield Said("reasoning", said.text)
                if said.signature:
                    yield Proved("gemini", said.signature)
            case Call():
                slot, self._calls = self._calls, self._calls + 1
                yield CallBegan(slot, said.id, said.name, said.signature)
                yield CallWent(slot, said.arguments)
                yield BlockEnded()
            case _:
                pass
