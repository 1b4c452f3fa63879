"""A connection of the HTTP server from its first request to its end, over a real socket."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
import uvicorn
from uvicorn.server import ServerState

from masthead.gateway.departure import GONE
from masthead.gateway.http_cycle import Application
from masthead.gateway.http_server import PatientProtocol
from masthead.gateway.reading import Receive, Scope, Send

pytestmark = pytest.mark.integration
ASKED = b"GET /%d HTTP/1.1\r\nhost: x\r\n\r\n"


class House:
    """The server, and what its applications were asked."""

    def __init__(self, state: ServerState, port: int) -> None:
        self.state = state
        self.port = port

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def is_empty(self) -> bool:
        async with asyncio.timeout(5):
            while self.state.connections or self.state.tasks:  # noqa: ASYNC110 - the server tells nobody
                await asyncio.sleep(0.005)
        return True


@asynccontextmanager
async def serving(app: Application, keep_alive_s: float = 60.0) -> AsyncGenerator[House]:
    config = uvicorn.Config(cast("Any", app), http=PatientProtocol, ws="none", lifespan="off", log_level="critical")
    config.timeout_keep_alive = cast("Any", keep_alive_s)
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: PatientProtocol(config, state, {}), "127.0.0.1", 0)
    try:
        yield House(state, server.sockets[0].getsockname()[1])
    finally:
        server.close()


async def answer(send: Send, body: bytes) -> None:
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": body})


async def told(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    return await reader.readexactly(int(head.rpartition(b"content-length: ")[2]))


async def echo(scope: Scope, _receive: Receive, send: Send) -> None:
    await answer(send, scope["path"].encode())


async def test_a_connection_is_kept_while_it_is_used_and_closed_when_nothing_comes_for_long() -> None:
    async with serving(echo, keep_alive_s=0.3) as house:
        reader, writer = await house.connect()
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        for number in range(8):
            writer.write(ASKED % number)
            assert await told(reader) == b"/%d" % number
            await asyncio.sleep(0.06)
        asked_s = loop.time()
        assert asked_s - began_s > 0.3
        assert await reader.read() == b""
        assert loop.time() - asked_s > 0.1
        writer.close()
        assert await house.is_empty()


async def test_requests_that_come_together_are_answered_one_after_the_other() -> None:
    under_way = 0

    async def slow(scope: Scope, _receive: Receive, send: Send) -> None:
        nonlocal under_way
        under_way += 1
        assert under_way == 1
        await asyncio.sleep(0.01)
        under_way -= 1
        await answer(send, scope["path"].encode())

    async with serving(slow) as house:
        reader, writer = await house.connect()
        writer.write(b"".join(ASKED % number for number in range(5)))
        assert [await told(reader) for _ in range(5)] == [b"/%d" % number for number in range(5)]
        writer.close()
        assert await house.is_empty()


async def test_a_client_that_leaves_is_noticed_by_the_request_that_is_answered_though_others_wait_behind_it() -> None:
    heard: list[str] = []
    begun = asyncio.Event()

    async def waiting(scope: Scope, receive: Receive, _send: Send) -> None:
        scope[GONE](lambda: heard.append(scope["path"]))
        begun.set()
        while (await receive())["type"] != "http.disconnect":
            pass

    async with serving(waiting) as house:
        _, writer = await house.connect()
        writer.write((ASKED % 1) + (ASKED % 2))
        await begun.wait()
        writer.close()
        assert await house.is_empty()
    assert heard == ["/1"]


async def test_a_server_that_ends_lets_answers_under_way_come_to_their_end() -> None:
    begun = asyncio.Event()
    may_end = asyncio.Event()

    async def slow(_scope: Scope, _receive: Receive, send: Send) -> None:
        begun.set()
        await may_end.wait()
        await answer(send, b"done")

    async with serving(slow) as house:
        (reader, writer), (idle, other) = await house.connect(), await house.connect()
        writer.write(ASKED % 1)
        await begun.wait()
        for connection in tuple(house.state.connections):
            connection.shutdown()
        assert await idle.read() == b""
        may_end.set()
        assert (await reader.read()).endswith(b"connection: close\r\n\r\ndone")
        writer.close()
        other.close()
        assert await house.is_empty()


async def test_what_is_sent_of_a_body_after_its_answer_is_thrown_away() -> None:
    async def refusing(_scope: Scope, _receive: Receive, send: Send) -> None:
        await answer(send, b"no")

    async with serving(refusing) as house:
        reader, writer = await house.connect()
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 300000\r\n\r\n")
        assert await told(reader) == b"no"
        writer.write(b"x" * 300_000 + ASKED % 2)
        assert await told(reader) == b"no"
        writer.close()
        assert await house.is_empty()
