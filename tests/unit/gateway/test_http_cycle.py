"""One request and its answer, between the parser and an ASGI application."""

import asyncio
from typing import Any, cast

import pytest
from uvicorn.protocols.http.flow_control import FlowControl

from masthead.gateway.departure import GONE
from masthead.gateway.http_cycle import Application, Cycle
from masthead.gateway.reading import Receive, Scope, Send

pytestmark = pytest.mark.unit
LENGTH = (b"content-length", b"5")


class Wire(asyncio.Transport):
    """Notes each write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.is_closed = False

    def write(self, data: Any) -> None:
        self.writes.append(bytes(data))

    def writelines(self, list_of_data: Any) -> None:
        self.writes.append(b"".join(list_of_data))

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True


class Line:
    """A connection."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport = Wire()
        self.flow = FlowControl(self.transport)
        self.tasks: set[asyncio.Task[None]] = set()
        self.default_headers = [(b"date", b"now")]
        self.answers = 0

    @property
    def writes(self) -> list[bytes]:
        return cast("Wire", self.transport).writes

    def answered(self) -> None:
        self.answers += 1

    def read_on(self) -> None:
        self.flow.resume_reading()

    def cycle(self, *, is_head: bool = False, wants_continue: bool = False, keep_alive: bool = True) -> Cycle:
        return Cycle(self, is_head=is_head, wants_continue=wants_continue, keep_alive=keep_alive)


def saying(*messages: dict[str, Any], pause_s: float | None = None) -> Application:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)
            if pause_s is not None:
                await asyncio.sleep(pause_s)

    return app


def start(*headers: tuple[bytes, bytes], status: int = 200) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(data: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


async def test_a_whole_answer_is_one_write() -> None:
    line = Line()
    await line.cycle().run(saying(start(LENGTH), body(b"hello")), {})
    assert line.writes == [b"HTTP/1.1 200 OK\r\ndate: now\r\ncontent-length: 5\r\n\r\nhello"]
    assert line.answers == 1


async def test_a_large_body_and_its_head_are_one_write_too() -> None:
    line = Line()
    data = b"x" * 200_000
    await line.cycle().run(saying(start((b"content-length", b"200000")), body(data)), {})
    [written] = line.writes
    assert written.endswith(b"\r\n\r\n" + data)


async def test_the_head_of_a_stream_goes_out_with_its_first_piece_and_does_not_wait_for_one() -> None:
    line = Line()
    head = b"HTTP/1.1 200 OK\r\ndate: now\r\ntransfer-encoding: chunked\r\n\r\n"
    await line.cycle().run(saying(start(), body(b"one", more=True), body(b"")), {})
    assert line.writes == [head + b"3\r\none\r\n", b"0\r\n\r\n"]
    line.writes.clear()
    await line.cycle().run(saying(start(), body(b"one"), pause_s=0), {})
    assert line.writes == [head, b"3\r\none\r\n0\r\n\r\n"]


async def test_the_answer_to_head_has_no_body() -> None:
    line = Line()
    await line.cycle(is_head=True).run(saying(start(LENGTH), body(b"hello")), {})
    assert b"".join(line.writes).endswith(b"content-length: 5\r\n\r\n")


@pytest.mark.parametrize(
    ("keep_alive", "headers"), [(False, (LENGTH,)), (True, (LENGTH, (b"Connection", b"close")))], ids=["asked", "told"]
)
async def test_a_connection_that_is_not_kept_says_so_once_and_closes(keep_alive: bool, headers: Any) -> None:
    line = Line()
    await line.cycle(keep_alive=keep_alive).run(saying(start(*headers), body(b"hello")), {})
    assert b"".join(line.writes).lower().count(b"connection: close\r\n") == 1
    assert line.transport.is_closing()


@pytest.mark.parametrize(
    "header",
    [(b"x", b"a\r\nset-cookie: b"), (b"x\r\ny", b"a"), (b"x", b"a\0"), (b"x", b"a\n"), (b"x y", b"a"), (b"", b"a")],
)
async def test_a_header_that_would_break_out_of_its_line_is_an_error_of_the_server(header: Any) -> None:
    line = Line()
    await line.cycle().run(saying(start(LENGTH, header), body(b"hello")), {})
    [written] = line.writes
    assert written.startswith(b"HTTP/1.1 500 ")
    assert b"set-cookie" not in written


@pytest.mark.parametrize("data", [b"hell", b"hello!"])
async def test_a_body_of_another_length_than_was_said_is_an_error_before_anything_is_sent(data: bytes) -> None:
    line = Line()
    await line.cycle().run(saying(start(LENGTH), body(data)), {})
    assert [one[:13] for one in line.writes] == [b"HTTP/1.1 500 "]


async def test_an_application_that_fails_amid_its_answer_ends_the_connection() -> None:
    line = Line()
    await line.cycle().run(saying(start(), body(b"one", more=True), {"type": "nonsense"}), {})
    assert len(line.writes) == 1
    assert line.transport.is_closing()
    assert not line.answers


async def test_who_waits_for_more_of_the_body_gets_it_as_it_comes() -> None:
    line = Line()
    cycle = line.cycle(wants_continue=True)
    taken: list[tuple[bytes, bool]] = []

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        more = True
        while more:
            message = await receive()
            more = message["more_body"]
            taken.append((message["body"], more))
        await send(start(LENGTH))
        await send(body(b"hello"))
        assert (await receive())["type"] == "http.disconnect"

    running = asyncio.create_task(cycle.run(app, {}))
    for data in (b"a", b"b"):
        await asyncio.sleep(0)
        cycle.on_body(data)
        await asyncio.sleep(0.001)
    cycle.on_body_end()
    await running
    assert taken == [(b"a", True), (b"b", True), (b"", False)]
    assert line.writes[0] == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert line.writes[1].startswith(b"HTTP/1.1 200 ")


async def test_who_serves_hears_that_the_client_left_also_where_it_left_before() -> None:
    for leaves_first in (False, True):
        line = Line()
        cycle = line.cycle()
        heard: list[str] = []

        async def app(
            scope: Scope, receive: Receive, send: Send, cycle: Cycle = cycle, heard: list[str] = heard
        ) -> None:
            scope[GONE](lambda: heard.append("gone"))
            cycle.on_gone()
            assert (await receive())["type"] == "http.disconnect"
            await send(start(LENGTH))

        if leaves_first:
            cycle.on_gone()
        await cycle.run(app, {})
        assert heard[0] == "gone"
        assert not line.writes


async def test_who_does_not_listen_any_more_hears_nothing() -> None:
    line = Line()
    cycle = line.cycle()
    heard: list[str] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        scope[GONE](lambda: heard.append("gone"))
        scope[GONE](None)
        cycle.on_gone()

    await cycle.run(app, {})
    assert not heard


async def test_all_who_wait_hear_that_the_client_left() -> None:
    line = Line()
    cycle = line.cycle()

    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        async with asyncio.timeout(5):
            heard = await asyncio.gather(receive(), receive())
        assert [message["type"] for message in heard] == ["http.disconnect"] * 2

    running = asyncio.create_task(cycle.run(app, {}))
    await asyncio.sleep(0.001)
    cycle.on_gone()
    await running


async def test_a_stream_for_a_client_that_knows_no_pieces_ends_with_the_connection() -> None:
    line = Line()
    cycle = Cycle(line, is_head=False, wants_continue=False, keep_alive=False, takes_pieces=False)
    await cycle.run(saying(start(), body(b"one", more=True), body(b"two")), {})
    assert b"".join(line.writes) == b"HTTP/1.1 200 OK\r\ndate: now\r\nconnection: close\r\n\r\nonetwo"
    assert line.transport.is_closing()


async def test_an_answer_that_is_cut_off_when_the_server_ends_is_no_error_of_the_application(
    caplog: pytest.LogCaptureFixture,
) -> None:
    line = Line()

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(start())
        await send(body(b"one", more=True))
        await asyncio.sleep(60)

    running = asyncio.create_task(line.cycle().run(app, {}))
    await asyncio.sleep(0.001)
    running.cancel()
    await running
    assert line.transport.is_closing()
    assert not caplog.records
