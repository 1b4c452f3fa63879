"""What is no HTTP, or hardly, amid what is, over a real socket."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
import uvicorn
from uvicorn.server import ServerState

from masthead.gateway.http_cycle import Application
from masthead.gateway.http_server import MOST_WAITING, PatientProtocol
from masthead.gateway.reading import Receive, Scope, Send

pytestmark = pytest.mark.integration
ASKED = b"GET /%d HTTP/1.1\r\nhost: x\r\n\r\n"
BEGUN = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"


def configured(app: Application) -> uvicorn.Config:
    config = uvicorn.Config(cast("Any", app), http=PatientProtocol, lifespan="off", log_level="critical")
    config.load()
    return config


@asynccontextmanager
async def serving(
    app: Application, *, head_s: float = 20.0
) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Serve, and connect."""
    config = configured(app)
    protocol = cast("type[PatientProtocol]", type("Protocol", (PatientProtocol,), {"head_s": head_s}))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: protocol(config, ServerState(), {}), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
    try:
        async with asyncio.timeout(20):
            yield reader, writer
    finally:
        writer.close()
        server.close()


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a moment later with the path and the body."""
    said = [scope["path"].encode()]
    more = True
    while more:
        message = await receive()
        more = message.get("more_body", False)
        said.append(message.get("body", b""))
    await asyncio.sleep(0.005)
    await answer(send, said)


async def quick(scope: Scope, _receive: Receive, send: Send) -> None:
    await answer(send, [scope["path"].encode()])


async def answer(send: Send, said: list[bytes]) -> None:
    whole = b"".join(said)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(whole))]})
    await send({"type": "http.response.body", "body": whole})


async def told(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    return await reader.readexactly(int(head.rpartition(b"content-length: ")[2].partition(b"\r\n")[0]))


@pytest.mark.parametrize("nonsense", [b"this is no HTTP\r\n\r\n", BEGUN + b"zz\r\n"], ids=["no request", "no body"])
async def test_what_was_asked_before_nonsense_is_answered_and_nothing_else_is_said(nonsense: bytes) -> None:
    async with serving(echo) as (reader, writer):
        writer.write(ASKED % 1 + ASKED % 2 + nonsense)
        assert [await told(reader), await told(reader)] == [b"/1", b"/2"]
        assert await reader.read() == b""


async def test_nonsense_does_not_get_into_a_stream() -> None:
    async def streaming(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})
        for _ in range(5):
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
            await asyncio.sleep(0.01)
        await send({"type": "http.response.body"})

    async with serving(streaming) as (reader, writer):
        writer.write(ASKED % 1)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"this is no HTTP\r\n\r\n")
        await writer.drain()
        assert await reader.read() == b"1\r\nx\r\n" * 5 + b"0\r\n\r\n"


async def test_a_body_that_is_none_is_refused_also_where_it_offers_another_protocol() -> None:
    for extra in (b"", b"connection: upgrade\r\nupgrade: h2c\r\n"):
        async with serving(echo) as (reader, writer):
            writer.write(BEGUN.removesuffix(b"\r\n") + extra + b"\r\nzz\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 400 ")


async def test_a_request_that_offers_websockets_is_answered_in_http_with_its_body_and_what_follows_too() -> None:
    async with serving(echo) as (reader, writer):
        writer.write(
            b"POST /1 HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\ncontent-length: 2\r\n\r\nhi"
            + ASKED % 2
        )
        assert [await told(reader), await told(reader)] == [b"/1hi", b"/2"]


async def test_what_follows_a_body_in_pieces_is_no_header_of_the_request() -> None:
    seen: list[list[bytes]] = []

    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        await echo(scope, receive, send)
        seen.append([name for name, _ in scope["headers"]])

    async with serving(noting) as (reader, writer):
        writer.write(BEGUN + b"1\r\na\r\n0\r\nauthorization: Bearer other\r\n\r\n" + ASKED % 2)
        assert [await told(reader), await told(reader)] == [b"/a", b"/2"]
    assert seen == [[b"host", b"transfer-encoding"], [b"host"]]


async def test_the_end_of_a_large_body_does_not_count_as_the_head_that_begins_behind_it() -> None:
    large = b"x" * 200_000
    async with serving(echo) as (reader, writer):
        for _ in range(3):
            writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 200000\r\n\r\n" + large + (ASKED % 2)[:-1])
            await writer.drain()
            assert await told(reader) == b"/" + large
            writer.write((ASKED % 2)[-1:])
            assert await told(reader) == b"/2"


async def test_a_head_that_waits_behind_an_answer_is_not_late() -> None:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.3)
        await echo(scope, receive, send)

    async with serving(slow, head_s=0.1) as (reader, writer):
        writer.write(ASKED % 1 + (ASKED % 2)[:-1])
        assert await told(reader) == b"/1"
        writer.write((ASKED % 2)[-1:])
        assert await told(reader) == b"/2"


@pytest.mark.parametrize("closes", [True, False], ids=["closing", "kept"])
async def test_a_client_that_leaves_the_end_of_an_answer_untaken_is_let_go(closes: bool) -> None:
    state = ServerState()

    async def large(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"60000"), *([(b"connection", b"close")] if closes else [])]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"x" * 60_000})

    class Narrow(PatientProtocol):
        stalled_s = 0.1

        def connection_made(self, transport: Any) -> None:
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2048)
            super().connection_made(transport)

    config = configured(large)
    config.timeout_keep_alive = cast("Any", 0.1)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Narrow(config, state, {}), "127.0.0.1", 0)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        client.setblocking(False)
        await loop.sock_connect(client, server.sockets[0].getsockname())
        await loop.sock_sendall(client, ASKED % 1)
        async with asyncio.timeout(10):
            while not state.total_requests or state.connections:  # noqa: ASYNC110 - the server tells nobody
                await asyncio.sleep(0.01)
    server.close()


async def test_of_a_flood_of_requests_those_that_may_wait_are_answered_and_no_more() -> None:
    async with serving(echo) as (reader, writer):
        writer.write(b"".join(ASKED % number for number in range(2_000)))
        answers: list[bytes] = []
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                answers.append(await told(reader))
    assert 1 < len(answers) <= MOST_WAITING + 1
    assert answers == [b"/%d" % number for number in range(len(answers))]


async def test_many_requests_sent_ahead_are_all_answered_where_few_come_at_a_time() -> None:
    async with serving(quick) as (reader, writer):
        for begin in range(0, 1_000, 40):
            writer.write(b"".join(ASKED % number for number in range(begin, begin + 40)))
            await asyncio.sleep(0.01)
        assert [await told(reader) for _ in range(1_000)] == [b"/%d" % number for number in range(1_000)]


async def test_what_follows_a_body_is_bounded() -> None:
    async with serving(echo) as (reader, writer):
        writer.write(BEGUN + b"1\r\na\r\n0\r\nx: ")
        for _ in range(8):
            await asyncio.sleep(0.02)  # each a packet of its own
            writer.write(b"y" * 10_000)
        assert (await reader.readline()).startswith(b"HTTP/1.1 431 ")
