"""A connection between two workers of one data folder, and where they find each other.

A frame is four bytes of length, then a message in MessagePack. Many are under way at once; each has a number of its
connection's. The socket lies in the data folder and is its owner's alone (0600).
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, cast

import msgspec

from masthead.gateway.agents.between import Message
from masthead.gateway.own_files import make_own_folder

_LENGTH_BYTES: Final = 4
_MOST_FRAME_BYTES: Final = 256 * 1024 * 1024
_MOST_WAITING_BYTES: Final = 32 * 1024 * 1024
"""What may wait to be sent to another worker; above it the call is looked at by the worker that has it."""
_LONGEST_PATH: Final = 100
"""Addresses of sockets have room for 107 bytes."""
_ENCODE: Final = msgspec.msgpack.Encoder().encode
_DECODE: Final = msgspec.msgpack.Decoder(Message).decode


class Wire(asyncio.Protocol):
    """One connection between two workers, from either side."""

    def __init__(self, take: "Callable[[Wire, Message], None]", lost: "Callable[[Wire], None]") -> None:
        self._take = take
        self._lost = lost
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    @property
    def is_open(self) -> bool:
        """Whether something can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    @property
    def is_full(self) -> bool:
        """Whether the other side takes too little."""
        return self._transport is not None and self._transport.get_write_buffer_size() > _MOST_WAITING_BYTES

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be open."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Hand on the whole messages; what is none ends the connection."""
        self._buffer += data
        try:
            for payload in self._whole():
                self._take(self, _DECODE(payload))
        except (msgspec.MsgspecError, ValueError):
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """Tell whoever waits."""
        self._transport = None
        self._lost(self)

    def send(self, message: Message) -> None:
        """Send a message, after those before it; to a connection that is gone, nothing."""
        if self._transport is not None:
            payload = _ENCODE(message)
            self._transport.writelines((len(payload).to_bytes(_LENGTH_BYTES, "big"), payload))

    def close(self) -> None:
        """Break off."""
        if self._transport is not None:
            self._transport.abort()

    def _whole(self) -> Iterator[bytes]:
        at = 0
        while len(self._buffer) - at >= _LENGTH_BYTES:
            size = int.from_bytes(self._buffer[at : at + _LENGTH_BYTES], "big")
            if size > _MOST_FRAME_BYTES:
                raise ValueError(f"a frame of {size} bytes")
            end = at + _LENGTH_BYTES + size
            if end > len(self._buffer):
                break
            yield bytes(self._buffer[at + _LENGTH_BYTES : end])
            at = end
        del self._buffer[:at]


class Place:
    """Where the workers of one data folder find each other. Holds the folder open while it is needed."""

    def __init__(self, folder: Path) -> None:
        make_own_folder(folder)
        self._folder = folder
        self._fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)

    def address(self, worker: int) -> str:
        """Return the address of a worker's socket; by the folder's descriptor where its path is too long for one."""
        path = str(self._folder / f"guards-{worker}.sock")
        return path if len(os.fsencode(path)) <= _LONGEST_PATH else f"/proc/self/fd/{self._fd}/guards-{worker}.sock"

    def listener(self, worker: int) -> socket.socket:
        """Return a socket that nobody but this user can connect to; an earlier process's is replaced."""
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        address = self.address(worker)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(address)  # noqa: PTH108 - may go by way of a descriptor
        before = os.umask(0o177)
        try:
            made.bind(address)
        except OSError:
            made.close()
            raise
        finally:
            os.umask(before)
        return made

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._fd)
