"""Server-sent events, read as the bytes come and written as bytes (WHATWG HTML, section 9.2).

Line ends may be LF, CR or CRLF and may be cut anywhere; comments, `id` and `retry` are read as the standard says.
"""

from typing import Final, NamedTuple

from masthead.model.errors import TooLarge

_BOM: Final = b"\xef\xbb\xbf"
_MOST_BYTES: Final = 64 * 1024 * 1024


class Event(NamedTuple):
    """One event: its data with line ends between the lines, and its name where one was given."""

    data: bytes
    name: str | None = None


class Parser:
    """Reads events out of bytes that arrive in any pieces. An event that the end cuts off is not one.

    `last_id` and `retry_ms` are what the stream last said of them.
    """

    __slots__ = ("_buffer", "_data", "_is_begun", "_limit", "_name", "_scanned", "_skip_lf", "last_id", "retry_ms")

    def __init__(self, *, limit_bytes: int = _MOST_BYTES) -> None:
        self._buffer = bytearray()
        self._data: list[bytes] = []
        self._is_begun = False
        self._limit = limit_bytes
        self._name: str | None = None
        self._scanned = 0
        self._skip_lf = False
        self.last_id: str | None = None
        self.retry_ms: int | None = None

    def feed(self, data: bytes) -> list[Event]:
        """Take the next bytes; return the events that they complete.

        Raises:
            TooLarge: one event is over the limit.
        """
        if self._skip_lf and data:
            self._skip_lf = False
            if data[0] == 0x0A:
                data = data[1:]
        buffer = self._buffer
        buffer += data
        if not self._is_begun and not self._begin():
            return []
        end = max(buffer.rfind(b"\n", self._scanned), buffer.rfind(b"\r", self._scanned))
        if end < 0:
            self._scanned = len(buffer)
            if len(buffer) > self._limit:
                raise TooLarge(f"a line of the event stream is over {self._limit} bytes")
            return []
        self._skip_lf = end == len(buffer) - 1 and buffer[end] == 0x0D
        lines = bytes(buffer[: end + 1]).splitlines()
        del buffer[: end + 1]
        self._scanned = len(buffer)
        return self._events(lines)

    @property
    def is_amid(self) -> bool:
        """Whether an event was begun and not completed."""
        return bool(self._buffer or self._data)

    def _begin(self) -> bool:
        """Skip a byte order mark; return False while it cannot be told yet whether there is one."""
        buffer = self._buffer
        if len(buffer) < len(_BOM) and _BOM.startswith(buffer):
            return False
        if buffer.startswith(_BOM):
            del buffer[: len(_BOM)]
        self._is_begun = True
        return True

    def _events(self, lines: list[bytes]) -> list[Event]:
        events: list[Event] = []
        for line in lines:
            if not line:
                if self._data:
                    data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
                    events.append(Event(data, self._name))
                    self._data = []
                self._name = None
            elif line.startswith(b"data:"):
                self._data.append(line[6:] if line[5:6] == b" " else line[5:])
            elif line[0] != 0x3A:
                self._field(line)
        if sum(map(len, self._data)) > self._limit:
            raise TooLarge(f"an event of the stream is over {self._limit} bytes")
        return events

    def _field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"event":
            self._name = value.decode("utf-8", "replace") or None
        elif name == b"data":
            self._data.append(value)
        elif name == b"id" and b"\0" not in value:
            self.last_id = value.decode("utf-8", "replace")
        elif name == b"retry" and value.isdigit():
            self.retry_ms = int(value)


def write(event: Event) -> bytes:
    """Return the event as it goes over the wire; data of several lines become several fields."""
    data = event.data
    if b"\n" in data or b"\r" in data:
        data = b"\ndata: ".join(data.splitlines()) + (b"\ndata: " if data[-1] in b"\r\n" else b"")
    if event.name is None:
        return b"data: " + data + b"\n\n"
    return b"event: " + event.name.encode() + b"\ndata: " + data + b"\n\n"
