"""uvicorn's HTTP protocol, made safe to stand in the open.

A head comes in bounded time and size; a client that takes nothing of its answer is let go; a request that offers
another protocol is answered in HTTP/1.1, its body included (uvicorn would take the body for the next request); what is
no HTTP is refused in a form that clients of every dialect can read.
"""

import asyncio
import urllib.parse
from functools import lru_cache
from typing import Any, Final, NamedTuple

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from masthead.gateway.http_cycle import Cycle, Headers
from masthead.gateway.reading import Scope

HEAD_S: Final = 20.0
"""How long a connection may take to send a whole head, from its first byte, and to send that first byte at all."""
MOST_HEAD_BYTES: Final = 64 * 1024
"""What a head may hold, beside what came with its last byte."""
MOST_WAITING: Final = 256
"""How many requests may wait on a connection behind the one that is answered; none is taken of what comes after."""
_FEW_WAITING: Final = 16
"""Below it, more is read."""
NUDGED_S: Final = 1.0
"""When who waits for a body is told that it has begun, though nothing of it came: the clock of bodies runs there."""
STALLED_S: Final = 60.0
"""How long a client may take nothing of what waits for it."""
_BAD: Final = b'{"type":"error","error":{"type":"invalid_request_error","message":"%s","param":null,"code":null}}'
_ANSWER: Final = b"HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s"
_SHORT_BYTES: Final = 256
"""Addresses up to here are remembered."""


class PatientProtocol(HttpToolsProtocol):
    """Costs a timer only where a head does not come in one piece, or an answer is not taken.

    How long a connection may do nothing is one timer's, which looks rather than is set anew at each request.
    """

    _head_timer: asyncio.TimerHandle | None = None
    _idle_timer: asyncio.TimerHandle | None = None
    _stall_timer: asyncio.TimerHandle | None = None
    _idle_since_s: float = 0.0
    _is_in_head: bool = False
    _head_bytes: int = 0
    """Below 0 for none yet."""
    _bare_bytes: int = 0
    """What came since a piece of a body: sizes of pieces, and headers behind the last one. Below 0 for none yet."""
    _body_left: int = 0
    """Of a request that offered another protocol: the parser knows nothing of its body."""
    app: Any
    parser: Any
    """None once the connection is lost."""
    _cycle: Cycle | None = None
    """The request that is read, or was last."""
    _served: Cycle | None = None
    """The one that is answered; others wait behind it."""
    _waiting: list[tuple[Cycle, Scope]] | None = None
    head_s: float = HEAD_S
    stalled_s: float = STALLED_S

    # What the transport tells.

    def connection_made(self, transport: Any) -> None:
        """Wait for the first byte, not for ever."""
        super().connection_made(transport)
        self._arm()

    def data_received(self, data: bytes) -> None:
        """Parse, and start the clock where the head is not complete yet."""
        self._idle_since_s = self.loop.time()
        if self._body_left:
            data = self._body(data)
        if data:
            self._parse(data)
        if not self._is_in_head:
            if self._head_timer is not None:
                self._disarm()
            cycle = self._cycle
            if cycle is not None and cycle.more_body and not cycle.arrived_bytes:
                self.loop.call_later(NUDGED_S, cycle.tell)
                self._bare_bytes = self._bare_bytes + len(data) if self._bare_bytes >= 0 else 0
                if self._bare_bytes > MOST_HEAD_BYTES:
                    self._refuse(b"431 Request Header Fields Too Large", b"too much stands between pieces of the body")
            return
        if self._head_bytes >= 0:
            self._head_bytes += len(data)
        else:  # its first packet may hold the end of the request before
            self._head_bytes = len(data) if self._cycle is None else 0
        if self._head_bytes > MOST_HEAD_BYTES:
            self._refuse(b"431 Request Header Fields Too Large", b"the headers are over %d bytes" % MOST_HEAD_BYTES)
        elif self._head_timer is None:
            self._arm()

    def pause_writing(self) -> None:
        """Watch whether the client takes anything."""
        super().pause_writing()
        if self._stall_timer is None:
            self._watch(self.transport.get_write_buffer_size())

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks, and tell who answers."""
        self.connections.discard(self)
        self._disarm()
        self._forget_idle()
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None
        served, self._served, self._cycle, self._waiting = self._served, None, None, None
        if served is not None:
            served.on_gone()
        self.flow.resume_writing()
        if exc is None:
            self.transport.close()
        self.parser = None  # which holds this in turn

    # What the parser tells.

    def on_message_begin(self) -> None:
        """Be in the head."""
        self._is_in_head = True
        self._head_bytes = -1
        self._bare_bytes = -1
        self.url = b""
        self.expect_100_continue = False
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; what follows a body in pieces is none, whatever it calls itself."""
        if not self._is_in_head:
            return
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Be behind it, and have the request answered."""
        self._is_in_head = False
        parser = self.parser
        method = parser.get_method().decode("ascii")
        version = parser.get_http_version()
        url = self.url
        address = _address_of(url) if len(url) <= _SHORT_BYTES else _address_of.__wrapped__(url)
        scope: Scope = {
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "http_version": version,
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "root_path": self.root_path,
            "headers": self.headers,
            "state": self.app_state.copy(),
            "method": method,
            "path": self.root_path + address.path,
            "raw_path": self.root_path.encode("ascii") + address.raw_path,
            "query_string": address.query,
        }
        cycle = self._cycle = Cycle(
            self,
            is_head=method == "HEAD",
            wants_continue=self.expect_100_continue,
            takes_pieces=version != "1.0",
            keep_alive=version != "1.0" and parser.should_keep_alive(),
        )
        if self._served is None:
            self._serve(cycle, scope)
        else:
            self.flow.pause_reading()
            self._waiting = self._waiting or []
            if len(self._waiting) >= MOST_WAITING:
                raise RuntimeError("too many requests wait on this connection")  # see `_refuse`
            self._waiting.append((cycle, scope))

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body, and make the client wait where nobody takes it."""
        self._bare_bytes = -1
        cycle = self._cycle
        if cycle is None or cycle.is_complete:
            return
        cycle.on_body(body)
        if cycle.arrived_bytes > HIGH_WATER_LIMIT:
            self.flow.pause_reading()

    def on_message_complete(self) -> None:
        """Let who reads the body know that this was all."""
        cycle = self._cycle
        if cycle is not None and not cycle.is_complete:
            cycle.on_body_end()

    # What the server and requests ask.

    @property
    def default_headers(self) -> Headers:
        """Sent with every answer."""
        return self.server_state.default_headers

    def answered(self) -> None:
        """Go on with the next request, if one waits."""
        self._served = None
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            self._see_out()
            return
        if self._waiting:
            self._serve(*self._waiting.pop(0))
            self.read_on()
            return
        self.flow.resume_reading()
        self._idle_since_s = self.loop.time()
        if self._idle_timer is None:
            self._idle_timer = self.loop.call_later(self.timeout_keep_alive, self._look_idle)

    def read_on(self) -> None:
        """Take more of what the client sends, unless enough waits: it could make us hold any number of requests."""
        if not self._waiting or len(self._waiting) < _FEW_WAITING:
            self.flow.resume_reading()

    def shutdown(self) -> None:
        """Close, once what is asked is answered."""
        if self._cycle is None or self._cycle.is_complete:
            self.transport.close()
        else:
            self._cycle.keep_alive = False

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        self._refuse(b"400 Bad Request", msg.encode("ascii", "replace"))

    def _parse(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._stay(data[offer.args[0] :])
        except httptools.HttpParserError:
            self.send_400_response("this is no HTTP/1.1 request")

    def _stay(self, rest: bytes) -> None:
        """Go on in HTTP/1.1 with a request that offered another protocol; its parser has done with the connection."""
        self.parser = httptools.HttpRequestParser(self)
        headers = dict(self.headers)
        if b"transfer-encoding" in headers:
            if self._cycle is not None:
                self._cycle.more_body = True
            self.send_400_response("a request that offers another protocol must say how long its body is")
            return
        self._body_left = int(headers.get(b"content-length", b"0"))
        if self._body_left and self._cycle is not None:
            self._cycle.more_body = True
            rest = self._body(rest)
        if rest:
            self._parse(rest)

    def _body(self, data: bytes) -> bytes:
        """Take what belongs to the body; return the rest."""
        part, rest = data[: self._body_left], data[self._body_left :]
        self._body_left -= len(part)
        if part:
            self.on_body(part)
        if not self._body_left:
            self.on_message_complete()
        return rest

    def _serve(self, cycle: Cycle, scope: Scope) -> None:
        self._served = cycle
        task = cycle.task = self.loop.create_task(cycle.run(self.app, scope))
        self.tasks.add(task)

    def _look_idle(self) -> None:
        """Close a connection on which nothing happened since the last answer; otherwise look again when it would be."""
        self._idle_timer = None
        if self._served is not None or self._is_in_head or self.transport.is_closing():
            return
        left_s = self._idle_since_s + self.timeout_keep_alive - self.loop.time()
        if left_s <= 0.001:
            self.transport.close()
            self._see_out()
        else:
            self._idle_timer = self.loop.call_later(left_s, self._look_idle)

    def _forget_idle(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None

    def _refuse(self, status: bytes, message: bytes) -> None:
        """Say so, unless the client would take it for the answer to what it asked before; then close."""
        self._is_in_head = False
        self._disarm()
        self.parser = _Deaf()
        asked = [] if self._served is None else [self._served, *(cycle for cycle, _ in self._waiting or ())]
        if asked and asked[-1].more_body and asked[-1] is not self._served:
            asked.pop()
            self._waiting = (self._waiting or [])[:-1]
        if asked and not asked[-1].more_body:
            asked[-1].keep_alive = False
        elif asked and asked[-1].has_begun:
            self.transport.close()
        elif not self.transport.is_closing():
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
        if self._served is not None:  # the client may have been made to wait
            self._arm()
        elif not self.transport.is_closing():
            self.transport.close()

    def _see_out(self) -> None:
        """Watch whether the client takes what is left, where the connection closes once it has."""
        waiting_bytes = self.transport.get_write_buffer_size()
        if waiting_bytes and self._stall_timer is None:
            self._watch(waiting_bytes)

    def _watch(self, waiting_bytes: int) -> None:
        self._stall_timer = self.loop.call_later(self.stalled_s, self._look, waiting_bytes)

    def _look(self, waited_bytes: int) -> None:
        """Let go of a client that took nothing since the last look."""
        self._stall_timer = None
        waiting_bytes = self.transport.get_write_buffer_size()
        if not waiting_bytes:
            return
        if (self.flow.write_paused or self.transport.is_closing()) and waiting_bytes >= waited_bytes:
            self.transport.abort()
        else:
            self._watch(waiting_bytes)


class _Deaf:
    """The parser of a connection from which nothing is taken any more."""

    def feed_data(self, _data: bytes) -> None:
        """Do nothing."""


class _Address(NamedTuple):
    path: str
    raw_path: bytes
    query: bytes


@lru_cache(maxsize=512)
def _address_of(url: bytes) -> _Address:
    parsed = httptools.parse_url(url)
    raw_path = parsed.path
    path = raw_path.decode("ascii")
    return _Address(urllib.parse.unquote(path) if "%" in path else path, raw_path, parsed.query or b"")
