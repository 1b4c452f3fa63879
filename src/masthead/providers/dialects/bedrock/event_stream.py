"""Amazon's event-stream encoding: length, headers, payload and two checksums a message.

The format: total length and length of headers (big-endian, 4 bytes each), their CRC-32, the headers, the payload, and
the CRC-32 of everything before it. A header is a name's length, the name, a type and a value.
"""

import struct
import zlib
from collections.abc import Mapping
from typing import Final, NamedTuple

from masthead.model.errors import InvalidInput

_PRELUDE: Final = struct.Struct(">III")
_STRING: Final = 7
_SIZES: Final[Mapping[int, int]] = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
_MOST_BYTES: Final = 24 * 1024 * 1024


class Message(NamedTuple):
    """One message: its headers of type string, and its payload."""

    headers: dict[str, str]
    payload: bytes


class EventStream:
    """Reads messages out of bytes that arrive in any pieces."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """Take the next bytes; return the messages that they complete.

        Raises:
            InvalidInput: a checksum or a length is wrong.
        """
        self._buffer += data
        messages: list[Message] = []
        while len(self._buffer) >= _PRELUDE.size:
            total, of_headers, checksum = _PRELUDE.unpack_from(self._buffer)
            if zlib.crc32(self._buffer[:8]) != checksum or not 16 + of_headers <= total <= _MOST_BYTES:
                raise InvalidInput("the event stream's prelude is damaged")
            if len(self._buffer) < total:
                break
            message = bytes(self._buffer[:total])
            del self._buffer[:total]
            if zlib.crc32(message[:-4]) != int.from_bytes(message[-4:], "big"):
                raise InvalidInput("a message of the event stream is damaged")
            headers = _headers(message[_PRELUDE.size : _PRELUDE.size + of_headers])
            messages.append(Message(headers, message[_PRELUDE.size + of_headers : -4]))
        return messages


def _headers(data: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    at = 0
    try:
        while at < len(data):
            end = at + 1 + data[at]
            name, kind = data[at + 1 : end].decode(), data[end]
            at = end + 1
            if kind in _SIZES:
                at += _SIZES[kind]
                continue
            size = int.from_bytes(data[at : at + 2], "big")
            value = data[at + 2 : at + 2 + size]
            at += 2 + size
            if kind == _STRING:
                headers[name] = value.decode()
    except (IndexError, UnicodeDecodeError) as error:
        raise InvalidInput("the headers of a message of the event stream are damaged") from error
    return headers


def write(message: Message) -> bytes:
    """Return a message as bytes, as an upstream sends it."""
    headers = b"".join(
        bytes([len(name)]) + name.encode() + bytes([_STRING]) + len(value.encode()).to_bytes(2, "big") + value.encode()
        for name, value in message.headers.items()
    )
    lengths = struct.pack(">II", len(headers) + len(message.payload) + 16, len(headers))
    body = lengths + zlib.crc32(lengths).to_bytes(4, "big") + headers + message.payload
    return body + zlib.crc32(body).to_bytes(4, "big")
