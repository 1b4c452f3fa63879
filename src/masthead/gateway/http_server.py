"""uvicorn's HTTP protocol, made safe to stand in the open.

A head comes in bounded time and size; a client that takes nothing of its answer is let go; a request that offers
another protocol is answered in HTTP/1.1, its body included (uvicorn would take the body for the next request); what is
no HTTP is refused in a form that clients of every dialect can read.
"""

import asyncio
from typing import Any, Final

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_S: Final = 20.0
"""How long a connection may take to send a whole head, from its first byte, and to send that first byte at all."""
MOST_HEAD_BYTES: Final = 64 * 1024
"""What a head may hold, beside what came with its last byte."""
NUDGED_S: Final = 1.0
"""When who waits for a body is told that it has begun, though nothing of it came: the clock of bodies runs there."""
STALLED_S: Final = 60.0
"""How long a client may take nothing of what waits for it."""
_BAD: Final = b'{"type":"error","error":{"type":"invalid_request_error","message":"%s","param":null,"code":null}}'
_ANSWER: Final = b"HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s"


class PatientProtocol(HttpToolsProtocol):
    """Costs a timer only where a head does not come in one piece, or an answer is not taken."""

    _head_timer: asyncio.TimerHandle | None = None
    _stall_timer: asyncio.TimerHandle | None = None
    _is_in_head: bool = False
    _head_bytes: int = 0
    _body_left: int = 0
    """Of a request that offered another protocol: the parser knows nothing of its body."""
    head_s: float = HEAD_S
    stalled_s: float = STALLED_S

    def connection_made(self, transport: Any) -> None:
        """Wait for the first byte, not for ever."""
        super().connection_made(transport)
        self._arm()

    def data_received(self, data: bytes) -> None:
        """Parse, and start the clock where the head is not complete yet."""
        self._unset_keepalive_if_required()
        if self._body_left:
            data = self._body(data)
        if data:
            self._parse(data)
        if not self._is_in_head:
            if self._head_timer is not None:
                self._disarm()
            cycle = self.cycle
            if cycle and cycle.more_body and not cycle.body:
                self.loop.call_later(NUDGED_S, cycle.message_event.set)
            return
        self._head_bytes += len(data)
        if self._head_bytes > MOST_HEAD_BYTES:
            self._refuse(b"431 Request Header Fields Too Large", b"the headers are over %d bytes" % MOST_HEAD_BYTES)
        elif self._head_timer is None:
            self._arm()

    def on_message_begin(self) -> None:
        """Be in the head."""
        self._is_in_head = True
        self._head_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Be behind it."""
        self._is_in_head = False
        super().on_headers_complete()

    def pause_writing(self) -> None:
        """Watch whether the client takes anything."""
        super().pause_writing()
        if self._stall_timer is None:
            self._watch(self.transport.get_write_buffer_size())

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        self._disarm()
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        self._refuse(b"400 Bad Request", msg.encode("ascii", "replace"))

    def _parse(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            if self._should_upgrade():
                self.handle_websocket_upgrade()
            else:
                self._stay(data[offer.args[0] :])
        except httptools.HttpParserError:
            self.send_400_response("this is no HTTP/1.1 request")

    def _stay(self, rest: bytes) -> None:
        """Go on in HTTP/1.1 with a request that offered another protocol; its parser has done with the connection."""
        self.parser = httptools.HttpRequestParser(self)
        headers = dict(self.headers)
        if b"transfer-encoding" in headers:
            self.send_400_response("a request that offers another protocol must say how long its body is")
            return
        self._body_left = int(headers.get(b"content-length", b"0"))
        if self._body_left:
            self.cycle.more_body = True
            rest = self._body(rest)
        if rest:
            self._parse(rest)

    def _body(self, data: bytes) -> bytes:
        """Take what belongs to the body; return the rest."""
        part, rest = data[: self._body_left], data[self._body_left :]
        self._body_left -= len(part)
        if not self.cycle.response_complete:
            self.cycle.body += part
            self.cycle.more_body = self._body_left > 0
            if len(self.cycle.body) > HIGH_WATER_LIMIT:
                self.flow.pause_reading()
            self.cycle.message_event.set()
        return rest

    def _refuse(self, status: bytes, message: bytes) -> None:
        self._is_in_head = False
        self._disarm()
        if not self.transport.is_closing():
            body = _BAD % message
            self.transport.write(_ANSWER % (status, len(body), body))
            self.transport.close()

    def _arm(self) -> None:
        self._head_timer = self.loop.call_later(self.head_s, self._too_slow)

    def _disarm(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _too_slow(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self.transport.close()

    def _watch(self, waiting_bytes: int) -> None:
        self._stall_timer = self.loop.call_later(self.stalled_s, self._look, waiting_bytes)

    def _look(self, waited_bytes: int) -> None:
        """Let go of a client that took nothing since the last look."""
        self._stall_timer = None
        waiting_bytes = self.transport.get_write_buffer_size()
        if not waiting_bytes:
            return
        if self.flow.write_paused and waiting_bytes >= waited_bytes:
            self.transport.abort()
        else:
            self._watch(waiting_bytes)
