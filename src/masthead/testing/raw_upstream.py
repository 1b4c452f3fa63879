"""An upstream that says what its script says, byte for byte: for everything that a good HTTP server would never do."""

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

Talk = Callable[["Peer"], None]
"""Speaks on one connection; the connection is closed when it returns."""


class Peer:
    """One connection, from the server's side."""

    def __init__(self, connection: socket.socket, number: int) -> None:
        self.number = number
        """Of the connection, from 0."""
        self._connection = connection
        self._buffer = b""

    def request(self) -> bytes:
        """Read one request, head and body; empty where the client went away."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._more():
                return b""
        head, _, rest = self._buffer.partition(b"\r\n\r\n")
        length = next(
            (
                int(line.partition(b":")[2])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length:")
            ),
            0,
        )
        while len(rest) < length:
            if not self._more():
                return b""
            rest = self._buffer.partition(b"\r\n\r\n")[2]
        self._buffer = rest[length:]
        return head + b"\r\n\r\n" + rest[:length]

    def say(self, data: bytes) -> None:
        """Send bytes; a client that went away is no error."""
        with contextlib.suppress(OSError):
            self._connection.sendall(data)

    def answer(self, body: bytes, *, status: str = "200 OK", kind: str = "application/json", more: str = "") -> None:
        """Send a whole answer."""
        head = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n{more}\r\n"
        self.say(head.encode() + body)

    def begin_stream(self) -> None:
        """Send the head of a chunked event stream."""
        self.say(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")

    def chunk(self, data: bytes) -> None:
        """Send a chunk; an empty one ends the stream."""
        self.say(b"%x\r\n%s\r\n" % (len(data), data))

    def wait_until_gone(self, timeout_s: float = 20.0) -> bool:
        """Return whether the client went away in time."""
        self._connection.settimeout(timeout_s)
        try:
            return self._connection.recv(1) == b""
        except TimeoutError:
            return False
        except OSError:
            return True

    def _more(self) -> bool:
        try:
            data = self._connection.recv(65_536)
        except OSError:
            return False
        self._buffer += data
        return bool(data)


class RawUpstream:
    """Runs a script for every connection while its `with` block lasts."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(64)
        self._open: list[socket.socket] = []
        self.connections = 0
        self._acceptor = threading.Thread(target=self._accept, daemon=True)

    @property
    def url(self) -> str:
        """The base URL, ending in `/v1`."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"

    def __enter__(self) -> Self:
        self._acceptor.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in tuple(self._open):
            one.close()
        self._acceptor.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection, self.connections), daemon=True)
            self.connections += 1
            thread.start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError):
            self._talk(Peer(connection, number))
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()
        self._open.remove(connection)
