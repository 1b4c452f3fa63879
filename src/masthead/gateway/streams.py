"""A stream on its way to the client: only whole events go out, so that a break never leaves half of one behind."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final, cast

import msgspec

from masthead.gateway.answers import stream_error
from masthead.gateway.assemble import events_in
from masthead.gateway.seams import StreamFilter, StreamOver
from masthead.gateway.upstream.port import UpstreamFailed
from masthead.model.errors import TooLarge
from masthead.providers.dialects import Dialect, Stream
from masthead.providers.sse import Parser

_MOST_BYTES: Final = 16 * 1024 * 1024
_ERROR: Final = b'"error"'
"""In JSON only as a name or a value: within a text its quotes would be escaped."""
_WORDS: Final = ("message", "type", "code")
_MOST_TOLD: Final = 500
_BAD_GATEWAY: Final = 502
_STATUSES: Final = {
    "invalid_request_error": 400,
    "BadRequestError": 400,
    "context_length_exceeded": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "api_error": 500,
    "server_error": 500,
    "overloaded_error": 529,
}
"""Of errors by their `type` or `code`, as Anthropic, OpenAI and vLLM name them."""
_EVENT: Final = re.compile(rb".*?(?:\r\n\r\n|\n\n|\r\r)", re.DOTALL)
_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_MOST_TAIL: Final = 3
"""One byte less than the longest separator has."""
_ENDS: Final = {
    Dialect.OPENAI_CHAT: (b"[DONE]", b'"finish_reason":"', b'"finish_reason": "'),
    Dialect.OPENAI_RESPONSES: (b"response.completed", b"response.incomplete", b"response.failed"),
    Dialect.ANTHROPIC: (b"message_stop",),
}


class WholeEvents:
    """Holds back the begun event at the end of what has arrived.

    It is kept in pieces, and only what is new is searched: an event of megabytes (a picture) comes in hundreds of them,
    and to put it together anew with each would take seconds.
    """

    __slots__ = ("_held", "_held_bytes", "_tail")

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._tail = b""
        """The last bytes of what is held, with which a separator may have begun."""

    @property
    def is_amid(self) -> bool:
        """Whether an event is begun and not complete."""
        return any(piece.strip() for piece in self._held)

    def feed(self, data: bytes) -> bytes:
        """Return the whole events.

        Raises:
            TooLarge: an event is over any sensible size.
        """
        if data.endswith(b"\n\n"):
            return self._whole(data) if self._held else data
        seen = self._tail + data
        end = max(_after(seen, b"\n\n"), _after(seen, b"\r\n\r\n"), _after(seen, b"\r\r")) - len(self._tail)
        events = b""
        if end > 0:
            events = self._whole(data[:end])
            data = data[end:]
        if data:
            self._held.append(data)
            self._held_bytes += len(data)
            self._tail = (self._tail + data)[-_MOST_TAIL:]
            if self._held_bytes > _MOST_BYTES:
                raise TooLarge(f"an event of the stream is over {_MOST_BYTES} bytes")
        return events

    def completed(self) -> bytes:
        """Return what is begun as a whole event, where but the blank line behind it is missing; else nothing."""
        data = b"".join(self._held).rstrip(b"\r\n") + b"\n\n"
        if not _is_all_there(data):
            return b""
        self._whole(b"")
        return data

    def _whole(self, data: bytes) -> bytes:
        """Return what was held with the bytes that complete it."""
        whole = b"".join((*self._held, data))
        self._held, self._held_bytes, self._tail = [], 0, b""
        return whole


def _is_all_there(event: bytes) -> bool:
    told = Parser().feed(event)
    if not told:
        return all(line.startswith(b":") for line in event.splitlines() if line)
    try:
        for one in told:
            if one.data != b"[DONE]":
                _OBJECT.decode(one.data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _after(data: bytes, separator: bytes) -> int:
    """Return the place behind the last separator; 0 where there is none."""
    at = data.rfind(separator)
    return 0 if at < 0 else at + len(separator)


def error_in(dialect: Dialect, events: bytes) -> str | None:
    """Return what an upstream says went wrong after its answer had begun; None where it says nothing of the kind."""
    error = next(filter(None, (_error_of(dialect, told) for told in events_in(events))), None)
    return None if error is None else f"the upstream ended its stream with an error: {_words_of(error)}"


def refused_at_once(dialect: Dialect, first: bytes) -> tuple[int, bytes] | None:
    """Return the error that a stream begins with, as the status and body of an answer; None where it begins well."""
    told = next(events_in(first), None) if _ERROR in first else None
    error = None if told is None else _error_of(dialect, told)
    if not error:
        return None
    named = [_member(error, name) for name in ("status", "code", "type")]
    body: dict[str, object] = {"error": error if isinstance(error, dict) else {"message": str(error)}}
    status = next((found for found in map(_status_of, named) if found is not None), _BAD_GATEWAY)
    return status, msgspec.json.encode({"type": "error", **body} if dialect is Dialect.ANTHROPIC else body)


def _status_of(named: object) -> int | None:
    if isinstance(named, str):
        if not named.isdecimal() or len(named) != len("400"):
            return _STATUSES.get(named)
        named = int(named)
    return named if isinstance(named, int) and 400 <= named < 600 else None


def _error_of(dialect: Dialect, told: Mapping[str, object]) -> object:
    """Return the error that an event tells; None, or something empty, where it tells none."""
    error = told.get("error")
    match dialect, told.get("type"):
        case Dialect.OPENAI_RESPONSES, "response.failed":
            return _member(told.get("response"), "error") or "the response failed"
        case ((Dialect.OPENAI_RESPONSES | Dialect.ANTHROPIC), "error"):
            return error or told
        case Dialect.OPENAI_CHAT, _:
            return error
        case _:
            return None


def _words_of(error: object) -> str:
    words = error if isinstance(error, str) else next(filter(None, (_member(error, name) for name in _WORDS)), None)
    return str(words or "it gives no reason")[:_MOST_TOLD]


def _member(value: object, name: str) -> object:
    return cast("Mapping[str, object]", value).get(name) if isinstance(value, dict) else None


def is_at_end(dialect: Dialect, last: bytes) -> bool:
    """Say whether the last bytes of a stream are those that end one in this dialect."""
    return any(end in last for end in _ENDS.get(dialect, ()))


class Pipe:
    """What a stream passes through: whole events, the translation, then filters."""

    __slots__ = ("_dialect", "_filters", "_last", "_told", "_translated", "_whole")

    def __init__(self, dialect: Dialect, translated: Stream | None, filters: tuple[StreamFilter, ...]) -> None:
        self._dialect = dialect
        self._translated = translated
        self._filters = filters
        self._whole = WholeEvents()
        self._last = b""
        self._told: str | None = None

    @property
    def failed(self) -> str | None:
        """What the upstream itself said went wrong, which the client has been told."""
        return self._told if self._translated is None else self._translated.failed

    def feed(self, data: bytes) -> bytes:
        """Return what goes to the client for these bytes of the upstream."""
        if self._translated is not None:
            return self._filtered(self._translated.feed(data))
        return self._passed(self._whole.feed(data))

    def end(self, *, is_delimited: bool) -> bytes:
        """Return the last event, of an upstream that leaves out the blank line behind it.

        Raises:
            UpstreamFailed: the stream is empty, ended within an event, or, where only the connection's end says so,
                without its last event.
        """
        if self._translated is not None:
            return b""
        events = self._passed(self._whole.completed()) if self._whole.is_amid else b""
        is_whole = self._last and (is_delimited or is_at_end(self._dialect, self._last))
        if self._told is None and (self._whole.is_amid or not is_whole):
            raise UpstreamFailed("the upstream's stream broke off", kind="broken")
        return events

    def over(self, over: StreamOver) -> bytes:
        """Return the last events of a stream that a filter ends; what is held back stays so."""
        refused = over.refused
        if refused is None:
            return over.events
        return over.events + stream_error(self._dialect, str(refused), status=refused.status, kind=refused.kind)

    def close(self) -> bytes:
        """Return what is still held back, at the upstream's end."""
        return self._closed(b"" if self._translated is None else self._translated.close())

    def broken(self, reason: str) -> bytes:
        """Return what is still held back, and what tells the client that the stream broke off."""
        try:
            if self._translated is not None:
                return self._closed(self._translated.close(reason))
            return self._closed(b"") + stream_error(self._dialect, reason)
        except StreamOver as over:  # nor may what was held back be said
            return self.over(over)

    def _passed(self, events: bytes) -> bytes:
        if events:
            self._last = events
            if _ERROR in events and self._told is None:
                self._told = error_in(self._dialect, events)
        return self._filtered(events)

    def _filtered(self, events: bytes) -> bytes:
        for one in self._filters:
            events = one.feed(events) if events else events
        return events

    def _closed(self, events: bytes) -> bytes:
        for one in self._filters:
            events = (one.feed(events) if events else b"") + one.close()
        return events


class UsageTaken:
    """Takes the usage chunk out of a stream of chat completions whose caller did not ask for it, and keeps it apart."""

    __slots__ = ("_keep",)

    def __init__(self, keep: Callable[[bytes], None]) -> None:
        self._keep = keep

    def feed(self, events: bytes) -> bytes:
        """Return the events without it."""
        if b'"choices":[]' not in events and b'"choices": []' not in events:
            return events
        kept: list[bytes] = []
        for one in events_of(events):
            if _is_usage(one):
                self._keep(one)
            else:
                kept.append(one)
        return b"".join(kept)

    def close(self) -> bytes:
        """Hold nothing back."""
        return b""


def events_of(events: bytes) -> Iterator[bytes]:
    """Yield one event after the other, each with what separates it from the next."""
    end = 0
    for found in _EVENT.finditer(events):
        end = found.end()
        yield found[0]
    if end < len(events):
        yield events[end:]


def _is_usage(event: bytes) -> bool:
    has_no_choices = b'"choices":[]' in event or b'"choices": []' in event
    return has_no_choices and b'"usage"' in event and b'"usage":null' not in event and b'"error"' not in event
