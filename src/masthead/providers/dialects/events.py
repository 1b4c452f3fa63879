"""What a streamed answer says piece by piece, in whichever dialect; and the answer put together from the pieces."""

from dataclasses import dataclass, field, fields, replace
from typing import Final, Literal, Protocol

from masthead.model.reading import Usage
from masthead.providers.dialects.form import (
    Call,
    Citation,
    Origin,
    Part,
    Reasoning,
    Refusal,
    Reply,
    Request,
    Stop,
    Text,
)
from masthead.providers.sse import Event


@dataclass(frozen=True, slots=True)
class Began:
    """The answer has begun."""

    id: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of the text, of the thinking, or of a refusal."""

    kind: Literal["text", "reasoning", "refusal"]
    text: str


@dataclass(frozen=True, slots=True)
class Proved:
    """The signature of the thinking before it, or thinking that only its vendor reads."""

    origin: Origin | None
    signature: str | None = None
    redacted: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class CallBegan:
    """A call has begun; `slot` tells it from calls beside it."""

    slot: int
    id: str
    name: str
    signature: str | None = None
    is_freeform: bool = False
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class CallWent:
    """A piece of a call's arguments; of a free-form one, a piece of its input."""

    slot: int
    arguments: str


@dataclass(frozen=True, slots=True)
class Cited:
    """The text before it cites."""

    citation: Citation


@dataclass(frozen=True, slots=True)
class BlockEnded:
    """What comes next belongs to another block, even where it is of the same kind."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """The model stopped; usage may still follow."""

    stop: Stop | None
    sequence: str | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """Tokens so far: a later count completes or replaces an earlier one."""

    usage: Usage


@dataclass(frozen=True, slots=True)
class Broke:
    """The upstream reported an error amid the stream."""

    message: str
    status: int | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """The upstream said that nothing follows."""


Piece = Began | Said | Proved | CallBegan | CallWent | Cited | BlockEnded | Stopped | Counted | Broke | Done


@dataclass(frozen=True, kw_only=True, slots=True)
class Envelope:
    """What an answer is wrapped in: an id and a model where the upstream names none, the time, and what was asked."""

    id: str
    model: str
    now_s: int
    request: Request


class Reader(Protocol):
    """Reads the upstream's bytes in its dialect."""

    def feed(self, data: bytes) -> list[Piece]:
        """Return what the next bytes say."""
        ...


class Writer(Protocol):
    """Writes the caller's dialect."""

    def write(self, piece: Piece) -> list[Event]:
        """Return the events for a piece."""
        ...

    def finish(self, reply: Reply) -> list[Event]:
        """Return the last events of an answer that came to its end."""
        ...

    def fail(self, broke: Broke, reply: Reply) -> list[Event]:
        """Return the last events of an answer that broke off."""
        ...


_COUNTS: Final = tuple(one.name for one in fields(Usage))


def joined_usage(earlier: Usage | None, later: Usage) -> Usage:
    """Return the later count, completed by the earlier one."""
    if earlier is None:
        return later
    known = {name: getattr(later, name) for name in _COUNTS if getattr(later, name) is not None}
    return replace(earlier, **known)


def called(begun: CallBegan, arguments: str) -> Call:
    """Return the call that has begun, with its arguments."""
    return Call(
        id=begun.id,
        name=begun.name,
        arguments=arguments,
        signature=begun.signature,
        is_freeform=begun.is_freeform,
        namespace=begun.namespace,
    )


class Assembler:
    """Puts the answer together from its pieces."""

    __slots__ = ("_calls", "_parts", "broke", "id", "is_done", "is_stopped", "model", "stop", "stop_sequence", "usage")

    def __init__(self) -> None:
        self._parts: list[_Open] = []
        self._calls: dict[int, _Open] = {}
        self.id: str | None = None
        self.model: str | None = None
        self.stop: Stop | None = None
        self.stop_sequence: str | None = None
        self.usage: Usage | None = None
        self.broke: Broke | None = None
        self.is_stopped = False
        self.is_done = False

    def take(self, piece: Piece) -> None:
        """Note a piece.

        Raises:
            TypeError: what should be a text is none: an upstream may send anything.
        """
        match piece:
            case Said():
                self._open(piece.kind).pieces.append("" + piece.text)
            case CallWent():
                call = self._calls.get(piece.slot)
                if call is not None:
                    call.pieces.append("" + piece.arguments)
            case CallBegan():
                begun = _Open("call", call=piece)
                self._calls[piece.slot] = begun
                self._parts.append(begun)
            case Proved():
                self._prove(piece)
            case Cited():
                self._open("text").citations.append(piece.citation)
            case BlockEnded():
                if self._parts:
                    self._parts[-1].is_ended = True
            case _:
                self._note(piece)

    @property
    def is_empty(self) -> bool:
        """Whether the model said nothing so far, not even that it stopped."""
        return not self._parts and not self.is_stopped

    def _note(self, piece: Piece) -> None:
        match piece:
            case Began():
                self.id, self.model = piece.id or self.id, piece.model or self.model
            case Stopped():
                self.is_stopped = True
                self.stop, self.stop_sequence = piece.stop or self.stop, piece.sequence or self.stop_sequence
            case Counted():
                self.usage = joined_usage(self.usage, piece.usage)
            case Broke():
                self.broke = self.broke or piece
            case Done():
                self.is_done = True
            case _:
                pass

    def reply(self, *, id: str, model: str) -> Reply:  # noqa: A002 - the wire's own name
        """Return the answer as far as it has come; `id` and `model` stand in where the upstream did not say."""
        parts = tuple(part.closed() for part in self._parts)
        return Reply(
            id=self.id or id,
            model=self.model or model,
            parts=parts,
            stop=self.stop,
            stop_sequence=self.stop_sequence,
            usage=self.usage,
        )

    def _open(self, kind: Literal["text", "reasoning", "refusal"]) -> "_Open":
        last = self._parts[-1] if self._parts else None
        if last is not None and last.kind == kind and not last.is_ended:
            return last
        opened = _Open(kind)
        self._parts.append(opened)
        return opened

    def _prove(self, piece: Proved) -> None:
        last = self._parts[-1] if self._parts else None
        if piece.redacted is not None or last is None or last.kind != "reasoning" or last.proof is not None:
            last = _Open("reasoning")
            self._parts.append(last)
        last.proof = piece
        last.is_ended = piece.redacted is not None or last.is_ended


@dataclass(slots=True)
class _Open:
    kind: Literal["text", "reasoning", "refusal", "call"]
    call: CallBegan | None = None
    proof: Proved | None = None
    is_ended: bool = False
    pieces: list[str] = field(default_factory=list[str])
    citations: list[Citation] = field(default_factory=list[Citation])

    def closed(self) -> Part:
        text = "".join(self.pieces)
        if self.call is not None:
            return called(self.call, text)
        if self.kind == "text":
            return Text(text=text, citations=tuple(self.citations))
        if self.kind == "refusal":
            return Refusal(text=text)
        proof = self.proof or Proved(None)
        return Reasoning(
            text=text, signature=proof.signature, redacted=proof.redacted, origin=proof.origin, id=proof.id
        )
