"""Applies edits to an answer: to a whole body, or to a stream's events as they come."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol, cast

import msgspec

from masthead.gateway.plugins.texts import chat, messages, responses
from masthead.gateway.plugins.texts.edit import Edit, Edits
from masthead.gateway.plugins.texts.slots import Body, Channel, Slot
from masthead.gateway.seams import Refused, StreamOver
from masthead.gateway.streams import events_of
from masthead.providers.dialects import Dialect

_OBJECT: Final = msgspec.json.Decoder(dict[str, Any])


class _StreamReader(Protocol):
    has_ended: bool

    def pieces(self, event: Body) -> list[Slot]: ...
    def wholes(self, event: Body) -> Sequence[Slot]: ...
    def ended(self, event: Body, channels: Sequence[Channel]) -> list[Channel]: ...
    def is_last(self, event: Body) -> bool: ...
    def carry(self, channel: Channel, text: str) -> list[bytes]: ...
    def cut(self, sent: bytes, tokens: int) -> bytes: ...
    def placed(self, event: Body) -> bool: ...


class _Dialect(NamedTuple):
    slots: Callable[[Body], Iterator[Slot]]
    stream: Callable[[], _StreamReader]
    clear_chances: Callable[[Body], None]
    mark_cut: Callable[[Body], None]


_DIALECTS: Final[Mapping[Dialect, _Dialect]] = {
    Dialect.OPENAI_CHAT: _Dialect(chat.slots, chat.ChatStream, chat.clear_chances, chat.mark_cut),
    Dialect.OPENAI_RESPONSES: _Dialect(
        responses.slots, responses.ResponsesStream, responses.clear_chances, responses.mark_cut
    ),
    Dialect.ANTHROPIC: _Dialect(messages.slots, messages.MessagesStream, messages.clear_chances, messages.mark_cut),
}


def slots_in(dialect: Dialect, body: Body) -> Iterator[Slot]:
    """Yield the texts of a whole answer; none in a dialect that no client speaks here."""
    known = _DIALECTS.get(dialect)
    return iter(()) if known is None else known.slots(body)


def edit_body(dialect: Dialect, body: Body, edits: Sequence[Edits]) -> bool:
    """Change the texts of a whole answer in place; return whether one changed."""
    known = _DIALECTS.get(dialect)
    if known is None:
        return False
    is_changed = False
    for slot in known.slots(body):
        is_changed = _edit_whole(slot, edits) or is_changed
    if any(one.is_over() for one in edits):
        known.mark_cut(body)
    for one in edits:
        one.finish()
    if is_changed:
        known.clear_chances(body)
    return is_changed


def _edit_whole(slot: Slot, edits: Sequence[Edits]) -> bool:
    value = slot.value
    is_object = not isinstance(value, str)
    before = msgspec.json.encode(value).decode() if is_object else str(value)
    text = before
    for one in edits:
        text = one.whole(slot.channel, text)
    if text == before:
        return False
    slot.put(_object(text, value) if is_object else text)
    return True


def _object(text: str, otherwise: object) -> object:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return otherwise


@dataclass(slots=True)
class _Growing:
    """One text that grows, and the edits that it passes through."""

    edits: list[Edit]

    def feed(self, piece: str) -> str:
        for one in self.edits:
            piece = one.feed(piece) if piece else piece
        return piece

    def close(self, *, is_whole: bool) -> str:
        rest = ""
        for one in self.edits:
            rest = (one.feed(rest) if rest else "") + one.close(is_whole=is_whole)
        return rest


class TextStream:
    """A filter of a stream. Events in which nothing changes go on as the bytes that came."""

    def __init__(self, dialect: Dialect, edits: Sequence[Edits], sent: Callable[[], bytes]) -> None:
        known = _DIALECTS[dialect]
        self._reader = known.stream()
        self._clear_chances = known.clear_chances
        self._edits = edits
        self._sent = sent
        self._growing: dict[Channel, _Growing] = {}
        self._pieces = 0
        self._is_finished = False

    def feed(self, events: bytes) -> bytes:
        """Return the events with their texts changed.

        Raises:
            StreamOver: the answer is to end here.
        """
        done: list[bytes] = []
        try:
            for raw in events_of(events):
                self._event(raw, done)
                if any(one.is_over() for one in self._edits):
                    self._end_all(done, is_whole=False)
                    ready = b"".join(done)
                    raise StreamOver(ready + self._reader.cut(self._sent() + ready, self._pieces))
        except Refused as refused:
            raise StreamOver(b"".join(done), refused) from None
        return b"".join(done)

    def close(self) -> bytes:
        """Return what is still held back.

        Raises:
            StreamOver: the answer is not to be had.
        """
        done: list[bytes] = []
        try:
            self._end_all(done, is_whole=self._reader.has_ended)
            if self._reader.has_ended:
                self._finish()
        except Refused as refused:
            raise StreamOver(b"".join(done), refused) from None
        return b"".join(done)

    def _event(self, raw: bytes, done: list[bytes]) -> None:
        data = _data(raw)
        event = _decoded(data)
        if event is None:
            if data == b"[DONE]":
                self._end_all(done, is_whole=True)
                self._finish()
            done.append(raw)
            return
        reader = self._reader
        is_changed = False
        pieces = reader.pieces(event)
        if pieces:
            self._pieces += 1
        for slot in pieces:
            before = slot.value
            growing = self._growing.get(slot.channel)
            if growing is None:
                growing = self._begin(slot.channel)
            text = growing.feed(before)
            if text != before:
                slot.put(text)
                is_changed = True
        is_changed = self._ended(event, pieces, done) or is_changed
        for slot in reader.wholes(event):
            is_changed = (slot.value != "" and _edit_whole(slot, self._edits)) or is_changed
        if reader.is_last(event):
            self._finish()
        if is_changed:
            self._clear(event)
        if reader.placed(event) or is_changed:
            done.append(_rewritten(raw, event))
        else:
            done.append(raw)

    def _ended(self, event: Body, pieces: Sequence[Slot], done: list[bytes]) -> bool:
        """Close the channels that end with the event: what they held back goes with it, or before it."""
        is_changed = False
        for channel in self._reader.ended(event, list(self._growing)):
            rest = self._growing.pop(channel).close(is_whole=True)
            if not rest:
                continue
            here = next((one for one in pieces if one.channel == channel), None)
            if here is None:
                done += self._reader.carry(channel, rest)
            else:
                here.put(here.value + rest)
                is_changed = True
        return is_changed

    def _begin(self, channel: Channel) -> _Growing:
        found = [edit for one in self._edits if (edit := one.edit(channel)) is not None]
        growing = self._growing[channel] = _Growing(found)
        return growing

    def _end_all(self, done: list[bytes], *, is_whole: bool) -> None:
        growing, self._growing = self._growing, {}
        for channel, one in growing.items():
            rest = one.close(is_whole=is_whole)
            if rest:
                done += self._reader.carry(channel, rest)

    def _finish(self) -> None:
        if not self._is_finished:
            self._is_finished = True
            for one in self._edits:
                one.finish()

    def _clear(self, event: Body) -> None:
        if event.get("logprobs"):
            event["logprobs"] = []
        inner: Any = event.get("response")
        self._clear_chances(cast("Body", inner) if isinstance(inner, dict) else event)


def _data(raw: bytes) -> bytes:
    if raw.startswith(b"data: ") and raw.find(b"\n", 0, -2) < 0 and b"\r" not in raw:
        return raw[6:].rstrip(b"\n")
    lines = [line[5:].removeprefix(b" ") for line in raw.splitlines() if line.startswith(b"data:")]
    return b"\n".join(lines)


def _decoded(data: bytes) -> Body | None:
    if data.lstrip()[:1] != b"{":
        return None
    try:
        return _OBJECT.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _rewritten(raw: bytes, event: Body) -> bytes:
    kept = [line for line in raw.splitlines() if line and not line.startswith(b"data:")]
    return b"".join(line + b"\n" for line in kept) + b"data: " + msgspec.json.encode(event) + b"\n\n"
